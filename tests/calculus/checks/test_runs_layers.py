"""Facts about the layers of a run that the examples of single checks do not show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tearless.calculus.fading import fading, over_time, summed_updates
from tearless.calculus.held_out_curve import held_out
from tearless.linear_algebra.layers_of_a_run import heights, layers
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import healthy_run, of_kind
from tearless.readers.training.run import Run


def _entries(seed: int = 0) -> list[dict[str, Any]]:
    return healthy_run(np.random.default_rng(seed))


def test_layers_know_their_fan_in_and_their_height() -> None:
    run = Run.from_entries(_entries())
    found = layers(run.graphs[0])
    assert [(layer.fan_in, layer.height, layer.source) for layer in found] == [(20, 2, None), (64, 1, 1), (64, 0, 3)]
    assert heights(run.graphs[0])[1] == 2


def test_a_weight_behind_a_view_is_found() -> None:
    entries = _entries()
    graph = of_kind(entries, "graph")[0]
    graph["ops"][4].update(function="matmul", inputs=[3, 6], given=[[128, 64], [64, 3]])
    graph["ops"].insert(4, {"op": 6, "function": "t", "inputs": ["parameter net.4.weight"], "shape": [64, 3]})
    found = layers(Run.from_entries(entries).graphs[0])
    assert (found[-1].parameter, found[-1].fan_in) == ("net.4.weight", 64)


@pytest.mark.parametrize("share", [1.0, 0.25, 8.0])
def test_what_was_learnt_does_not_depend_on_the_scale_of_the_steps_loss(share: float) -> None:
    entries = _entries()
    whole = learnt(Run.from_entries(entries))
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [share * value for value in losses["values"]]
    part = learnt(Run.from_entries(entries))
    assert whole is not None
    assert part is not None
    assert whole.share == pytest.approx(part.share)


def test_unknown_losses_are_not_taken_for_nan() -> None:
    entries = _entries()
    values = of_kind(entries, "losses")[0]["values"]
    known, broken = list(values), list(values)
    known[1::2] = [None] * len(known[1::2])
    broken[-1] = math.nan
    of_kind(entries, "losses")[0]["values"] = known
    half = learnt(Run.from_entries(entries))
    of_kind(entries, "losses")[0]["values"] = broken
    ended = learnt(Run.from_entries(entries))
    assert half is not None
    assert half.share is not None
    assert half.share > 0.5
    assert ended is not None
    assert ended.share == -1.0


@pytest.mark.parametrize(("name", "apart"), [("AdamW", True), ("SGD", False)])
def test_weight_decay_alone_changes_nothing(name: str, apart: bool) -> None:
    entries = _entries()
    optimizer = of_kind(entries, "optimizer")[0]
    optimizer["name"] = name
    optimizer["groups"][0]["weight_decay"] = 0.1
    for step in of_kind(entries, "step"):
        step["gradient"] = [0.0] * len(step["gradient"])
        step["update"] = [1e-3 * 0.1 * size for size in step["weight"]]
    moved = summed_updates(Run.from_entries(entries))
    assert max(moved.values()) == pytest.approx(0.0, abs=1e-12), apart


@pytest.mark.parametrize("gain", [0.2, 0.5, 0.9, 1.3])
def test_the_gain_of_a_chain_is_found_again(gain: float) -> None:
    entries = _entries()
    for values in of_kind(entries, "values"):
        lengths = [gain**2, gain, 1.0]
        values["grad"] = [lengths[0] / 8, None, lengths[1] / 8, None, lengths[2] / math.sqrt(3), 1.0]
    found = fading(Run.from_entries(entries))
    assert found is not None
    assert found.gain == pytest.approx(gain, rel=1e-6)
    assert found.kept == pytest.approx(min(1.0, gain**2), rel=1e-6)


def test_the_long_run_gain_of_a_random_recurrence_is_that_of_its_matrix() -> None:
    rng = np.random.default_rng(0)
    n, steps = 60, 80
    matrix = rng.uniform(-1, 1, (n, n)) / math.sqrt(n)
    row = rng.normal(size=n)
    grown = [float(np.linalg.norm(row @ np.linalg.matrix_power(matrix, k))) for k in (steps // 2, steps)]
    measured = (grown[1] / grown[0]) ** (2 / steps)
    entries = _entries()
    rnn = {
        "op": 0,
        "function": "rnn_tanh",
        "module": "rnn",
        "shape": [8, steps, n],
        "given": [[8, steps, 2], [1, 8, n]],
    }
    of_kind(entries, "graph")[0]["ops"][0] = {**rnn, "inputs": ["input", "data", "parameter rnn.weight_hh_l0"]}
    for values in of_kind(entries, "values"):
        values["rms"][0] = 0.01
    for step in of_kind(entries, "step"):
        step.update(
            parameters=["rnn.weight_hh_l0"], weight=[float(np.linalg.norm(matrix))], gradient=[1.0], update=[0.0]
        )
    found = over_time(Run.from_entries(entries))
    assert found is not None
    assert found.steps == steps
    assert found.gain == pytest.approx(measured, rel=0.1)


def test_a_noisy_level_series_hardly_ever_rises_from_its_minimum() -> None:
    risen = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        entries = [entry for entry in _entries(seed) if entry["kind"] != "evaluation"]
        for i, loss in enumerate(0.6 + rng.normal(0, 0.1, 25)):
            entries.append({"kind": "evaluation", "step": 4 * (i + 1), "loss": float(loss), "samples": 100})
        found = held_out(Run.from_entries(entries))
        assert found is not None
        risen += found.gone >= 0.25
    assert risen <= 4
