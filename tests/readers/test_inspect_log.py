"""A log of Inspect is a table of its samples, as JSON and as an archive."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tearless.core import InputError
from tearless.readers import open_table

GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "No": 0.0, "0.25": 0.25, True: 1.0, 3: 3.0, "?": None}


def log(values: list[Any]) -> dict[str, Any]:
    samples = [{"id": i, "epoch": 1, "scores": {"match": {"value": v}}} for i, v in enumerate(values)]
    return {"version": 2, "eval": {"task": "sums", "model": "m"}, "samples": samples}


def saved(folder: Path, content: dict[str, Any]) -> list[Path]:
    plain, archive = folder / "log.json", folder / "log.eval"
    plain.write_text(json.dumps(content, indent=2))
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("header.json", json.dumps({k: v for k, v in content.items() if k != "samples"}))
        for sample in content["samples"]:
            zipped.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    return [plain, archive]


def test_grades_are_numbers(tmp_path: Path) -> None:
    for path in saved(tmp_path, log(list(GRADES))):
        source = open_table(path)
        frame = source.rows.collect()
        assert frame["match"].to_list() == list(GRADES.values())
        assert frame["id"].to_list() == [str(i) for i in range(len(GRADES))]
        assert "sums, m" in source.notes[0]


def test_a_scorer_of_several_values_is_several_columns(tmp_path: Path) -> None:
    for path in saved(tmp_path, log([{"a": 1, "b": "C"}, {"a": 2, "b": "I"}])):
        assert open_table(path).schema.names() == ["id", "epoch", "match/a", "match/b"]


def test_samples_without_scores_are_counted(tmp_path: Path) -> None:
    content = log(["C", "I"])
    content["samples"].append({"id": 2, "epoch": 1, "scores": None})
    for path in saved(tmp_path, content):
        assert "1 of 3" in open_table(path).notes[1]
    for path in saved(tmp_path, {**content, "samples": content["samples"][2:]}):
        with pytest.raises(InputError, match="samples with scores"):
            open_table(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    _, archive = saved(tmp_path, log(["C"]))
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("header.json", "{")
        zipped.writestr("samples/0.json", "{}")
    with pytest.raises(InputError, match="log of Inspect"):
        open_table(archive)
