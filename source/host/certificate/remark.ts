/** One thing about the files, and what to do about it. */
export type Finding = {problem: string; remedy: string};

/** The server's certificate. Times are ISO 8601; `chainLength` counts it and those of the file that lead on from it. */
export type CertificateFacts = {
	issuer: string;
	subject: string;
	names: string[];
	validFrom: string;
	validTo: string;
	daysLeft: number;
	chainLength: number;
};

/** With problems, browsers or Specify itself would refuse the certificate, or the proxy the files. `facts` is null when none was read. */
export type CertificateCheck = {problems: Finding[]; warnings: Finding[]; facts: CertificateFacts | null};

export type Role = 'certificate' | 'key' | 'authority';
export type Paths = Record<Role, string>;
export type Remark = Finding & {severity: 'problem' | 'warning'};

export const problem = (problem: string, remedy: string): Remark => ({severity: 'problem', problem, remedy});
export const warning = (problem: string, remedy: string): Remark => ({severity: 'warning', problem, remedy});

export const findings = (remarks: readonly Remark[], facts: CertificateFacts | null): CertificateCheck => {
	const of = (wanted: Remark['severity']) =>
		remarks.filter(({severity}) => severity === wanted).map(({problem, remedy}) => ({problem, remedy}));
	return {problems: of('problem'), warnings: of('warning'), facts};
};

export const dayMs = 86_400_000;
export const fewDays = 14;
export const fewestRsaBits = 2048;
/** Far more than a certificate, or all public authorities together. */
export const maxBytes = 2 ** 20;

export const roleNames: Record<Role, string> = {
	certificate: 'the certificate',
	key: 'the private key',
	authority: "the authority's root",
};
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A path as a shell reads it back. */
export const word = (path: string) =>
	/^[\w@%+=:,./-]+$/.test(path) && !path.startsWith('-') ? path : `'${path.replace(/'/g, `'\\''`)}'`;
/** Where a command writes what it makes of a file; never the file itself. */
export const beside = (path: string, role: Role) =>
	`${path.replace(/\.[A-Za-z0-9]{1,4}$/, '')}-${role === 'key' ? 'key' : 'certificate'}.pem`;

/** The command comes last, to be copied. */
export const convert = (role: Role, path: string, command: (from: string, to: string) => string) => {
	const to = beside(path, role);
	return `Give ${to} as own.${role}, which this makes: ${command(word(path), word(to))}`;
};
export const certificatesOnly = (from: string, to: string) =>
	`sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' ${from} > ${to}`;
export const keyOnly = (from: string, to: string) => `openssl pkey -in ${from} -out ${to}`;
