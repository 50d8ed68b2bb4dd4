"""The bench of broken and healthy training scripts holds together: its table, its scripts and its score."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "faults"
sys.path.insert(0, str(BENCH))

from expected import BROKEN, EXACT, HEALTHY, MEASURED, NAMES, Plant, Sound  # noqa: E402
from running import Found, read  # noqa: E402
from score import Score, alarms, summary  # noqa: E402

SCRIPTS = sorted([*(BENCH / "broken").glob("*.py"), *(BENCH / "healthy").glob("*.py")])


@pytest.mark.parametrize(("folder", "table"), [("broken", BROKEN), ("healthy", HEALTHY)])
def test_every_script_is_listed_and_every_listing_is_a_script(folder: str, table: dict[str, object]) -> None:
    assert sorted(table) == sorted(path.stem for path in (BENCH / folder).glob("*.py"))


def test_there_are_enough_scripts_over_enough_tasks() -> None:
    assert len(BROKEN) >= 70
    assert len({plant.task for plant in BROKEN.values()}) >= 10
    assert len(HEALTHY) >= 40


def test_every_fault_is_planted() -> None:
    causes = [plant.names[0] for plant in BROKEN.values()]
    assert set(causes) == NAMES
    assert not [name for name in EXACT if causes.count(name) < 2]
    assert not set(EXACT) & set(MEASURED)


@pytest.mark.parametrize("plant", BROKEN.values(), ids=BROKEN)
def test_names_are_known_and_few(plant: Plant) -> None:
    assert set(plant.names) <= NAMES
    assert len(plant.names) == len(set(plant.names)) <= 3
    assert plant.said


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_compiles_says_what_it_trains_and_is_unaware(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    compile(tree, str(path), "exec")
    assert ast.get_docstring(tree)
    assert text.startswith('"""')
    assert "tearless" not in text
    assert "manual_seed" in text


@pytest.mark.parametrize("plant", BROKEN.values(), ids=BROKEN)
def test_no_script_gives_its_fault_away(plant: Plant) -> None:
    text = plant.path.read_text(encoding="utf-8").lower()
    words = plant.names[0].split("-")
    for joint in ("-", "_", " "):
        assert joint.join(words) not in text
    assert not any(word in text for word in ("planted", "broken", "bug", "fixme", "todo", "oops"))


def test_symptoms_do_not_count_as_the_cause(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    findings = [
        {"name": "loss-spike", "severity": "warning", "because": None},
        {"name": "double-softmax", "severity": "warning", "because": "loss-spike"},
        {"name": "calculus/plateau", "severity": "note", "because": None},
    ]
    report.write_text(json.dumps({"findings": findings}), encoding="utf-8")
    found = read(report, 1.0)
    assert found.names == ["loss-spike", "plateau"]
    assert found.everything == ["loss-spike", "plateau", "double-softmax"]
    assert alarms(found) == ["loss-spike"]


def test_a_missing_report_is_trouble_and_not_silence(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json", 0.0).trouble == "no report"


def test_the_summary_counts() -> None:
    plant = Plant("plateau__x", ("plateau", "underfitting"), "said")
    right = Score(plant, Found((("underfitting", "warning"),)))
    hung = Score(plant, Found((("bad-init", "error"),), ("plateau",)))
    lost = Score(plant, Found())
    lines = summary([right, hung, lost], [(Sound("a", 500), Found((("plateau", "warning"), ("x", "note"))))])
    assert lines == [
        "cause first: 1 of 3 (33%)",
        "the planted name itself first: 0 of 3 (0%)",
        "among the findings: 2 of 3 (67%)",
        "healthy scripts with an alarm: 1 of 1",
        "alarms per 1,000 healthy steps: 2.00",
    ]
