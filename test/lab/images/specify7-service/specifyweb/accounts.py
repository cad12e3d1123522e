"""Users, passwords and sessions."""
import hmac
import time

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.http import HttpResponseForbidden
from django.middleware.csrf import rotate_token

from .database import execute


def find_user(**wanted):
    (column, value), = wanted.items()
    rows = execute('SELECT SpecifyUserID AS id, Name AS name, Password AS password, UserType AS usertype '
                   'FROM specifyuser WHERE %s = %%s' % {'id': 'SpecifyUserID', 'name': 'Name'}[column], [value])
    return rows[0] if rows else None


def authenticate(name, password):
    user = find_user(name=name)
    return user if user and check_password(password, user['password']) else None


def log_in(request, user):
    request.session.cycle_key()
    request.session['user'] = user['id']
    rotate_token(request)


class AnonymousUserMissing(Exception):
    """ANONYMOUS_USER names nobody."""


class IdentityMiddleware:
    """Sets request.specify_user: who is logged in, else the anonymous user, else None."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.specify_user, request.logged_in = None, False
        if 'user' in request.session:
            request.specify_user = find_user(id=request.session['user'])
            request.logged_in = request.specify_user is not None
        if request.specify_user is None and settings.ANONYMOUS_USER:
            request.specify_user = find_user(name=settings.ANONYMOUS_USER)
            if request.specify_user is None:
                raise AnonymousUserMissing('Specifyuser %r does not exist.' % settings.ANONYMOUS_USER)
        return self.get_response(request)


def login_required(view):
    """Answers 403 to visitors who are neither logged in nor anonymous users."""

    def guarded(request, *arguments, **named):
        if request.specify_user is None:
            return HttpResponseForbidden()
        return view(request, *arguments, **named)

    return guarded


def support_token(name, stamp):
    digest = hmac.new(settings.SECRET_KEY.encode(), ('%s %s' % (stamp, name)).encode(), 'sha256')
    return '%s-%s-%s' % (stamp, digest.hexdigest(), name)


def user_of_support_token(text):
    """The user a support token was made for, or None when support logins are off or it is wrong or old."""
    stamp, _, rest = text.partition('-')
    name = rest.partition('-')[2]
    if not settings.ALLOW_SUPPORT_LOGIN or not stamp.isdigit():
        return None
    if not hmac.compare_digest(support_token(name, stamp), text) or time.time() - int(stamp) > settings.SUPPORT_LOGIN_TTL:
        return None
    return find_user(name=name)
