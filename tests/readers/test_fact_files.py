"""A fact file is read as it was written or refused in words: damaged, foreign, later, absurd. Nothing is executed."""

from __future__ import annotations

import copy
import functools
import gzip
import hashlib
import http.server
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core import InputError
from tearless.readers.source import Batch
from tearless.statistics.profile.plain import plain
from tearless.statistics.profile.profile import Profile
from tearless.statistics.profile.summary import Summary

Lines = list[dict[str, Any]]


def day(seed: int = 0, n: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    words = rng.choice(["red", "green", "ünï\u202e\x1b[31m"], n)
    return pl.DataFrame({"x": rng.normal(size=n), "word": words, "e\x1b\n`": rng.random(n) < 0.5})


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    tearless.summarize(day(), label="monday").save(tmp_path / "day.facts")
    return tmp_path / "day.facts"


def enveloped(body: bytes, plain_size: int, version: int = 1) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"tearless-facts {version} {digest} {len(body)} {plain_size}\n".encode() + body


def written(path: Path, lines: Lines | bytes) -> Path:
    """A file whose envelope is sound, whatever it holds."""
    text = lines if isinstance(lines, bytes) else b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(enveloped(gzip.compress(text, mtime=0), len(text)))
    return path


def lines_of(path: Path) -> Lines:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes().partition(b"\n")[2]).splitlines()]


def refusal(path: Path) -> str:
    """The words of the refusal, which comes at once and shows nothing hostile."""
    began = time.perf_counter()
    with pytest.raises(InputError) as refused:
        Summary.load(path, "against")
    assert time.perf_counter() - began < 2
    said = str(refused.value)
    assert said.startswith("against: expected")
    assert said.isprintable()
    return said


def test_what_is_written_is_read(facts: Path) -> None:
    summary = tearless.summarize(day(), label="monday")
    assert list(plain(Summary.load(facts).past)) == list(plain(summary.past))


def test_the_same_table_gives_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    tearless.summarize(day(), label="monday").save(tmp_path / "again.facts")
    assert (tmp_path / "again.facts").read_bytes() == facts.read_bytes()
    Summary.load(facts).save(tmp_path / "third.facts")
    assert (tmp_path / "third.facts").read_bytes() == facts.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.facts", "day.facts", "third.facts"]


def test_every_byte_that_is_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    tearless.summarize({"x": range(30)}).save(path)
    blob = path.read_bytes()
    for i in range(len(blob)):
        for bit in (0x01, 0x20, 0x80) if i < 90 else (0x10,):
            path.write_bytes(blob[:i] + bytes([blob[i] ^ bit]) + blob[i + 1 :])
            with pytest.raises(InputError):
                Summary.load(path)


def test_a_file_that_is_cut_or_longer_is_refused(facts: Path, tmp_path: Path) -> None:
    blob, other = facts.read_bytes(), tmp_path / "cut.facts"
    for size in range(0, len(blob), 7):
        other.write_bytes(blob[:size])
        with pytest.raises(InputError):
            Summary.load(other)
    other.write_bytes(blob[:-1])
    assert "cut short" in refusal(other)
    other.write_bytes(blob + b"\0")
    assert "longer than it says" in refusal(other)
    other.write_bytes(b"")
    assert "which is empty" in refusal(other)


def test_a_later_version_asks_for_an_update(facts: Path, tmp_path: Path) -> None:
    other = tmp_path / "later.facts"
    other.write_bytes(facts.read_bytes().replace(b"tearless-facts 1 ", b"tearless-facts 2 ", 1))
    assert "written by version 2 of the format; update tearless" in refusal(other)
    other.write_bytes(b"tearless-facts 37 zstd something else entirely\n")
    assert "written by version 37 of the format; update tearless" in refusal(other)


def test_a_version_that_never_was_is_called_unknown_and_not_damaged(facts: Path, tmp_path: Path) -> None:
    other = tmp_path / "never.facts"
    other.write_bytes(facts.read_bytes().replace(b"tearless-facts 1 ", b"tearless-facts 0 ", 1))
    assert "which says version 0 of the format, which is not known; write it again" in refusal(other)


def test_foreign_files_are_told(tmp_path: Path) -> None:
    table = tmp_path / "t.parquet"
    day().write_parquet(table)
    assert "a file of the format parquet" in refusal(table)
    assert "summarize" in refusal(table)
    (tmp_path / "x").write_bytes(b"\x80\x04\x95")
    assert "which can run code and is never opened" in refusal(tmp_path / "x")
    (tmp_path / "x").write_text("a,b\n1,2\n")
    assert "something else" in refusal(tmp_path / "x")
    assert "the folder" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    assert "no plain file" in refusal(tmp_path / "pipe")
    assert refusal(Path("nul\0byte"))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    size = 40 << 20
    body = gzip.compress(b"0" * size, compresslevel=1)
    for says in (size, 100, 300 << 20, 10**11):
        (tmp_path / "bomb").write_bytes(enveloped(body, says))
        assert refusal(tmp_path / "bomb")


def test_two_packed_parts_are_one_too_many(facts: Path, tmp_path: Path) -> None:
    text = gzip.decompress(facts.read_bytes().partition(b"\n")[2])
    (tmp_path / "two").write_bytes(enveloped(gzip.compress(text) + gzip.compress(b"{}\n"), len(text)))
    assert "does not unpack to" in refusal(tmp_path / "two")


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 5_000,
        b'{"rows": NaN}',
        b'{"rows": 1, "rows": 2}',
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"",
        b"{}",
    ],
    ids=lambda line: line[:12].decode("latin1"),
)
def test_lines_that_are_no_facts_are_refused(line: bytes, facts: Path, tmp_path: Path) -> None:
    text = gzip.decompress(facts.read_bytes().partition(b"\n")[2]).splitlines()
    for first in (True, False):
        damaged = [line, *text[1:]] if first else [text[0], line, *text[2:]]
        assert refusal(written(tmp_path / "odd", b"\n".join(damaged) + b"\n"))


def at(*path: Any) -> Callable[[Lines, Any], None]:
    """A way into the lines, to set what stands there."""

    def put(lines: Lines, value: Any) -> None:
        place: Any = lines
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return put


ABSURD: dict[str, tuple[Callable[[Lines, Any], None], list[Any]]] = {
    "rows": (at(0, "rows"), [-1, 2.0, "60", True, None, 10**30, 61]),
    "days": (
        at(0, "days"),
        [[], {}, [["a"]], [["a", 60, 1]], [[1, 60]], [["a", -60]], [["a" * 999, 60]], "ab", [None]],
    ),
    "private": (at(0, "private"), [1, None, "no", True]),
    "columns": (at(0, "columns"), [0, 2, 4, 10**12, -1, 3.0]),
    "extra": (at(0, "code"), ["__import__('os')"]),
    "name": (at(1, "name"), ["word", 7, None, ["x"], "\ud800"]),
    "kind": (at(1, "kind"), ["text ", 1, None, [], {}]),
    "type": (at(1, "type"), [1, None, "t" * 999]),
    "missing": (at(1, "missing"), [-1, 61, 1.5, True, 1]),
    "infinite": (at(1, "infinite"), [-1, 61, 1]),
    "low": (at(1, "low"), [None, 1e308, "0", True, [], 10**400]),
    "high": (at(1, "high"), [None, -1e308, {}]),
    "moments": (at(1, "moments"), [[], [1], "m", [60, 0, 1, 0, 1, 0], [60, 0, -1, 0, 1, 1], [59, 0, 1, 0, 1, 1]]),
    "mean": (at(1, "moments", 1), [1e9, None, "0", 10**400]),
    "squares": (at(1, "moments", 2), [-1e-9, 1e300, None]),
    "cubes": (at(1, "moments", 3), [1e9, -1e9]),
    "fourth powers": (at(1, "moments", 4), [1e9, -1.0]),
    "unit": (at(1, "moments", 5), [-1, 0, 3.0, None, 1e308]),
    "level": (at(1, "histogram", "level"), [-1, 64, 1.0, None, 10**9]),
    "first": (at(1, "histogram", "first"), [2**63, -(2**63) - 1, 1.5, None]),
    "steps": (at(1, "histogram", "steps"), [[], [0] * 5, [-1] * 5, [2**63] * 5, [1.5] * 5, 3, [1] * 10_000]),
    "counts": (at(1, "histogram", "counts"), [[], [0] * 6, [-1] * 6, [10**30] * 6, [60] * 6, [1] * 10_000]),
    "histogram": (at(1, "histogram"), [[], 3, {"level": 0}, {}]),
    "categories": (at(2, "categories"), [[], 3, {}, {"counts": [], "others": 0, "error": 0}]),
    "category": (at(2, "categories", "counts"), [{"a": -1}, {"a": 1.5}, {"a": 61}, {"x" * 999: 60}, {"a": 59}]),
    "others": (at(2, "categories", "others"), [-1, 1, None, 10**30]),
    "error": (at(2, "categories", "error"), [-1, None, 1.0]),
}


@pytest.mark.parametrize("what", ABSURD)
def test_absurd_values_are_refused(what: str, facts: Path, tmp_path: Path) -> None:
    put, values = ABSURD[what]
    for value in values:
        lines = copy.deepcopy(lines_of(facts))
        put(lines, value)
        said = refusal(written(tmp_path / "absurd", lines))
        assert "which holds what no table has" in said, value


def test_absurd_days_of_a_merged_file_are_refused(facts: Path, tmp_path: Path) -> None:
    tearless.merge([facts, tearless.summarize(day(1), label="tuesday")]).save(tmp_path / "all.facts")
    lines = lines_of(tmp_path / "all.facts")
    assert [line.get("day") for line in lines[4:]] == [0, 0, 0, 1, 1, 1]
    for key, value in (("day", 2), ("day", -1), ("name", "word"), ("std", -1), ("count", 99), ("mean", "x")):
        changed = copy.deepcopy(lines)
        changed[4][key] = value
        assert refusal(written(tmp_path / "absurd", changed))


def test_columns_of_any_name_and_value_come_back(tmp_path: Path) -> None:
    big = [1.7e308, -1.7e308, 5e-324, 0.0] * 10
    names = ['"', "\\", "\n", "\u202e", "😀", "", "a" * 5_000]
    frame = pl.DataFrame(dict.fromkeys(names, big) | {"int": [2**62] * 40, "one": [float("inf")] * 40})
    Summary.of("odd", Profile.of(Batch(frame))).save(tmp_path / "odd")
    kept = Summary.load(tmp_path / "odd").past.whole
    assert list(kept.columns) == [*names, "int", "one"]
    assert (kept.columns['"'].low, kept.columns['"'].high) == (-1.7e308, 1.7e308)
    assert (kept.columns["one"].infinite, kept.columns["one"].low) == (40, None)
    assert kept.columns["int"].high == 2.0**62


def test_an_empty_table_and_one_without_columns_are_kept(tmp_path: Path) -> None:
    for frame in (pl.DataFrame(schema={"x": pl.Float64, "w": pl.String}), pl.DataFrame({"x": [None, None]})):
        tearless.summarize(frame).save(tmp_path / "empty")
        assert Summary.load(tmp_path / "empty").rows == frame.height


def test_a_file_stays_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{i}": rng.normal(size=20_000) for i in range(20)})
    tearless.summarize(frame).save(tmp_path / "f")
    assert (tmp_path / "f").stat().st_size < 20 * 2_000


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    summary = tearless.summarize(day())
    for place in (tmp_path, tmp_path / "none" / "f"):
        with pytest.raises(InputError, match=re.escape("output: expected a file that can be written")):
            summary.save(place)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server of this machine that serves the folder of the test, at an address that holds a password."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://me:PLANTED@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_facts_are_read_at_an_address(facts: Path, address: str) -> None:
    there = f"{address}/{facts.name}?token=PLANTED"
    assert list(plain(Summary.load(there).past)) == list(plain(Summary.load(facts).past))
    facts.write_bytes(facts.read_bytes()[:-3])
    for name in (facts.name, "none.facts"):
        with pytest.raises(InputError) as refused:
            Summary.load(f"{address}/{name}?token=PLANTED")
        assert "PLANTED" not in str(refused.value)
        assert name in str(refused.value)
        assert refused.value.__context__ is None
