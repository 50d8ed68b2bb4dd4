"""CSV and its kin: what is read is what was written, however the file is cut, encoded or compressed."""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.readers import records

from .reading import read


def written(folder: Path, text: str | bytes, name: str = "t.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def table(n: int = 3_000) -> str:
    rows = "".join(f'{i},{i / 7!r},"t{i % 5}, ""x""\nz",2020-01-{i % 28 + 1:02}\n' for i in range(n))
    return f"a,b,c,d\n{rows}"


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), block=st.integers(3, 200))
def test_what_python_writes_is_read_back_however_it_is_cut(
    rows: list[list[str]], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["p", "q", "r"], *rows])
    monkeypatch.setattr(records, "BLOCK", block)
    frame, _ = read(written(tmp_path, out.getvalue()))
    assert frame.width == 3
    got = frame.cast(pl.String)
    for j, name in enumerate("pqr"):
        if frame[name].dtype == pl.String:
            assert got[name].to_list() == [row[j] or None for row in rows]


@pytest.mark.parametrize("block", [7, 64, 1_000, 8 << 20])
def test_rows_do_not_depend_on_how_the_file_is_cut(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", block)
    n = 300
    frame, source = read(written(tmp_path, table(n)))
    assert frame["a"].to_list() == list(range(n))
    assert frame["b"].to_list() == [i / 7 for i in range(n)]
    assert frame["c"][4] == 't4, "x"\nz'
    assert frame["d"][27] == dt.date(2020, 1, 28)
    assert source.header_lines == 0


def test_numbers_that_pandas_wrote_come_back_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wanted = pd.DataFrame(rng.normal(size=(2_000, 5)) * 10.0 ** rng.integers(-300, 300, (2_000, 5)))
    wanted.columns = list("abcde")
    path = tmp_path / "t.csv"
    wanted.to_csv(path, index=False)
    frame, _ = read(str(path))
    np.testing.assert_array_equal(frame.to_numpy(), wanted.to_numpy())


@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (gzip.compress, "t.csv.gz"),
        (zstandard.compress, "t.csv.zst"),
        (bz2.compress, "t.csv.bz2"),
        (lzma.compress, "t.csv.xz"),
        (lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]), "frames.csv.zst"),
        (lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]), "members.csv.gz"),
        (gzip.compress, "without_extension"),
    ],
)
def test_compressed_is_the_same(pack: Callable[[bytes], bytes], name: str, tmp_path: Path) -> None:
    plain, _ = read(written(tmp_path, table()))
    assert read(written(tmp_path, pack(table().encode()), name))[0].equals(plain)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_encodings_are_the_same(encoding: str, tmp_path: Path) -> None:
    text = "name,x\ncafé,1\n" + "naïve,2\n" * 50 + ("“x”,3\n" if encoding == "cp1252" else "")
    frame, source = read(written(tmp_path, text.encode(encoding)))
    assert frame["name"][0] == "café"
    assert frame["x"].to_list()[:2] == [1, 2]
    assert bool(source.notes) == (encoding != "utf-8-sig")


def test_latin_1_that_comes_late_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", 1_000)
    data = b"a,b\n" + b"x,1\n" * 3_000_000 + "café,1\n".encode("latin-1")
    frame, source = read(written(tmp_path, data[-8_000_000:].replace(b"x,1\n", b"a,b\n", 1)))
    assert frame.to_series(0)[-1] == "café"
    assert any("is not UTF-8" in note for note in source.notes)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\tb\n1\t2\n", [(1, 2)]),
        ("a;b\n1,5;x\n-2,25;y\n", [(1.5, "x"), (-2.25, "y")]),
        ("a;b\n1.5;x,z\n2.5;y,z\n", [(1.5, "x,z"), (2.5, "y,z")]),
        ("a|b\n1|2,3,4\n2|5,6,7\n", [(1, "2,3,4"), (2, "5,6,7")]),
        ("a;b\n1,234;1\n12,500;2\n", [("1,234", 1), ("12,500", 2)]),
        ("a,b\r\n1,\r\n,2\r\n", [(1, None), (None, 2)]),
        ('a,b\n"1,5",x\n', [("1,5", "x")]),
        ('a,b\n5" pipe,1\n6" pipe,2\n', [('5" pipe', 1), ('6" pipe', 2)]),
        ('a,b\n"",1\n,2\n', [(None, 1), (None, 2)]),
        ("a\n1\n\n3\n\n\n", [(1,), (None,), (3,)]),
        ("\n\na,b\n1,2\n\n\n3,4", [(1, 2), (3, 4)]),
        ("x,y\n0,1,2\n1,3,4\n", [(0, 1, 2), (1, 3, 4)]),
    ],
)
def test_dialects(text: str, rows: list[tuple[object, ...]], tmp_path: Path) -> None:
    assert read(written(tmp_path, text))[0].rows() == rows


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1", "NaN", "inf", "-Infinity", "1e400", "nan", "+5", " 2"], [1, "nan", "inf", "-inf", "inf", "nan", 5, 2]),
        (["9007199254740993", "1"], [9007199254740993, 1]),
        (["18446744073709551616", "1"], [18446744073709551616, 1]),
        ([str(2**130), "1"], [float(2**130), 1.0]),
        (["5e-324", "1e-400"], [5e-324, 0.0]),
        (["true", "False", "TRUE"], [True, False, True]),
        (["0x1F", "1"], ["0x1F", "1"]),
        (["1,234", "2"], ["1,234", "2"]),
        (["2020-02-29", "2021-01-01"], [dt.date(2020, 2, 29), dt.date(2021, 1, 1)]),
        (["2020-02-30", "2021-01-01"], ["2020-02-30", "2021-01-01"]),
        (["2020-01-01 10:00:00", "2020-01-01 10:00:00.5"], None),
        (["NA", "1"], ["NA", "1"]),
    ],
)
def test_types(cells: list[str], wanted: list[object] | None, tmp_path: Path) -> None:
    text = "v,w\n" + "".join(f'"{cell}",1\n' for cell in cells)
    got = read(written(tmp_path, text))[0]["v"].to_list()
    if wanted is None:
        assert all(isinstance(value, dt.datetime) for value in got)
    elif "nan" in wanted:
        assert [str(float(value)) for value in got] == [str(float(value)) for value in wanted]
    else:
        assert got == wanted


@pytest.mark.parametrize(
    ("head", "late", "dtype"),
    [
        ("1", "2.5", pl.Float64()),
        ("1", "x", pl.String()),
        ("1", str(2**70), pl.Int128()),
        ("", "7", pl.Int64()),
        ("", "2020-01-01", pl.Date()),
        ("true", "maybe", pl.String()),
        ("2020-01-01", "soon", pl.String()),
        ("1.5", "NaN", pl.Float64()),
    ],
)
def test_a_type_that_changes_late_is_that_of_the_whole_file(
    head: str, late: str, dtype: pl.DataType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK", 1_000)
    frame, source = read(written(tmp_path, "a,b\n" + f"{head},1\n" * 2_000 + f"{late},2\n"))
    assert source.schema["a"] == dtype
    assert frame.height == 2_001
    assert frame["a"][-1] is not None


def test_words_for_missing_can_be_named(tmp_path: Path) -> None:
    frame, _ = read(written(tmp_path, "a,b\nNA,1\n2,?\n"), null=["NA", "?"])
    assert frame.rows() == [(None, 1), (2, None)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [("a\n1\n2\n", 1), ("1.5,2\n3,4\n", 0), ('"a\nb",c\n1,2\n', 2), ("a,b\n1,2\n\n3,4\n", 0), ('a,b\n"x\ny",1\n', 0)],
)
def test_lines_before_the_first_row(text: str, lines: int, tmp_path: Path) -> None:
    assert read(written(tmp_path, text))[1].header_lines == lines


def test_the_line_of_a_ragged_row_is_right_behind_quoted_line_ends(tmp_path: Path) -> None:
    text = 'a,b\n"x\ny\nz",1\n' * 1 + "p,2\n" * 5 + "q\n"
    with pytest.raises(InputError, match="line 10 has 1 field and the first row 2"):
        read(written(tmp_path, text))
