"""What went wrong between here and a store, in words and without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tearless.core import InputError, quoted, visible

from .address import CREDENTIALS, Address, cleaned
from .stores import endpoint

BUCKET = {"s3": "bucket", "gs": "bucket", "az": "container", "hf": "repository", "http": "server"}
_REACH = {
    "certificate": "its certificate is not trusted",
    "[ssl": "no secure connection",
    "dns error": "its name is not known",
    "connection refused": "it refused the connection",
    "could not connect": "no connection",
    "tcp connect error": "no connection",
    "connection closed": "the connection broke",
}
_SETTINGS = re.compile(r"(max_retries|retry_timeout): \S+")
_STATUS = re.compile(r"(?:status code:?|http error|http/\d\.\d|error|\()\s*\(?([45]\d\d)\b")


class Unreachable(OSError):
    """A store that gave no answer: to be tried again, where a damaged file is not."""


@dataclass(frozen=True)
class Fault:
    """``kind`` is a key of the words in ``in_words``; ``reason`` is in the reader's own words."""

    kind: str
    reason: str

    @property
    def passing(self) -> bool:
        """Whether it may be gone at the next try, and says nothing about the file."""
        return self.kind in ("time", "reach", "busy", "expired")


_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("place", ("nosuchbucket", "bucket does not exist", "containernotfound", "container does not exist")),
    ("place", ("specified bucket is not valid", "invalidbucketname", "repository not found", "repositorynotfound")),
    ("account", ("account must be specified", "must provide either a connection_string or account_name")),
    ("expired", ("expiredtoken", "token has expired", "token included in the request is expired", "sso session")),
    ("keys", ("invalidaccesskeyid", "signaturedoesnotmatch", "invalid_grant", "authenticationfailed")),
    ("keys", ("access key id you provided does not exist", "signature we calculated does not match")),
    ("none", ("nocredentials", "unable to locate credentials", "169.254.169.254", "metadata.google")),
    ("none", ("did not receive any credentials", "partial credentials", "anonymous caller", "could not find default")),
    ("region", ("incorrectly configured region", "permanentredirect", "authorizationheadermalformed")),
    ("region", ("region is wrong", "must be addressed using the specified endpoint", "illegallocationconstraint")),
    ("busy", ("slowdown", "toomanyrequests", "too many requests", "serviceunavailable", "internal error")),
    ("reach", ("certificate",)),
    ("reach", ("[ssl", "tls handshake")),
    ("reach", ("dns error", "name or service not known", "nodename nor servname", "getaddrinfo", "name resolution")),
    ("reach", ("connection refused", "connect call failed")),
    ("time", ("timed out", "timeout", "operation took too long", "deadline has elapsed")),
    ("reach", ("could not connect", "cannot connect", "endpointconnection", "proxyerror", "tunnel connection failed")),
    ("reach", ("tcp connect error", "network is unreachable", "connection reset", "no route to host")),
    ("reach", ("connection closed", "server disconnected", "incomplete message", "error sending request")),
)


def fault_of(error: BaseException, *given: str) -> Fault:
    """What kind of fault an exception of a reader or a store is. ``given`` are the addresses it may repeat."""
    said = str(getattr(error, "reason", "") or error).strip()
    low = _SETTINGS.sub("", f"{type(error).__name__} {error}".lower())
    first = (said or type(error).__name__).splitlines()[0]
    reason = visible(cleaned(first, *given), 160) or type(error).__name__
    for kind, signs in _SIGNS:
        if any(sign in low for sign in signs):
            return Fault(kind, _REACH.get(signs[0], reason))
    status = int(found[1]) if (found := _STATUS.search(low)) else 0
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return Fault("missing", reason)
    if isinstance(error, PermissionError) or status in (401, 403, 407):
        return Fault("denied", reason)
    if isinstance(error, TimeoutError):
        return Fault("time", reason)
    if isinstance(error, ConnectionError):
        return Fault("reach", reason)
    return Fault("busy" if status in (429, 500, 502, 503, 504) else "damage", reason)


def in_words(fault: Fault, address: Address, anonymous: bool = False) -> tuple[str, str]:
    """What is the matter with an address, and what to do."""
    place, keys = f"the {BUCKET[address.kind]} {quoted(address.place)}", CREDENTIALS[address.kind]
    host = urlsplit(own).netloc.rpartition("@")[2] if address.kind == "s3" and (own := endpoint()) else ""
    server = f"the server {quoted(host)} of AWS_ENDPOINT_URL" if host else "the hub" if address.kind == "hf" else place
    if fault.kind == "none" or (fault.kind == "denied" and anonymous and address.kind != "http"):
        return f"for which no credentials were found, and which is not open to all; {keys}", ""
    words = {
        "place": (f"but there is no {place[4:]}", "check the name"),
        "account": ("but no storage account is named", keys),
        "missing": ("which does not exist", "check the address"),
        "denied": ("which may not be read (access denied)", f"ask its owner, or {keys}"),
        "keys": (f"but {place} does not accept these credentials", keys),
        "expired": ("but the credentials have expired", f"renew them, or {keys}"),
        "region": (f"but {place} lies in another region", "set AWS_REGION to it"),
        "time": (f"but {server} did not answer in time", "try again, or check the address and the network"),
        "reach": (f"but {server} cannot be reached ({fault.reason})", "check the address and the network"),
        "busy": (f"but {server} could not serve it ({fault.reason})", "try again later"),
        "damage": (f"which cannot be read ({fault.reason})", "copy or write it again"),
    }
    return words[fault.kind]


def refusal(error: BaseException, address: Address, argument: str, anonymous: bool = False) -> InputError:
    """The refusal of an address, to be raised where no other exception is at hand: that would be kept beside it."""
    what, cure = in_words(fault_of(error, address.text), address, anonymous)
    return InputError(f"{argument}: expected a table, got {address.shown}, {what}{'; ' if cure else ''}{cure}")
