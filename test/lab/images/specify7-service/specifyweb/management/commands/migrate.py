from django.core.management.base import BaseCommand

from specifyweb import attachments
from specifyweb.migrations import apply, planned, recorded


class Command(BaseCommand):
    help = 'Applies the migrations that the database lacks.'
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument('--database', default='migrations')

    def handle(self, *arguments, database, **options):
        attachments.connect()
        migrations = planned()
        done = recorded(database)
        self.stdout.write('Operations to perform:')
        self.stdout.write('  Apply all migrations: ' + ', '.join(sorted({name.split('.')[0] for name, _ in migrations})))
        self.stdout.write('Running migrations:')
        missing = [pair for pair in migrations if pair[0] not in done]
        if not missing:
            self.stdout.write('  No migrations to apply.')
        for name, statements in missing:
            self.stdout.write('  Applying %s...' % name, ending='')
            self.stdout.flush()
            apply(name, statements, database)
            self.stdout.write(' OK')
