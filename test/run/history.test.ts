import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {specifyYaml} from '../../source/files/specify-yaml.js';
import {localHost} from '../../source/host/local.js';
import {installedAnswers, installedHistory, previousConfiguration, recordInstalled} from '../../source/run/history.js';
import {answersWith} from '../_helpers/answers.js';
import {temporaryFolder} from '../_helpers/folder.js';

const {fresh} = temporaryFolder();
const newPlace = () => ({host: localHost, directory: fresh('specify')});
const zone = (timezone: string) => answersWith({timezone});
const day = (number: number) => new Date(Date.UTC(2026, 7, number));

describe('what was installed', () => {
	it('is nothing before the first run that went well', async () => {
		const place = newPlace();
		expect(await installedAnswers(place)).toBeNull();
		expect(await previousConfiguration(place)).toBeNull();
	});

	it('is the newest of the answers recorded, and the one before can be asked for', async () => {
		const place = newPlace();
		const write = (timezone: string) =>
			localHost.write(join(place.directory, 'specify.yaml'), specifyYaml(zone(timezone)), 0o644);
		await recordInstalled(place, zone('Europe/Stockholm'), day(1));
		await write('Europe/Stockholm');
		expect(await installedAnswers(place)).toEqual(zone('Europe/Stockholm'));
		expect(await previousConfiguration(place)).toBeNull();
		await recordInstalled(place, zone('Europe/Oslo'), day(2));
		await write('Europe/Oslo');
		expect(await installedAnswers(place)).toEqual(zone('Europe/Oslo'));
		expect(await previousConfiguration(place)).toContain('2026-08-01');
	});

	it('is gone back to where answers on disk never were installed', async () => {
		const place = newPlace();
		await recordInstalled(place, zone('Europe/Stockholm'), day(1));
		for (const text of [specifyYaml(zone('Europe/Oslo')), 'timezone: [', 'no: answers\n']) {
			await localHost.write(join(place.directory, 'specify.yaml'), text, 0o644);
			expect(await previousConfiguration(place)).toContain('2026-08-01');
		}
	});

	it('is what came last also while the clock is behind', async () => {
		const place = newPlace();
		await recordInstalled(place, zone('Europe/Stockholm'), day(10));
		const later = ['Europe/Oslo', 'Europe/Rome', 'Europe/Paris'];
		for (const timezone of later) {
			await recordInstalled(place, zone(timezone), day(9));
			expect(await installedAnswers(place)).toEqual(zone(timezone));
		}
		expect(await installedHistory(place)).toHaveLength(4);
		await recordInstalled(place, zone('Europe/Berlin'), day(11));
		expect(await installedAnswers(place)).toEqual(zone('Europe/Berlin'));
	});

	it('is recorded once, however often it is installed again', async () => {
		const place = newPlace();
		await recordInstalled(place, zone('Europe/Stockholm'), day(1));
		await recordInstalled(place, zone('Europe/Oslo'), day(2));
		await recordInstalled(place, zone('Europe/Oslo'), day(3));
		expect(await installedHistory(place)).toHaveLength(2);
	});

	it('is remembered for fifty configurations', async () => {
		const place = newPlace();
		const zones = ['Europe/Stockholm', 'Europe/Oslo'] as const;
		for (let count = 0; count < 60; count += 1)
			await recordInstalled(place, zone(zones[count % 2]!), new Date(day(1).getTime() + count * 1000));
		expect(await readdir(join(place.directory, '.specify-setup', 'answers'))).toHaveLength(50);
		expect(await installedAnswers(place)).toEqual(zone('Europe/Oslo'));
	});
});
