/** What home leads to besides itself. */
export type HomeAction = 'reconfigure' | 'previous' | 'doctor' | 'certificates' | 'watch' | 'bundle' | 'others';

/** Everything that can be done from home, in the order it is offered; `key` chooses it at once. */
export const homeActions: readonly {
	action: HomeAction | 'differences';
	key: string;
	title: string;
	detail: string;
}[] = [
	{action: 'reconfigure', key: 'c', title: 'Change the settings', detail: 'the same questions, filled in'},
	{action: 'previous', key: 'p', title: 'Undo the last change', detail: 'the answers that were installed before'},
	{action: 'differences', key: 'd', title: 'What differs', detail: 'from your answers, and what would be done'},
	{action: 'doctor', key: 'o', title: 'Look for what is wrong', detail: 'and what to do about it; changes nothing'},
	{action: 'certificates', key: 't', title: 'Certificates', detail: 'who issued them, how long they are valid'},
	{action: 'watch', key: 'w', title: 'Watch a run', detail: 'the one under way, or the last one again'},
	{action: 'bundle', key: 'b', title: 'Pack up for a helper', detail: 'journals, logs and findings, no secrets'},
	{action: 'others', key: 'i', title: 'Other installations', detail: 'choose another one, or install another one'},
];
