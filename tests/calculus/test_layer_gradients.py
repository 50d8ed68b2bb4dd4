"""What a lesson shows of a run's gradients: by layer where outputs were seen, else by the weights; refused without."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tearless.calculus.deep_run import deep_run
from tearless.calculus.layer_gradients import LARGEST_GAIN, MOST_STEPS, SMALLEST_GAIN, LayerGradients
from tearless.core import NotApplicable
from tearless.readers.training.made import healthy_run, of_kind
from tearless.readers.training.run import Run


def test_the_layers_of_a_run_are_told_from_the_first_to_the_last() -> None:
    found = LayerGradients.derive(Run.from_entries(deep_run(np.random.default_rng(0), 0.2, 6, 1.0, 0.1)))
    assert len(found.lengths) == len(found.norms) == found.depth == 6
    assert found.kept == pytest.approx(0.2**5)
    assert (found.activation, found.width) == ("sigmoid", 64)
    assert SMALLEST_GAIN <= found.gain <= LARGEST_GAIN


def test_without_outputs_the_gradients_by_the_weights_are_told() -> None:
    entries = [entry for entry in healthy_run(np.random.default_rng(0)) if entry["kind"] not in ("values", "graph")]
    found = LayerGradients.derive(Run.from_entries(entries))
    assert found.lengths == tuple(line[-1] for line in found.norms)
    assert len(found.norms) == 3  # matrices, no biases


def test_a_log_tells_the_gradient_of_all_weights_together() -> None:
    rows = [{"kind": "metric", "name": "grad_norm", "step": i, "value": 1 / (i + 1)} for i in range(1000)]
    found = LayerGradients.derive(Run.from_entries(rows))
    assert (found.lengths, found.kept) == ((), None)
    assert len(found.steps) == MOST_STEPS
    assert found.steps[-1] == 999


def test_a_gradient_that_is_nan_is_named_and_passed_over() -> None:
    entries = healthy_run(np.random.default_rng(0))
    for step in of_kind(entries, "step")[-2:]:
        step["gradient"], step["bad"] = [math.nan] * 6, [3] * 6
    found = LayerGradients.derive(Run.from_entries(entries))
    assert found.hurt.startswith("; it breaks at step 77")
    assert found.lengths


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([{"kind": "start", "source": "checkpoint"}], "saved model"),
        ([{"kind": "losses", "first": 1, "values": [1.0, 0.5]}], "no gradient was measured"),
        ([{"kind": "step", "step": 1, "parameters": ["a"], "gradient": [0.0]}], "above 0"),
    ],
)
def test_a_run_without_gradients_is_refused(entries: list[dict[str, object]], why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        LayerGradients.derive(Run.from_entries(entries))
