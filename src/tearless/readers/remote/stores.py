"""How Polars and fsspec are told to ask a store: with the credentials of the usual places, and not for long."""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import os
import socket
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from urllib.request import getproxies

from tearless.core import InputError

from .address import Address, kind_of
from .credentials import anonymous

_PATIENCE: dict[str, Any] = {
    "connect_timeout": "4s",
    "read_timeout": "15s",
    "retry_timeout_ms": 15_000,
    "max_retries": 2,
}
"""How long a store is asked: one that drops what comes, or never answers, is given up after half a minute."""
_PACKAGES = {
    "s3": ("s3fs", "S3FileSystem", "s3"),
    "gs": ("gcsfs.core", "GCSFileSystem", "gcs"),  # the plain one: the other asks a second service first, for minutes
    "az": ("adlfs", "AzureBlobFileSystem", "azure"),
    "hf": ("huggingface_hub", "HfFileSystem", "hub"),
}


def options_of(file: str) -> dict[str, Any] | None:
    """What Polars is told beside the address, made where it is read; ``None`` for a local path."""
    kind = kind_of(file)
    if kind == "s3":
        return _s3(file)
    if kind == "gs":
        return _PATIENCE | ({"google_skip_signature": "true"} if anonymous("gs") else {})
    return _azure() if kind == "az" else None


def where(file: str) -> str:
    """The address that Polars is given: it knows one hub, so where ``HF_ENDPOINT`` names another, the file's there."""
    hub = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if kind_of(file) != "hf" or not hub or hub == "https://huggingface.co":
        return file
    kind, who, what, path = (file.partition("://")[2].split("/", 3) + [""] * 3)[:4]
    what, _, revision = what.partition("@")
    return f"{hub}/{kind}/{who}/{what}/resolve/{quote(unquote(revision) or 'main', safe='')}/{quote(path)}"


def endpoint() -> str | None:
    """The S3 server that the environment names, in place of Amazon's."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((url for name in names if (url := os.environ.get(name))), None)


def _s3(file: str) -> dict[str, Any]:
    options = dict(_PATIENCE)
    server = endpoint()
    if server:
        options["aws_endpoint_url"] = server
        if server.startswith("http://"):
            options["aws_allow_http"] = "true"
    if anonymous("s3"):
        options["aws_skip_signature"] = "true"
    if not _region_known():
        bucket = file.partition("://")[2].partition("/")[0]
        options["aws_region"] = "us-east-1" if server else _region_of(bucket)
    return options


def _region_known() -> bool:
    if os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        return True
    path = Path(os.environ.get("AWS_CONFIG_FILE") or Path.home() / ".aws" / "config").expanduser()
    try:
        return "region" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


@cache
def _region_of(bucket: str) -> str:
    """The region of a bucket, as Amazon tells everybody who names it."""
    line = http.client.HTTPSConnection("s3.amazonaws.com", timeout=5)
    try:
        line.request("HEAD", f"/{bucket}")
        return line.getresponse().getheader("x-amz-bucket-region") or "us-east-1"
    except (OSError, http.client.HTTPException, ValueError):
        return "us-east-1"
    finally:
        line.close()


def _azure() -> dict[str, Any]:
    """Polars knows no connection string: its parts are told one by one."""
    options: dict[str, Any] = dict(_PATIENCE)
    parts = (os.environ.get("AZURE_STORAGE_CONNECTION_STRING") or "").split(";")
    told = dict(part.split("=", 1) for part in parts if "=" in part)
    if told.get("AccountName"):
        options["azure_storage_account_name"] = told["AccountName"]
    if told.get("AccountKey"):
        options["azure_storage_account_key"] = told["AccountKey"]
    if told.get("SharedAccessSignature"):
        options["azure_storage_sas_key"] = told["SharedAccessSignature"]
    return options | ({"azure_skip_signature": "true"} if anonymous("az") else {})


def has_system(kind: str) -> bool:
    """Whether the package that lists folders of such a store, and reads other files than Parquet, is installed."""
    return importlib.util.find_spec(_PACKAGES[kind][0].partition(".")[0]) is not None


def system_of(address: Address, argument: str) -> Any:
    """The store as a file system of fsspec. Raises ``InputError`` where its package is not installed, naming the extra.

    What comes with the address (the account of a container) and the environment decide who asks.
    """
    module, name, extra = _PACKAGES[address.kind]
    if not has_system(address.kind):
        raise InputError(
            f"{argument}: expected a store that can be read here, got {address.shown}; "
            f'`pip install "tearless[{extra}]"`, or name one Parquet file, which needs nothing else'
        )
    system = getattr(importlib.import_module(module), name)
    told = dict(system._get_kwargs_from_urls(address.text))
    if address.kind == "az":
        _account_is_known(told.get("account_name") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME"))
    made = system(**told, **_settings(address.kind))
    if address.kind == "s3":
        made.retries = 2  # its own, each of which holds those of its client
    return made


def _account_is_known(account: str | None) -> None:
    """Raise where no account is named, or its name leads nowhere: Azure's own client tries for a minute and a half."""
    if os.environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        return
    if not account:
        raise ValueError("must provide either a connection_string or account_name")
    if not getproxies():
        socket.getaddrinfo(f"{account}.blob.core.windows.net", 443)


def _settings(kind: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if kind == "s3":
        settings |= {
            "anon": anonymous("s3"),
            "endpoint_url": endpoint(),
            "config_kwargs": {"connect_timeout": 4, "read_timeout": 10, "retries": {"max_attempts": 1}},
        }
    if kind == "gs" and anonymous("gs"):
        settings["token"] = "anon"  # noqa: S105 - a word of gcsfs for: no token
    if kind == "az":
        settings["anon"] = anonymous("az")
    return settings
