"""Every other format gives back the table that was written; the content decides, not the name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tearless.core import InputError
from tearless.readers import open_table, records
from tearless.readers.source import batch_rows

from .reading import read

FRAME = pl.DataFrame({"a": range(100), "b": [i / 3 for i in range(100)], "c": ["x", None] * 50})


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t"])
def test_parquet_by_its_content(name: str, tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / name, row_group_size=7)
    frame, source = read(tmp_path / name)
    assert frame.equals(FRAME)
    assert any("read as parquet" in note for note in source.notes) == (name == "t.csv")


def test_a_folder_and_a_glob_of_parquet_are_one_table_in_the_order_of_the_names(tmp_path: Path) -> None:
    for i in range(3):
        FRAME.slice(i * 30, 30).write_parquet(tmp_path / f"part-{i}.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".hidden.parquet").touch()
    assert read(tmp_path)[0].equals(FRAME.head(90))
    assert read(str(tmp_path / "part-*.parquet"))[0].equals(FRAME.head(90))


def test_hive_folders_are_columns(tmp_path: Path) -> None:
    for year in (2025, 2026):
        (tmp_path / f"year={year}").mkdir()
        FRAME.write_parquet(tmp_path / f"year={year}" / "0.parquet")
    assert read(tmp_path)[0]["year"].to_list() == [2025] * 100 + [2026] * 100
    assert read(str(tmp_path / "*" / "*.parquet"))[0]["year"].n_unique() == 2


def test_files_of_different_tables_are_refused(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.rename({"a": "z"}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="data: expected"):
        read(tmp_path)
    (tmp_path / "c.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match="is no Parquet"):
        read(str(tmp_path / "*"))


def test_arrow_file_stream_and_feather(tmp_path: Path) -> None:
    FRAME.write_ipc(tmp_path / "t.arrow")
    FRAME.write_ipc(tmp_path / "t.feather", compression="zstd")
    FRAME.write_ipc_stream(tmp_path / "t.ipc")
    for name in ("t.arrow", "t.feather", "t.ipc"):
        assert read(tmp_path / name)[0].equals(FRAME)


@pytest.mark.parametrize("block", [50, 8 << 20])
def test_json_lines(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", block)
    FRAME.write_ndjson(tmp_path / "t.jsonl")
    assert read(tmp_path / "t.jsonl")[0].equals(FRAME)


def test_json_lines_whose_keys_and_types_come_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK", 100)
    rows = [{"a": i} for i in range(50)] + [{"a": 0.5, "b": "x"}, {"a": "y", "c": True}]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    frame, _ = read(tmp_path / "t.jsonl")
    assert frame["a"].to_list() == [str(i) for i in range(50)] + ["0.5", "y"]
    assert frame["b"].to_list()[-2:] == ["x", None]
    assert frame["c"].to_list()[-2:] == [None, True]


@pytest.mark.parametrize("form", ["records", "columns", "list"])
def test_a_json_array_and_the_columns_that_pandas_writes(form: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    if form == "list":
        path.write_text(json.dumps({"a": [1, 2], "b": ["x", None]}))
    else:
        pl.DataFrame({"a": [1, 2], "b": ["x", None]}).to_pandas().to_json(path, orient=form)
    assert read(path)[0].rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(4, 3),
        np.asfortranarray(np.arange(12, dtype=">i4").reshape(4, 3)),
        np.arange(4, dtype=np.float16),
        np.arange(8, dtype=np.longdouble).reshape(4, 2),
        np.array([[True, False]] * 4),
        np.zeros((0, 2)),
    ],
    ids=["plain", "fortran, big-endian", "half", "long double", "boolean", "no rows"],
)
def test_npy(array: np.ndarray[Any, Any], tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", array)
    frame, _ = read(tmp_path / "t.npy")
    table = array.reshape(len(array), -1) if array.size else array
    assert frame.columns == [f"x{j}" for j in range(table.shape[1])]
    np.testing.assert_array_equal(frame.to_numpy().astype(float), table.astype(float))


def test_npy_of_records_and_of_times(tmp_path: Path) -> None:
    np.save(
        tmp_path / "t.npy", np.array([(1, 2.5, "x"), (3, 4.5, "y")], dtype=[("a", ">i2"), ("b", "f8"), ("c", "U3")])
    )
    assert read(tmp_path / "t.npy")[0].rows() == [(1, 2.5, "x"), (3, 4.5, "y")]
    np.save(tmp_path / "d.npy", np.array(["2020-01-01", "NaT"], dtype="M8[ns]"))
    assert read(tmp_path / "d.npy")[0]["x0"].null_count() == 1


def test_npy_is_read_in_batches_that_are_bounded(tmp_path: Path) -> None:
    array = np.arange(600_000.0).reshape(-1, 2)
    np.save(tmp_path / "t.npy", array)
    batches = list(open_table(tmp_path / "t.npy").batches())
    assert max(batch.frame.height for batch in batches) <= batch_rows(2)
    np.testing.assert_array_equal(pl.concat([batch.frame for batch in batches]).to_numpy(), array)


def test_npz_side_by_side(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "t.npz", X=np.eye(3), y=np.arange(3))
    assert read(tmp_path / "t.npz")[0].columns == ["X0", "X1", "X2", "y"]
    np.savez(tmp_path / "one.npz", np.eye(2))
    assert read(tmp_path / "one.npz")[0].columns == ["x0", "x1"]


def test_npz_that_says_less_than_it_holds_is_not_inflated_further(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.save(head, np.zeros(3))
    with zipfile.ZipFile(tmp_path / "t.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head.getvalue() + b"\0" * 1_000_000)
    with pytest.raises(InputError, match="expected 24 bytes for shape"):
        read(tmp_path / "t.npz")


def test_excel(tmp_path: Path) -> None:
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
        '<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="inlineStr"><is><t>x</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    assert read(tmp_path / "t.xlsx")[0].rows() == [(1.5, "x")]
