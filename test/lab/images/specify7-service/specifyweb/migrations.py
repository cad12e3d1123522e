"""The migrations: statements of migrations.sql, and functions for those that must look at the data first."""
import json
import re

import redis
from django.conf import settings
from django.db import connections

from .database import columns_of, execute, pause, scalar

FOLDER = '/opt/specify7/'
LINK_TABLES = ['autonumsch_coll', 'autonumsch_div', 'autonumsch_dsp', 'project_colobj', 'specifyuser_spprincipal',
               'spprincipal_sppermission']


class UnsupportedSchema(Exception):
    """The database was left behind by a Specify 6 older than 6.8.03."""


def statements_of(text):
    lines = [line for line in text.splitlines() if not line.startswith('--')]
    return [statement.strip() for statement in re.split(r';\s*\n', '\n'.join(lines) + '\n') if statement.strip()]


def planned():
    """Every migration in order: pairs of (name, statements)."""
    with open(FOLDER + 'migrations.sql') as file:
        parts = re.split(r'^-- ([a-z_]+\.\d{4}_\w+)$', file.read(), flags=re.M)
    return list(zip(parts[1::2], map(statements_of, parts[2::2])))


def recorded(using):
    execute('CREATE TABLE IF NOT EXISTS `django_migrations` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, '
            '`app` varchar(255) NOT NULL, `name` varchar(255) NOT NULL, `applied` datetime(6) NOT NULL)', (), using)
    return {'%s.%s' % (row['app'], row['name']) for row in execute('SELECT app, name FROM django_migrations', (), using)}


def record(name, using):
    execute('INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, NOW(6))', name.split('.', 1), using)


def apply(name, statements, using):
    if name in FUNCTIONS:
        FUNCTIONS[name](using)
    for statement in statements:
        # No values: a percent sign in a statement is one.
        with connections[using].cursor() as cursor:
            cursor.execute(statement)
    record(name, using)
    pause(SECONDS.get(name, 0.12))


def create_specify6_tables(using):
    with open(FOLDER + 'schema.sql') as file, connections[using].cursor() as cursor:
        for statement in statements_of(file.read()):
            cursor.execute(statement)


def check_schema_version(using):
    version = scalar('SELECT SchemaVersion FROM spversion ORDER BY SpVersionID DESC LIMIT 1', (), using)
    if version is None and not execute('SELECT 1 FROM institution LIMIT 1', (), using):
        return
    if version != '2.10':
        raise UnsupportedSchema('Database schema version %s is not supported: 2.10 is required.' % version)


def require_versions(using):
    tables = execute("SELECT TABLE_NAME AS name FROM information_schema.columns WHERE TABLE_SCHEMA = DATABASE() "
                     "AND COLUMN_NAME = 'Version' AND IS_NULLABLE = 'YES' ORDER BY TABLE_NAME", (), using)
    for table in tables:
        execute('UPDATE `%s` SET Version = 0 WHERE Version IS NULL' % table['name'], (), using)
        execute('ALTER TABLE `%s` MODIFY Version int(11) NOT NULL DEFAULT 0' % table['name'], (), using)


def staging():
    return redis.Redis(settings.REDIS_HOST, settings.REDIS_PORT, settings.REDIS_DB_INDEX)


def rebuild_link_tables(using):
    """Gives every link table an id; its rows wait in Redis meanwhile."""
    store = staging()
    for table in LINK_TABLES:
        if 'id' in columns_of(table, using):
            continue
        key = 'specify:%s:migration:0043:%s' % (settings.DATABASE_NAME, table)
        names = sorted(columns_of(table, using))
        store.delete(key)
        for row in execute('SELECT * FROM `%s`' % table, (), using):
            store.rpush(key, json.dumps([row[name] for name in names]))
        columns = ', '.join('`%s` int(11) NOT NULL' % name for name in names)
        execute('DROP TABLE `%s`' % table, (), using)
        execute('CREATE TABLE `%s` (`id` int(11) NOT NULL AUTO_INCREMENT PRIMARY KEY, %s, UNIQUE KEY `%s_uniq` (%s)) '
                'ENGINE=InnoDB' % (table, columns, table, ', '.join('`%s`' % name for name in names)), (), using)
        for row in store.lrange(key, 0, -1):
            execute('INSERT INTO `%s` (%s) VALUES (%s)' % (table, ', '.join(names), ', '.join(['%s'] * len(names))),
                    json.loads(row), using)
        store.delete(key)


TARGETS = {'AutoNumberingSchemeID': 'autonumberingscheme(AutoNumberingSchemeID)', 'CollectionID': 'collection(UserGroupScopeId)',
           'DivisionID': 'division(UserGroupScopeId)', 'DisciplineID': 'discipline(UserGroupScopeId)',
           'ProjectID': 'project(ProjectID)', 'CollectionObjectID': 'collectionobject(CollectionObjectID)',
           'SpecifyUserID': 'specifyuser(SpecifyUserID)', 'SpPrincipalID': 'spprincipal(SpPrincipalID)',
           'SpPermissionID': 'sppermission(SpPermissionID)'}


def link_foreign_keys(using):
    for table in LINK_TABLES:
        for column in sorted(columns_of(table, using) - {'id'}):
            name = '%s_%s_fk' % (table, column)
            execute('ALTER TABLE `%s` DROP FOREIGN KEY IF EXISTS `%s`' % (table, name), (), using)
            execute('ALTER TABLE `%s` ADD CONSTRAINT `%s` FOREIGN KEY (`%s`) REFERENCES %s'
                    % (table, name, column, TARGETS[column]), (), using)


def add_indexes(using):
    """An index on every TimestampCreated and on the columns people search by, where none is."""
    tables = execute("SELECT TABLE_NAME AS name FROM information_schema.columns WHERE TABLE_SCHEMA = DATABASE() "
                     "AND COLUMN_NAME = 'TimestampModified' ORDER BY TABLE_NAME LIMIT 70", (), using)
    wanted = [(table['name'], 'TimestampModified') for table in tables]
    wanted += [('collectionobject', 'Name'), ('agent', 'Email'), ('collectingevent', 'Method'), ('locality', 'ShortName'),
               ('determination', 'NameUsage'), ('taxon', 'Author'), ('attachment', 'MimeType'), ('preparation', 'Status')]
    for table, column in wanted:
        length = '(191)' if (table, column) == ('attachment', 'MimeType') else ''
        execute('ALTER TABLE `%s` ADD INDEX IF NOT EXISTS `%s_%s_idx` (`%s`%s)' % (table, table, column, column, length), (), using)


FUNCTIONS = {
    'specify.0001_initial': create_specify6_tables,
    'specify.0002_geo': check_schema_version,
    'specify.0035_version_required': require_versions,
    'specify.0043_link_table_ids': rebuild_link_tables,
    'specify.0044_link_table_foreign_keys': link_foreign_keys,
    'specify.0045_missing_indexes': add_indexes,
}
SECONDS = {'specify.0002_geo': 0.6, 'specify.0035_version_required': 2, 'specify.0043_link_table_ids': 1.2,
           'specify.0044_link_table_foreign_keys': 0.5, 'specify.0045_missing_indexes': 0.8}
