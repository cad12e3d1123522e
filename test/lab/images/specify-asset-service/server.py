"""The asset server: stores attachments, makes thumbnails, checks tokens.

A token is "HMAC-MD5 of timestamp and file name, by the key" + ":" + "timestamp", good for 150 seconds either way.
"""
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from mimetypes import guess_type
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, abort, get, post, request, response, route, run, static_file
from PIL import Image

TOLERANCE_SECONDS = 150
BASE = '/home/specify/attachments'
SCALABLE = {'image/jpeg', 'image/gif', 'image/png', 'image/tiff', 'application/pdf'}
TEXT = 'text/plain; charset=utf-8'
OPERATIONS = {'read': 'fileget', 'write': 'fileupload', 'delete': 'filedelete', 'getmetadata': 'getmetadata', 'testkey': 'testkey'}

missing = [name for name in ('SERVER_NAME', 'ATTACHMENT_KEY') if not os.environ.get(name)]
if missing:
    sys.exit('Missing environment variable: ' + ', '.join(missing))
KEY = os.environ['ATTACHMENT_KEY']
AUTHORITY = '%s:%s' % (os.environ['SERVER_NAME'], os.environ.get('SERVER_PORT') or 8080)
DEBUG = os.environ.get('DEBUG_MODE', '').lower() == 'true'


def stamp():
    response.set_header('X-Timestamp', str(int(time.time())))


def stamped_error(status, text):
    return HTTPResponse(text, status, headers={'X-Timestamp': str(int(time.time())), 'Content-Type': TEXT,
                                               'Access-Control-Allow-Origin': '*'})


def require_token(token, name):
    """Ends the request with 403 unless the token is right for this name."""
    if not token:
        raise stamped_error(403, 'Auth token is missing.')
    digest, _, text = token.partition(':')
    if not text.isdigit():
        raise stamped_error(403, 'Auth token is malformed.')
    now = int(time.time())
    if abs(now - int(text)) >= TOLERANCE_SECONDS:
        raise stamped_error(403, 'Auth token timestamp out of range: %s vs %s' % (text, now))
    wanted = hmac.new(KEY.encode(), (text + name).encode(), 'md5').hexdigest()
    if not hmac.compare_digest(wanted, digest):
        raise stamped_error(403, 'Auth token is invalid.')


def path_of(folder, name):
    """The path of a stored file; names that lead elsewhere end the request with 400."""
    if not name or name != os.path.basename(name) or name.startswith('.'):
        abort(400, 'Bad file name.')
    return os.path.join(BASE, folder, name)


@get('/')
def index():
    return 'It works!'


@get('/web_asset_store.xml')
def addresses():
    stamp()
    response.content_type = 'text/xml; charset=utf-8'
    lines = ['<url type="%s"><![CDATA[http://%s/%s]]></url>' % (kind, AUTHORITY, path) for kind, path in OPERATIONS.items()]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<urls>\n    %s\n</urls>\n' % '\n    '.join(lines)


@get('/testkey')
def test_key():
    require_token(request.query.token, request.query.random)
    stamp()
    response.content_type = TEXT
    return 'Ok.'


def thumbnail(name, size):
    """The path of the thumbnail at most `size` pixels wide and high, made when it is not there yet."""
    original = path_of('originals', name)
    kind = guess_type(name)[0]
    if kind not in SCALABLE:
        abort(404, 'No thumbnail can be made of %s.' % name)
    stem, ending = os.path.splitext(name)
    made = path_of('thumbnails', '%s_%d%s' % (stem, size, '.png' if kind == 'application/pdf' else ending))
    if os.path.exists(made):
        return made
    if not os.path.exists(original):
        abort(404, 'Missing original: %s' % name)
    os.makedirs(os.path.dirname(made), exist_ok=True)
    if kind == 'application/pdf':
        subprocess.run(['gs', '-q', '-dSAFER', '-dBATCH', '-dNOPAUSE', '-dLastPage=1', '-sDEVICE=png16m', '-r72', '-o', made, original],
                       check=True)
        original = made
    with Image.open(original) as image:
        image.thumbnail((size, size))
        image.save(made)
    return made


@route('/fileget', method=['GET', 'HEAD'])
def file_get():
    name = request.query.getunicode('filename', '')
    if request.query.type == 'T':
        if not request.query.scale.isdigit():
            abort(400, 'A scale is expected.')
        path = thumbnail(name, int(request.query.scale))
    else:
        path = path_of('originals', name)
    answer = static_file(os.path.basename(path), root=os.path.dirname(path))
    shown = request.query.getunicode('downloadname', '')
    if shown and not isinstance(answer, HTTPError):
        answer.set_header('Content-Disposition', "inline; filename*=utf-8''%s" % quote(os.path.basename(shown)))
    answer.set_header('X-Timestamp', str(int(time.time())))
    return answer


@route('/fileupload', method='OPTIONS')
def file_upload_options():
    response.set_header('Access-Control-Allow-Origin', '*')
    response.content_type = TEXT
    return ''


@post('/fileupload')
def file_upload():
    name = request.forms.getunicode('store', '')
    require_token(request.forms.token, name)
    stamp()
    response.set_header('Access-Control-Allow-Origin', '*')
    response.content_type = TEXT
    if request.forms.type == 'T':
        return 'Ignoring thumbnail upload!'
    path = path_of('originals', name)
    uploads = list(request.files.values())
    if not uploads:
        abort(400, 'A file is expected.')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    uploads[0].save(path, overwrite=True)
    return 'Ok.'


@post('/filedelete')
def file_delete():
    name = request.forms.getunicode('filename', '')
    require_token(request.forms.token, name)
    path = path_of('originals', name)
    if not os.path.exists(path):
        raise stamped_error(404, 'Not found.')
    os.remove(path)
    folder, stem = os.path.join(BASE, 'thumbnails'), os.path.splitext(name)[0]
    for made in os.listdir(folder) if os.path.isdir(folder) else []:
        if made.startswith(stem + '_'):
            os.remove(os.path.join(folder, made))
    stamp()
    response.content_type = TEXT
    return 'Ok.'


@get('/getmetadata')
def metadata():
    path = path_of('originals', request.query.getunicode('filename', ''))
    if not os.path.exists(path):
        raise stamped_error(404, 'Not found.')
    try:
        with Image.open(path) as image:
            tags = {str(number): str(value) for number, value in image.getexif().items()}
    except OSError:
        tags = {}
    if request.query.dt == 'date':
        if '306' not in tags:
            raise stamped_error(404, 'DateTime not found in EXIF')
        return tags['306']
    stamp()
    response.content_type = 'application/json'
    return json.dumps([{'Name': 'Image', 'Fields': tags}] if tags else [], indent=4)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
run(host='0.0.0.0', port=8080, server='paste', debug=DEBUG, quiet=not DEBUG)
