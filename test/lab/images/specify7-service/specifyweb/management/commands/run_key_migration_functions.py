from django.core.management.base import BaseCommand

from specifyweb.key_functions import PIPELINE
from specifyweb.database import pause


class Command(BaseCommand):
    help = 'Runs the data corrections that every start repeats.'
    requires_system_checks = []

    def handle(self, *arguments, **options):
        self.stdout.write('Running full pipeline...')
        for function in PIPELINE:
            self.stdout.write('Applying %s...' % function.__name__)
            self.stdout.flush()
            pause(0.3 if function() else 0.1)
            self.stdout.write('Applied %s.' % function.__name__)
            self.stdout.flush()
        self.stdout.write('Completed full pipeline.')
