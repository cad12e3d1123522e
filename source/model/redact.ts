/** What stands where a secret was. */
export const redacted = '[secret]';

/** Shorter values are words rather than secrets, and would blot out half a text. */
const shortest = 6;

/**
 * The base64 of a text wherever it stands in what was encoded, such as behind `user:`. Of the three ways it can fall into
 * groups of three bytes, only the signs that depend on nothing but the text.
 */
const base64Forms = (text: string): string[] => {
	const bytes = Buffer.from(text);
	return [0, 1, 2].flatMap(before => {
		const encoded = Buffer.concat([Buffer.alloc(before), bytes])
			.toString('base64')
			.replace(/=+$/, '');
		const from = Math.ceil((before * 8) / 6);
		const to = Math.floor(((before + bytes.length) * 8) / 6);
		const form = encoded.slice(from, to);
		return form.length < shortest ? [] : [form, form.replaceAll('+', '-').replaceAll('/', '_')];
	});
};

const formsOf = (secret: string) => [
	secret,
	encodeURIComponent(secret),
	JSON.stringify(secret).slice(1, -1),
	...base64Forms(secret),
];

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Secrets that are known by how they look, whatever their value. */
const shapes: readonly [RegExp, string][] = [
	// To its end, or to the end of the text where it was cut.
	[/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, redacted],
	[/(\bauthorization["']?\s*[:=]\s*\[?["']?(?:[A-Za-z]+ +)?)[^\s"',\]]{4,}/gi, `$1${redacted}`],
	// Words have no digits in them.
	[/\b(Basic|Bearer) +(?=\S*[0-9=])[A-Za-z0-9+/=._~-]{8,}/g, `$1 ${redacted}`],
	[/\b(sessionid|csrftoken)=[^;\s"'&,]+/gi, `$1=${redacted}`],
	[/(:\/\/)[^\s/:@"']+:[^\s/@"']+@/g, `$1${redacted}@`],
];

/**
 * Takes secrets out of a text: the values given, in the forms they travel in (as they are, base64, URL-encoded), private
 * keys, passwords in addresses, and what proves who somebody is to a web server.
 */
export const redactor = (secrets: Iterable<string>): ((text: string) => string) => {
	const forms = [...new Set([...secrets].filter(secret => secret.length >= shortest).flatMap(formsOf))];
	// The longest first, so that no part of it is left.
	forms.sort((one, other) => other.length - one.length);
	const values = forms.length > 0 ? new RegExp(forms.map(escaped).join('|'), 'g') : null;
	return text => {
		const known = values ? text.replace(values, redacted) : text;
		return shapes.reduce((rest, [shape, instead]) => rest.replace(shape, instead), known);
	};
};

/** The values of an `.env`, whoever set them, without the quotes Compose knows. */
export const valuesOf = (text: string): string[] =>
	text.split(/\r?\n/).flatMap(row => {
		const [, raw] = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*(.*?)\s*$/.exec(row) ?? [];
		if (!raw) return [];
		const quoted = /^(['"])(.*)\1/.exec(raw)?.[2];
		return quoted === undefined ? [raw.replace(/\s+#.*$/, ''), raw] : [quoted];
	});

/** Literal values of variables whose names say that they are secret, in YAML or `.env` rows; `${NAME}` stays. */
export const withoutNamedSecrets = (text: string) =>
	text.replace(
		/^(\s*(?:- )?["']?[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY)(?!_FILE)[A-Z0-9]*["']?\s*[:=][^\S\n]*)(?!["']?\$\{)\S.*$/gim,
		`$1${redacted}`,
	);

/** Everything in a value that is text, made safe. */
export const redactDeep = <T>(value: T, redact: (text: string) => string): T => {
	if (typeof value === 'string') return redact(value) as T;
	if (Array.isArray(value)) return value.map(item => redactDeep(item, redact)) as T;
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, redact)])) as T;
};
