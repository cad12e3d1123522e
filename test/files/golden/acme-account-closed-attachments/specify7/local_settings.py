# Made by specify-setup. Put settings of your own into local_settings.d/, one .py file a subject.
from pathlib import Path as _Path

# No usage statistics are sent (privacy.telemetry).
STATS_URL = None
STATS_2_URL = None

# Attachments are read with a token only (privacy.publicAttachments).
WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET = True

for _file in sorted(_Path('/opt/local_settings.d').glob('*.py')):
    exec(compile(_file.read_text(encoding='utf-8'), str(_file), 'exec'))
