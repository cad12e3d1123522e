import {describe, expect, it} from 'vitest';
import {differencesOf} from '../../source/commands/differences.js';
import {installationFiles} from '../../source/files/installation.js';
import type {Answers} from '../../source/model/answers.js';
import {differenceText, type FileDifference} from '../../source/model/differences.js';
import {keptTexts} from '../../source/steps/edits.js';
import {compareFiles, writeFiles} from '../../source/steps/files.js';
import {answersWith} from '../_helpers/answers.js';
import {contextWith} from '../_helpers/context.js';
import {drain} from '../_helpers/generators.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const installed = answersWith();
const filesFor = (answers: Answers, secrets = knownSecrets, mine = {}) =>
	installationFiles({project: 'specify', answers, secrets, memory: 8 * GiB, mine});

/** An installation whose files are written, edited by somebody, and about to become those of other answers. */
const differences = async (
	edits: Record<string, (text: string) => string> = {},
	{
		answers = installed,
		secrets = knownSecrets,
		mine = {},
		from = installed,
		mode,
	}: {
		answers?: Answers;
		secrets?: typeof knownSecrets;
		mine?: Record<string, string>;
		from?: Answers;
		/** Of the landing page, as somebody has set it. */
		mode?: number;
	} = {},
) => {
	const context = contextWith({answers: from, files: filesFor(from)});
	const first = {...context, observation: {...context.observation, files: await compareFiles(context)}};
	await drain(writeFiles(first));
	for (const [path, edit] of Object.entries(edits)) {
		const file = context.host.files.get(`/opt/specify/${path}`)!;
		context.host.files.set(`/opt/specify/${path}`, {...file, text: edit(file.text)});
	}
	const page = context.host.files.get('/opt/specify/landing/index.html')!;
	context.host.files.set('/opt/specify/landing/index.html', {...page, mode: mode ?? page.mode});
	const wanted = {...context, answers, secrets, files: filesFor(answers, secrets, mine)};
	const found = await differencesOf(
		{...wanted, observation: {...context.observation, files: await compareFiles(wanted)}},
		from,
	);
	return {found, of: (path: string) => found.find(file => file.path === path)!};
};

const shown = ({lines}: Pick<FileDifference, 'lines'>) => lines.map(({sign, text}) => `${sign}${text}`);

describe('the differences of the files', () => {
	it('are none when nothing differs', async () => {
		expect((await differences()).found).toEqual([]);
	});

	it('are those of the files that change, line by line, and nothing of secret files', async () => {
		const {found, of} = await differences({}, {answers: {...installed, timezone: 'UTC'}});
		expect(found.map(({path, state}) => [path, state])).toEqual([
			['specify.yaml', 'changed'],
			['compose.yaml', 'changed'],
		]);
		expect(shown(of('specify.yaml'))).toEqual(
			expect.arrayContaining(['-timezone: Europe/Stockholm', '+timezone: UTC']),
		);
		const lost = await differences({}, {secrets: {...knownSecrets, MASTER_PASSWORD: 'AnotherOne12345678'}});
		expect(lost.of('.env')).toMatchObject({lines: [], own: [], advice: ['It holds secrets; it is not shown.']});
		expect(JSON.stringify(lost.found)).not.toContain('AnotherOne12345678');
	});

	it('tell a hand edit, what it loses, and where it would last', async () => {
		const {of} = await differences({'proxy/Caddyfile': text => text.replace('encode gzip', 'encode zstd gzip')});
		const file = of('proxy/Caddyfile');
		expect(file).toMatchObject({state: 'edited', keepable: true, hasOwn: false});
		expect(shown(file)).toEqual(expect.arrayContaining(['-\tencode zstd gzip', '+\tencode gzip']));
		expect(differenceText(file).join('\n')).toMatch(/edited by hand\).*\.specify-setup\/previous\/.*Caddyfile\.d\//s);
	});

	it('tell what somebody changed apart from what the answers change', async () => {
		const answers = {...installed, email: 'it@museum.example'};
		const {of} = await differences(
			{'proxy/Caddyfile': text => text.replace('encode gzip', 'encode zstd gzip')},
			{answers},
		);
		const file = of('proxy/Caddyfile');
		expect(file.hasOwn).toBe(true);
		expect(shown({lines: file.own}).filter(line => /^[+-]/.test(line))).toEqual([
			'-\tencode gzip',
			'+\tencode zstd gzip',
		]);
		expect(shown(file)).toEqual(expect.arrayContaining(['+\temail it@museum.example']));
	});

	it('show no secret that somebody wrote into a file, whatever its name', async () => {
		const {found, of} = await differences({
			'compose.yaml': text => `${text}# ${knownSecrets.SECRET_KEY}\n`,
			'landing/index.html': text => text.replace('</main>', `<p>API_TOKEN: abc</p>\nMY_TOKEN: letmein\n</main>`),
		});
		expect(of('compose.yaml').lines.some(({sign, text}) => sign === '-' && text === '# [secret]')).toBe(true);
		for (const secret of [...Object.values(knownSecrets), 'letmein'])
			expect(JSON.stringify(found)).not.toContain(secret);
	});

	it('say so where no line differs', async () => {
		const {of} = await differences({}, {mode: 0o600});
		expect(of('landing/index.html')).toMatchObject({state: 'changed', lines: []});
		expect(of('landing/index.html').advice.join(' ')).toMatch(/its mode, or a secret/);
	});

	it('name what is removed, because it is not needed any more', async () => {
		const behind = answersWith({proxy: 'behind'});
		const {of} = await differences({}, {from: behind});
		expect(of('web-server/nginx.conf')).toMatchObject({state: 'removed', keepable: false});
		expect(shown(of('web-server/nginx.conf')).filter(line => !/^[-@]/.test(line))).toEqual([]);
	});

	it('take the answers over from a specify.yaml that was edited, which cannot be kept', async () => {
		const {of} = await differences({'specify.yaml': text => `# ours\n${text}`});
		expect(of('specify.yaml')).toMatchObject({state: 'edited', keepable: false});
		expect(of('specify.yaml').advice.join(' ')).toMatch(/answers are taken over, its comments are not/);
	});

	it('show an edit that was kept, which may be given up', async () => {
		const edit = (text: string) => `${text}\n# kept\n`;
		const context = contextWith();
		await drain(writeFiles(context));
		const path = '/opt/specify/proxy/Caddyfile';
		context.host.files.set(path, {text: edit(context.host.files.get(path)!.text), mode: 0o644});
		const mine = await keptTexts(context, context.files, ['proxy/Caddyfile']);
		const {of} = await differences({'proxy/Caddyfile': edit}, {mine});
		expect(of('proxy/Caddyfile')).toMatchObject({state: 'kept', keepable: true});
		expect(of('proxy/Caddyfile').advice.join(' ')).toMatch(/take the new one: yours is saved/);
	});
});
