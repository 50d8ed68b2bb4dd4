"""The checks of a run's optimiser on simulated runs: logistic regression at known multiples of its stability bound."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tearless.calculus.reduction import of_rows
from tearless.calculus.stability import largest_rate
from tearless.core import CannotTell, NotApplicable
from tearless.core.check import Check, load
from tearless.readers.training.made import healthy_run, of_kind
from tearless.readers.training.run import Run

Vector = NDArray[np.float64]
NAMES = (
    "learning_rate_too_high",
    "learning_rate_too_low",
    "momentum_too_high",
    "clipping_too_tight",
    "exploding_gradient",
    "weight_decay_too_strong",
    "plateau",
    "loss_spike",
    "oscillation",
)
LOOKED = {1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 26, 34, 45, 59, 77, 101, 132, 172, 224, 292}
STEPS = 300


def check(name: str) -> Check:
    return load(importlib.import_module(f"tearless.calculus.checks.{name}"), "calculus")


CHECKS = {name: check(name) for name in NAMES}


def found(run: Run) -> set[str]:
    """The names of the checks that warn of a run, or worse."""
    names = set()
    for name, one in CHECKS.items():
        try:
            judged = [one.judge(measured) for measured in one.measure(run)]
        except (CannotTell, NotApplicable):
            continue
        names |= {name for finding in judged if finding is not None and finding.severity >= 20}
    return names


class Logistic:
    """Logistic regression on standard normal inputs; ``flip`` of the labels are random."""

    def __init__(self, rng: np.random.Generator, flip: float = 0.0, n: int = 512, d: int = 10) -> None:
        self.x = rng.normal(size=(n, d))
        self.y = np.sign(self.x @ rng.normal(size=d))
        self.y = np.where(rng.random(n) < flip, rng.choice([-1.0, 1.0], n), self.y)
        self.largest = float(np.linalg.eigvalsh(self.x.T @ self.x / n).max()) / 4
        """The largest curvature: σ′ ≤ ¼."""

    def loss(self, w: Vector, rows: Any) -> float:
        return float(np.logaddexp(0, -self.y[rows] * (self.x[rows] @ w)).mean())

    def gradient(self, w: Vector, rows: Any) -> Vector:
        margin = self.y[rows] * (self.x[rows] @ w)
        weight = -self.y[rows] * np.exp(-np.logaddexp(0, margin)) / len(margin)
        return np.asarray(self.x[rows].T @ weight)


class Quadratic:
    """½ wᵀΛw + ½ε from w = 1: curvatures from ``largest`` down over two decades."""

    def __init__(self, largest: float = 1.0, d: int = 20) -> None:
        self.h, self.largest = np.geomspace(largest, largest / 100, d), largest
        self.x = np.empty((512, 0))

    def loss(self, w: Vector, _: Any) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(0.5 * np.sum(self.h * (w + 1) ** 2)) + 0.01

    def gradient(self, w: Vector, _: Any) -> Vector:
        return np.asarray(self.h * (w + 1))


def trained(
    task: Any,
    rng: np.random.Generator,
    rate: float,
    *,
    beta: float = 0.0,
    adam: bool = False,
    batch: int = 32,
    clip: float | None = None,
    decay: float = 0.0,
) -> Run:
    """The record of a run from weights of 0."""
    d = task.h.size if isinstance(task, Quadratic) else task.x.shape[1]
    w, m, v = np.zeros(d), np.zeros(d), np.zeros(d)
    settings = {"lr": rate, "betas": [0.9, 0.999], "eps": 1e-8} if adam else {"lr": rate, "momentum": beta}
    entries: list[dict[str, Any]] = [
        {"kind": "optimizer", "name": "Adam" if adam else "SGD", "groups": [{**settings, "weight_decay": decay}]},
        {"kind": "model", "parameters": [{"name": "w", "shape": [1, d]}]},
    ]
    losses = []
    with np.errstate(all="ignore"):
        for t in range(1, STEPS + 1):
            rows = rng.choice(len(task.x), batch, replace=False)
            before, g = task.loss(w, rows), task.gradient(w, rows)
            losses.append(before)
            norm = float(np.linalg.norm(g))
            if clip is not None:
                g = g * min(1.0, clip / norm)
            if adam:
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                step = -rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            else:
                m = beta * m + g + decay * w
                step = -rate * m
            if t in LOOKED:
                entries += _entries(task, w, g, step, rows, t, before, norm, clip)
            w = w + step
    entries.append({"kind": "losses", "first": 1, "values": losses, "rates": [rate] * STEPS})
    return Run.from_entries(entries)


def _entries(
    task: Any, w: Vector, g: Vector, step: Vector, rows: Any, t: int, before: float, norm: float, clip: Any
) -> Any:
    slope = float(g @ step)
    after = task.loss(w + step, rows)
    norms: Mapping[str, list[float]] = {
        "gradient": [float(np.linalg.norm(g))],
        "weight": [float(np.linalg.norm(w))],
        "update": [float(np.linalg.norm(step))],
    }
    yield {"kind": "step", "step": t, "loss": before, "parameters": ["w"], **norms, "slope": slope}
    numbers = {"before": before, "after": after, "predicted": slope}
    yield {"kind": "probe", "probe": "reduction", "step": t, "numbers": numbers}
    if clip is not None:
        yield {"kind": "clip", "step": t, "norm": norm, "most": clip, "by": "norm"}


SEEDS = range(20)


@pytest.mark.parametrize("flip", [0.0, 0.3])
@pytest.mark.parametrize(
    ("batch", "settings"),
    [
        (4, {"rate": 0.05}),
        (32, {"rate": 0.5}),
        (512, {"rate": 2.0}),
        (32, {"rate": 0.1, "beta": 0.9}),
        (32, {"rate": 0.02, "beta": 0.98}),
        (8, {"rate": 0.01, "adam": True}),
        (64, {"rate": 0.05, "adam": True}),
        (32, {"rate": 0.5, "clip": 0.1}),
        (32, {"rate": 0.3, "decay": 1e-3}),
    ],
)
def test_silent_on_rates_that_work(batch: int, settings: dict[str, Any], flip: float) -> None:
    """Among 20 seeds none warns, with clean labels and with three tenths of them random."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        run = trained(Logistic(rng, flip), rng, batch=batch, **settings)
        assert not found(run), (seed, found(run))


@pytest.mark.parametrize("beta", [0.0, 0.9])
def test_a_quadratic_past_its_bound_is_found_and_one_below_it_is_not(beta: float) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        bound = largest_rate(1.0, beta)
        assert "learning_rate_too_high" in found(trained(Quadratic(), rng, 1.2 * bound, beta=beta))
        assert not found(trained(Quadratic(), rng, 0.45 * bound, beta=beta))


def test_the_remedy_of_a_quadratic_is_a_rate_that_converges() -> None:
    """Multiplied by 1/(2(1 − r)), a rate past the bound falls below it, for whatever it was."""
    for times in (1.05, 1.5, 3.0, 10.0):
        rng = np.random.default_rng(0)
        run = trained(Quadratic(), rng, times * 2.0)
        measured = next(iter(CHECKS["learning_rate_too_high"].measure(run)))
        assert float(measured.words["remedy"]) < 2.0


@pytest.mark.parametrize("scale", [1e-4, 1e-3])
@pytest.mark.parametrize("adam", [False, True])
def test_a_rate_a_thousandth_of_a_good_one_is_too_low(scale: float, adam: bool) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rate = scale * (0.02 if adam else 0.5)
        assert "learning_rate_too_low" in found(trained(Logistic(rng), rng, rate, adam=adam, batch=64))


def test_clipping_to_a_thousandth_is_found_and_is_the_cause() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        names = found(trained(Logistic(rng), rng, 0.5, clip=3e-4, batch=64))
        assert "clipping_too_tight" in names
    assert "clipping-too-tight" in CHECKS["learning_rate_too_low"].symptom_of


def test_momentum_that_outlasts_the_run() -> None:
    """On a quadratic a momentum of 0.999 swings through the minimum with a period of 2π/√(ηλ)."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert "momentum_too_high" in found(trained(Quadratic(), rng, 0.02, beta=0.999))
        assert "momentum_too_high" not in found(trained(Quadratic(), rng, 0.02, beta=0.9))


def test_decay_that_holds_the_weights_at_nothing() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        run = trained(Logistic(rng), rng, 0.1, decay=10.0, batch=64)
        measured = next(iter(CHECKS["weight_decay_too_strong"].measure(run)))
        assert measured.numbers["folds"].value == pytest.approx(300.0)
        assert measured.numbers["left"].value > 0.9  # type: ignore[operator]


def test_labels_without_signal_are_no_fault_of_the_rate() -> None:
    """All labels random: the loss stays, but the steps keep their promises."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        run = trained(Logistic(rng, flip=1.0), rng, 0.01, adam=True)
        assert not found(run) & {"learning_rate_too_high", "learning_rate_too_low"}, (seed, found(run))


@pytest.mark.parametrize("level", [0.0, -5.0])
def test_losses_below_zero_raise_no_alarm(level: float) -> None:
    """A policy gradient: the loss is noise about a level that need not fall."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        entries = healthy_run(rng, 400)
        of_kind(entries, "losses")[0]["values"] = (level + rng.normal(0, 1.0, 400)).tolist()
        assert not found(Run.from_entries([e for e in entries if e["kind"] not in ("loss", "probe")]))


def test_noise_of_any_tail_raises_no_alarm() -> None:
    """A level that falls by half, in batches of one sample: exponential and log-normal losses."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        luck = rng.exponential(1.0, 500) if seed % 2 else rng.lognormal(0, 1, 500)
        losses = (0.5 + 0.5 * np.exp(-np.arange(500) / 100)) * luck
        losses[0] = max(losses[0], 0.2)
        assert not found(Run.from_entries([{"kind": "losses", "first": 1, "values": losses.tolist(), "rates": []}])), (
            seed
        )


@pytest.mark.parametrize(
    "entries", [[], [{"kind": "losses", "first": 1, "values": [None, float("nan")], "rates": [None]}]]
)
def test_records_that_tell_nothing_cannot_be_judged(entries: list[dict[str, Any]]) -> None:
    for one in CHECKS.values():
        with pytest.raises((CannotTell, NotApplicable)):
            list(one.measure(Run.from_entries(entries)))


def test_wild_numbers_are_survived() -> None:
    """Entries with nan, infinities and gaps everywhere give numbers or CannotTell, never an exception."""
    rng = np.random.default_rng(0)
    wild = [None, float("nan"), float("inf"), -float("inf"), 0.0, 1e308, -1e308, 1.0]
    for _ in range(200):
        entries = healthy_run(rng)
        for entry in entries:
            for key in ("loss", "slope", "value", "norm"):
                if key in entry and rng.random() < 0.3:
                    entry[key] = wild[int(rng.integers(len(wild)))]
            for key in ("values", "rates", "gradient", "weight", "update"):
                if isinstance(entry.get(key), list):
                    entry[key] = [wild[int(rng.integers(8))] if rng.random() < 0.2 else x for x in entry[key]]
            if entry["kind"] == "probe":
                entry["numbers"] = {k: wild[int(rng.integers(8))] for k in entry["numbers"]}
        found(Run.from_entries(entries))


def test_a_promise_too_small_to_be_measured_is_straight() -> None:
    assert of_rows([(1, 1.0, 1.0 + 1e-8, 1e-9)]).kept == 1.0
    assert of_rows([(1, 1.0, float("nan"), 0.5)]).kept is None
    assert of_rows([(1, 1.0, float("inf"), 0.5)]).kept == -1.0
