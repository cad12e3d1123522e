import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {parse} from 'yaml';
import {compose} from '../../source/files/compose.js';
import {healthChecks, healthProgramPath, healthTests} from '../../source/files/health.js';
import {healthProgram} from '../../source/files/health-program.js';
import {installationFiles, sealOf} from '../../source/files/installation.js';
import {type ServiceName, serviceNames} from '../../source/model/releases.js';
import {profileFor} from '../../source/model/sizing.js';
import {answersWith} from '../_helpers/answers.js';
import {GiB, knownSecrets} from '../_helpers/observation.js';

const answers = answersWith({domain: 'nrm.example'});
const {services} = parse(compose({project: 'specify', answers, profile: profileFor(8 * GiB), hashes: {}})) as {
	services: Record<
		ServiceName,
		{
			init?: boolean;
			tmpfs?: string[];
			volumes: string[];
			healthcheck: {test: string[]; interval: string; timeout: string};
		}
	>;
};
const healing = ['specify7', 'worker'] as const;

describe('a question after health', () => {
	it('asks Specify 7 under its own name', () => {
		expect(healthTests(answers).specify7).toEqual(['ve/bin/python', healthProgramPath, 'web', 'specify7.nrm.example']);
	});

	it('never heals, whoever asks', () => {
		for (const question of Object.values(healthTests(answers))) expect(question).not.toContain('--heal');
	});

	it('in shell is sound', () => {
		for (const [program, flag, script] of Object.values(healthTests(answers)))
			if (program === 'bash') execFileSync('bash', ['-n', flag!, script!]);
	});
});

describe('the health check Docker runs', () => {
	it('asks the same of every service, and heals Specify 7 and its worker', () => {
		const [tests, checks] = [healthTests(answers), healthChecks(answers)];
		for (const service of serviceNames) {
			const heals = healing.includes(service as (typeof healing)[number]);
			expect(checks[service]).toEqual([...tests[service], ...(heals ? ['--heal'] : [])]);
			expect(services[service].healthcheck.test.slice(1).join(' ').replaceAll('$$', '$')).toBe(
				checks[service].join(' '),
			);
		}
	});

	it('comes so often that what has hung is back within five minutes', () => {
		expect(services.specify7.healthcheck).toMatchObject({interval: '10s', timeout: '45s'});
		expect(services.worker.healthcheck).toMatchObject({interval: '60s', timeout: '60s'});
	});

	it.each(healing)(
		'finds its program in %s, an init process to end, and a place to remember that a restart keeps',
		name => {
			const {init, volumes, tmpfs} = services[name];
			expect(volumes).toContain(`./specify7/health.py:${healthProgramPath}:ro`);
			expect(init).toBe(true);
			expect(tmpfs).toBeUndefined();
		},
	);

	it('is replaced together with its program: the containers that mount it carry its hash', () => {
		const files = installationFiles({project: 'specify', answers, secrets: knownSecrets, memory: 8 * GiB});
		const textOf = (path: string) => files.find(file => file.path === path)!.text;
		expect(textOf('specify7/health.py')).toBe(healthProgram());
		const written = parse(textOf('compose.yaml')).services;
		const hash = sealOf(knownSecrets.SECRET_KEY, textOf('specify7/local_settings.py'), healthProgram());
		for (const name of healing) expect(written[name].labels['specify-setup.content']).toBe(hash);
	});
});
