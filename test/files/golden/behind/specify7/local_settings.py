# Made by specify-setup. Put settings of your own into local_settings.d/, one .py file a subject.
from pathlib import Path as _Path

for _file in sorted(_Path('/opt/local_settings.d').glob('*.py')):
    exec(compile(_file.read_text(encoding='utf-8'), str(_file), 'exec'))
