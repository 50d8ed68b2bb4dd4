"""Shapes drawn at random, and whether a rule agrees with the library itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Clash, Operand, Operation, results

LIBRARIES: dict[str, Any] = {"numpy": np, "torch": torch}
Case = tuple[Operation, Callable[[], Any]]
Draw = Callable[[st.SearchStrategy[Any]], Any]

SIZES = st.sampled_from([0, 1, 2, 2, 3, 3])
SOME = st.sampled_from([1, 2, 2, 3])
AXES = st.integers(-4, 4)


def shape(draw: Draw, most: int = 4, least: int = 0, sizes: st.SearchStrategy[int] = SIZES) -> tuple[int, ...]:
    return tuple(draw(st.lists(sizes, min_size=least, max_size=most)))


def near(draw: Draw, one: tuple[int, ...], sizes: st.SearchStrategy[int] = SIZES) -> tuple[int, ...]:
    """A shape that often fits the other: some of its sizes, some changed, axes before or after."""
    other = [draw(st.sampled_from([size, size, 1, draw(sizes)])) for size in one]
    change = draw(st.sampled_from(["same", "same", "fewer", "more", "turned"]))
    if change == "fewer":
        other = other[draw(st.integers(0, len(other))) :]
    if change == "more":
        other = [draw(sizes), *other]
    if change == "turned":
        other = other[::-1]
    return tuple(other)


def array(library: str, sizes: tuple[int, ...], whole: bool = False) -> Any:
    if library == "torch":
        return torch.zeros(sizes, dtype=torch.int64 if whole else torch.float32)
    return np.zeros(sizes, dtype=np.int64 if whole else np.float32)


def operands(library: str, *shapes: tuple[int, ...], dtype: str = "float32") -> tuple[Operand, ...]:
    return tuple(Operand(f"a{i}", one, dtype, "cpu", library) for i, one in enumerate(shapes))


def made(library: str, rule: str, shapes: list[tuple[int, ...]], run: Callable[..., Any], **settings: Any) -> Case:
    arrays = [array(library, one) for one in shapes]
    return Operation(rule, operands(library, *shapes), settings), lambda: run(*arrays)


def agrees(operation: Operation, run: Callable[[], Any]) -> None:
    """The rule gives what the library gives, or both refuse; a clash has its words, its axes and its repairs."""
    truth, refused = real(run)
    clash = None
    try:
        ours = results(operation)
    except Clash as found:
        clash = found
    about = f"{operation} {operation.shapes} {operation.library}: {truth} {refused}"
    if clash is not None:
        assert truth is None, f"{about}, refused: {clash.says}"
        assert clash.says
        assert clash.law
        assert all(axis < len(operation.operands[i].shape) for i, axis in clash.marks)
        assert all(repair.gives is not None for repair in clash.repairs)
        return
    assert truth is not None, about
    assert len(ours) == len(truth), about
    for one, other in zip(ours, truth, strict=True):
        # how many entries a mask keeps is known to nobody beforehand
        known = [a == b for a, b in zip(one, other, strict=True) if isinstance(a, int)]
        assert all(known), f"{about}, ours {ours}"


def real(run: Callable[[], Any]) -> tuple[tuple[tuple[int, ...], ...] | None, str]:
    """The shapes that a library gives, or why it gives none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = run()
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        return None, str(error)
    several = isinstance(found, tuple | list)
    return tuple(tuple(one.shape) for one in (found if several else [found])), ""
