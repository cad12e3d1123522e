import type {Answers} from '../model/answers.js';

/** Where the user's own settings files are mounted in the Specify 7 container. */
export const userSettingsFolder = '/opt/local_settings.d';

/** Python that Specify 7 imports last: what has no environment variable, then the user's own files. */
export const localSettings = ({privacy}: Pick<Answers, 'privacy'>) =>
	[
		'# Made by specify-setup. Put settings of your own into local_settings.d/, one .py file a subject.',
		'from pathlib import Path as _Path',
		'',
		...(privacy.telemetry
			? []
			: ['# No usage statistics are sent (privacy.telemetry).', 'STATS_URL = None', 'STATS_2_URL = None', '']),
		...(privacy.publicAttachments
			? []
			: [
					'# Attachments are read with a token only (privacy.publicAttachments).',
					'WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET = True',
					'',
				]),
		`for _file in sorted(_Path('${userSettingsFolder}').glob('*.py')):`,
		"    exec(compile(_file.read_text(encoding='utf-8'), str(_file), 'exec'))",
		'',
	].join('\n');
