"""The Celery application of web server and worker, and its tasks."""
from celery import Celery

app = Celery('specifyweb')
app.config_from_object('django.conf:settings', namespace='CELERY')


def worker_answers():
    """Whether any worker on this broker answers a ping within a second or so."""
    return bool(app.control.inspect(timeout=1.5).ping())


@app.task(bind=True, name='specifyweb.backend.setup_tool.setup_tasks.setup_database_task')
def setup_database(self, data):
    """Creates institution, collection and first user in one transaction, telling its progress on the way."""
    from .setup_tool import create_everything

    create_everything(data, lambda progress: self.update_state(state='STARTED', meta={'progress': progress}))
