import {randomInt} from 'node:crypto';

/** The secrets of an installation, by their names in `.env`. */
export const secretNames = [
	'DATABASE_ROOT_PASSWORD',
	'MASTER_PASSWORD',
	'MIGRATOR_PASSWORD',
	'APP_USER_PASSWORD',
	'SECRET_KEY',
	'ASSET_SERVER_KEY',
	'ADMINISTRATOR_PASSWORD',
	'SETUP_PASSWORD',
] as const;
export type SecretName = (typeof secretNames)[number];
export type Secrets = Record<SecretName, string>;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A new secret: letters and digits only, because Specify builds a database URL of it without escaping. */
const secret = (length: number) => Array.from({length}, () => alphabet[randomInt(alphabet.length)]).join('');

/** These two are typed by a person. */
const lengths: Partial<Record<SecretName, number>> = {SECRET_KEY: 64, ADMINISTRATOR_PASSWORD: 16, SETUP_PASSWORD: 16};

/** Keeps every secret there is and makes the missing ones. */
export const completeSecrets = (known: Partial<Secrets>): Secrets =>
	Object.fromEntries(secretNames.map(name => [name, known[name] || secret(lengths[name] ?? 40)])) as Secrets;

export const secretRule = 'letters and digits only, 12 to 64 of them';

/** Whether a secret that a person gives can be used: Specify builds addresses of it without escaping. */
export const isUsableSecret = (value: string) => /^[A-Za-z0-9]{12,64}$/.test(value);
