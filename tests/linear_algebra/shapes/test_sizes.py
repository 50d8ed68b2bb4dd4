"""Sizes with names: arithmetic against plain numbers put in their place, and rules that do not care which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Clash, Named, Operand, Operation, Size, named, product, results, written
from tearless.linear_algebra.shapes.size import code, divided, multiple_needed, names_in, put

N, M = named("n"), named("m")
VALUES = {"n": 10007, "m": 10009}  # primes beyond every size drawn: no two sizes are equal by chance
PLAIN = st.integers(-5, 30)
LEAVES = st.one_of(PLAIN, st.sampled_from([N, M]))


def combined(children: st.SearchStrategy[Size]) -> st.SearchStrategy[Size]:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]), pairs.map(lambda p: p[0] - p[1]), pairs.map(lambda p: p[0] * p[1])
    )


SIZES = st.recursive(LEAVES, combined, max_leaves=6)


@given(SIZES, SIZES)
def test_arithmetic_is_that_of_the_numbers_put_in(a: Size, b: Size) -> None:
    for made, plain in [(a + b, int.__add__), (a - b, int.__sub__), (a * b, int.__mul__)]:
        assert put(made, VALUES) == plain(put(a, VALUES), put(b, VALUES))
    assert (a == b) == (str(a) == str(b))
    assert hash(a) == hash(a + b - b)


@given(SIZES, SIZES)
def test_a_quotient_comes_out_even(a: Size, b: Size) -> None:
    assert b == 0 or divided(a * b, b) == a or isinstance(b, Named)
    quotient = divided(a, b)
    if quotient is not None:
        assert quotient * b == a


@given(SIZES)
def test_a_size_is_its_own_code(a: Size) -> None:
    text = code(a)
    assert text is not None
    assert eval(text, {}, VALUES) == put(a, VALUES)  # noqa: S307 (the text is ours)
    assert names_in(a) <= {"n", "m"}


def test_floors_that_do_not_come_out_even_are_names_of_their_own() -> None:
    assert str((N + 1) // 2) == "⌊(n + 1)/2⌋"
    assert (N + 1) // 2 == (N + 1) // 2
    assert str(784 // N) == "⌊784/n⌋"
    assert -N + N == 0
    assert code((N + 1) // 2) is None


@given(st.integers(1, 400), st.integers(1, 400))
def test_what_a_name_must_be_a_multiple_of(factor: int, by: int) -> None:
    needed = multiple_needed(factor * N, by)
    assert needed is not None
    assert [value for value in range(1, 3 * needed + 1) if factor * value % by == 0] == [needed, 2 * needed, 3 * needed]


def agree(rule: str, shapes: list[tuple[Size, ...]], **settings: Any) -> None:
    """The rule on names, with numbers put in, is the rule on these numbers."""
    named_ones = Operation(rule, tuple(Operand("x", shape) for shape in shapes), settings)
    plain_shapes = [tuple(put(size, VALUES) for size in shape) for shape in shapes]
    put_in = {name: _put(value) for name, value in settings.items()}
    plain = Operation(rule, tuple(Operand("x", shape) for shape in plain_shapes), put_in)
    outcomes: list[Any] = []
    for one, finish in ((named_ones, lambda s: put(s, VALUES)), (plain, lambda s: s)):
        outcomes.append(outcome(one, finish))
    assert outcomes[0] == outcomes[1], (rule, shapes, settings)


def outcome(operation: Operation, finish: Callable[[Size], Size]) -> Any:
    try:
        return [tuple(map(finish, shape)) for shape in results(operation)]
    except Clash as clash:
        return ("refused", clash.marks, len(clash.repairs) >= 0)


def _put(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_put, value))
    return put(value, VALUES) if isinstance(value, Named) else value


AXIS = st.sampled_from([1, 2, 3, N, M, N * 2, N * 4, M * 6])
SHAPES = st.lists(AXIS, max_size=4).map(tuple)


@given(SHAPES, SHAPES, st.integers(-3, 2))
def test_rules_do_not_care_whether_a_size_has_a_name(a: tuple[Size, ...], b: tuple[Size, ...], axis: int) -> None:
    agree("matmul", [a, b])
    agree("broadcast", [a, b])
    agree("broadcast", [a, a[1:]])
    agree("cat", [a, a[: len(a) - 1] + b[-1:]], axis=axis)
    agree("stack", [a, b[: len(a)]], axis=axis)
    agree("reduce", [a], axis=axis, keepdims=True)
    agree("flatten", [a], start=axis)
    agree("transpose", [a])
    agree("tensordot", [a, b], axes=1)
    agree("outer", [a, b])
    agree("tile", [a], reps=(2, 3))


@given(SHAPES, st.permutations(range(4)))
def test_reshapes_that_every_name_allows(a: tuple[Size, ...], order: list[int]) -> None:
    wanted = tuple(a[at] for at in order if at < len(a))
    agree("reshape", [a], shape=wanted)
    if len(wanted) > 1:
        agree("reshape", [a], shape=(wanted[0] * wanted[1], *wanted[2:]))
        agree("reshape", [a], shape=(-1, *wanted[1:]))


def test_images_in_a_row_for_any_batch() -> None:
    images = Operation("reshape", (Operand("x", (784 * N,)),), {"shape": (-1, 28, 28)})
    assert results(images) == ((N, 28, 28),)
    flat = Operation("reshape", (Operand("x", (N, 1, 28, 28)),), {"shape": (N, -1)})
    assert results(flat) == ((N, 784),)
    with pytest.raises(Clash, match="a multiple of 25"):
        results(Operation("reshape", (Operand("x", (784 * N,)),), {"shape": (100, -1)}))
    with pytest.raises(Clash, match="n on axis 0"):
        results(Operation("broadcast", (Operand("x", (N, 10)), Operand("y", (N,)))))


def test_slices_of_an_axis_with_a_name() -> None:
    x = Operand("x", (N, 10))
    keys = [(slice(1, None), N - 1), (slice(None, -2), N - 2), (slice(None), N), (slice(None, N), N)]
    for key, size in keys:
        assert results(Operation("index", (x,), {"key": (key,)})) == ((size, 10),)
    assert written(results(Operation("index", (x,), {"key": (slice(None, 32),)}))[0]) == "(min(n, 32), 10)"
    assert product((N, 8, 26, 26)) == 5408 * N


@given(SIZES, st.integers(1, 12), st.integers(-30, 30), st.integers(1, 5))
def test_a_floor_has_one_spelling(size: Size, by: int, more: int, times: int) -> None:
    assert (size + more * by) // by == size // by + more
    assert (size * times) // (by * times) == size // by
    assert (size * by * times + more % by) // by == size * times


def test_floors_are_written_without_needless_brackets() -> None:
    assert str(N // 2) == "⌊n/2⌋"
    assert str(9 // (2 * N)) == "⌊9/(2·n)⌋"
    assert str((N + 4 - 3) // 2 + 1) == str((N + 3) // 2)


@pytest.mark.parametrize(("size", "by"), [(N + 5, 3), (3 * N - 2, 7), (4 * N + 3, 6), (N * M + 2 * M + 1, 4)])
def test_a_floor_is_that_of_the_number_put_in(size: Size, by: int) -> None:
    for n in range(40):
        floored = put(size // by, {"n": n, "m": 11})
        (inside,) = names_in(floored) or {"0"}
        counted = inside.replace("⌊", "((").replace("⌋", ")").replace("/", ")//").replace("·", "*")
        value = eval(counted, {}, {"n": n, "m": 11})  # noqa: S307 (the text is ours)
        assert put(floored, {inside: value}) == put(size, {"n": n, "m": 11}) // by
