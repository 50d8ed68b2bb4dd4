"""``tearless.shapes()``: a note at the error that leaves the block, and nothing else changed."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import traceback
import types
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core import InputError
from tearless.integrations.shapes import hook
from tearless.linear_algebra.shapes import Clash, Explanation, Operand, Operation, results


@pytest.fixture(autouse=True)
def explain(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """An explanation of every ``ValueError`` that says "mismatch"; the errors that it was asked for."""
    asked: list[BaseException] = []

    def explained(error: BaseException) -> Explanation | None:
        asked.append(error)
        if not isinstance(error, ValueError) or "mismatch" not in str(error):
            return None
        try:
            results(Operation("matmul", (Operand("a", (2, 3)), Operand("b", (4, 5)))))
        except Clash as clash:
            return Explanation(clash, message=str(error))
        raise AssertionError

    stub = types.ModuleType("explain")
    stub.explained = explained  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tearless.integrations.shapes.explain", stub)
    return asked


def fail() -> None:
    np.ones((2, 3)) @ np.ones((4, 5))


def notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def test_the_error_gets_a_note_and_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="mismatch in its core dimension") as raised, tearless.shapes() as block:
        fail()
    (note,) = notes(raised.value)
    assert "a  (2, 3)" in note
    assert "shape clash" in note
    assert block.explanations[0].clash.marks == ((0, 1), (1, 0))
    names = [entry.name for entry in traceback.extract_tb(raised.value.__traceback__)]
    assert names[-1] == "fail"
    assert len(names) == 2
    assert "".join(traceback.format_exception(raised.value)).rstrip().endswith(note.rstrip())


def test_nested_blocks_add_one_note(explain: list[BaseException]) -> None:
    @tearless.shapes()
    def inner() -> None:
        with tearless.shapes():
            fail()

    with pytest.raises(ValueError, match="mismatch") as raised, tearless.shapes() as outer:
        inner()
    assert len(notes(raised.value)) == 1
    assert len(explain) == 1
    assert outer.explanations == []
    assert len(hook.explanations_at(raised.value)) == 1


def test_another_error_stays_as_it_was() -> None:
    with pytest.raises(KeyError) as raised, tearless.shapes() as block:
        raise KeyError("a")
    assert notes(raised.value) == []
    assert block.explanations == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, StopAsyncIteration])
def test_what_is_no_error_of_the_program_passes(kind: type[BaseException], explain: list[BaseException]) -> None:
    with pytest.raises(kind) as raised, tearless.shapes():
        raise kind("mismatch")
    assert notes(raised.value) == []
    assert all(isinstance(one, Exception) for one in explain)


def test_a_fault_of_the_explanation_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(error: BaseException) -> None:
        raise RecursionError("our own")

    stub = types.ModuleType("explain")
    stub.explained = broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tearless.integrations.shapes.explain", stub)
    with pytest.raises(ValueError, match="mismatch") as raised, tearless.shapes():
        fail()
    assert notes(raised.value) == []
    assert raised.value.__context__ is None


class Stubborn(ValueError):
    """An error that takes nothing and answers nothing."""

    __slots__ = ()

    def add_note(self, _note: str) -> None:
        raise RuntimeError

    def __setattr__(self, name: str, value: object) -> None:
        raise RuntimeError

    def __getattr__(self, name: str) -> object:
        raise RuntimeError

    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_that_takes_no_note_is_raised_as_it_is() -> None:
    with pytest.raises(Stubborn), tearless.shapes():
        raise Stubborn


def test_causes_contexts_and_groups_are_explained_where_they_are() -> None:
    def step() -> None:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError("the step failed") from error

    with pytest.raises(RuntimeError) as raised, tearless.shapes() as block:
        step()
    assert notes(raised.value) == []
    assert raised.value.__cause__ is not None
    assert len(notes(raised.value.__cause__)) == len(block.explanations) == 1
    with pytest.raises(ExceptionGroup) as group, tearless.shapes() as block:
        raise ExceptionGroup("several", [ValueError("mismatch a"), KeyError("b"), ValueError("mismatch c")])
    assert [len(notes(one)) for one in group.value.exceptions] == [1, 0, 1]
    assert [one.message for one in block.explanations] == ["mismatch a", "mismatch c"]


def test_an_error_in_a_circle_ends() -> None:
    first, second = ValueError("mismatch 1"), ValueError("mismatch 2")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(ValueError, match="mismatch"), tearless.shapes() as block:
        raise first
    assert len(block.explanations) == 2


def test_threads_each_have_their_note() -> None:
    block, errors = tearless.shapes(), []

    def work() -> None:
        try:
            with block:
                fail()
        except ValueError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(notes(one)) for one in errors] == [1] * 8


def test_coroutines_and_generators_are_decorated() -> None:
    @tearless.shapes()
    async def later(n: int) -> int:
        await asyncio.sleep(0)
        if n < 0:
            fail()
        return n

    @tearless.shapes
    def count() -> Generator[int, int, str]:
        got = yield 1
        yield got
        fail()
        return "end"

    assert asyncio.run(later(3)) == 3
    with pytest.raises(ValueError, match="mismatch") as raised:
        asyncio.run(later(-1))
    assert len(notes(raised.value)) == 1
    steps = count()
    assert [next(steps), steps.send(5)] == [1, 5]
    with pytest.raises(ValueError, match="mismatch") as raised:
        next(steps)
    assert len(notes(raised.value)) == 1


def test_an_asynchronous_generator_is_the_same() -> None:
    closed = []

    async def values() -> AsyncGenerator[Any, Any]:
        try:
            got = yield 1
            try:
                yield got
            except KeyError:
                yield "caught"
            fail()
        finally:
            closed.append(1)

    async def drive(made: Callable[[], AsyncGenerator[Any, Any]], throws: bool) -> list[Any]:
        steps, seen = made(), []
        seen += [await steps.asend(None), await steps.asend(7)]
        if throws:
            seen.append(await steps.athrow(KeyError()))
        try:
            await steps.asend(None)
        except ValueError as error:
            seen.append(len(notes(error)))
        await steps.aclose()
        return seen

    for throws in (True, False):
        bare = asyncio.run(drive(values, throws))
        seen = asyncio.run(drive(tearless.shapes()(values), throws))
        assert (bare[:-1], bare[-1], seen[-1]) == (seen[:-1], 0, 1)
    assert len(closed) == 4


def test_the_decorated_keeps_its_name_and_bad_input_is_named() -> None:
    @tearless.shapes
    def some() -> None:
        """What it does."""

    assert (some.__name__, some.__doc__) == ("some", "What it does.")
    with pytest.raises(InputError, match=r"function: expected a function to decorate, got `int`"):
        tearless.shapes(3)  # type: ignore[call-overload]


def test_nothing_is_kept_alive_by_the_block(explain: list[BaseException]) -> None:
    class Big:
        pass

    gone = []

    def hold() -> None:
        big = Big()
        gone.append(weakref.ref(big))
        fail()

    block = tearless.shapes()
    try:
        with block:
            hold()
    except ValueError:
        pass
    explain.clear()
    gc.collect()
    assert gone[0]() is None
    assert len(block.explanations) == 1


def test_nothing_is_loaded_while_nothing_fails(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, tearless\n"
        "with tearless.shapes():\n    pass\n"
        "try:\n    with tearless.shapes():\n        1 / 0\nexcept ZeroDivisionError as e:\n"
        "    assert not getattr(e, '__notes__', [])\n"
        "assert not {'numpy', 'polars', 'tearless.linear_algebra', 'tearless.doctor'} & set(sys.modules)\n"
        "assert sys.gettrace() is None and sys.getprofile() is None\n"
    )
    for options in ([], ["-O"], ["-OO"]):
        ran = subprocess.run([sys.executable, *options, str(script)], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
