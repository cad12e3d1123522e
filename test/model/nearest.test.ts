import {expect, it} from 'vitest';
import {nearest} from '../../source/model/nearest.js';

it.each([
	['PORT_HTTP', 'PORTS_HTTP'],
	['PORTS_HTP', 'PORTS_HTTP'],
	['PORTS_HTTTPS', 'PORTS_HTTPS'],
	['DOMIAN', 'DOMAIN'],
	['DOMAIN', 'DOMAIN'],
	['', 'DOMAIN'],
])('the nearest of %j is %s', (word, known) => {
	expect(nearest(word, ['PORTS_HTTP', 'PORTS_HTTPS', 'DOMAIN'])).toBe(known);
});
