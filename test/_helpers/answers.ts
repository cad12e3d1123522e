import {type Answers, complete} from '../../source/model/answers.js';

type Given = Parameters<typeof complete>[0];

/** Complete answers, the defaults where nothing is given. */
export const answersWith = (given: Given = {}): Answers => complete(given, {timezone: 'Europe/Stockholm'});

/** Answers whose registry is a closed port of this machine, so that nothing leaves it. */
export const offlineAnswers = (given: Given = {}) => answersWith({images: {registry: '127.0.0.1:1'}, ...given});
