"""Addresses of tables, and how they are shown: never with what lets somebody in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from tearless.core import InputError, quoted, visible

KINDS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "abfss": "az",
    "hf": "hf",
    "http": "http",
    "https": "http",
}
"""The schemes that are read, and what answers them."""
CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "hf": "set HF_TOKEN, or run `hf auth login`",
    "http": "give an address that you may read",
}
"""Where each kind of store looks for credentials, as something to do."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_COLLAPSED = re.compile(rf"({'|'.join(KINDS)}):/(?!/)", re.IGNORECASE)
_QUERY = re.compile(r"\?[\w.%~-]+=")
_PORT = re.compile(r":\d*$")
_TOLD = re.compile(
    r"(?i)((?:x-(?:amz|goog|ms)-[\w-]+|\bsig|signature|\w*token|\w*password|\w*secret\w*|\w*key(?:_?id)?|"
    r"credential)\"?\s*[=:]\s*\"?)[^\s&\"'<>,;)]+"
)
_INSIDE = re.compile(r"//[^/\s@]+@")
_SECRET_NAME = re.compile(r"(SECRET|TOKEN|PASSWORD|ACCESS_KEY|ACCOUNT_KEY|API_KEY|SAS|CONNECTION_STRING)")
_SHORTEST = 8
"""Characters of a value in the environment from which on it is taken for a secret, not for a switch."""


@dataclass(frozen=True)
class Address:
    """A table's address: ``text`` in full, for the reader alone, and ``shown``, for everybody."""

    text: str = field(repr=False)
    kind: str
    shown: str

    @property
    def rest(self) -> str:
        """What stands behind the scheme."""
        return self.text.partition("://")[2]

    @property
    def place(self) -> str:
        """The bucket, container, repository or host, without who asks."""
        parts = self.shown.partition("://")[2].split("/")
        if self.kind == "hf":
            return "/".join(parts[1:3] if parts[0] in ("datasets", "spaces", "buckets") else parts[:2]).partition("@")[
                0
            ]
        return parts[0].partition("@")[0] if self.kind == "az" else parts[0]


def address_of(given: str, argument: str) -> Address | None:
    """The address that a text is, ``None`` for the path of a file.

    Raises ``InputError`` for an unknown scheme, and for keys in the address of a store, which takes them elsewhere.

    A slash that ``pathlib`` has swallowed is put back.

    >>> address_of("s3://bucket/a.parquet", "data")
    Address(kind='s3', shown='s3://bucket/a.parquet')
    >>> address_of("folder/a.parquet", "data") is None
    True
    """
    if (collapsed := _COLLAPSED.match(given)) and not os.path.lexists(given):
        given = f"{collapsed[1]}://{given[collapsed.end() :]}"
    scheme = _SCHEME.match(given)
    if scheme is None or (os.path.lexists(given) and scheme[1].lower() not in KINDS):
        return None
    kind = KINDS.get(scheme[1].lower())
    if kind is None:
        raise InputError(
            f"{argument}: expected a path or an address that starts with {', '.join(f'{s}://' for s in KINDS)}, got "
            f"{quoted(shown(given))}; copy the table to one of these"
        )
    if kind != "http" and _user(given[scheme.end() :], kind):
        raise InputError(
            f"{argument}: expected an address without user and password, got {quoted(shown(given))} with some; leave "
            f"them out, and {CREDENTIALS[kind]}"
        )
    text = scheme[1].lower() + given[scheme.end(1) :]
    return Address(text, kind, shown(text))


def kind_of(file: str) -> str:
    """What answers an address; empty for the path of a file.

    >>> kind_of("s3a://bucket/a.parquet"), kind_of("folder/a.parquet")
    ('s3', '')
    """
    return KINDS.get(file.partition("://")[0].lower(), "") if "://" in file else ""


def local_path(given: str) -> str:
    """The path of a ``file://`` address, and any other text as it is.

    >>> local_path("file:///data/a%20b.csv")
    '/data/a b.csv'
    """
    if not given.lower().startswith("file://") or os.path.lexists(given):
        return given
    parts = urlsplit(given)
    from urllib.request import url2pathname

    return url2pathname(parts.path)


def shown(text: str) -> str:
    """A path or address to print: without user, password and query.

    >>> shown("https://me:word@host/a.csv?token=abc")
    'https://host/a.csv'
    """
    if collapsed := _COLLAPSED.match(text):
        text = f"{collapsed[1]}://{text[collapsed.end() :]}"
    scheme = _SCHEME.match(text)
    if scheme is None:
        return visible(text, 120)
    rest = text[scheme.end() :]
    kind = KINDS.get(scheme[1].lower(), "http")
    rest = rest[_user(rest, kind) :]
    if kind == "http":
        rest = re.split("[?#]", rest, maxsplit=1)[0]
    elif query := _QUERY.search(rest):
        rest = rest[: query.start()]
    return visible(f"{scheme[1]}://{rest}", 200)


def _user(rest: str, kind: str) -> int:
    """Where the user and the password at the start of an address end; 0 where there are none."""
    head = rest.partition("/")[0]
    if "@" in head:
        return 0 if kind == "az" and ":" not in head else head.rindex("@") + 1
    before = re.split("[?#]", rest, maxsplit=1)[0]
    if ":" in head and not _PORT.search(head) and "@" in before:
        return before.rindex("@") + 1
    return 0


def cleaned(text: str, *given: str) -> str:
    """A foreign text about the addresses ``given``, without what they and the environment hold of secrets.

    It ends where markup begins: stores answer in XML, which may repeat keys.
    """
    text = text.partition("<")[0].strip()
    for address in given:
        for form in {address, quote(address, safe=":/?&=%"), unquote(address)}:
            text = text.replace(form, shown(address))
    text = _INSIDE.sub("//", _TOLD.sub(r"\1***", text))
    for secret in sorted({s for one in given for s in _secrets(one)} | _of_environment(), key=len, reverse=True):
        if secret in text:
            if len(secret) < 4:
                return ""
            text = text.replace(secret, "***")
    return text


def _secrets(address: str) -> set[str]:
    """What an address holds that is not shown, in each way it may be written."""
    scheme = _SCHEME.match(address)
    if scheme is None:
        return set()
    rest = address[scheme.end() :]
    user = rest[: _user(rest, KINDS.get(scheme[1].lower(), "http"))].rstrip("@")
    found = {user, *user.split(":", 1)}
    if len(shown(address)) < len(address) and (query := re.search(r"[?#](.*)", rest)):
        found |= {query[1], *(part.partition("=")[2] or part for part in re.split("[&#]", query[1]))}
    forms = {form for one in found for form in (one, unquote(one), quote(one, safe=""))}
    return {form for form in forms if form}


def _of_environment() -> set[str]:
    return {v for k, v in os.environ.items() if len(v) >= _SHORTEST and _SECRET_NAME.search(k) and not _is_path(v)}


def _is_path(value: str) -> bool:
    try:
        return Path(value).exists()
    except (OSError, ValueError):
        return False
