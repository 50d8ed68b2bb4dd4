"""Files on web servers, by Python's own client: proxies as the environment names them, no cookies, no other scheme."""

from __future__ import annotations

import base64
import errno
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .faults import Unreachable

_PATIENCE = 20.0
"""Seconds without a byte after which a server is given up."""
_BLOCK = 1 << 20
_TRIES = 3
_PASSING = (429, 500, 502, 503, 504)
FAULTS = (OSError, HTTPException, ValueError)
"""What asking a server may raise."""


def opened(address: str, first: int | None = None) -> HTTPResponse:
    """The answer to a request for a file, or for its first bytes. Raises ``OSError`` (``HTTPError``, ``URLError``)."""
    plain, user = _split(address)
    headers = {"User-Agent": "tearless", "Accept-Encoding": "identity", "Accept": "*/*"}
    if first is not None:
        headers["Range"] = f"bytes=0-{first - 1}"
    for tried in range(1, _TRIES + 1):
        request = urllib.request.Request(plain, headers=headers)  # noqa: S310 - the opener knows http and https alone
        if user:
            request.add_unredirected_header("Authorization", f"Basic {user}")
        try:
            answer: HTTPResponse = _opener().open(request, timeout=_PATIENCE)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in _PASSING or tried == _TRIES:
                raise
            time.sleep(0.3 * tried)
        else:
            return answer
    raise Unreachable("no answer")


def by_ranges(address: str, answer: HTTPResponse) -> bool:
    """Whether a server that was asked for the first bytes gives parts of a file, to whoever has the address alone."""
    return answer.status == 206 and not _split(address)[1]


def whole_size(answer: HTTPResponse) -> int | None:
    """The bytes of the whole file, where the server tells."""
    told = answer.headers.get("Content-Range", "").rpartition("/")[2] or answer.headers.get("Content-Length", "")
    return int(told) if told.isdigit() else None


def copied(answer: HTTPResponse, to: BinaryIO, most: int, got: int = 0) -> int:
    """The bytes of an answer, of which ``got`` were read before, written to a file; how many there are in all.

    Raises ``Unreachable`` where they end early, ``OSError`` where there are more than ``most``.
    """
    while block := answer.read(_BLOCK):
        got += len(block)
        if got > most:
            raise OSError(errno.ENOSPC, f"more than {most:,} bytes, which do not fit on the disk")
        to.write(block)
    expected = whole_size(answer)
    if expected is not None and got < expected:
        raise Unreachable(f"the connection closed after {got:,} of {expected:,} bytes")
    return got


def _opener() -> urllib.request.OpenerDirector:
    director = urllib.request.OpenerDirector()
    makers: tuple[Callable[[], urllib.request.BaseHandler], ...] = (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    )
    for make in makers:
        director.add_handler(make())
    return director


def _split(address: str) -> tuple[str, str]:
    """The address as a server wants it, without the user, and the user and password as a header has them."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    host = host if host.isascii() else host.encode("idna").decode()
    path, query = (quote(part, safe="/%:@!$&'()*+,;=~?") for part in (parts.path, parts.query))
    plain = urlunsplit((parts.scheme, host, path, query, ""))
    return plain, base64.b64encode(unquote(user).encode()).decode() if at else ""
