import fc from 'fast-check';
import {disciplines} from '../../source/model/answers.js';

/** Values that people give and validation accepts, the awkward ones more often than they occur. */

const label = fc.oneof(
	fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
	fc.constantFrom('münchen', 'kärlväxter', '博物館', 'музей', 'xn--mnchen-3ya', '1', '0-0', 'ß'),
);
export const domains = fc
	.tuple(
		fc.array(label, {minLength: 1, maxLength: 3}),
		fc.constantFrom('example', 'se', 'org', 'lan', 'localhost', '中国'),
	)
	.map(([labels, top]) => [...labels, top].join('.'));

export const emails = fc
	.tuple(
		fc.oneof(
			fc.stringMatching(/^[A-Za-z0-9.!$&*+/=?^_|~-]{1,64}$/),
			fc.constantFrom('$HOME', '$$', '~', '*', '!', '+', '=', '&a', '|', 'a^b', '$(id)', '-', '/', '//', '.'),
		),
		domains,
	)
	.map(parts => parts.join('@'));

/** One line; of characters that three bytes hold. */
export const texts = (max: number) =>
	fc.oneof(
		fc.string({
			unit: fc.constantFrom(...'abc XYZ ÅÄÖåäö é 魚 ق 07 .,:;-_#*&!|>%@`\'\\"{}[]()<>/?=+~^$«»“”\u00a0\u200f'),
			minLength: 1,
			maxLength: max,
		}),
		fc.constantFrom(
			'$HOME',
			'\u0024{HOME}',
			'$$',
			'{$HOME}',
			'{{name}}',
			'%(name)s',
			"'; DROP TABLE institution; --",
			'</h1><script>alert(1)</script>',
			'&amp;',
			'O\'Neil & "Söhne" \\ #1',
			']]>',
			'# no comment',
			'null',
			'true',
			'~',
			'1e3',
			'\\n',
			'`id`',
		),
	);

export const paths = fc
	.oneof(
		fc.string({unit: fc.constantFrom(...'ab c\'"$#\\&;|*?[]{}~!%@é魚:'), minLength: 1, maxLength: 30}),
		fc.constantFrom('a b', "it's", '"q"', '$HOME', '#1', '~', '\u0024{X}', 'a: b', '- a', ' end '),
	)
	.map(name => `/srv/${name}`);

export const registries = fc.oneof(
	fc.constantFrom(
		null,
		'localhost:5000',
		'[::1]:5000',
		'10.0.0.1:5000/a/b',
		'mirror.example',
		'MIRROR.example:443/hub',
	),
	fc.stringMatching(
		/^[a-z0-9]{1,8}(-[a-z0-9]{1,4})?\.[a-z]{2,5}(:\d{1,4})?(\/[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,4})?){0,2}$/,
	),
);

/** Passwords people give: letters and digits. */
export const passwords = fc.stringMatching(/^[A-Za-z0-9]{12,64}$/);

const institutions = fc.record({
	name: texts(255),
	code: texts(64),
	division: texts(255),
	discipline: fc.record({type: fc.constantFrom(...disciplines), name: texts(64)}),
	collection: fc.record({name: texts(50), code: texts(50)}),
	administrator: fc.record({name: fc.stringMatching(/^[a-zåäöé0-9._@+-]{1,64}$/), lastname: texts(50)}),
});

const certificates = fc.oneof(
	fc.constant({certificates: 'internal', hsts: false}),
	fc.record({certificates: fc.constant('letsencrypt'), hsts: fc.boolean()}),
	fc.record({
		certificates: fc.constant('letsencrypt'),
		acme: fc.record({
			directory: fc
				.tuple(domains, fc.stringMatching(/^[A-Za-z0-9/._~!$&'()*+,;=:@%|^-]{0,30}$/))
				.map(([domain, path]) => `https://${domain}/${path}`),
			ca: fc.option(paths),
			eab: fc.option(fc.record({kid: fc.stringMatching(/^[\x21-\x7e]{1,40}$/), keyFile: paths})),
		}),
	}),
	fc.record({
		certificates: fc.constant('own'),
		own: fc.record({certificate: paths, key: paths, authority: fc.option(paths)}),
	}),
	fc.constant({proxy: 'behind'}),
);

/** Answers as somebody might give them; not all go together. */
export const givenAnswers = fc
	.tuple(
		certificates,
		fc.record(
			{
				domain: domains,
				hostnames: fc.record({specify7: domains, media: domains, landing: fc.option(domains)}, {requiredKeys: []}),
				ports: fc.record({http: fc.integer({min: 1, max: 65535}), https: fc.integer({min: 1, max: 65535})}),
				email: emails,
				timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'us/eastern'),
				database: fc.oneof(
					fc.record({name: fc.stringMatching(/^[a-z][a-z0-9_]{0,30}$/)}),
					fc.record({start: fc.constant('dump'), dump: paths, attachments: fc.option(paths)}),
				),
				institution: fc.option(institutions),
				privacy: fc.record({telemetry: fc.boolean(), publicAttachments: fc.boolean()}),
				images: fc.record({registry: registries}),
			},
			{requiredKeys: []},
		),
	)
	.map(([way, rest]) => ({...rest, ...way}));
