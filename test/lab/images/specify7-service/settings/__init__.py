"""Settings from the environment; settings/local_settings.py, when mounted, is imported last and wins."""
import os
import sys

from .build_version import VERSION

sys.dont_write_bytecode = True
env = os.environ.get


def listed(name, default):
    return [part.strip() for part in env(name, default).split(',') if part.strip()]


DATABASE_NAME = os.environ['DATABASE_NAME']
DATABASE_HOST = os.environ['DATABASE_HOST']
DATABASE_PORT = env('DATABASE_PORT', '')
MASTER_NAME = os.environ['MASTER_NAME']
MASTER_PASSWORD = os.environ['MASTER_PASSWORD']
MIGRATOR_NAME, MIGRATOR_PASSWORD = env('MIGRATOR_NAME'), env('MIGRATOR_PASSWORD') or env('MYSQL_ROOT_PASSWORD') or 'password'
if not MIGRATOR_NAME:
    MIGRATOR_NAME, MIGRATOR_PASSWORD = MASTER_NAME, MASTER_PASSWORD
APP_USER_NAME, APP_USER_PASSWORD = env('APP_USER_NAME'), env('APP_USER_PASSWORD') or MIGRATOR_PASSWORD
if not APP_USER_NAME:
    APP_USER_NAME, APP_USER_PASSWORD = MIGRATOR_NAME, MIGRATOR_PASSWORD
SECRET_KEY = os.environ['SECRET_KEY']
DEBUG = env('SP7_DEBUG', '').lower() == 'true'


def database(user, password):
    return {
        'ENGINE': 'django.db.backends.mysql',
        'NAME': DATABASE_NAME,
        'USER': user,
        'PASSWORD': password,
        'HOST': DATABASE_HOST,
        'PORT': DATABASE_PORT,
        'OPTIONS': {'charset': 'utf8mb4', 'read_default_group': 'client'},
    }


DATABASES = {
    'default': database(APP_USER_NAME, APP_USER_PASSWORD),
    'migrations': database(MIGRATOR_NAME, MIGRATOR_PASSWORD),
}

# Not escaped, like the original's: "@" in the password breaks it and "%XX" is decoded.
SA_DATABASE_URL = 'mysql://%s:%s@%s:%s/%s?charset=utf8mb4&read_default_group=client' % (
    MASTER_NAME,
    MASTER_PASSWORD,
    DATABASE_HOST,
    DATABASE_PORT or 3306,
    DATABASE_NAME,
)

REDIS_HOST = env('REDIS_HOST', 'redis')
REDIS_PORT = int(env('REDIS_PORT') or 6379)
REDIS_DB_INDEX = int(env('REDIS_DB_INDEX') or 0)
CELERY_BROKER_URL = env('CELERY_BROKER_URL')
CELERY_RESULT_BACKEND = env('CELERY_RESULT_BACKEND')
CELERY_TASK_DEFAULT_QUEUE = env('CELERY_TASK_QUEUE') or DATABASE_NAME
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

DEPOSITORY_DIR = '/volumes/static-files/depository'
WB_UPLOAD_LOG_DIR = '/home/specify/wb_upload_logs'
SPECIFY_CONFIG_DIR = env('SPECIFY_CONFIG_DIR', '/opt/Specify/config')

WEB_ATTACHMENT_URL = env('ASSET_SERVER_URL')
WEB_ATTACHMENT_KEY = env('ASSET_SERVER_KEY')
WEB_ATTACHMENT_COLLECTION = env('ASSET_SERVER_COLLECTION')
WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET = False
REPORT_RUNNER_HOST = env('REPORT_RUNNER_HOST', '')
REPORT_RUNNER_PORT = env('REPORT_RUNNER_PORT', '')

ANONYMOUS_USER = env('ANONYMOUS_USER')
# Any text turns it on, "false" included.
ALLOW_SUPPORT_LOGIN = bool(env('ALLOW_SUPPORT_LOGIN'))
SUPPORT_LOGIN_TTL = 300
STATS_URL = 'https://stats.specifycloud.org/capture'
STATS_2_URL = 'https://stats-2.specifycloud.org/prod/AggrgatedSp7Stats'
OAUTH_LOGIN_PROVIDERS = {}

TIME_ZONE = env('TIME_ZONE') or 'America/Chicago'
USE_TZ = False
LANGUAGE_CODE = 'en-us'
STATIC_URL = '/static/'

ALLOWED_HOSTS = listed('ALLOWED_HOSTS', '*')
CSRF_TRUSTED_ORIGINS = listed('CSRF_TRUSTED_ORIGINS', 'https://*')

ROOT_URLCONF = 'specifyweb.urls'
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
INSTALLED_APPS = ['django.contrib.sessions', 'specifyweb']
MIDDLEWARE = [
    'django.middleware.gzip.GZipMiddleware',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.middleware.common.CommonMiddleware',
    'django.middleware.csrf.CsrfViewMiddleware',
    'specifyweb.accounts.IdentityMiddleware',
]
TEMPLATES = []
SESSION_ENGINE = 'django.contrib.sessions.backends.file'
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 400 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 100 * 1024 * 1024

# How long the laboratory's artificial waits last: 1 is a start of some twenty seconds, 0 leaves them out.
LAB_PACE = float(env('LAB_PACE') or 1)

LOGGING = {
    'version': 1,
    'disable_existing_loggers': False,
    'formatters': {
        'full': {'format': '[{asctime}] [{levelname}] [{name}:{lineno}] {message}', 'style': '{', 'datefmt': '%d/%b/%Y %H:%M:%S'}
    },
    'handlers': {'console': {'class': 'logging.StreamHandler', 'formatter': 'full'}},
    'root': {'handlers': ['console'], 'level': (env('LOG_LEVEL') or 'WARNING').upper()},
    'loggers': {'django': {'handlers': ['console'], 'propagate': False, 'level': (env('LOG_LEVEL') or 'WARNING').upper()}},
}

try:
    from .local_settings import *  # noqa: F401,F403
except ModuleNotFoundError as error:
    if error.name != 'settings.local_settings':
        raise
