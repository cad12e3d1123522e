"""The WSGI application gunicorn serves; loading the URLs now asks the asset server at once, as the real one does."""
import os
import sys

sys.dont_write_bytecode = True
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

import specifyweb.urls  # noqa: E402,F401
