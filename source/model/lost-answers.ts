/** An installation without its answers. */
export type LostAnswers = {
	directory: string;
	/** What `specify.yaml` is. */
	how: 'missing' | 'empty';
	/** Where the answers are kept that were installed last; null where none are. */
	newest: string | null;
};

/** What is wrong, as a sentence. */
export const lostSentence = ({directory, how}: LostAnswers) =>
	`There is an installation in ${directory}, but its answers are lost: specify.yaml is ${how}.`;

/** What to do about it. The defaults instead would make another installation of it. */
export const lostRemedy = ({directory, newest}: LostAnswers) =>
	newest === null
		? `Put specify.yaml back from a copy of yours, or give all answers again: specify-setup install --dir ${directory} --answers FILE`
		: `"specify-setup doctor --fix --dir ${directory}" brings back those that were installed last, from ${newest}.`;
