"""Speaks to the sandbox with nothing but the standard library."""

import json
import os
import ssl
import urllib.error
import urllib.request

SECONDS = 60


class Refused(Exception):
    """The sandbox answered with something else than a success."""


def trust(url):
    """The certificate of a sandbox that answers TLS, as it said where it is."""
    return ssl.create_default_context(cafile=os.environ["SANDBOX_CERTIFICATE"]) if url.startswith("https:") else None


def send(url, method, body=None, token=None):
    """Sends a request, with JSON if there is a body, and returns the JSON of the answer."""
    headers = {}
    # A POST without a body has a length all the same.
    data = b"" if method == "POST" else None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS, context=trust(url)) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise Refused(f"{method} {url}: {error.code} {error.read()[:500]!r}") from error
    return json.loads(text) if text else None


def prepare(url, call):
    """Puts things into the state in which a call succeeds."""
    for request in call["prepare"]:
        send(f"{url}{request['path']}", request["method"], request["body"])


def log(url, after=0):
    """The entries of the sandbox's log behind a number, page by page; a page may hold less than everything."""
    found = []
    while page := send(f"{url}/_sandbox/requests?after={after}", "GET")["value"]:
        found += page
        after = page[-1]["sequence"]
    return found
