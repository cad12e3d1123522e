"""The data corrections of every start, in their order. Each is repeatable and returns whether it had work to do."""
from .database import execute, insert, scalar, stamped
from .setup_tool import PICKLISTS, SHOWN_TABLES


def changed(sql):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount > 0


def apply_patches():
    return changed('UPDATE spversion SET IsDBClosed = 0 WHERE IsDBClosed IS NULL')


def fix_cots():
    """Gives every collection a default type for its objects."""
    collections = execute('SELECT c.UserGroupScopeId AS id, d.Name AS name, d.TaxonTreeDefID AS tree FROM collection c '
                          'JOIN discipline d ON d.UserGroupScopeId = c.DisciplineID WHERE c.CollectionObjectTypeID IS NULL')
    for collection in collections:
        made = insert('collectionobjecttype', stamped({
            'Name': collection['name'] or 'Default', 'IsDefault': True, 'CollectionID': collection['id'],
            'TaxonTreeDefID': collection['tree']}))
        execute('UPDATE collection SET CollectionObjectTypeID = %s WHERE UserGroupScopeId = %s', [made, collection['id']])
        execute('UPDATE collectionobject SET CollectionObjectTypeID = %s WHERE CollectionID = %s', [made, collection['id']])
    return bool(collections)


def fix_permissions():
    """Makes Specify 6's managers administrators of Specify 7."""
    return changed("INSERT INTO spuserpolicy (resource, action, collection_id, specifyuser_id) SELECT '%', '%', NULL, "
                   "u.SpecifyUserID FROM specifyuser u LEFT JOIN spuserpolicy p ON p.specifyuser_id = u.SpecifyUserID "
                   "WHERE u.UserType = 'Manager' AND p.id IS NULL")


def fix_business_rules():
    disciplines = execute('SELECT UserGroupScopeId AS id FROM discipline WHERE UserGroupScopeId NOT IN '
                          '(SELECT discipline_id FROM uniquenessrule)')
    for discipline in disciplines:
        for model, field in (('Collectionobject', 'catalogNumber'), ('Accession', 'accessionNumber'), ('Collection', 'name')):
            rule = insert('uniquenessrule', {'isdatabaseconstraint': False, 'modelname': model, 'discipline_id': discipline['id']})
            insert('uniquenessrule_fields', {'fieldpath': field, 'isscope': False, 'uniquenessrule_id': rule})
    return bool(disciplines)


def check_collection_picklists():
    collections = execute('SELECT UserGroupScopeId AS id FROM collection WHERE UserGroupScopeId NOT IN '
                          '(SELECT CollectionID FROM picklist)')
    for collection in collections:
        for name, items in PICKLISTS.items():
            made = insert('picklist', stamped({'Name': name, 'IsSystem': True, 'ReadOnly': False, 'Type': 0,
                                               'CollectionID': collection['id']}))
            for ordinal, item in enumerate(items):
                insert('picklistitem', stamped({'Ordinal': ordinal, 'Title': item, 'Value': item, 'PickListID': made}))
    return bool(collections)


def apply_schema_defaults():
    disciplines = execute('SELECT UserGroupScopeId AS id FROM discipline WHERE UserGroupScopeId NOT IN '
                          '(SELECT DisciplineID FROM splocalecontainer)')
    for discipline in disciplines:
        for table in SHOWN_TABLES:
            container = insert('splocalecontainer', stamped({'Name': table, 'IsHidden': False, 'IsSystem': False,
                                                             'SchemaType': 0, 'DisciplineID': discipline['id']}))
            insert('splocaleitemstr', stamped({'Language': 'en', 'Text': table.capitalize(),
                                               'SpLocaleContainerNameID': container}))
    return bool(disciplines)


def deduplicate_schema_config():
    return changed('DELETE a FROM splocalecontainer a JOIN splocalecontainer b ON a.Name = b.Name AND '
                   'a.DisciplineID = b.DisciplineID AND a.SchemaType = b.SchemaType AND a.SpLocaleContainerID > '
                   'b.SpLocaleContainerID LEFT JOIN splocaleitemstr s ON s.SpLocaleContainerNameID = a.SpLocaleContainerID '
                   'OR s.SpLocaleContainerDescID = a.SpLocaleContainerID LEFT JOIN splocalecontaineritem i ON '
                   'i.SpLocaleContainerID = a.SpLocaleContainerID WHERE s.SpLocaleItemStrID IS NULL AND '
                   'i.SpLocaleContainerItemID IS NULL') if scalar('SELECT COUNT(*) FROM splocalecontainer') else False


def fix_app_resource_dirs():
    disciplines = execute('SELECT UserGroupScopeId AS id FROM discipline WHERE UserGroupScopeId NOT IN (SELECT DisciplineID '
                          'FROM spappresourcedir WHERE DisciplineID IS NOT NULL)')
    for discipline in disciplines:
        insert('spappresourcedir', stamped({'IsPersonal': False, 'DisciplineID': discipline['id']}))
    return bool(disciplines)


def fix_tectonic_ranks():
    disciplines = execute('SELECT UserGroupScopeId AS id FROM discipline WHERE UserGroupScopeId NOT IN (SELECT DisciplineID '
                          'FROM tectonicunittreedef WHERE DisciplineID IS NOT NULL)')
    for discipline in disciplines:
        tree = insert('tectonicunittreedef', stamped({'Name': 'Tectonic Unit', 'DisciplineID': discipline['id']}))
        insert('tectonicunittreedefitem', stamped({'Name': 'Root', 'RankID': 0, 'TectonicUnitTreeDefID': tree}))
    return bool(disciplines)


def fix_misc():
    return changed("UPDATE spquery SET SelectSeries = b'0' WHERE SelectSeries IS NULL")


PIPELINE = [apply_patches, fix_cots, fix_permissions, fix_business_rules, check_collection_picklists, apply_schema_defaults,
            deduplicate_schema_config, fix_app_resource_dirs, fix_tectonic_ranks, fix_misc]
