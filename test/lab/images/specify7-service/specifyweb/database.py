"""Small helpers over Django's connections: rows as dictionaries, inserts from dictionaries."""
import time
from datetime import datetime

from django.conf import settings
from django.db import connections


def execute(sql, values=(), using='default'):
    """Runs one statement; returns the rows as dictionaries, or the last inserted id when there are none."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, values or None)
        if cursor.description:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]
        return cursor.lastrowid


def scalar(sql, values=(), using='default'):
    rows = execute(sql, values, using)
    return next(iter(rows[0].values())) if rows else None


def insert(table, row, using='default'):
    columns = ', '.join('`%s`' % name for name in row)
    marks = ', '.join(['%s'] * len(row))
    return execute('INSERT INTO `%s` (%s) VALUES (%s)' % (table, columns, marks), list(row.values()), using)


def stamped(row):
    """The row with the columns nearly every Specify table has."""
    return {'TimestampCreated': datetime.now().replace(microsecond=0), 'Version': 0, **row}


def has_rows(table):
    return bool(execute('SELECT 1 FROM `%s` LIMIT 1' % table))


def columns_of(table, using='default'):
    rows = execute(
        'SELECT COLUMN_NAME AS name FROM information_schema.columns WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s',
        [table],
        using,
    )
    return {row['name'] for row in rows}


def pause(seconds):
    """Stands for work that takes this long in the original; scaled by LAB_PACE."""
    time.sleep(seconds * settings.LAB_PACE)
