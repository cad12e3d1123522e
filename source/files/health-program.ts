/**
 * Text of `specify7/health.py`, which the containers of Specify 7 and its worker run as their health check.
 *
 * Docker restarts what has ended, not what is unhealthy. So, asked to heal, the program ends a main process that has hung,
 * and the restart policy starts the same container again, with the sessions in it. What counts as hung:
 * - worker: three pings in a row without an answer while Redis answers. The ping is answered beside the tasks, however long they take.
 * - web: no answer alone is no sign, since three long requests keep every process of gunicorn busy. gunicorn itself replaces
 *   a process after 300 s, as long as its main process watches, and that one wakes every second. So web has hung when it
 *   does not answer and its main process did not wake once meanwhile, six times in a row (two minutes), or after 45 silent
 *   answers in a row (a quarter of an hour, three times as long as gunicorn lets any request take) though it wakes.
 * Never before the first good answer since the container started (migrations take hours), and never while the database
 * or Redis is away: a new start would help nobody.
 *
 * Python's standard library alone, 3.9 or newer. Counts, not times, are remembered: a paused container has not hung.
 */
export const healthProgram = () => String.raw`# Made by specify-setup.
"""Asks whether the service of this container does its work: exit code 0 is yes.

health.py web HOST [--heal]
health.py worker [--heal]

With --heal a main process that has hung is ended, so that Docker starts the container again.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

INIT = 1
WEB = ('127.0.0.1', 8000)
PAGE = '/setup_tool/setup_progress/'
CELERY = 've/bin/celery'
STATE = '/tmp/specify-setup-health.json'
LOG = '/proc/1/fd/2'
ANSWER_SECONDS = 10
GRACE_SECONDS = 10

HEALTHY = 'healthy'
BROKEN = 'broken'  # a new start would not help, or is under way
SILENT = 'silent'  # no answer, though the main process is at work
STUCK = 'stuck'  # no answer, and nothing that would mend it
# How many such answers in a row are too many.
PATIENCE = {'web': {STUCK: 6, SILENT: 45}, 'worker': {STUCK: 3}}


def reply(host, port, question):
    """The first bytes a server says to a question; empty when it is away."""
    try:
        with socket.create_connection((host, int(port)), timeout=2) as server:
            if question:
                server.sendall(question)
            return server.recv(64)
    except (OSError, ValueError):
        return b''


def redis_answers():
    host, port = os.environ.get('REDIS_HOST') or 'redis', os.environ.get('REDIS_PORT') or '6379'
    # An error is an answer too; one that still loads its data is not there yet.
    said = reply(host, port, b'PING\r\n')
    return said[:1] in (b'+', b'-') and not said.startswith(b'-LOADING')


def database_answers():
    host, port = os.environ.get('DATABASE_HOST') or 'db', os.environ.get('DATABASE_PORT') or '3306'
    # Its greeting: four bytes of length, then the version of the protocol, or 255 for an error.
    return reply(host, port, b'')[4:5] == b'\n'


def stat_of(pid):
    """Parent and start (in ticks since the machine started) of a process."""
    with open('/proc/%s/stat' % pid) as file:
        fields = file.read().rpartition(')')[2].split()
    return int(fields[1]), int(fields[19])


def main_process():
    """What the container's init process runs: its oldest child. None without such an init process."""
    with open('/proc/%s/cmdline' % INIT, 'rb') as file:
        if b'--' not in file.read().split(b'\0'):
            return None
    children = []
    for name in os.listdir('/proc'):
        try:
            parent, start = stat_of(name) if name.isdigit() else (None, 0)
        except OSError:
            continue
        if parent == INIT:
            children.append((start, int(name)))
    return min(children)[1] if children else None


def is_called(pid, name):
    try:
        with open('/proc/%s/cmdline' % pid, 'rb') as file:
            return name in file.read()
    except OSError:
        return False


def wakes(pid):
    """How often a process has gone to sleep until now, or None: a loop that lives does it all the time."""
    try:
        with open('/proc/%s/status' % pid) as file:
            return next((line for line in file if line.startswith('voluntary_ctxt_switches')), None)
    except OSError:
        return None


def ask_web(host):
    process = main_process()
    # Any other program may well sleep for minutes.
    before = wakes(process) if is_called(process, b'gunicorn') else None
    connection = http.client.HTTPConnection(*WEB, timeout=ANSWER_SECONDS)
    try:
        connection.request('GET', PAGE, headers={'Host': host, 'X-Forwarded-Proto': 'https'})
        answer = connection.getresponse()
        answer.read()
    except TimeoutError:
        if not (database_answers() and redis_answers()):
            return BROKEN, 'no answer, and the database or Redis is away'
        if before is None or wakes(process) != before:
            return SILENT, 'no answer within %g s' % ANSWER_SECONDS
        return STUCK, 'no answer within %g s, and the main process stands still' % ANSWER_SECONDS
    except (OSError, http.client.HTTPException) as error:
        return BROKEN, 'no answer: %s' % error
    finally:
        connection.close()
    return (HEALTHY, 'it answers') if answer.status == 200 else (BROKEN, 'it answers %d' % answer.status)


def ask_worker():
    ping = ['-A', 'specifyweb', 'inspect', 'ping', '-d', 'celery@' + socket.gethostname(), '-t', str(ANSWER_SECONDS)]
    try:
        asked = subprocess.run([CELERY] + ping, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=25)
    except (OSError, subprocess.TimeoutExpired) as error:
        return BROKEN, 'it could not be asked: %s' % error
    if asked.returncode == 0:
        return HEALTHY, 'it answers'
    # Of all errors this one says that the question was put and nobody replied.
    if asked.returncode == os.EX_UNAVAILABLE and redis_answers():
        return STUCK, 'no answer within %g s' % ANSWER_SECONDS
    said = asked.stderr.decode(errors='replace').strip().splitlines()
    return BROKEN, 'it could not be asked: %s' % (said[-1] if said else 'exit code %d' % asked.returncode)


def this_run():
    """A name for this start of the container, whose files outlive it."""
    with open('/proc/sys/kernel/random/boot_id') as file:
        return '%s %d' % (file.read().strip(), stat_of(INIT)[1])


def remembered():
    try:
        with open(STATE) as file:
            state = json.load(file)
        return state if state['run'] == this_run() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(state):
    try:
        with open(STATE, 'w') as file:
            json.dump(state, file)
    except OSError as error:
        print('%s: %s' % (STATE, error))


def too_long(kind, verdict):
    """Keeps count of this answer. Whether there were too many without any in between that was good."""
    state = remembered()
    if state is None and verdict != HEALTHY:
        return False
    counted = {'run': this_run(), 'in_a_row': {}}
    if verdict in PATIENCE[kind]:
        # Who stands still is silent as well.
        ends = [STUCK, SILENT] if verdict == STUCK else [SILENT]
        counted['in_a_row'] = {sign: state['in_a_row'].get(sign, 0) + 1 for sign in ends}
    if counted != state:
        remember(counted)
    return any(counted['in_a_row'].get(sign, 0) >= most for sign, most in PATIENCE[kind].items())


def tell(line):
    """Into the log of the container as well, where it outlives the health check."""
    print(line, flush=True)
    try:
        with open(LOG, 'a') as log:
            log.write(line + '\n')
    except OSError:
        pass


def alive(pid, start):
    try:
        return stat_of(pid)[1] == start
    except OSError:
        return False


def end(kind, why):
    process = main_process()
    if process is None:
        return tell('specify-setup: %s has hung (%s), but without "init: true" it cannot be ended from inside.' % (kind, why))
    start = stat_of(process)[1]
    tell('specify-setup: %s has hung (%s). Ending it, so that Docker starts it again.' % (kind, why))
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while alive(process, start) and time.monotonic() < deadline:
        time.sleep(0.2)
    if alive(process, start):
        os.kill(process, signal.SIGKILL)


def main(arguments):
    heal = '--heal' in arguments
    kind, *names = [argument for argument in arguments if argument != '--heal']
    verdict, why = ask_web(*names) if kind == 'web' else ask_worker()
    print(why)
    if heal and too_long(kind, verdict):
        end(kind, why)
    return 0 if verdict == HEALTHY else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
`;
