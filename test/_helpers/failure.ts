import {SetupError} from '../../source/errors.js';

/** The SetupError a promise rejects with; fails the test for anything else. */
export const failureOf = async (promise: Promise<unknown>): Promise<SetupError> => {
	const outcome = await promise.then(
		value => ({value}),
		(error: unknown) => ({error}),
	);
	if ('value' in outcome) throw new Error(`expected a failure, got ${JSON.stringify(outcome.value)}`);
	if (outcome.error instanceof SetupError) return outcome.error;
	throw outcome.error;
};
