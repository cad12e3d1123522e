from django.core.management.base import BaseCommand

from specifyweb.migrations import record, recorded


class Command(BaseCommand):
    help = 'Records specify.0001_initial for a database that Specify 6 made, without running it.'
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument('--use-override', action='store_true')
        parser.add_argument('--database', default='migrations')

    def handle(self, *arguments, database, use_override, **options):
        known = recorded(database)
        # Whether the tables are there is not asked: an existing empty database is taken for a full one.
        if use_override and 'specify.0001_initial' not in known:
            record('specify.0001_initial', database)
            self.stdout.write('Initial specify migration faked.')
