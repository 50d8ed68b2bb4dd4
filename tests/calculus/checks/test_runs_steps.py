"""What a step must do: starts that are told from trained weights, signs of losses, schedules that are healthy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tearless.calculus.gradient_reach import connected, cuts, fresh
from tearless.calculus.loss_signs import direction, rewarded
from tearless.core import Example
from tearless.core.check import Check
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.told import Graph, Op, Parameter
from tearless.testing import checks, findings_on

CHECKS = {check.name: check for check in checks("tearless.calculus.checks", "calculus")}


def chain(*functions: str, before: tuple[Op, ...] = ()) -> Graph:
    """A graph in which each function takes the one before it."""
    ops = [*before]
    for function in functions:
        last: tuple[int | str, ...] = (ops[-1].op,) if ops else ("parameter w",)
        ops.append(Op(len(ops), function, inputs=last))
    return Graph(ops=tuple(ops), loss=ops[-1].op)


@pytest.mark.parametrize("shape", [(64, 20), (32, 16, 3, 3), (256, 64)])
def test_a_usual_start_is_told_from_trained_weights(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    fan_in = int(np.prod(shape[1:]))
    starts = [rng.uniform(-1, 1, shape) / np.sqrt(fan_in) for _ in range(300)]
    assert all(fresh(Parameter("w", shape, std=float(w.std()))) for w in starts)
    trained = [w + rng.normal(0, 2 / np.sqrt(fan_in), shape) for w in starts]
    missed = [bool(fresh(Parameter("w", shape, std=float(w.std())))) for w in trained]
    assert np.mean(missed) < 0.35  # another usual start may lie there by chance


@pytest.mark.parametrize(
    ("graph", "sign"),
    [
        (chain("linear", "cross_entropy"), 1),
        (chain("linear", "cross_entropy", "neg"), -1),
        (chain("linear", "log_softmax", "gather", "mean", "neg"), 1),
        (chain("linear", "log_softmax", "gather", "mean"), -1),
        (chain("linear", "sigmoid", "log", "mean", "neg"), 1),
        (chain("linear", "mean"), None),
        (chain("linear", "mean", "neg"), None),
        (chain("linear", "exp", "log", "mean"), None),
    ],
)
def test_the_sign_of_a_loss_is_read_or_left_open(graph: Graph, sign: int | None) -> None:
    assert direction(graph) == sign


def test_a_mean_of_squares_is_a_loss_and_its_negative_is_not() -> None:
    error = (Op(0, "linear", inputs=("input", "parameter w")), Op(1, "sub", inputs=(0, "data")))
    assert direction(chain("pow", "mean", before=error)) == 1
    assert direction(chain("pow", "mean", "neg", before=error)) == -1


def test_two_losses_of_opposite_sign_leave_it_open() -> None:
    ops = (
        Op(0, "linear", inputs=("input", "parameter w")),
        Op(1, "cross_entropy", inputs=(0, "data")),
        Op(2, "binary_cross_entropy", inputs=(0, "data")),
        Op(3, "neg", inputs=(2,)),
        Op(4, "add", inputs=(1, 3)),
    )
    assert direction(Graph(ops=ops, loss=4)) is None


def test_a_policy_gradient_with_its_minus_sign_is_left_alone() -> None:
    ops = (
        Op(0, "linear", inputs=("input", "parameter w")),
        Op(1, "log_softmax", inputs=(0,)),
        Op(2, "gather", inputs=(1, "data")),
        Op(3, "mul", inputs=(2, "data")),
        Op(4, "mean", inputs=(3,)),
    )
    assert rewarded(Graph(ops=ops, loss=4))
    assert not rewarded(Graph(ops=(*ops, Op(5, "neg", inputs=(4,))), loss=5))


def test_a_stop_on_one_way_of_two_leaves_the_other() -> None:
    """A straight-through estimator: x + (round(x) - x).detach()."""
    ops = (
        Op(0, "linear", inputs=("input", "parameter w")),
        Op(1, "round", inputs=(0,)),
        Op(2, "sub", inputs=(1, 0)),
        Op(3, "detach", inputs=(2,), learns=False),
        Op(4, "add", inputs=(0, 3)),
        Op(5, "cross_entropy", inputs=(4, "data")),
    )
    graph = Graph(ops=ops, loss=5)
    assert connected(graph) == {"w"}
    assert [op.function for op in cuts(graph)] == ["round", "detach"]


N = 400
T = np.arange(N)
HEALTHY: dict[str, Callable[[], np.ndarray]] = {
    "constant": lambda: np.ones(N),
    "cosine": lambda: 0.5 + 0.5 * np.cos(np.pi * T / (N - 1)),
    "line": lambda: 1 - T / (N - 1),
    "warm-up from 0, then cosine": lambda: np.minimum(T / 40, 0.5 + 0.5 * np.cos(np.pi * T / N)),
    "a tenth at 30, 60 and 90 %": lambda: 0.1 ** np.digitize(T, [0.3 * N, 0.6 * N, 0.9 * N]).astype(float),
    "factor 0.9 an epoch of 20": lambda: 0.9 ** (T // 20),
    "inverse square root": lambda: np.minimum((T + 1) / 40, np.sqrt(40 / (T + 1))),
    "of a base of 1, as in Transformers": lambda: 64**-0.5 * np.minimum((T + 1) ** -0.5, (T + 1) * 40**-1.5),
    "warm restarts": lambda: 0.5 + 0.5 * np.cos(np.pi * (T % 100) / 100),
    "fine-tuning at a hundredth": lambda: np.where(T < 100, 1.0, 0.01),
}
SICK: dict[str, Callable[[], np.ndarray]] = {
    "factor 0.9 a batch": lambda: 0.9**T,
    "factor 0.5 every 10 batches": lambda: 0.5 ** (T // 10),
    "a line of epochs, stepped a batch": lambda: np.clip(1 - T / 20, 0, 1),
    "a tenth every 20 batches": lambda: 0.1 ** (T // 20),
    "0": lambda: np.zeros(N),
}


def _rated(rates: np.ndarray, seed: int) -> Example:
    """The loss falls with the way that the rates allow."""
    rng = np.random.default_rng(seed)
    entries = healthy_run(rng, N)
    way = np.cumsum(rates / max(rates.max(), 1e-12))
    curve = 0.2 + 0.9 * np.exp(-way / 100) + rng.normal(0, 0.02, N)
    of_kind(entries, "losses")[0].update(values=curve.tolist(), rates=(1e-3 * rates).tolist())
    return as_example(entries)


def collapsed() -> Check:
    return CHECKS["learning-rate-collapsed"]


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_schedules_are_left_alone(name: str) -> None:
    assert not any(findings_on(collapsed(), _rated(HEALTHY[name](), seed)) for seed in range(5))


@pytest.mark.parametrize("name", SICK)
def test_collapsed_schedules_are_found(name: str) -> None:
    assert all(findings_on(collapsed(), _rated(SICK[name](), seed)) for seed in range(5))
