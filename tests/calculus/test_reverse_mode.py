"""The differentiator against PyTorch on graphs built at random, at first and second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.calculus import finite_differences
from tearless.calculus import local_derivatives as ld
from tearless.calculus.reverse_mode import Variable, gradient, hessian_vector, variable
from tearless.core import InputError


def _both(mine: Any, theirs: Any, name: str) -> tuple[Any, Any]:
    """One operation by its name on both sides; values are kept near 1, so that orders compare."""
    table: dict[str, tuple[Any, Any]] = {
        "tanh": (ld.tanh, torch.tanh),
        "exp of tanh": (lambda x: ld.exp(ld.tanh(x)), lambda x: torch.exp(torch.tanh(x))),
        "log": (lambda x: ld.log(x * x + 1.5), lambda x: torch.log(x * x + 1.5)),
        "sigmoid": (ld.sigmoid, torch.sigmoid),
        "relu": (ld.relu, torch.relu),
        "square": (lambda x: x**2 * 0.5, lambda x: x**2 * 0.5),
        "root": (lambda x: (x * x + 1.0) ** 0.5, lambda x: (x * x + 1.0) ** 0.5),
        "negate": (lambda x: 0.3 - x, lambda x: 0.3 - x),
        "reciprocal": (lambda x: 1.0 / (x * x + 1.0), lambda x: 1.0 / (x * x + 1.0)),
        "flat": (lambda x: x.reshape(-1), lambda x: x.reshape(-1)),
        "turned": (lambda x: x.T, lambda x: x.permute(list(reversed(range(x.ndim))))),
        "softmax": (lambda x: ld.softmax(x, -1), lambda x: torch.softmax(x, -1)),
        "softmax first": (lambda x: ld.softmax(x, 0), lambda x: torch.softmax(x, 0)),
        "log_softmax": (ld.log_softmax, lambda x: torch.log_softmax(x, -1)),
        "logsumexp kept": (lambda x: ld.logsumexp(x, 0, True), lambda x: torch.logsumexp(x, 0, keepdim=True)),
        "logsumexp": (ld.logsumexp, lambda x: torch.logsumexp(x, -1)),
        "sum": (lambda x: x.sum(0) * 0.5, lambda x: x.sum(0) * 0.5),
        "sum kept": (lambda x: x.sum(-1, keepdims=True) * 0.5, lambda x: x.sum(-1, keepdim=True) * 0.5),
        "mean": (lambda x: x.mean(-1), lambda x: x.mean(-1)),
        "max": (lambda x: x.max(0), lambda x: torch.amax(x, 0)),
        "index": (lambda x: x[-1], lambda x: x[-1]),
        "slice": (lambda x: x[..., ::2], lambda x: x[..., ::2]),
        "rows twice": (lambda x: x[[0, -1, 0]], lambda x: x[[0, -1, 0]]),
        "mask": (lambda x: x[x.value > 0], lambda x: x[x > 0]),
        "doubled": (
            lambda x: ld.concatenate([x, x * 0.5], -1),
            lambda x: torch.cat([x, x * 0.5], -1),
        ),
        "gram": (lambda x: (x @ x.T) * 0.1, lambda x: (x @ x.permute(list(reversed(range(x.ndim))))) * 0.1),
    }
    f, g = table[name]
    return f(mine), g(theirs)


NAMES_ANY = ["tanh", "exp of tanh", "log", "sigmoid", "relu", "square", "root", "negate", "reciprocal", "turned"]
NAMES_AXES = [
    *("flat", "softmax", "softmax first", "log_softmax", "logsumexp kept", "logsumexp", "sum", "sum kept", "mean"),
    *("max", "index", "slice", "rows twice", "mask", "doubled"),
]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[tuple[str, int]], int]:
    """Shapes that broadcast with one another, operations to apply, and a seed."""
    full = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shapes = []
    for _ in range(draw(st.integers(1, 3))):
        some = full[draw(st.integers(0, len(full))) :]
        shapes.append(tuple(n if draw(st.booleans()) else 1 for n in some))
    names = st.sampled_from([*NAMES_ANY, *NAMES_AXES, "gram", "+", "*", "/", "-"])
    steps = draw(st.lists(st.tuples(names, st.integers(0, 9)), min_size=1, max_size=7))
    return shapes, steps, draw(st.integers(0, 2**20))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


def build(leaves: list[Variable], tensors: list[torch.Tensor], steps: list[tuple[str, int]]) -> tuple[Any, Any]:
    """The same graph on both sides: each step takes earlier results and adds one; the end is one number."""
    pool: list[tuple[Any, Any]] = list(zip(leaves, tensors, strict=True))
    for name, pick in steps:
        a, s = pool[-1 - pick % len(pool)]
        if name in ("+", "*", "/", "-"):
            b, t = pool[pick % len(pool)]
            if _broadcast(a.shape, b.shape):
                if name == "/":
                    pool.append((a / (b * b + 1.0), s / (t * t + 1.0)))
                else:
                    pool.append((a + b, s + t) if name == "+" else (a * b, s * t) if name == "*" else (a - b, s - t))
        elif name in NAMES_ANY or (a.ndim and 0 not in a.shape and not (name == "gram" and a.ndim != 2)):
            pool.append(_both(a, s, name))
    total, sum_ = Variable(0.0), torch.zeros((), dtype=torch.float64)
    for a, s in pool:
        total, sum_ = total + ld.tanh(a).sum(), sum_ + torch.tanh(s).sum()
    return total, sum_


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_random_graphs_at_first_and_second_order(
    graph: tuple[list[tuple[int, ...]], list[tuple[str, int]], int],
) -> None:
    shapes, steps, seed = graph
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape) for shape in shapes]
    leaves = [Variable(v) for v in values]
    tensors = [torch.tensor(v, requires_grad=True) for v in values]
    total, sum_ = build(leaves, tensors, steps)
    np.testing.assert_allclose(total.value, sum_.detach(), rtol=1e-11, atol=1e-11)
    ours = gradient(total, leaves)
    theirs = torch.autograd.grad(sum_, tensors, create_graph=True)
    for a, s in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.value, s.detach(), rtol=1e-10, atol=1e-10)
    weights = [rng.normal(size=shape) for shape in shapes]
    ours2 = hessian_vector(total, leaves, weights)
    along = sum((s * torch.tensor(w)).sum() for s, w in zip(theirs, weights, strict=True))
    theirs2 = torch.autograd.grad(along, tensors, materialize_grads=True)  # type: ignore[arg-type]
    for a, s in zip(ours2, theirs2, strict=True):
        np.testing.assert_allclose(a.value, s, rtol=1e-10, atol=1e-10)


MATMULS = [
    *(((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))),
    *(((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((1, 1), (1, 1))),
]


@pytest.mark.parametrize(("left", "right"), MATMULS)
def test_matmul_of_every_rank(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    x, y = Variable(a), Variable(b)
    s, t = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
    out, other = ld.tanh(x @ y), torch.tanh(s @ t)
    np.testing.assert_allclose(out.value, other.detach(), rtol=1e-12)
    ours, theirs = gradient(out.sum(), [x, y]), torch.autograd.grad(other.sum(), [s, t], create_graph=True)
    for mine, hers in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.value, hers.detach(), rtol=1e-10, atol=1e-12)
    second = gradient((ours[0] * ours[0]).sum() + (ours[1] ** 2).sum(), [x, y])
    hers2 = torch.autograd.grad((theirs[0] ** 2).sum() + (theirs[1] ** 2).sum(), [s, t])
    for mine, h in zip(second, hers2, strict=True):
        np.testing.assert_allclose(mine.value, h, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [*NAMES_ANY, *NAMES_AXES, "gram"])
@pytest.mark.parametrize("shape", [(3, 4), (2, 2)])
def test_every_operation_alone(name: str, shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(3).normal(size=shape)
    x, t = Variable(value), torch.tensor(value, requires_grad=True)
    a, s = _both(x, t, name)
    ours = gradient((a * a).sum(), [x])[0]
    (theirs,) = torch.autograd.grad((s * s).sum(), [t], create_graph=True)
    np.testing.assert_allclose(ours.value, theirs.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        gradient((ours**2).sum(), [x])[0].value,
        torch.autograd.grad((theirs**2).sum(), [t])[0],
        rtol=1e-10,
        atol=1e-12,
    )


def test_two_routes_agree_the_rules_and_the_difference_quotient() -> None:
    rng = np.random.default_rng(5)
    w, x, y = rng.normal(size=(4, 3)), rng.normal(size=(7, 4)), np.eye(3)[rng.integers(0, 3, 7)]

    def loss(w: Any) -> Variable:
        return -(ld.log_softmax(ld.tanh(x @ variable(w)) * 2.0) * y).sum(-1).mean()

    v = Variable(w)
    error, where = finite_differences.largest_difference(lambda w: loss(w).value, gradient(loss(v), [v])[0].value, w)
    assert error < 1e-9, where


def test_higher_orders() -> None:
    x = Variable([0.0, 1.5])
    derivative = (x**4).sum()
    for expected in ([0.0, 4 * 1.5**3], [0.0, 12 * 1.5**2], [0.0, 24 * 1.5], [24.0, 24.0], [0.0, 0.0]):
        slope = gradient(derivative, [x])[0]
        np.testing.assert_allclose(slope.value, expected, rtol=1e-15)
        derivative = slope.sum()
    z = Variable(0.3)
    fourth = ld.exp(z * 2.0)
    for _ in range(4):
        fourth = gradient(fourth, [z])[0]
    assert float(fourth.value) == pytest.approx(16 * np.exp(0.6), rel=1e-14)


def test_exactly_at_the_kinks_pytorch_is_followed() -> None:
    value = np.array([0.0, 2.0, 2.0, -1.0])
    x, t = Variable(value), torch.tensor(value, requires_grad=True)
    total, s = ld.relu(x).sum() + x.max() * 3.0, torch.relu(t).sum() + torch.amax(t) * 3.0
    np.testing.assert_array_equal(gradient(total, [x])[0].value, torch.autograd.grad(s, [t])[0])


def test_hostile_values() -> None:
    x = Variable([1e4, -1e4, 0.0])
    np.testing.assert_array_equal(gradient(ld.log_softmax(x)[0], [x])[0].value, [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(gradient(ld.sigmoid(x).sum(), [x])[0].value, [0.0, 0.0, 0.25])
    y = Variable([-np.inf, 1.0])
    assert float(y.max().value) == 1.0
    np.testing.assert_array_equal(gradient(ld.relu(y).sum(), [y])[0].value, [0.0, 1.0])
    z = Variable(40.0)
    assert float(gradient(ld.sigmoid(z), [z])[0].value) == pytest.approx(np.exp(-40), rel=1e-15)


def test_what_is_not_reached_gets_zeros_and_constants_cost_nothing() -> None:
    x, y = Variable([1.0, 2.0]), Variable([[3.0]])
    assert gradient(x.sum(), [y])[0].value.tolist() == [[0.0]]
    calls: list[Variable] = []

    def rule(g: Variable) -> Variable:
        calls.append(g)
        return g

    data = Variable([1.0, 2.0], ((Variable([0.0, 0.0]), rule),))
    assert gradient((data * x).sum(), [x])[0].value.tolist() == [1.0, 2.0]
    assert not calls


def test_arrays_stand_on_either_side() -> None:
    x = Variable([1.0, 2.0])
    a = np.array([3.0, 4.0])
    for out in (a + x, a - x, a * x, a / x, a @ x):
        assert isinstance(out, Variable)
    assert (a - x).value.tolist() == [2.0, 2.0]
    assert float((a @ x).value) == 11.0


def test_a_graph_5000_deep() -> None:
    x = Variable(1.0)
    y = x
    for _ in range(5_000):
        y = y * 1.0
    assert float(gradient(y, [x])[0].value) == 1.0
    del y


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Variable("abc"), "value: expected an array of numbers"),
        (lambda: Variable([1.0, 2.0]) + Variable([1.0, 2.0, 3.0]), r"\+: expected shapes .* got \(2,\) and \(3,\)"),
        (lambda: Variable(np.ones((2, 3))) @ Variable(np.ones((2, 3))), "3 is not 2"),
        (lambda: Variable(1.0) @ Variable([1.0]), "@: expected vectors or matrices"),
        (lambda: gradient(Variable([1.0, 2.0]), []), "output: expected a single number"),
        (lambda: Variable([]).mean(), "mean: expected at least one number"),
        (lambda: ld.concatenate([]), "parts: expected arrays with axes"),
        (lambda: ld.concatenate([Variable(1.0)]), "parts: expected arrays with axes"),
        (lambda: hessian_vector(Variable(1.0), [], [1.0]), "direction: expected 0 arrays"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
