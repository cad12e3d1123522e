"""The asset server as Specify 7 sees it: addresses from its XML, a key tested once, tokens."""
import hmac
import logging
import time
from uuid import uuid4
from xml.etree import ElementTree

import requests
from django.conf import settings

log = logging.getLogger(__name__)
addresses = None
clock_difference = 0


def follow_clock(response):
    global clock_difference
    if 'X-Timestamp' in response.headers:
        clock_difference = int(response.headers['X-Timestamp']) - int(time.time())


def token(filename):
    stamp = str(int(time.time()) + clock_difference)
    digest = hmac.new((settings.WEB_ATTACHMENT_KEY or '').encode(), (stamp + filename).encode(), 'md5')
    return '%s:%s' % (digest.hexdigest(), stamp)


def connect():
    """Reads the asset server's addresses. An unreachable or untrusted address raises; an unusable answer is only logged."""
    global addresses
    addresses = None
    if not settings.WEB_ATTACHMENT_URL:
        log.info('Asset server is not configured')
        return
    response = requests.get(settings.WEB_ATTACHMENT_URL)
    if response.status_code != 200:
        log.error('Failed fetching asset server configuration')
        return
    follow_clock(response)
    try:
        found = {url.attrib['type']: url.text for url in ElementTree.fromstring(response.text).findall('url')}
    except (ElementTree.ParseError, KeyError):
        log.error('Failed parsing the response')
        return
    word = str(uuid4())
    answer = requests.get(found['testkey'], params={'random': word, 'token': token(word)})
    if answer.status_code == 200:
        addresses = found
    elif answer.status_code == 403:
        log.error('Bad attachment key.')
    else:
        log.error('Attachment key test failed.')
