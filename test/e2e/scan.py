"""Finds open TCP ports by connecting to each; plain sockets, for any container that has Python.

The argument is JSON: {"addresses": [IPv4, ...], "skip": [port, ...]}; ports in "skip" are never connected to.
Prints JSON: {address: [open port, ...]}.
"""
import errno
import json
import resource
import select
import socket
import struct
import sys
import time

# Long enough for the one repetition of a packet that was lost, after a second.
PATIENCE_SECONDS = 1.5
WINDOW = min(16_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 64)
RESET_ON_CLOSE = struct.pack('ii', 1, 0)


def is_open(connection):
    """Whether a connection that is no longer under way was accepted by somebody else."""
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
        return False
    try:
        # A port of the dynamic range may be connected to itself.
        accepted = connection.getpeername() != connection.getsockname()
    except OSError:
        return False
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    return accepted


def scan(targets):
    """Yields the (address, port) pairs of targets that accept; WINDOW connections are under way at a time."""
    poll = select.epoll()
    waiting = {}
    unreachable = set()
    targets = iter(targets)
    more = True
    while more or waiting:
        while more and len(waiting) < WINDOW:
            target = next(targets, None)
            if target is None:
                more = False
                break
            if target[0] in unreachable:
                continue
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            code = connection.connect_ex(target)
            if code == errno.ENETUNREACH:
                unreachable.add(target[0])
            if code == errno.EINPROGRESS:
                poll.register(connection, select.EPOLLOUT)
                waiting[connection.fileno()] = (connection, target, time.monotonic() + PATIENCE_SECONDS)
                # What is refused at once makes room at once.
                if len(waiting) % 256:
                    continue
                break
            if is_open(connection):
                yield target
            connection.close()
        for number, event in poll.poll(0 if more and len(waiting) < WINDOW else 0.02, WINDOW):
            connection, target, _ = waiting.pop(number)
            if not event & select.EPOLLERR and is_open(connection):
                yield target
            connection.close()
        now = time.monotonic()
        while waiting:
            number = next(iter(waiting))
            if waiting[number][2] > now:
                break
            waiting.pop(number)[0].close()


request = json.loads(sys.argv[1])
skip = set(request['skip'])
found = {address: [] for address in request['addresses']}
ports = [port for port in range(1, 65_536) if port not in skip]
for address, port in scan((address, port) for port in ports for address in found):
    found[address].append(port)
print(json.dumps(found))
