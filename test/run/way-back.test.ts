import {expect, it} from 'vitest';
import {recordInstalled} from '../../source/run/history.js';
import {wayBackOf} from '../../source/run/way-back.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {knownSecrets} from '../_helpers/observation.js';

const secrets = {...knownSecrets, SECRET_KEY: 'AnotherKey1234', MASTER_PASSWORD: 'AnotherPassword12'};

it('the way back tells which secrets were to become others, whether or not answers were', async () => {
	for (const before of [answersWith({timezone: 'Asia/Tokyo'}), undefined]) {
		const context = contextWith({secrets, former: knownSecrets});
		await recordInstalled(context, before ?? context.answers);
		const way = await wayBackOf(context);
		expect(way!.newSecrets).toEqual(['MASTER_PASSWORD', 'SECRET_KEY']);
		expect((await way!.keepAnswers()) === null).toBe(before === undefined);
	}
});

it('there is none where nothing changes', async () => {
	const context = contextWith();
	await recordInstalled(context, context.answers);
	expect(await wayBackOf(context)).toBeUndefined();
});
