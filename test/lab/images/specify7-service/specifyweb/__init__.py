"""The stand-in for Specify 7. `celery -A specifyweb` finds its application here."""
from .tasks import app

__all__ = ['app']
