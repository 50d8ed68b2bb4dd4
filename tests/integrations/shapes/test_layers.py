"""Layers, losses, saved weights and batches that refuse: what is named, where it is made, and whether the edit runs.

``layers.txt`` holds failing code, each after ``### name`` with its truth: the operands that have to be named, every
axis that clashes, the path of the layer, its kind where it is not ``shape``; ``repair: none`` where nothing can be done
to the code at hand, ``open`` what is not explained yet.
"""

from __future__ import annotations

import linecache
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from tearless.integrations.shapes.explain import explained
from tearless.integrations.shapes.layers.made import keywords_of, position_of
from tearless.linear_algebra.shapes import Edit, Explanation

torch = pytest.importorskip("torch")
HEAD = """import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
torch.manual_seed(0)
"""


@pytest.fixture(scope="module", autouse=True)
def _distributions_look_at_their_arguments() -> None:
    """As they do from the start: ``torch.compile``, in a test before these, switches it off for the whole process."""
    torch.distributions.Distribution.set_default_validate_args(True)


@dataclass(frozen=True)
class Case:
    """Failing code and the truth about it."""

    name: str
    source: str
    truth: dict[str, str]

    def listed(self, key: str) -> list[str]:
        return [one.strip() for one in self.truth.get(key, "").split(";") if one.strip()]


def cases() -> list[Case]:
    text = Path(__file__).with_name("layers.txt").read_text(encoding="utf-8")
    return [_case(part) for part in text.split("### ")[1:]]


def _case(part: str) -> Case:
    name, *lines = part.split("\n")
    truth = {}
    while lines and lines[0].startswith("# "):
        key, value = lines.pop(0)[2:].split(":", 1)
        truth[key] = value.strip()
    return Case(name, HEAD + "\n".join(lines).strip() + "\n", truth)


def raised(source: str, path: Path) -> Exception | None:
    """What source text raises when it is run as a file."""
    path.write_text(source, encoding="utf-8")
    linecache.checkcache(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, str(path), "exec"), {"__name__": "__main__"})  # noqa: S102
        except Exception as error:  # noqa: BLE001
            return error
    return None


def edited(source: str, edit: Edit) -> str:
    lines = source.splitlines(keepends=True)
    first, last = edit.where.line - 1, (edit.where.end_line or edit.where.line) - 1
    head, tail = lines[first][: edit.where.column], lines[last][edit.where.end_column :]
    return "".join([*lines[:first], head + edit.new + tail, *lines[last + 1 :]])


def told(source: str, path: Path) -> Explanation:
    error = raised(source, path)
    assert error is not None
    found = explained(error)
    assert found is not None, error
    assert found.clash.operation is not None
    return found


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_what_refused_is_named_and_mended(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "open" in case.truth:
        request.applymarker(pytest.mark.xfail(reason=case.truth["open"]))
    path = tmp_path / "script.py"
    found = told(case.source, path)
    assert found.clash.operation is not None
    names = [one.name for one in found.clash.operation.operands]
    assert set(case.listed("operands")) <= set(names)
    marks = {f"{names[operand]} {axis}" for operand, axis in found.clash.marks}
    assert marks == set(case.listed("axes"))
    assert found.layer == case.truth.get("layer", "")
    assert found.clash.kind == case.truth.get("kind", "shape")
    if case.truth.get("repair") != "none":
        assert found.edits
        assert found.edits[0] is not None
        assert raised(edited(case.source, found.edits[0]), path) is None


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 130
    assert len({one.name for one in CASES}) == len(CASES)


def test_the_layer_is_shown_where_it_is_made(tmp_path: Path) -> None:
    source = HEAD + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    source += "        self.a, self.b = nn.Linear(3, 4), nn.Linear(\n            5, 6)\n"
    source += "    def forward(self, x):\n        return self.b(self.a(x))\nNet()(torch.ones(2, 3))\n"
    found = told(source, tmp_path / "script.py")
    assert found.made is not None
    assert (found.made.line, found.made.end_line, found.layer_type) == (9, 10, "Linear")
    assert found.made.code.startswith("nn.Linear(\n")
    assert found.where is not None
    assert found.where.code == "self.b(self.a(x))"


def test_only_the_one_argument_changes(tmp_path: Path) -> None:
    source = HEAD + "wide = 7\nnet = nn.Sequential(nn.Linear(3, 4), nn.Linear(in_features=wide, out_features=wide))\n"
    found = told(source + "net(torch.ones(2, 3))\n", tmp_path / "script.py")
    edit = found.edits[0]
    assert edit is not None
    assert (edit.where.code, edit.new) == ("wide", "4")


def test_what_a_library_makes_is_not_edited(tmp_path: Path) -> None:
    source = HEAD + "layer = nn.TransformerDecoderLayer(16, 2, batch_first=True)\n"
    found = told(source + "layer(torch.ones(1, 3, 16), torch.ones(1, 3, 12))\n", tmp_path / "script.py")
    assert all(edit is None or edit.where.file == str(tmp_path / "script.py") for edit in found.edits)


def test_names_of_constructors() -> None:
    assert position_of(torch.nn.Linear, "out_features") == 1
    assert position_of(torch.nn.LSTM, "input_size") == 0
    assert "batch_first" in keywords_of(torch.nn.GRU)
    assert position_of(torch.nn.Linear, "no_such") is None


def test_an_error_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    source = HEAD + "class Net(nn.Module):\n    def forward(self, x):\n        return x.no_such\nNet()(torch.ones(2))\n"
    error = raised(source, tmp_path / "script.py")
    assert error is not None
    assert explained(error) is None


MADE = """class Block(nn.Module):
    def __init__(self, {names}):
        super().__init__()
        self.one = {one}
        self.two = {two}
    def forward(self, x):
        return self.two(self.one(x))
nn.Sequential(Block(6, 10), Block(6, 10))(torch.ones(2, 6{more}))
"""
BY_NAME = [
    ("wide, inner", "nn.Linear(wide, inner)", "nn.Linear(wide, inner)", "", "nn.Linear(inner, wide)"),
    ("n_in, n_out", "nn.Conv1d(n_in, n_in, 1)", "nn.Conv1d(n_out, n_in, 1)", ", 4", "nn.Conv1d(n_in, n_out, 1)"),
    ("a, b", "nn.Conv1d(a, b, 1)", "nn.Conv1d(a, b, 1)", ", 4", "b"),
]


@pytest.mark.parametrize(("names", "one", "two", "more", "wanted"), BY_NAME)
def test_sizes_are_written_by_their_names(
    names: str, one: str, two: str, more: str, wanted: str, tmp_path: Path
) -> None:
    found = told(HEAD + MADE.format(names=names, one=one, two=two, more=more), tmp_path / "script.py")
    assert found.edits[0] is not None
    assert found.edits[0].new == wanted


def test_nothing_is_offered_that_a_layer_does_not_take(tmp_path: Path) -> None:
    source = HEAD + "layer = nn.TransformerDecoderLayer(16, 2, batch_first=True)\n"
    found = told(source + "layer(torch.ones(1, 3, 16), torch.ones(1, 3, 12))\n", tmp_path / "script.py")
    assert not any("kdim" in repair.layer for repair in found.clash.repairs)
    alone = told(HEAD + "nn.BatchNorm1d(3)(torch.ones(1, 3))\n", tmp_path / "script.py")
    assert alone.clash.repairs == ()


def test_a_row_of_layers_is_named_by_the_object_that_holds_it(tmp_path: Path) -> None:
    source = HEAD + "class Fit:\n    def __init__(self, net):\n        self.net = net\n    def run(self, x):\n"
    source += "        return self.net(x)\nFit(nn.Sequential(nn.ReLU(), nn.Linear(6, 2))).run(torch.ones(3, 5))\n"
    found = told(source, tmp_path / "script.py")
    assert found.layer == "self.net.1"


def test_a_mask_is_shown_as_it_was_given(tmp_path: Path) -> None:
    source = HEAD + "net = nn.TransformerEncoderLayer(8, 2, batch_first=True)\npad = torch.zeros(7, 3).bool()\n"
    found = told(source + "net(torch.ones(3, 7, 8), src_key_padding_mask=pad)\n", tmp_path / "script.py")
    assert found.clash.operation is not None
    assert ("pad", "bool") in [(one.name, one.dtype) for one in found.clash.operation.operands]
