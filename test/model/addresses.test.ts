import {describe, expect, it} from 'vitest';
import {addressesOf, namesOf, publishedPorts} from '../../source/model/addresses.js';
import {imageOf} from '../../source/model/images.js';
import {serviceNames} from '../../source/model/releases.js';
import {answersWith} from '../_helpers/answers.js';

describe('addresses', () => {
	it('leave out the port everyone expects and tell any other', () => {
		expect(addressesOf(answersWith({domain: 'nrm.example'}))).toEqual({
			specify7: 'https://specify7.nrm.example',
			media: 'https://media.nrm.example',
		});
		expect(addressesOf(answersWith({domain: 'nrm.example', ports: {https: 8443}}))).toEqual({
			specify7: 'https://specify7.nrm.example:8443',
			media: 'https://media.nrm.example:8443',
		});
	});
});

describe('the host names of the proxy', () => {
	it.each<[hostnames: object, names: string[]]>([
		[{}, ['specify7.nrm.example', 'media.nrm.example', 'nrm.example']],
		[{landing: null}, ['specify7.nrm.example', 'media.nrm.example']],
		[{landing: 'about.nrm.example'}, ['specify7.nrm.example', 'media.nrm.example', 'about.nrm.example']],
		[{specify7: 'a.example', media: 'a.example'}, ['a.example', 'nrm.example']],
		[{specify7: 'nrm.example'}, ['nrm.example', 'media.nrm.example']],
		[{specify7: 'nrm.example', media: 'nrm.example'}, ['nrm.example']],
	])('with %j are each there once, those of services first', (hostnames, names) => {
		expect(namesOf(answersWith({domain: 'nrm.example', hostnames}))).toEqual(names);
	});

	it('need both ports, or the plain one alone behind another web server', () => {
		expect(publishedPorts(answersWith({ports: {http: 8080, https: 8443}}))).toEqual([8080, 8443]);
		expect(publishedPorts(answersWith({proxy: 'behind', ports: {https: 8443}}))).toEqual([8080]);
	});
});

describe('images', () => {
	it('are named as on Docker Hub, each with an exact tag', () => {
		const answers = answersWith({specify7: 'v7.12.1'});
		expect(serviceNames.map(service => imageOf(answers, service))).toEqual([
			'caddy:2.11',
			'mariadb:11.8',
			'redis:8.0',
			'specifyconsortium/specify-asset-service:latest',
			'specifyconsortium/report-runner:latest',
			'specifyconsortium/specify7-service:v7.12.1',
			'specifyconsortium/specify7-service:v7.12.1',
		]);
	});

	it('come from the mirror when there is one, under the names Docker Hub itself uses', () => {
		const answers = answersWith({images: {registry: 'mirror.example/hub'}});
		expect(imageOf(answers, 'db')).toBe('mirror.example/hub/library/mariadb:11.8');
		expect(imageOf(answers, 'worker')).toBe('mirror.example/hub/specifyconsortium/specify7-service:v7.12.0.7');
	});
});
