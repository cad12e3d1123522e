import {createContext, type ReactNode, useContext, useLayoutEffect, useRef} from 'react';
import {type Press, useKeys} from './use-keys.js';

const ignore: (press: Press) => void = () => {};
const PageContext = createContext({current: ignore});

/**
 * Reads the keys for the pages inside it. When one page follows another, the terminal stays in the mode that gives single
 * keys, and no key is lost in between.
 */
export const Pages = ({children}: {children: ReactNode}) => {
	const handler = useRef(ignore);
	useKeys(press => handler.current(press));
	return <PageContext.Provider value={handler}>{children}</PageContext.Provider>;
};

/** Calls `onPress` for every key while the page is the one that is shown. */
export const usePageKeys = (onPress: (press: Press) => void) => {
	const handler = useContext(PageContext);
	useLayoutEffect(() => {
		handler.current = onPress;
	});
};
