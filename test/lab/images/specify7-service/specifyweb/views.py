"""The pages and addresses of the stand-in."""
import csv
import json
import os
from datetime import datetime

import requests
from django.conf import settings
from django.http import (HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, HttpResponseNotFound,
                         HttpResponseRedirect, JsonResponse)
from django.middleware.csrf import get_token
from django.utils.html import escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from sqlalchemy import create_engine, text

from . import attachments
from .accounts import authenticate, log_in, login_required, user_of_support_token
from .database import execute, insert
from .setup_tool import resources

A_YEAR = 365 * 24 * 60 * 60


def page(title, body, script=''):
    return HttpResponse('<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>%s</title>\n'
                        '<link rel="icon" href="/static/img/logo.svg">\n<link rel="stylesheet" href="/static/css/main.css">%s</head>\n<body>\n%s\n</body>\n</html>\n'
                        % (escape(title), script and '\n<script defer src="/static/js/%s"></script>' % script, body))


def collections():
    return execute('SELECT c.UserGroupScopeId AS id, c.CollectionName AS name, c.GUID AS guid, c.IsaNumber AS isa, '
                   'd.Name AS discipline, d.Type AS discipline_type FROM collection c '
                   'JOIN discipline d ON d.UserGroupScopeId = c.DisciplineID ORDER BY c.UserGroupScopeId')


def current_collection(request):
    everything = collections()
    wanted = [row for row in everything if str(row['id']) == request.COOKIES.get('collection')]
    return (wanted or everything or [None])[0]


def root(request):
    return HttpResponseRedirect('/specify/')


@ensure_csrf_cookie
def main_page(request):
    if request.specify_user is None:
        if not all(resources().values()):
            return page('Specify 7', '<h1>Specify 7</h1>\n<p id="setup">Guided set-up: this database is empty.</p>', 'setup.js')
        return HttpResponseRedirect('/accounts/login/?next=/specify/')
    collection = current_collection(request)
    return page('Specify 7', '<h1>Specify 7</h1>\n<p>Logged in as <b id="user">%s</b>, collection <b id="collection">%s</b></p>\n'
                '<p id="version">%s</p>' % (escape(request.specify_user['name']), escape(collection and collection['name'] or ''),
                                            escape(settings.VERSION)), 'main.js')


@require_http_methods(['GET', 'POST'])
@ensure_csrf_cookie
def login_page(request):
    target = request.POST.get('next') or request.GET.get('next') or '/'
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}):
        target = '/'
    complaint = ''
    if request.method == 'POST':
        user = authenticate(request.POST.get('username', ''), request.POST.get('password', ''))
        if user:
            log_in(request, user)
            return HttpResponseRedirect(target)
        complaint = '<p class="error">Your username and password didn\'t match. Please try again.</p>'
    return page('Specify 7 - Log in', '<h1>Specify 7</h1>\n%s<form method="post" action="/accounts/login/">\n'
                '<input type="hidden" name="csrfmiddlewaretoken" value="%s">\n<input type="hidden" name="next" value="%s">\n'
                '<label>Username <input name="username" autofocus></label>\n'
                '<label>Password <input name="password" type="password"></label>\n<button>Log in</button>\n</form>'
                % (complaint, get_token(request), escape(target)))


def logout_page(request):
    request.session.flush()
    return HttpResponseRedirect('/accounts/login/')


def support_login(request):
    user = user_of_support_token(request.GET.get('token', ''))
    if user is None:
        return HttpResponseForbidden()
    log_in(request, user)
    return HttpResponseRedirect('/')


@require_http_methods(['GET', 'PUT'])
@ensure_csrf_cookie
def context_login(request):
    if request.method == 'GET':
        return JsonResponse({'collections': {row['name']: row['id'] for row in collections()}, 'username': None,
                             'password': None, 'collection': None})
    try:
        data = json.loads(request.body)
        name, password, collection = data['username'], data['password'], data['collection']
    except (ValueError, KeyError, TypeError):
        return HttpResponseBadRequest('username, password and collection are expected')
    if None in (name, password, collection):
        request.session.flush()
        return HttpResponse(status=204)
    user = authenticate(name, password)
    if user is None:
        return HttpResponseForbidden()
    log_in(request, user)
    if collection not in [row['id'] for row in collections()]:
        return HttpResponseBadRequest('collection %s does not exist' % collection)
    response = HttpResponse(status=204)
    response.set_cookie('collection', str(collection), max_age=A_YEAR)
    return response


@login_required
def context_user(request):
    user = request.specify_user
    agents = execute('SELECT AgentID AS id, LastName AS lastname, FirstName AS firstname FROM agent WHERE SpecifyUserID = %s',
                     [user['id']])
    return JsonResponse({'id': user['id'], 'name': user['name'], 'isauthenticated': request.logged_in,
                         'usertype': user['usertype'] if request.logged_in else 'readonly',
                         'agent': agents[0] if agents else None,
                         'available_collections': [{'id': row['id'], 'collectionname': row['name']} for row in collections()]})


@require_GET
def system_info(request):
    complete = all(resources().values())
    version = (execute('SELECT AppVersion AS app, SchemaVersion AS `schema` FROM spversion LIMIT 1') or [{}])[0]
    institution = (execute('SELECT Name AS name, GUID AS guid, IsSingleGeographyTree AS single FROM institution LIMIT 1') or [{}])[0]
    collection = current_collection(request) or {}
    details = {
        'database_version': version.get('app'), 'schema_version': version.get('schema'), 'institution': institution.get('name'),
        'institution_guid': institution.get('guid'), 'discipline': collection.get('discipline'),
        'collection': collection.get('name'), 'collection_guid': collection.get('guid'), 'isa_number': collection.get('isa'),
        'discipline_type': collection.get('discipline_type'),
        'geography_is_global': institution.get('single') in (1, True, b'\x01'),
    }
    return JsonResponse({'version': settings.VERSION, 'specify6_version': '6.8.03', 'setup_complete': complete,
                         'stats_url': settings.STATS_URL, 'stats_2_url': settings.STATS_2_URL,
                         'database': settings.DATABASE_NAME, **(details if complete else dict.fromkeys(details))})


def server_time(request):
    return JsonResponse({'server_time': datetime.now().astimezone().isoformat()})


def report_status(request):
    return JsonResponse({'available': settings.REPORT_RUNNER_HOST != ''})


@require_POST
@login_required
def report_run(request):
    answer = requests.post('http://%s:%s/report' % (settings.REPORT_RUNNER_HOST, settings.REPORT_RUNNER_PORT or 80),
                           data={'report': request.POST.get('report', ''), 'parameters': request.POST.get('parameters', '{}'),
                                 'data': request.POST.get('data', '{"fields": [], "rows": []}')})
    answer.raise_for_status()
    return HttpResponse(answer.content, content_type='application/pdf')


def attachment_collection(request):
    if settings.WEB_ATTACHMENT_COLLECTION:
        return settings.WEB_ATTACHMENT_COLLECTION
    return collections()[0]['name']


@login_required
def attachment_settings(request):
    if attachments.addresses is None:
        return JsonResponse({})
    return JsonResponse({'collection': attachment_collection(request),
                         'token_required_for_get': settings.WEB_ATTACHMENT_REQUIRES_KEY_FOR_GET, **attachments.addresses})


@login_required
def attachment_token(request):
    if 'filename' not in request.GET:
        return HttpResponseBadRequest('filename is expected')
    text_of_token = attachments.token(request.GET['filename']) if attachments.addresses is not None else ''
    return HttpResponse(text_of_token, content_type='text/plain')


@require_POST
@login_required
def export_csv(request):
    """Writes the catalogue as CSV into the depository, by the database URL of the query engine."""
    name = 'query_results_%s.csv' % datetime.now().strftime('%Y-%m-%dT%H:%M:%S.%f')
    engine = create_engine(settings.SA_DATABASE_URL)
    with engine.connect() as connection, open(os.path.join(settings.DEPOSITORY_DIR, name), 'w', newline='') as file:
        writer = csv.writer(file)
        result = connection.execute(text('SELECT CollectionObjectID, CatalogNumber, GUID FROM collectionobject LIMIT 100000'))
        writer.writerow(result.keys())
        writer.writerows(result)
    insert('notifications_message', {'timestampcreated': datetime.now(), 'read': False, 'user_id': request.specify_user['id'],
                                     'content': json.dumps({'type': 'query-export-to-csv-complete', 'file': name})})
    return HttpResponse('OK', content_type='text/plain')


@login_required
def messages(request):
    rows = execute('SELECT id, timestampcreated, content, `read` FROM notifications_message WHERE user_id = %s ORDER BY id',
                   [request.specify_user['id']])
    return JsonResponse([{'message_id': row['id'], 'read': bool(row['read']), 'timestamp': row['timestampcreated'].isoformat(),
                          **json.loads(row['content'])} for row in rows], safe=False)


def raise_error(request):
    raise Exception('This error is raised on purpose.')


def not_found(request, exception=None):
    return HttpResponseNotFound('Not found')
