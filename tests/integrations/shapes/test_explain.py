"""Errors that are really raised, explained from their tracebacks: operands, axes, and the first repair run."""

from __future__ import annotations

import linecache
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tearless.integrations.shapes.explain import explained
from tearless.linear_algebra.shapes import Clash, Edit, Explanation, Operand, Operation, Repair, Where

HEADS = {
    "numpy": "import numpy as np\n",
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
    "jax": "import jax\nimport jax.numpy as jnp\n",
}


@dataclass(frozen=True)
class Failing:
    """Source that fails, and the truth: ``failing.txt`` has ``### name | kind | mended or named``, operands, axes."""

    name: str
    kind: str
    mended: bool
    operands: tuple[str, ...]
    axes: tuple[tuple[str, int], ...]
    source: str


def _read() -> Iterator[Failing]:
    text = Path(__file__).with_name("failing.txt").read_text(encoding="utf-8")
    for part in text.split("### ")[1:]:
        head, operands, axes, source = part.split("\n", 3)
        name, kind, mended = head.split(" | ")
        pairs = [one.rsplit(" @", 1) for one in axes[2:].split("; ") if one]
        yield Failing(
            name,
            kind,
            mended == "mended",
            tuple(_plain(one) for one in operands[2:].split("; ") if one),
            tuple((_plain(one), int(axis)) for one, axis in pairs),
            HEADS[name.split()[0]] + source.strip() + "\n",
        )


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


FAILING = list(_read())


def raised(source: str, path: Path) -> Exception | None:
    path.write_text(source, encoding="utf-8")
    linecache.checkcache(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, str(path), "exec"), {"__name__": "__main__"})  # noqa: S102
        except Exception as error:  # noqa: BLE001 - whatever it raises is looked at
            return error
    return None


def edited(source: str, edit: Edit) -> str:
    lines, where = source.splitlines(keepends=True), edit.where
    first, last = where.line - 1, (where.end_line or where.line) - 1
    new = lines[first][: where.column] + edit.new + lines[last][where.end_column :]
    return "".join([*lines[:first], new, *lines[last + 1 :]])


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name.replace(" ", "-"))
def test_operands_axes_and_the_first_repair(case: Failing, tmp_path: Path) -> None:
    pytest.importorskip(case.name.split()[0])
    path = tmp_path / "failing.py"
    error = raised(case.source, path)
    assert error is not None
    found = explained(error)
    assert found is not None
    operation = found.clash.operation
    assert operation is not None
    assert found.clash.kind == case.kind
    names = [_plain(one.name) for one in operation.operands]
    assert all(any(want in name for name in names) for want in case.operands), names
    assert set(case.axes) <= {(names[i], axis) for i, axis in found.clash.marks}
    assert all(len(line) <= 60 for line in found.to_text(60).splitlines())
    if case.mended:
        edit = found.edits[0]
        assert edit is not None
        assert raised(edited(case.source, edit), path) is None, edit.new


def _fails(call: Callable[[], Any]) -> Exception:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever it raises is looked at
        return error
    raise AssertionError("it runs")


def test_errors_of_other_kinds_are_left_alone() -> None:
    x = np.ones((3, 4))
    other: list[Callable[[], Any]] = [
        lambda: int("abc"),
        lambda: [1, 2][5],
        lambda: {"b": 1}["a"],
        lambda: x.foo,  # type: ignore[attr-defined]
        lambda: x.sum(bad=1),  # type: ignore[call-overload]
        lambda: np.linalg.inv(np.zeros((3, 3))),
        lambda: np.linalg.cholesky(-np.eye(3)),
        lambda: bool(x),
        lambda: np.ones(-3),
        lambda: sorted([1, "a"]),
        lambda: "abc".index("z"),
        lambda: np.dtype("foo"),
    ]
    for call in other:
        assert explained(_fails(call)) is None


class _Sly:
    """An object that notes every look at it."""

    looked: list[str]

    def __init__(self) -> None:
        self.__dict__["looked"] = []
        self.__dict__["w"] = np.ones((4, 3))

    @property
    def wide(self) -> Any:
        self.looked.append("wide")
        return np.ones((4, 3))

    def __getattr__(self, name: str) -> Any:
        self.looked.append(name)
        raise AttributeError(name)

    def __getitem__(self, key: object) -> Any:
        self.looked.append("item")
        return np.ones((4, 3))


def test_nothing_of_the_readers_is_run() -> None:
    sly, calls = _Sly(), []

    def made(rows: int) -> Any:
        calls.append(rows)
        return np.ones((rows, 3))

    for call in (lambda: sly.wide @ sly[0], lambda: made(2) @ made(4), lambda: sly.w @ sly.w):
        error = _fails(call)
        before = list(sly.looked), list(calls)
        assert explained(error) is not None
        assert (sly.looked, calls) == before


def test_the_first_that_is_about_shapes_in_a_chain_and_in_a_group() -> None:
    a = np.ones((2, 3))
    inner = _fails(lambda: a @ a)

    def wraps() -> None:
        raise RuntimeError("the step failed") from inner

    for error in (_fails(wraps), ExceptionGroup("several", [KeyError("x"), inner])):
        found = explained(error)
        assert found is not None
        assert [one.name for one in found.clash.operation.operands] == ["a", "a"]  # type: ignore[union-attr]


def test_a_cause_that_is_explained_already_is_not_told_again() -> None:
    a = np.ones((2, 3))
    inner = _fails(lambda: a @ a)
    outer = RuntimeError("the step failed")
    outer.__cause__ = inner
    assert explained(outer) is not None
    inner.__tearless__ = explained(inner)  # type: ignore[attr-defined]
    assert explained(outer) is None


SCRIPT = """
import numpy as np
from tearless.integrations.shapes.explain import explained
def f(x, w):
    h = np.tanh(x @ w); y = (h
        + np.ones(7))
    return y
try:
    f(np.ones((2, 3)), np.ones((3, 4)))
except ValueError as error:
    found = explained(error)
print([one.name for one in found.clash.operation.operands], found.clash.marks)
"""


@pytest.mark.parametrize("options", [[], ["-O"], ["-X", "no_debug_ranges"]], ids=" ".join)
def test_options_of_python(options: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, *options, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['h', 'np.ones(7)'] ((0, 1), (1, 0))"


def test_without_source_the_message_tells_the_shapes() -> None:
    code = compile("r = q + np.ones(2)", "<nowhere>", "exec")
    found = explained(_fails(lambda: exec(code, {"np": np, "q": np.ones((2, 3)), "__name__": "mine"})))  # noqa: S102
    assert found is not None
    assert found.clash.operation is not None
    assert [one.shape for one in found.clash.operation.operands] == [(2, 3), (2,)]
    assert found.edits == ()


def test_a_repair_of_a_layer_shows_the_whole_layer(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "net.py"
    source = HEADS["torch"] + "net = nn.Linear(784, 10)\nnet(torch.ones(2, 700))\n"
    error = raised(source, path)
    found = explained(error) if error else None
    assert found is not None
    assert "nn.Linear(700, 10)" in found.to_text()
    edit = found.edits[0]
    assert edit is not None
    assert raised(edited(source, edit), path) is None


def test_hostile_names_and_paths_cannot_move_the_cursor() -> None:
    bad = "d['\x1b[31m\u202e\n" + "x" * 500 + "']"
    operands = (Operand(bad, (2, 3) * 40, "float32"), Operand("w", (10**30, 3)))
    operation = Operation("matmul", operands)
    repairs = [Repair("\x1b[2J because", (3,), {0: "{}.T"}), Repair("", layer={"in\x07": "3"})]
    clash = Clash(f"{bad} has\r\n 3", "\x1b]0;law\x07", ((0, 1), (1, 0)), lambda: repairs, operation=operation)
    where = Where("/tmp/\x1b[31m" + "y" * 300 + ".py", 3, 1, 3, 9, "f\x00", bad)  # noqa: S108 - it is only printed
    text = Explanation(clash, where, "net\x1b", "Li\u202enear", where, ("5 = \x1b[1m5",), ()).to_text(60)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert all(len(line) <= 60 for line in text.splitlines())


@pytest.mark.parametrize("error", [Exception(), ValueError(object()), RecursionError(), KeyError(), SystemExit(3)])
def test_odd_errors_are_answered_with_nothing(error: BaseException) -> None:
    assert explained(error) is None


NOT_CALLED = [
    'nn.Bilinear(3, 4, 5).to("cuda")',
    'nn.BatchNorm1d(4).load_state_dict({"weight": torch.ones(4)})',
    'nn.Linear(4, 6).register_parameter("extra", torch.ones(2))',
    'setattr(nn.Conv1d(2, 3, 3), "weight", torch.ones(3))',
    "nn.Embedding(5, 2).cuda()",
]


@pytest.mark.parametrize("line", NOT_CALLED)
def test_a_layer_that_was_not_called_is_not_said_to_clash(line: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available() and "cuda" in line:
        pytest.skip("it goes through")
    error = raised(HEADS["torch"] + line + "\n", tmp_path / "moved.py")
    assert error is not None
    assert explained(error) is None


HANDLERS = [
    ("except ValueError: {}['lost']", False),
    ("except ValueError: int('x')", False),
    ("except ValueError: import nothing_of_this_name", False),
    ("except ValueError: raise RuntimeError('step 7 failed')", True),
    ("except ValueError as e: raise RuntimeError(f'step 7: {e}')", True),
    ("except ValueError: raise RuntimeError('bad settings') from None", False),
    ("except ValueError as e: raise KeyError('step 7') from e", True),
]


@pytest.mark.parametrize(("handler", "told"), HANDLERS)
def test_a_clash_that_was_caught_is_told_only_where_it_is_why(handler: str, told: bool, tmp_path: Path) -> None:
    source = HEADS["numpy"] + f"a = np.ones((3, 4))\ntry: a @ a\n{handler}\n"
    error = raised(source, tmp_path / "handled.py")
    assert error is not None
    assert (explained(error) is not None) == told


def test_a_repair_that_changes_nothing_is_not_offered(tmp_path: Path) -> None:
    box = "class Box:\n    @property\n    def w(self): return np.ones((3, 4))\nb = Box()\n"
    calls = "def f(rows=[2]):\n    rows[0] += 3\n    return np.ones((rows[0], 2))\n"
    for lines, shapes in ((box + "b.w @ b.w\n", [(3, 4), (3, 4)]), (calls + "f() @ f()\n", None)):
        error = raised(HEADS["numpy"] + lines, tmp_path / "same.py")
        found = explained(error) if error else None
        assert found is not None
        assert found.where is not None
        assert all(edit is None or edit.new != found.where.code for edit in found.edits)
        assert shapes is None or [one.shape for one in found.clash.operation.operands] == shapes  # type: ignore[union-attr]


def test_each_line_of_a_long_expression_is_marked(tmp_path: Path) -> None:
    source = "a = np.ones((2, 5))\nif True:\n    y = 1 + np.concatenate([\n        a,\n        a.T,\n    ])\n"
    error = raised(HEADS["numpy"] + source, tmp_path / "long.py")
    found = explained(error) if error else None
    assert found is not None
    lines = found.to_text().splitlines()
    at = next(i for i, line in enumerate(lines) if "np.concatenate" in line and "y =" in line)
    assert [line.strip() for line in lines[at + 1 : at + 8 : 2]] == ["^" * 16, "^^", "^^^^", "^^"]
    assert [line.index("^") for line in lines[at + 1 : at + 8 : 2]] == [14, 10, 10, 6]


UNDONE = [
    ("a = np.ones((2, 3)); w = np.ones((3, 4))", "a @ w.T", "a @ w"),
    ("a = torch.ones(2, 3); w = torch.ones(3, 4)", "a @ w.t()", "a @ w"),
    ("a = np.ones(4); m = np.ones(4)", "np.stack([a, m[:, None]])", "np.stack([a, m])"),
    ("a = torch.ones(4); m = torch.ones(4)", "torch.dot(a, m.unsqueeze(1))", "torch.dot(a, m)"),
]


@pytest.mark.parametrize(("before", "line", "new"), UNDONE)
def test_a_step_is_taken_back_and_not_turned_round_again(before: str, line: str, new: str, tmp_path: Path) -> None:
    head = HEADS["torch" if "torch" in before else "numpy"]
    pytest.importorskip(head.split()[1])
    error = raised(f"{head}{before}\n{line}\n", tmp_path / "undone.py")
    found = explained(error) if error else None
    assert found is not None
    assert new in [edit.new for edit in found.edits if edit is not None]
