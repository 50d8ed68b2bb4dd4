"""Tables at addresses: a real S3 server and a real web server on this machine; nothing of what lets in is ever said."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.cli import main
from tearless.core import InputError
from tearless.doctor.opened import table
from tearless.readers import open_table
from tearless.readers.parts.engine import facts_of
from tearless.readers.parts.work import Work
from tearless.readers.remote import credentials, stores
from tearless.readers.remote.address import address_of, cleaned, shown
from tearless.readers.remote.faults import fault_of
from tearless.readers.whole import Whole

from .reading import read

FRAME = pl.DataFrame({"a": range(3_000), "b": [i % 7 / 4 for i in range(3_000)], "s": ["x", None, "z"] * 1_000})
PLANTED = ("PLANTEDKEY", "PLANTED/secret+1", "PLANTEDSESSION", "PLANTEDpw", "PLANTEDtoken", "PLANTEDsignature")


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, row_group_size=1_000)
    return out.getvalue()


def arrow(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_ipc(out)
    return out.getvalue()


def npy() -> bytes:
    out = io.BytesIO()
    np.save(out, FRAME.select("a", "b").to_numpy())
    return out.getvalue()


FILES: dict[str, bytes] = {
    "one.parquet": parquet(FRAME),
    "t.csv": FRAME.write_csv().encode(),
    "t.csv.gz": gzip.compress(FRAME.write_csv().encode()),
    "t.tsv": FRAME.write_csv(separator="\t").encode(),
    "t.jsonl": FRAME.write_ndjson().encode(),
    "t.arrow": arrow(FRAME),
    "no-suffix": FRAME.write_csv().encode(),
    "named.csv": parquet(FRAME),
    "named.parquet": FRAME.write_csv().encode(),
    "empty.csv": b"",
    "empty.parquet": b"",
    "page.csv": b"<!DOCTYPE html><html>Sign in</html>",
    "cut.parquet": parquet(FRAME)[:-60],
    "many/0.parquet": parquet(FRAME[:1_000]),
    "many/1.parquet": parquet(FRAME[1_000:2_500]),
    "many/sub/2.parquet": parquet(FRAME[2_500:]),
    "many/_SUCCESS": b"",
    "spark.parquet/part-0.parquet": parquet(FRAME),
    "hive/year=2025/0.parquet": parquet(FRAME[:1_000]),
    "hive/year=2026/0.parquet": parquet(FRAME[1_000:]),
    "bad/0.parquet": parquet(FRAME[:1_000]),
    "bad/1.parquet": parquet(FRAME)[:-60],
    "bad/2.parquet": parquet(FRAME[1_000:]),
}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of an S3 server on this machine that holds ``FILES`` in the bucket ``tables``."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = server.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    import boto3

    keys = {"aws_access_key_id": PLANTED[0], "aws_secret_access_key": PLANTED[1], "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
    client.create_bucket(Bucket="tables")
    for name, body in FILES.items():
        client.put_object(Bucket="tables", Key=name, Body=body)
    client.close()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, no proxy and no cloud but those that a test names."""
    for name in [*credentials._AWS, *credentials._GOOGLE, *credentials._AZURE, "AWS_ENDPOINT_URL", "AWS_REGION"]:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The bucket, with the credentials that open it in the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    for name, value in zip(("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"), PLANTED, strict=False):
        monkeypatch.setenv(f"AWS_{name}", value)
    return "s3://tables"


@pytest.mark.parametrize(
    "name",
    [
        "one.parquet",
        "t.csv",
        "t.csv.gz",
        "t.tsv",
        "t.jsonl",
        "t.arrow",
        "no-suffix",
        "named.csv",
        "named.parquet",
        "many",
        "many/",
        "many/**/*.parquet",
        "spark.parquet",
        "*.gz",
    ],
)
def test_a_table_on_a_store_is_the_table_that_was_put_there(name: str, bucket: str) -> None:
    frame, source = read(f"{bucket}/{name}")
    assert frame.equals(FRAME)
    assert source.path is not None
    assert source.path.startswith("s3://tables/")
    assert any("which it holds" in note for note in source.notes) == name.startswith("named")


def test_arrays_folders_that_name_columns_and_paths_of_pathlib_are_read_as_well(bucket: str) -> None:
    assert read(f"{bucket}/hive")[0]["year"].to_list() == [2025] * 1_000 + [2026] * 2_000
    assert read(f"{bucket}/hive/*/*.parquet")[0].equals(read(f"{bucket}/hive")[0])
    assert read(Path(f"{bucket}/one.parquet"))[0].equals(FRAME)
    report = tearless.check(f"{bucket}/many", test=f"{bucket}/t.csv", select=["train-test-overlap"])
    assert [finding.name for finding in report.findings] == ["train-test-overlap"]


def test_parts_of_a_store_are_read_where_the_work_is_done_and_bad_files_are_left_out(bucket: str) -> None:
    source = table(f"{bucket}/bad", "data", skip_unreadable=True)
    assert source.parts is not None
    (whole,), rows, left = facts_of(source.parts, Work((Whole,), source.schema, source.select), skip=True)
    assert rows == 3_000
    assert whole.frame.equals(FRAME)
    assert left == []
    assert any("`1.parquet` (damaged or cut short" in note for note in source.notes)
    assert facts_of(table(f"{bucket}/hive", "data", skip_unreadable=True).parts, Work((), source.schema))[1] == 3_000
    with pytest.raises(InputError, match=r"`1\.parquet` \(damaged or cut short"):
        read(f"{bucket}/bad")


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "tables/none.parquet": "which does not exist; check the address",
        "tables/none.csv": "which does not exist; check the address",
        "tables/none/*.parquet": "which does not exist; check the address",
        "nowhere/t.parquet": "but there is no bucket `nowhere`; check the name",
        "nowhere/t.csv": "but there is no bucket `nowhere`; check the name",
        "tables/empty.csv": "which is empty (0 bytes)",
        "tables/empty.parquet": "which is empty (0 bytes)",
        "tables/page.csv": "a web page",
        "tables/cut.parquet": "which cannot be read (parquet: File out of specification",
        "tables/*.csv": "expected one file, or several of Parquet, got 4 that match",
    }.items(),
)
def test_what_is_not_there_or_no_table_is_refused_in_words(name: str, words: str, bucket: str) -> None:
    assert words in refused(f"s3://{name}")


def refused(data: str, **options: Any) -> str:
    """The words of the refusal, which come soon, hold nothing planted, and have no other exception beside them."""
    began = time.monotonic()
    with pytest.raises(InputError) as refusal:
        tearless.check(data, **options)
    assert time.monotonic() - began < 15
    assert refusal.value.__cause__ is refusal.value.__context__ is None
    said = str(refusal.value)
    assert not [secret for secret in PLANTED if secret in said]
    return said


def test_a_store_without_credentials_or_answer_is_told_so_at_once(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    assert "access denied; no credentials were found" in refused("s3://tables/many")
    for name in ("one.parquet", "t.csv"):
        assert "for which no credentials were found, and which is not open to all; set AWS_ACCESS_KEY_ID" in refused(
            f"s3://tables/{name}"
        )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", PLANTED[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED[1])
    for name in ("one.parquet", "t.csv"):
        words = "but the server `127.0.0.1:9` of AWS_ENDPOINT_URL cannot be reached"
        assert words in refused(f"s3://tables/{name}")


def test_where_the_package_of_a_store_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PACKAGES", {k: (f"no_{p}", n, e) for k, (p, n, e) in stores._PACKAGES.items()})
    wanted = {"s3": "s3", "gs": "gcs", "az": "azure", "abfs": "azure", "hf": "hub"}
    for scheme, extra in wanted.items():
        assert f'`pip install "tearless[{extra}]"`' in refused(f"{scheme}://datasets/who/table.csv")
    assert "starts with s3://" in refused("ftp://me:PLANTEDpw@host/t.csv")
    assert "expected an address without user and password, got `s3://tables/t.csv`" in refused(
        "s3://PLANTEDKEY:PLANTEDpw@tables/t.csv"
    )


class Web(http.server.BaseHTTPRequestHandler):
    """Serves ``FILES`` at ``/how/name``; ``how`` says how the server behaves."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        how, _, name = self.path.partition("?")[0].lstrip("/").partition("/")
        Web.asked.append((self.path, self.headers.get("Range")))
        password = self.headers.get("Authorization") == "Basic bWU6UExBTlRFRHB3"
        if how.isdigit() or (how == "busy" and len(Web.asked) == 1) or (how == "keyed" and not password):
            self.answer(int(how) if how.isdigit() else 503 if how == "busy" else 401, b"")
        elif how == "moved":
            self.answer(302, b"", Location=f"/plain/{name}?token=PLANTEDtoken")
        elif name not in FILES:
            self.answer(404, b"")
        else:
            self.file(how, FILES[name])

    def file(self, how: str, data: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
        if wanted is None or how in ("whole", "short"):
            self.answer(200, data, more=50 if how == "short" else 0)
            return
        first = int(wanted[1]) if wanted[1] else max(0, len(data) - int(wanted[2]))
        last = min(int(wanted[2]) if wanted[1] and wanted[2] else len(data) - 1, len(data) - 1)
        if first >= len(data):
            self.answer(416, b"")
            return
        place = f"bytes {first}-{last}/{len(data)}"
        self.answer(206, data[first : last + 1], **{"Content-Range": place})

    def answer(self, status: int, body: bytes, more: int = 0, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) + more)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = bool(more)


@pytest.fixture
def web() -> Iterator[str]:
    """The host and port of a web server on this machine."""
    Web.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("how", ["plain", "whole", "moved", "busy"])
@pytest.mark.parametrize("name", ["one.parquet", "t.csv", "t.csv.gz", "t.arrow", "no-suffix", "named.parquet"])
def test_a_table_on_a_web_server_is_the_table_that_lies_there(how: str, name: str, web: str) -> None:
    frame, source = read(f"http://{web}/{how}/{name}?token=PLANTEDtoken#x")
    assert frame.equals(FRAME)
    assert source.path == source.label == f"http://{web}/{how}/{name}"


def test_parquet_on_a_web_server_is_read_by_ranges_and_twice(web: str) -> None:
    frame, source = read(f"http://{web}/plain/one.parquet")
    assert all(span for _, span in Web.asked)
    assert pl.concat([batch.frame for batch in source.batches()]).equals(frame)
    small = read(f"http://{web}/plain/t.csv")[1]
    Web.asked.clear()
    assert pl.concat([batch.frame for batch in small.batches()]).equals(frame)
    assert Web.asked == []


def test_a_password_opens_and_is_never_said(web: str) -> None:
    for name in ("one.parquet", "t.csv"):
        frame, source = read(f"http://me:PLANTEDpw@{web}/keyed/{name}")
        assert frame.equals(FRAME)
        assert source.path == f"http://{web}/keyed/{name}"
        assert "which may not be read (access denied)" in refused(f"http://me:PLANTEDpw2@{web}/keyed/{name}")


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "plain/none.csv": "which does not exist",
        "403/t.csv": "which may not be read (access denied)",
        "500/t.parquet": "could not serve it",
        "short/t.csv": "cannot be reached (the connection broke)",
        "plain/empty.csv": "which is empty (0 bytes)",
        "plain/page.csv": "a web page",
        "plain/cut.parquet": "damaged or cut short",
    }.items(),
)
def test_a_web_server_that_gives_no_table_is_refused_in_words(path: str, words: str, web: str) -> None:
    assert words in refused(f"http://me:PLANTEDpw@{web}/{path}?X-Amz-Signature=PLANTEDsignature&token=PLANTEDtoken")


def test_servers_that_are_not_there_are_refused_in_words(web: str) -> None:
    name = "t.csv?sig=PLANTEDsignature"
    assert "it refused the connection" in refused(f"http://127.0.0.1:9/{name}")
    assert "no secure connection" in refused(f"https://{web}/plain/{name}")
    assert "no host given" in refused(f"http:///{name}")
    assert "its name is not known" in refused(f"http://nowhere.invalid/{name}")


@pytest.mark.parametrize("shape", ["text", "json", "html", "markdown", "sarif", "junit", "github"])
def test_no_format_holds_what_an_address_or_the_environment_keeps_secret(
    shape: str, web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED[1])
    given = f"http://me:PLANTEDpw@{web}/plain/t.csv?X-Amz-Signature=PLANTEDsignature&token=PLANTEDtoken"
    main(["check", given, "--test", given, "--format", shape, "--select", "train-test-overlap,drift"])
    said = "".join(capsys.readouterr())
    assert not [secret for secret in PLANTED if secret in said]
    assert "plain/t.csv" in said
    if shape == "sarif":
        places = json.loads(said)["runs"][0]["results"][0]["locations"]
        assert places[0]["physicalLocation"]["artifactLocation"]["uri"] == f"http://{web}/plain/t.csv"


@pytest.mark.parametrize(
    "command",
    [
        "check {} --as training",
        "check {} {}",
        "check {} --output {}",
        "check {} --target nix",
        "check {} --skip-unreadable",
        "describe {}",
        "compare {} {}",
        "calibrate {}",
        "sample {}",
        "learn correlation --data {}",
    ],
)
def test_no_command_says_what_an_address_keeps_secret(
    command: str, web: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = f"http://me:PLANTEDpw@{web}/plain/t.csv?X-Amz-Signature=PLANTEDsignature&token=PLANTEDtoken"
    main(command.format(given, given).split())
    said = "".join(capsys.readouterr())
    assert not [secret for secret in PLANTED if secret in said]


@pytest.mark.parametrize(
    ("given", "safe"),
    {
        "https://me:pa/ss@host/a.csv": "https://host/a.csv",
        "https://me:p@ss@host:8080/a.csv": "https://host:8080/a.csv",
        "https://token@host/a.csv": "https://host/a.csv",
        "https://host:8080/@scope/a.csv": "https://host:8080/@scope/a.csv",
        "http:/me:word@host/a.csv": "http://host/a.csv",
        "abfss://data@account.dfs.core.windows.net/a.csv": "abfss://data@account.dfs.core.windows.net/a.csv",
        "az://data/a.csv?sv=2024&sig=abc": "az://data/a.csv",
        "s3://bucket/year=202?/*.csv": "s3://bucket/year=202?/*.csv",
        "s3://bucket/a.csv?token=abc": "s3://bucket/a.csv",
        "hf://datasets/who/what@main/a.csv": "hf://datasets/who/what@main/a.csv",
        "odd://me:word@host/a.csv?b=c": "odd://host/a.csv",
        "https://host/\x1b[31ma.csv": "https://host/\\x1b[31ma.csv",
        "data/a.csv": "data/a.csv",
    }.items(),
)
def test_an_address_is_shown_without_what_lets_in(given: str, safe: str) -> None:
    assert shown(given) == safe


def test_foreign_words_are_cleaned_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "PLANTEDtoken")
    address = "https://me:x@host/a.csv?sig=ab%2Fc&v=1"
    told = f"GET {address} failed for ab/c with PLANTEDtoken and Signature=zzz <Key>PLANTEDKEY</Key>"
    assert cleaned("no route", address) == "no route"
    assert cleaned("x was wrong", address) == ""
    said = cleaned(told.replace(" and", " so").replace("x@", "longer@"), address.replace("x@", "longer@"))
    assert not re.search("PLANTED|ab.c|longer|zzz|sig=", said)
    assert fault_of(PermissionError(13, "denied", "https://me:word12@host"), "https://me:word12@host").kind == "denied"


def test_what_is_no_address_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.csv").write_bytes(FILES["t.csv"])
    assert address_of("a:b/c.csv", "data") is None
    assert read(f"file://{tmp_path}/a%20b.csv")[0].equals(FRAME)
    (tmp_path / "odd:").mkdir()
    (tmp_path / "odd:" / "t.csv").write_bytes(FILES["t.csv"])
    assert read("odd://t.csv")[0].equals(FRAME)


def test_a_copy_goes_when_nobody_holds_its_table(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gc
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = open_table(f"http://{web}/plain/t.csv")
    assert len(list(tmp_path.iterdir())) == 1
    assert read(source)[0].equals(FRAME)
    del source
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_credentials_are_looked_for_where_they_usually_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.anonymous("s3")
    assert credentials.anonymous("gs")
    assert credentials.anonymous("az")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = A\n")
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".config" / "gcloud").mkdir(parents=True)
    (tmp_path / ".config" / "gcloud" / "application_default_credentials.json").write_text("{}")
    assert not any(map(credentials.anonymous, ("s3", "gs", "az", "hf", "http")))
    text = "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=abc==;EndpointSuffix=core.windows.net"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    told = stores.options_of("az://data/a.parquet") or {}
    assert (told["azure_storage_account_name"], told["azure_storage_account_key"]) == ("me", "abc==")
    assert stores.options_of("folder/a.parquet") is None
