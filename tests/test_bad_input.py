"""Bad input of every kind: one clear message and status 2, or a report. Never a traceback, never a hang."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import zstandard

import tearless
from tearless.cli import main
from tearless.core import InputError

SECONDS = 60
Make = Callable[[Path], Path]
REFUSED: dict[str, tuple[Make, str]] = {}
READ: dict[str, tuple[Make, Callable[[tearless.Report], bool]]] = {}

SMALL = pl.DataFrame({"a": range(50), "b": [float(i * i % 7) for i in range(50)], "c": ["x", "y"] * 25})


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """No test may hang: an alarm breaks it off."""

    def late(*_: object) -> None:
        raise TimeoutError(f"no answer within {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def refused(name: str, saying: str) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        REFUSED[name] = (make, saying)
        return make

    return keep


def read(name: str, having: Callable[[tearless.Report], bool] = lambda _: True) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        READ[name] = (make, having)
        return make

    return keep


def holding(name: str, data: bytes | str) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make


def npy(array: np.ndarray[Any, Any], allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    SMALL.write_parquet(out)
    return out.getvalue()


def npy_header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00\x76\x00" + text.encode().ljust(117) + b"\n"


class Trap:
    """Unpickling this would write a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("EXECUTED", "w"))


JUNK = random.Random(0).randbytes(5_000)
CSV = "a,b\n" + "1,2\n" * 100

refused("missing file", "does not exist")(lambda folder: folder / "gone.csv")
refused("missing folder", "does not exist")(lambda folder: folder / "gone" / "t.csv")
refused("empty file", "empty")(holding("t.csv", ""))
refused("only blank lines", "empty")(holding("t.csv", "\n \n\n"))
refused("row too long", "line 3 has 3 fields and the first row 2")(holding("t.csv", "a,b\n1,2\n3,4,5\n6,7\n"))
refused("row too short", "line 4 has 1 field and the first row 2")(holding("t.csv", "a,b\n1,2\n3,4\n6\n"))
refused("late ragged row", "line 20,002 has 3 fields")(holding("t.csv", "a,b\n" + "1,2\n" * 20_000 + "1,2,3\n"))
refused("quote never closed", "quote mark in line 3 is not closed")(holding("t.csv", 'a,b\n1,2\n"3,4\n5,6\n'))
refused("text after a closing quote", "quote marks in line 2")(holding("t.csv", 'a,b\n"x" y,1\n"z",2\n'))
refused("binary junk as csv", "binary data")(holding("t.csv", JUNK))
refused("binary junk as parquet", "binary data")(holding("t.parquet", JUNK))
refused("zero bytes", "binary data")(holding("t.csv", b"\0" * 10_000))
refused("truncated parquet", "cut short")(holding("t.parquet", parquet()[:-40]))
refused("parquet without a body", "cut short")(holding("t.parquet", b"PAR1"))
refused("parquet with a torn page", "damaged")(
    holding("t.parquet", parquet()[:8] + bytes(b ^ 0xA5 for b in parquet()[8:120]) + parquet()[120:])
)
refused("truncated gzip", "cut short")(holding("t.csv.gz", gzip.compress(CSV.encode())[:-12]))
refused("truncated zstd", "cut short")(holding("t.csv.zst", zstandard.compress(CSV.encode())[:-6]))
refused("damaged gzip", "damaged")(holding("t.csv.gz", b"\x1f\x8b\x08\x00" + JUNK[:200]))
refused("web page", "a web page")(holding("t.csv", "<!DOCTYPE html>\n<html><body>404</body></html>\n"))
refused("PDF", "a PDF document")(holding("t.csv", "%PDF-1.7\n%\xe2\xe3\n1 0 obj\n"))
refused("SQLite", "an SQLite database")(holding("t.csv", b"SQLite format 3\0" + b"\0" * 100))
refused("pickle", "never opened")(holding("t.pkl", pickle.dumps(Trap())))
refused("pickle posing as npy", "never opened")(holding("t.npy", pickle.dumps(Trap())))
refused("object npy", "Python objects")(holding("t.npy", npy(np.array([Trap()], dtype=object), allow_pickle=True)))
refused("truncated npy", "cut short")(holding("t.npy", npy(np.eye(5))[:-8]))
refused("npy that claims to be huge", "cut short")(
    holding("t.npy", npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999), }"))
)
refused("npy with a broken header", "header cannot be read")(holding("t.npy", npy_header("{'descr': __import__('os')")))
refused("npy of three dimensions", "shape (2, 2, 2)")(holding("t.npy", npy(np.zeros((2, 2, 2)))))
refused("npy of complex numbers", "complex128")(holding("t.npy", npy(np.zeros(3, complex))))
refused("JSON lines with a broken line", "line 2 is no JSON")(holding("t.jsonl", '{"a":1}\n{"a":\n'))
refused("JSON lines of numbers", "line 1 holds int")(holding("t.jsonl", "1\n2\n"))
refused("JSON nested too deep", "no JSON")(holding("t.json", "[" * 100_000))
refused("JSON that is no table", "something else")(holding("t.json", "[1, 2, 3]"))
refused("zip of something else", "unpack it")(lambda folder: zipped(folder / "t.zip", {"a.csv": b"a\n1\n"}))
refused("npz of unequal lengths", "same number of rows")(
    lambda folder: zipped(folder / "t.npz", {"a.npy": npy(np.zeros(3)), "b.npy": npy(np.zeros(4))})
)
refused("object npz", "Python objects")(
    lambda folder: zipped(folder / "t.npz", {"a.npy": npy(np.array([Trap()], dtype=object), allow_pickle=True)})
)
refused("truncated npz", "cut short")(lambda folder: cut(zipped(folder / "t.npz", {"a.npy": npy(np.zeros(9))}), 100))
refused("device", "a device")(lambda _: Path("/dev/zero"))
refused("folder without data", "holds no file")(lambda folder: folder)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


@refused("npz bomb", "inflates from")
def _npz_bomb(folder: Path) -> Path:
    """A small archive whose directory says that it holds 3 GiB: nothing need be inflated to refuse it."""
    path = folder / "t.npz"
    zipped(path, {"a.npy": npy(np.zeros(3))})
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (3 << 30).to_bytes(4, "little")
    path.write_bytes(data)
    return path


@refused("npz with a password", "password")
def _npz_locked(folder: Path) -> Path:
    path = zipped(folder / "t.npz", {"a.npy": npy(np.zeros(3))})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


@refused("zstd bomb of one line", "longer than 64 MB")
def _zstd_bomb(folder: Path) -> Path:
    path = folder / "t.csv.zst"
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
        out.write(b"a,b\n1,2\n")
        for _ in range(200):
            out.write(b"0" * 1_000_000)
    return path


@refused("FIFO", "a pipe")
def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "t.csv")
    return folder / "t.csv"


@refused("socket", "a socket")
def _socket(folder: Path) -> Path:
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("t.csv")
    finally:
        os.chdir(here)
    return folder / "t.csv"


@refused("broken link", "a link to gone.csv")
def _broken_link(folder: Path) -> Path:
    (folder / "t.csv").symlink_to("gone.csv")
    return folder / "t.csv"


@refused("Feather of version 1", "version 1")
def _feather_1(folder: Path) -> Path:
    return holding("t.feather", b"FEA1\0\0\0\0" + b"\0" * 64)(folder)


@refused("broken workbook", "workbook")
def _workbook(folder: Path) -> Path:
    return zipped(folder / "t.xlsx", {"xl/workbook.xml": b"<workbook/>"})


@refused("nothing matches", "got none")
def _no_match(folder: Path) -> Path:
    return folder / "*.parquet"


def rows(n: int) -> Callable[[tearless.Report], bool]:
    return lambda report: report.rows == n


def noted(words: str) -> Callable[[tearless.Report], bool]:
    return lambda report: any(words in note for note in report.notes)


read("header only", rows(0))(holding("t.csv", "a,b\n"))
read("header without a line end", rows(0))(holding("t.csv", "a,b"))
read("one row", rows(1))(holding("t.csv", "a,b\n1,x\n"))
read("one column", rows(3))(holding("t.csv", "a\n1\n2\n3\n"))
read("all missing", rows(3))(holding("t.csv", "a,b\n,\n,\n,\n"))
read("header of numbers", noted("only numbers"))(holding("t.csv", "5.1,3.5\n4.9,3.0\n"))
read("duplicate names", noted("`a (2)`"))(holding("t.csv", "a,a\n1,2\n3,4\n"))
read("empty names", noted("`column 2`"))(holding("t.csv", "a,\n1,2\n3,4\n"))
read("parquet named csv", noted("read as parquet"))(holding("t.csv", parquet()))
read("csv named parquet", noted("read as text"))(holding("t.parquet", CSV))
read("JSON lines named csv", noted("read as JSON lines"))(holding("t.csv", '{"a":1}\n{"a":2}\n'))
read("UTF-16", noted("UTF-16"))(holding("t.csv", CSV.encode("utf-16")))
read("Latin-1", noted("read as Latin-1: byte 0xe9 at offset 7"))(holding("t.csv", "a,b\ncafé,1\n".encode("latin-1")))
read("byte order mark", rows(2))(holding("t.csv", "\ufeffa,b\n1,2\n3,4\n"))
read("mixed types", rows(3))(holding("t.csv", "a,b\n1,x\ny,2\n2020-01-01,true\n"))
read("dates", rows(3))(holding("t.csv", "d,t\n2020-01-01,2020-01-01T10:00:00\n2020-01-02,2020-01-01 11:00:00\n,\n"))
read("impossible dates", rows(2))(holding("t.csv", "d\n2020-02-30\n0000-00-00\n"))
read("booleans", rows(4))(holding("t.csv", "a,b\ntrue,yes\nfalse,no\nTRUE,yes\n,\n"))
read("integers beyond 2^53, 2^64, 2^128", rows(2))(
    holding("t.csv", f"a,b,c\n{2**53 + 1},{2**64 + 1},{2**130}\n1,2,3\n")
)
read("infinities and denormals", rows(4))(holding("t.csv", "a,b\ninf,5e-324\n-inf,1e400\nNaN,1e-400\n1,2\n"))
read("quoted line ends", rows(2))(holding("t.csv", 'a,b\n"x\ny",1\n"z",2\n'))
read("blank lines", rows(2))(holding("t.csv", "a,b\n1,2\n\n3,4\n\n"))
read("old line ends", rows(2))(holding("t.csv", "a,b\r1,2\r3,4\r"))
read("text of three million characters", rows(1))(holding("t.csv", "a,b\n" + "x" * 3_000_000 + ",1\n"))
read("type that changes late", rows(20_001))(holding("t.csv", "a,b\n" + "1,2\n" * 20_000 + "x,2.5\n"))
read("nested columns", noted("`b` left out"))(holding("t.jsonl", '{"a":1,"b":[1]}\n{"a":2,"b":[2]}\n'))
read("NaN in JSON lines", rows(2))(holding("t.jsonl", '{"a":NaN}\n{"a":Infinity}\n'))
read("empty npy", rows(0))(holding("t.npy", npy(np.zeros((0, 3)))))
read("names that attack", rows(2))(
    holding(
        "t.csv",
        '[red]x[/red],\x1b[31mred\x1b[2J,<script>alert(1)</script>,"new\nline",😀,\u202eabc,' + "n" * 10_000 + "\n"
        "1,2,3,4,5,6,7\n1,2,3,4,5,6,8\n",
    )
)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_one_clear_message(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, saying = REFUSED[kind]
    path = make(tmp_path)
    with pytest.raises(InputError) as error:
        tearless.check(str(path))
    message = str(error.value)
    assert message.startswith("data: expected")
    assert saying in message
    assert "; " in message
    assert "\n" not in message
    assert len(message) < 600
    assert not Path("EXECUTED").exists()
    assert main(["check", str(path)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "expected" in err


@pytest.mark.parametrize("kind", READ)
def test_read_with_a_report(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, having = READ[kind]
    path = str(make(tmp_path))
    report = tearless.check(path)
    assert having(report), report.notes
    assert [fault.fault for fault in report.faults] == []
    json.loads(report.to_json())
    status = main(["check", path])
    out, err = capfd.readouterr()
    assert status in (0, 1)
    assert "Traceback" not in out + err
    assert "\x1b[31m" not in out + err
    assert "\u202e" not in out + err


def test_forty_kinds() -> None:
    assert len(REFUSED) + len(READ) >= 40


def test_ten_thousand_columns_answer(tmp_path: Path) -> None:
    signal.alarm(4 * SECONDS)
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{i}" for i in range(10_000)) + "\n" + (",".join(["1.5"] * 10_000) + "\n") * 20)
    report = tearless.check(str(path), select=["constant-column"])
    assert report.columns == 10_000
    assert report.rows == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_permissions(tmp_path: Path) -> None:
    path = holding("t.csv", CSV)(tmp_path)
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        tearless.check(str(path))


def test_refused_permissions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is unreadable, so the system's refusal itself is played."""
    path = holding("t.csv", CSV)(tmp_path)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match="permission denied"):
        tearless.check(str(path))


def test_near_names_are_offered(tmp_path: Path) -> None:
    holding("train.csv", CSV)(tmp_path)
    with pytest.raises(InputError, match=r"did you mean `train\.csv`"):
        tearless.check(str(tmp_path / "trian.csv"))


@pytest.mark.parametrize(
    ("data", "saying"),
    [
        (None, "got None"),
        (5, "`int`"),
        (b"a,b\n1,2\n", "got bytes"),
        ({}, "at least one column"),
        ({"a": 1}, "a column of values under `a`"),
        ({"a": [1], "b": [1, 2]}, "`a` with 1 values and `b` with 2"),
        ([], "a list of 0"),
        ([[1], [2, 3]], "all of one length"),
        (np.zeros((2, 2, 2)), "shape (2, 2, 2)"),
        (np.zeros(3, complex), "complex128"),
        (pl.DataFrame(), "at least one column"),
        (pl.DataFrame({"a": [[1]]}), "only nested columns (`a`)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_no_table_in_memory(data: Any, saying: str) -> None:
    with pytest.raises(InputError) as error:
        tearless.check(data)
    assert saying in str(error.value)


def test_target_that_is_missing_constant_or_continuous() -> None:
    with pytest.raises(InputError, match="target: expected a column of the table"):
        tearless.check(SMALL, target="z")
    for target in (pl.lit(1), pl.lit(None), pl.col("b") * 1.5):
        report = tearless.check(SMALL.with_columns(t=target), target="t")
        assert [fault.fault for fault in report.faults] == []


def test_test_table_with_other_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^test: expected columns of the first table"):
        tearless.check(SMALL, test={"z": [1]})
    some = tearless.check(SMALL, test={"a": ["1", "x"], "z": [1, 2]})
    assert any("lacks `b` and `c`" in note for note in some.notes)
    assert any("text in the test table" in note for note in some.notes)
    with pytest.raises(InputError, match=r"^test: expected a file"):
        tearless.check(SMALL, test=str(tmp_path / "gone.csv"))


def test_a_process_of_its_own_is_refused_in_time(tmp_path: Path) -> None:
    """The whole command on a FIFO that nobody writes to, with nothing of this process around it."""
    command = [sys.executable, "-m", "tearless", "check", str(_fifo(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


def test_a_table_on_standard_input() -> None:
    command = [sys.executable, "-m", "tearless", "check", "-"]
    done = subprocess.run(command, input=CSV, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode in (0, 1)
    assert "100" in done.stdout
