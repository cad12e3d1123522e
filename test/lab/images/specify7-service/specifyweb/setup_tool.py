"""The guided set-up of an empty database: its progress, its request, its work."""
import json
from uuid import uuid4

import redis
from celery.result import AsyncResult
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import JsonResponse
from django.views.decorators.http import require_GET, require_POST

from .database import execute, has_rows, insert, pause, stamped
from .tasks import app, setup_database, worker_answers

RESOURCES = {'institution': 'institution', 'storageTreeDef': 'storagetreedef', 'division': 'division',
             'discipline': 'discipline', 'geographyTreeDef': 'geographytreedef', 'taxonTreeDef': 'taxontreedef',
             'collection': 'collection', 'specifyUser': 'specifyuser'}
DISCIPLINES = ['fish', 'herpetology', 'paleobotany', 'invertpaleo', 'vertpaleo', 'bird', 'mammal', 'insect', 'botany',
               'invertebrate', 'geology']
FORMATS = ['CatalogNumber', 'CatalogNumberNumeric', 'CatalogNumberAlphaNumByYear', 'CatalogNumberString']
REQUIRED = {'institution': ['name', 'code'], 'division': ['name', 'abbrev'], 'discipline': ['type', 'name'],
            'collection': ['collectionname', 'code'], 'specifyuser': ['lastname', 'name', 'password'],
            'storagetreedef': [], 'geographytreedef': [], 'taxontreedef': []}
STORAGE = {'site': 50, 'building': 100, 'collection': 150, 'room': 200, 'aisle': 250, 'cabinet': 300, 'shelf': 350,
           'box': 400, 'rack': 450, 'vial': 500}
GEOGRAPHY = {'earth': 0, 'continent': 100, 'country': 200, 'state': 300, 'county': 400}
TAXON = {'life': 0, 'kingdom': 10, 'phylum': 30, 'class': 60, 'order': 100, 'family': 140, 'genus': 180, 'species': 220,
         'subspecies': 230}
PICKLISTS = {'AgentType': ['Organization', 'Person', 'Other', 'Group'], 'Sex': ['Male', 'Female', 'Unknown'],
             'TypeStatus': ['Holotype', 'Isotype', 'Lectotype', 'Paratype', 'Syntype']}
SHOWN_TABLES = ['accession', 'agent', 'attachment', 'collectingevent', 'collection', 'collectionobject', 'collector',
                'determination', 'geography', 'loan', 'locality', 'preparation', 'referencework', 'storage', 'taxon']
WORKING = ('PENDING', 'RECEIVED', 'STARTED', 'RETRY', 'PROGRESS')


class SetupError(Exception):
    """The request lacks or misstates something."""


def store():
    return redis.Redis(settings.REDIS_HOST, settings.REDIS_PORT, settings.REDIS_DB_INDEX, decode_responses=True)


def key(name):
    return 'specify:%s:setup:%s' % (settings.DATABASE_NAME, name)


def resources():
    return {name: has_rows(table) for name, table in RESOURCES.items()}


def progress():
    """What is there already, the last error, and whether a set-up is under way."""
    memory = store()
    last_error, busy, made = memory.get(key('last_error')), False, None
    task = memory.get(key('active_task_id'))
    if task:
        result = AsyncResult(task, app=app)
        busy = result.state in WORKING
        if busy and isinstance(result.info, dict):
            made = result.info.get('progress')
        if result.state == 'FAILURE':
            last_error = str(result.result)
            memory.set(key('last_error'), last_error)
    return {'resources': made or resources(), 'last_error': last_error, 'busy': busy}


@require_GET
def progress_view(request):
    return JsonResponse(progress())


def lowered(value):
    if isinstance(value, dict):
        return {name.lower(): lowered(item) for name, item in value.items()}
    return [lowered(item) for item in value] if isinstance(value, list) else value


@require_POST
def create_view(request):
    if has_rows('specifyuser') and not (request.specify_user and request.logged_in
                                        and request.specify_user['usertype'] in ('Admin', 'Manager')):
        return JsonResponse({'error': 'Not permitted'}, status=401)
    if progress()['busy']:
        return JsonResponse({'error': 'Database setup is already in progress.'}, status=409)
    memory = store()
    memory.delete(key('last_error'))
    try:
        data = lowered(json.loads(request.body))
        if not isinstance(data, dict):
            raise SetupError('An object is expected.')
    except (ValueError, SetupError):
        return JsonResponse({'error': 'An internal server error occurred.'}, status=500)
    if not worker_answers():
        memory.set(key('last_error'), 'The Specify Worker is not running.')
        return JsonResponse({'error': 'The Specify Worker is not running.'}, status=503)
    task = str(uuid4())
    memory.set(key('active_task_id'), task, ex=2 * 60 * 60)
    setup_database.apply_async([data], task_id=task)
    return JsonResponse({'success': True, 'setup_progress': progress(), 'task_id': task})


def check(data):
    for part, names in REQUIRED.items():
        if not isinstance(data.get(part), dict):
            raise SetupError('%s is required.' % part)
        for name in names:
            if not str(data[part].get(name) or '').strip():
                raise SetupError('%s.%s is required.' % (part, name))
    if data['discipline']['type'] not in DISCIPLINES:
        raise SetupError('Unknown discipline type: %s' % data['discipline']['type'])
    if data['collection'].get('catalognumformatname', FORMATS[1]) not in FORMATS:
        raise SetupError('Unknown catalog number format: %s' % data['collection']['catalognumformatname'])


def make_tree(kind, pretty, settings_of_tree, ranks, chosen=None):
    """A tree definition with its ranks and root; returns the definition's id."""
    definition = insert(kind + 'treedef', stamped({'Name': pretty, 'FullNameDirection': settings_of_tree.get('fullnamedirection', 1)}))
    asked = settings_of_tree.get('ranks') or chosen or {}
    parent = None
    for position, (name, rank) in enumerate(ranks.items()):
        wish = asked.get(name, position == 0)
        wish = wish if isinstance(wish, dict) else {'include': bool(wish)}
        if position and not wish.get('include'):
            continue
        item = insert(kind + 'treedefitem', stamped({
            'Name': name.capitalize(), 'RankID': rank, 'IsEnforced': bool(wish.get('enforced', position == 0)),
            'IsInFullName': bool(wish.get('infullname')), 'FullNameSeparator': wish.get('fullnameseparator', ', '),
            'ParentItemID': parent, pretty.replace(' ', '') + 'TreeDefID': definition}))
        if parent is None:
            insert(kind, stamped({'Name': name.capitalize(), 'FullName': name.capitalize(), 'RankID': rank, 'NodeNumber': 1,
                                  'HighestChildNodeNumber': 1, 'IsAccepted': True, 'GUID': str(uuid4()),
                                  pretty.replace(' ', '') + 'TreeDefID': definition,
                                  pretty.replace(' ', '') + 'TreeDefItemID': item}))
        parent = item
    return definition


def create_everything(data, tell):
    """Runs in the worker: all or nothing. `tell` receives what is there after every part."""
    done = dict.fromkeys(RESOURCES, False)

    def made(name):
        done[name] = True
        tell(dict(done))
        pause(0.4)

    tell(dict(done))
    check(data)
    with transaction.atomic():
        if has_rows('institution'):
            raise SetupError('An institution already exists, cannot create another.')
        institution, collection, user = data['institution'], data['collection'], data['specifyuser']
        address = {name: institution.get('address', {}).get(name.lower()) for name in
                   ('Address', 'City', 'State', 'Country', 'PostalCode', 'Phone1')} if institution.get('address') else None
        insert('institution', stamped({
            'UserGroupScopeId': 1, 'InstitutionID': 1, 'Name': institution['name'], 'Code': institution['code'],
            'GUID': str(uuid4()), 'AddressID': insert('address', stamped(address)) if address else None,
            'IsAccessionsGlobal': bool(institution.get('isaccessionsglobal')), 'IsSecurityOn': False, 'IsServerBased': False,
            'IsSharingLocalities': False, 'IsSingleGeographyTree': bool(institution.get('issinglegeographytree'))}))
        insert('spversion', stamped({'AppVersion': '7', 'SchemaVersion': '2.10'}))
        made('institution')

        storage = make_tree('storage', 'Storage', data['storagetreedef'], STORAGE)
        execute('UPDATE institution SET StorageTreeDefID = %s', [storage])
        made('storageTreeDef')

        insert('division', stamped({'UserGroupScopeId': 2, 'DivisionID': 2, 'Name': data['division']['name'],
                                    'Abbrev': data['division']['abbrev'], 'InstitutionID': 1}))
        made('division')

        time_tree = make_tree('geologictimeperiod', 'Geologic Time Period', {'fullnamedirection': -1}, {'root': 0})
        geography = make_tree('geography', 'Geography', data['geographytreedef'], GEOGRAPHY)
        made('geographyTreeDef')

        kind = execute('SELECT DataTypeID AS id FROM datatype LIMIT 1')
        taxon = make_tree('taxon', 'Taxon', data['taxontreedef'], TAXON, dict.fromkeys(TAXON, True))
        insert('discipline', stamped({
            'UserGroupScopeId': 3, 'DisciplineID': 3, 'Name': data['discipline']['name'], 'Type': data['discipline']['type'],
            'IsPaleoContextEmbedded': False, 'DivisionID': 2, 'TaxonTreeDefID': taxon, 'GeographyTreeDefID': geography,
            'DataTypeID': kind[0]['id'] if kind else insert('datatype', stamped({'Name': 'Biota'})),
            'GeologicTimePeriodTreeDefID': time_tree}))
        made('discipline')
        made('taxonTreeDef')

        insert('collection', stamped({
            'UserGroupScopeId': 4, 'CollectionID': 4, 'CollectionName': collection['collectionname'],
            'Code': collection['code'], 'GUID': str(uuid4()), 'IsEmbeddedCollectingEvent': False, 'DisciplineID': 3,
            'CatalogNumFormatName': collection.get('catalognumformatname') or 'CatalogNumberNumeric'}))
        made('collection')

        person = insert('specifyuser', stamped({
            'Name': user['name'], 'Password': make_password(user['password']), 'UserType': 'Manager', 'IsLoggedIn': False,
            'IsLoggedInReport': False}))
        insert('agent', stamped({'AgentType': 1, 'LastName': user['lastname'], 'FirstName': user.get('firstname'),
                                 'GUID': str(uuid4()), 'DivisionID': 2, 'SpecifyUserID': person}))
        insert('spuserpolicy', {'resource': '%', 'action': '%', 'collection_id': None, 'specifyuser_id': person})

        from .key_functions import PIPELINE

        for function in PIPELINE:
            function()
        made('specifyUser')
