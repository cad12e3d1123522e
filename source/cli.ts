#!/usr/bin/env node
// Runs on any Node since 12.20, to tell people with an old one what to do; everything newer is behind the import.
import {readFileSync} from 'node:fs';
import {version} from './version.js';

const minimum: [number, number] = [20, 19];

const usage = `specify-setup ${version}: installs and runs Specify, the collections software, on this machine.
An unofficial tool, not endorsed by the Specify Collections Consortium.

  specify-setup [install] [options]   install Specify
  specify-setup reconfigure           change an installation
  specify-setup status                how it is doing
  specify-setup certs                 certificates: show, renew, trust
  specify-setup doctor                look at everything, say what to do
  specify-setup bundle                pack up for somebody who helps
  specify-setup attach                watch the run under way, or the last one
  specify-setup replay JOURNAL        show a run again

  --help after a command tells its options; --version prints the version.
`;

const isOld = () => {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	return major < minimum[0] || (major === minimum[0] && minor < minimum[1]);
};

/** How to get a newer Node on this system. */
const upgradeAdvice = () => {
	if (process.platform === 'darwin') return 'brew install node';
	if (process.platform === 'win32') return 'winget install OpenJS.NodeJS.LTS';
	let release = '';
	try {
		release = readFileSync('/etc/os-release', 'utf8');
	} catch (_) {
		// an unusual system: the general advice serves
	}
	if (/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release))
		return 'sudo apt-get install nodejs npm (Debian 13, Ubuntu 25.10 and newer), else see https://nodejs.org/en/download';
	if (/^ID(_LIKE)?=.*(fedora|rhel|centos)/m.test(release)) return 'sudo dnf module install nodejs:22';
	if (/^ID=.*arch/m.test(release)) return 'sudo pacman -S nodejs npm';
	return 'see https://nodejs.org/en/download';
};

const argv = process.argv.slice(2);
if (argv[0] === '--version' || argv[0] === '-v') {
	process.stdout.write(`${version}\n`);
} else if (argv[0] === '--help' || argv[0] === '-h' || argv[0] === 'help') {
	process.stdout.write(usage);
} else if (isOld()) {
	process.stderr.write(
		`specify-setup needs Node ${minimum.join('.')} or newer; this is ${process.versions.node}.\nWhat to do: ${upgradeAdvice()}\n`,
	);
	process.exitCode = 2;
} else {
	import('./main.js').then(({main}) => main(argv));
}
