import type {Container} from './api.js';

/** Compose makes the container that is to replace another one as "ID_NAME", with the first digits of the other's id, and gives it its name when the other is gone. */
const temporaryName = /^([0-9a-f]{12})_(.+)$/;

const isOfProject = ({service, labels}: Container) =>
	service !== null && labels['com.docker.compose.oneoff'] !== 'True';

/**
 * Containers that were to replace another one, which is still there: Compose is at it, or was cut off.
 * They never ran, so that nothing is lost with them.
 * @param containers of one project
 */
export const leftoversAmong = (containers: readonly Container[]): Container[] =>
	containers.filter(container => {
		const replaced = temporaryName.exec(container.name)?.[1];
		return (
			replaced !== undefined &&
			container.state === 'created' &&
			isOfProject(container) &&
			containers.some(({id, service}) => service === container.service && id.startsWith(replaced))
		);
	});

/** The containers without those that another one's place was meant for. */
export const withoutLeftovers = (containers: readonly Container[]): Container[] => {
	const leftovers = leftoversAmong(containers);
	return containers.filter(container => !leftovers.includes(container));
};

/** Containers that are alone and still have the name that Compose gave them until the other one is gone, with the name they should have. */
export const misnamedAmong = (containers: readonly Container[]): {id: string; name: string}[] => {
	const taken = new Set(containers.map(({name}) => name));
	return withoutLeftovers(containers).flatMap(container => {
		const name = temporaryName.exec(container.name)?.[2];
		return name !== undefined && isOfProject(container) && !taken.has(name) ? [{id: container.id, name}] : [];
	});
};
