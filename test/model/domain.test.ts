import {describe, expect, it} from 'vitest';
import {isLocalDomain, isNetworkDomain, isPublicDomain, tidy} from '../../source/model/domain.js';

describe('a domain', () => {
	it.each<[name: string, kind: 'machine' | 'network' | 'public' | 'reserved']>([
		['localhost', 'machine'],
		['specify.localhost', 'machine'],
		['Specify7.Specify.LOCALHOST.', 'machine'],
		['notlocalhost', 'public'],
		['localhost.example.org', 'public'],
		['nas.local', 'network'],
		['specify.localdomain', 'network'],
		['specify.museum.lan', 'network'],
		['specify.intranet', 'network'],
		['vm.internal', 'network'],
		['specify.corp', 'network'],
		['specify.home', 'network'],
		['specify.private', 'network'],
		['specify.home.arpa', 'network'],
		['home.example.org', 'public'],
		['local.example.org', 'public'],
		['specify.museum.example', 'reserved'],
		['specify.test', 'reserved'],
		['specify.invalid', 'reserved'],
		['specify.onion', 'reserved'],
		['specify.alt', 'reserved'],
		['specify.museum.org', 'public'],
		['xn--sammlung-mnchen-3vb.de', 'public'],
		['contest.org', 'public'],
	])('%s is one of: %s', (name, kind) => {
		expect({local: isLocalDomain(name), network: isNetworkDomain(name), public: isPublicDomain(name)}).toEqual({
			local: kind === 'machine',
			network: kind === 'network',
			public: kind === 'public',
		});
	});

	it('is compared as DNS does', () => {
		expect(tidy(' Museum.Example. ')).toBe('museum.example');
	});
});
