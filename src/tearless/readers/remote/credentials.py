"""Whether the usual places hold credentials. None is read here, let alone printed: their readers do that.

Where there are none, a table is asked for as everybody may: some buckets are open to all. A machine in a cloud is asked
for its role by the address that every cloud reserves for it, within a second.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_METADATA = "169.254.169.254"
_PATIENCE = 1.0
"""Seconds that the machine's own metadata are waited for."""
_AWS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)
_AWS_CONFIG = ("aws_access_key_id", "sso_", "role_arn", "credential_process", "credential_source", "login_session")
_GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY")
_AZURE = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_STORAGE_CLIENT_ID",
    "IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
)


def anonymous(kind: str) -> bool:
    """Whether a store has to be asked without credentials, for there are none."""
    if kind == "s3":
        return _on("AWS_SKIP_SIGNATURE") or not (_named(_AWS) or _aws_file() or _aws_machine())
    if kind == "gs":
        return _on("GOOGLE_SKIP_SIGNATURE") or not (_named(_GOOGLE) or _google_file() or _google_machine())
    if kind == "az":
        return _on("AZURE_SKIP_SIGNATURE") or not (_named(_AZURE) or (Path.home() / ".azure").is_dir())
    return False


def _on(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes")


def _named(names: tuple[str, ...]) -> bool:
    return any(os.environ.get(name) for name in names)


def _aws_file() -> bool:
    """Whether a file of credentials, or of profiles that lead to some, is there."""
    home = Path.home() / ".aws"
    places = (("AWS_SHARED_CREDENTIALS_FILE", home / "credentials"), ("AWS_CONFIG_FILE", home / "config"))
    for name, usual in places:
        try:
            text = Path(os.environ.get(name) or usual).expanduser().read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
        if any(word in text for word in _AWS_CONFIG):
            return True
    return False


def _google_file() -> bool:
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    return (Path(folder) / "application_default_credentials.json").is_file()


def _aws_machine() -> bool:
    return not _on("AWS_EC2_METADATA_DISABLED") and _machine_of_aws()


@cache
def _machine_of_aws() -> bool:
    """Whether this is a machine of AWS with a role of its own."""
    token = _asked("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    if token is None:
        return False
    return bool(_asked("GET", "/latest/meta-data/iam/security-credentials/", {"X-aws-ec2-metadata-token": token}))


def _google_machine() -> bool:
    return not _on("NO_GCE_CHECK") and _machine_of_google()


@cache
def _machine_of_google() -> bool:
    path = "/computeMetadata/v1/instance/service-accounts/"
    return "default" in (_asked("GET", path, {"Metadata-Flavor": "Google"}) or "")


def _asked(method: str, path: str, headers: Mapping[str, str]) -> str | None:
    """What the metadata of this machine answer; ``None`` where nothing does."""
    line = http.client.HTTPConnection(_METADATA, timeout=_PATIENCE)
    try:
        line.request(method, path, headers=dict(headers))
        answer = line.getresponse()
        return answer.read(4_096).decode("utf-8", "replace") if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()
