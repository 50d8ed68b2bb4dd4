"""What knowing nothing costs, against the cost of many guesses tried one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tearless.readers.training.guess import guess
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss, Tensor

NO_RUN = Run.from_entries([])


def _numbers(x: Any) -> Tensor:
    x = np.asarray(x, dtype=float)
    means, stds = (x.mean(0).tolist(), x.std(0).tolist()) if x.ndim > 1 else ([], [])
    low, high, zeros = float(x.min()), float(x.max()), float((x == 0).mean())
    mean, std = float(x.mean()), float(x.std())
    return Tensor(x.shape, low=low, high=high, mean=mean, std=std, zeros=zeros, means=tuple(means), stds=tuple(stds))


@pytest.mark.parametrize("batch", [1, 2, 50])
@pytest.mark.parametrize("columns", [1, 3])
def test_squares_cost_the_variance_however_small_the_batches(batch: int, columns: int) -> None:
    y = np.random.default_rng(0).normal(3, [[1.0, 5.0, 0.1][:columns]], (100, columns))
    calls = [Loss(function="mse_loss", target=_numbers(y[i : i + batch])) for i in range(0, 100, batch)]
    found = guess(NO_RUN, calls)
    assert found.constant == pytest.approx(y.var(0).mean())
    assert found.blank == pytest.approx((y**2).mean())


@pytest.mark.parametrize("smooth", [0.0, 0.2])
def test_no_constant_guess_of_classes_costs_less(smooth: float) -> None:
    counts = {"0": 10, "1": 30, "-100": 7}
    options = {"label_smoothing": smooth}
    call = Loss(
        function="cross_entropy",
        options=options,
        input=Tensor(shape=(47, 3)),
        target=Tensor(shape=(47,), counts=counts),
    )
    found = guess(NO_RUN, [call])
    truth = (1 - smooth) * np.array([0.25, 0.75, 0.0]) + smooth / 3
    p = np.random.default_rng(1).dirichlet([1, 3, 0.3], 20000)
    tried = float((-np.log(np.maximum(p, 1e-300)) @ truth).min())
    assert found.constant is not None
    assert found.least is not None
    assert found.constant <= tried <= found.constant + 0.01
    assert found.blank == pytest.approx(math.log(3))
    assert (found.least > 0) == (smooth > 0)


def test_a_sum_costs_what_its_targets_cost_together() -> None:
    y = (np.random.default_rng(0).random((40, 5)) < [0.1, 0.2, 0.5, 0.7, 0.9]).astype(float)
    one, all_five = (
        guess(NO_RUN, [Loss(function="binary_cross_entropy", reduction=how, target=_numbers(y))])
        for how in ("mean", "sum")
    )
    assert one.constant is not None
    assert all_five.constant == pytest.approx(5 * one.constant)
    assert all_five.blank == pytest.approx(5 * math.log(2))


def test_weights_leave_equal_scores_alone() -> None:
    options, labels = {"weight": [1, 2, 3, 4]}, Tensor(shape=(8,), counts={"0": 1, "1": 7})
    call = Loss(function="cross_entropy", options=options, input=Tensor(shape=(8, 4)), target=labels)
    found = guess(NO_RUN, [call])
    assert found.constant is None
    assert found.blank == pytest.approx(math.log(4))
    assert guess(NO_RUN, [Loss(function="mse_loss", options={"weight": 2}, target=_numbers([1, 2]))]).blank is None


def test_of_soft_targets_it_is_not_known_how_much_can_be_known() -> None:
    y = np.full((10, 2), 0.5) + np.random.default_rng(0).normal(0, 0.05, (10, 2))
    found = guess(NO_RUN, [Loss(function="binary_cross_entropy", target=_numbers(y))])
    assert (found.constant, found.least) == (None, None)
    assert found.blank == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("function", "options"), [("l1_loss", {}), ("huber_loss", {"delta": 0.5}), ("smooth_l1_loss", {"beta": 2.0})]
)
def test_distances_of_normal_targets(function: str, options: dict[str, float]) -> None:
    y = np.random.default_rng(0).normal(2, 3, 200_000)
    edge = options.get("delta") or options.get("beta") or 0.0

    def cost(e: Any) -> float:
        e = np.abs(e)
        own = np.where(e < edge, e**2 / 2, edge * (e - edge / 2)) if edge else e
        return float(own.mean()) / (edge if "beta" in options else 1.0)

    found = guess(NO_RUN, [Loss(function=function, options=options, target=_numbers(y))])
    assert not found.exact
    assert found.constant == pytest.approx(cost(y - y.mean()), rel=0.01)
    assert found.blank == pytest.approx(cost(y), rel=0.01)


def test_the_main_loss_is_the_one_that_goes_into_backward() -> None:
    entries = healthy_run(np.random.default_rng(0))
    beside = [{**call, "line": "train.py:3", "op": 99, "value": 0.0} for call in of_kind(entries, "loss")]
    found = learnt(Run.from_entries([*beside, *entries]))
    assert found is not None
    assert {call.line for call in found.calls} == {"train.py:21"}
    assert found.scale == pytest.approx(1)


def test_spikes_are_not_what_was_learnt() -> None:
    entries = healthy_run(np.random.default_rng(0))
    calm = learnt(Run.from_entries(entries))
    of_kind(entries, "losses")[0]["values"][90::4] = [50.0] * 3
    spiky = learnt(Run.from_entries(entries))
    assert calm is not None
    assert spiky is not None
    assert spiky.late == pytest.approx(calm.late, rel=0.1)


def test_a_penalty_that_outgrows_the_loss_is_no_part_of_it() -> None:
    entries = healthy_run(np.random.default_rng(0))
    plain = learnt(Run.from_entries(entries))
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [v + 0.01 * i for i, v in enumerate(losses["values"])]
    found = learnt(Run.from_entries(entries))
    assert plain is not None
    assert found is not None
    assert found.scale is None
    assert found.gained == pytest.approx(plain.gained, abs=0.1)
