"""Chains in their stated order, and draws that follow the probabilities."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from tearless.core import InputError
from tearless.probability.sampling import LLAMA_CPP, TRANSFORMERS, VLLM, chain, draw


@pytest.mark.parametrize("t", [0.5, 1.0, 2.5])
def test_a_chain_is_transformers_list_of_warpers(t: float) -> None:
    z = torch.tensor(np.random.default_rng(2).normal(size=(50, 60)) * 3)
    theirs = LogitsProcessorList(
        [
            TemperatureLogitsWarper(t),
            TopKLogitsWarper(30),
            TopPLogitsWarper(0.9),
            MinPLogitsWarper(0.02),
            TypicalLogitsWarper(0.8),
        ]
    )(torch.zeros((50, 1), dtype=torch.long), z)
    ours = chain(z, {"top_p": 0.9, "temperature": t, "top_k": 30, "typical": 0.8, "min_p": 0.02})
    torch.testing.assert_close(ours.probabilities, torch.softmax(theirs, dim=-1), rtol=1e-12, atol=1e-15)
    assert [s.name for s in ours.stages] == ["temperature", "top_k", "top_p", "min_p", "typical"]


def test_the_order_changes_what_is_kept() -> None:
    z = np.random.default_rng(3).normal(size=100) * 3
    settings = {"temperature": 3.0, "top_p": 0.8}
    first, last = chain(z, settings), chain(z, settings, order=LLAMA_CPP)
    assert first.stages[-1].after.count > last.stages[-1].after.count
    assert set(np.flatnonzero(last.probabilities)) <= set(np.flatnonzero(first.probabilities))


def test_where_every_operation_compares_ranks_the_order_does_not_matter() -> None:
    z = np.random.default_rng(4).normal(size=50)
    orders = itertools.permutations(["temperature", "top_k"])
    results = [chain(z, {"temperature": 0.3, "top_k": 5}, order=order).probabilities for order in orders]
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


def test_a_chain_tells_its_stages() -> None:
    told = chain([2.0, 1.0, 0.0, -1.0], {"temperature": 1.0, "top_k": 2, "top_p": 0.99})
    masses = [float(s.mass) for s in told.stages]
    assert masses[0] == 1.0
    assert masses[1] == pytest.approx((np.e**2 + np.e) / (np.e**2 + np.e + 1 + 1 / np.e))
    lines = str(told).splitlines()
    assert [line.split()[0] for line in lines] == ["operation", "temperature", "top_k", "top_p"]
    assert lines[2].split()[2] == "2"
    batch = torch.zeros((2, 4), dtype=torch.float32, requires_grad=True)
    assert str(chain(batch, {"top_k": 2})).splitlines()[1].split() == ["top_k", "2", "4", "1", "4"]
    assert chain([1.0, 0.0], {}).probabilities.sum() == 1


def test_temperature_zero_is_greedy() -> None:
    assert chain([1.0, 5.0, 2.0], {"temperature": 0.0, "top_p": 0.9}).probabilities.tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("how", ["inverse", "gumbel"])
@pytest.mark.parametrize("library", [np.asarray, torch.asarray])
def test_draws_follow_the_probabilities(how: Any, library: Any) -> None:
    p = np.array([0.5, 0.0, 0.3, 0.15, 0.05, 0.0])
    with np.errstate(divide="ignore"):
        z = library(np.broadcast_to(np.log(p), (40_000, 6)).copy())
    drawn = np.bincount(np.asarray(draw(z, np.random.default_rng(9), how)), minlength=6)
    assert (drawn[p == 0] == 0).all()
    assert stats.chisquare(drawn[p > 0], 40_000 * p[p > 0]).pvalue > 0.001


@pytest.mark.parametrize("how", ["inverse", "gumbel"])
def test_a_seed_draws_the_same_in_every_library(how: Any) -> None:
    z = np.random.default_rng(1).normal(size=(500, 40))
    ours = draw(z, np.random.default_rng(7), how)
    assert ours.shape == (500,)
    assert draw(torch.tensor(z), np.random.default_rng(7), how).tolist() == ours.tolist()


class Last(np.random.Generator):
    """A generator whose every number is the largest below 1, which float32 rounds to 1."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def random(self, size: Any = None, *_: Any) -> Any:  # type: ignore[override]
        return np.full(size, np.nextafter(1.0, 0.0))


def test_the_last_number_draws_the_last_possible_choice() -> None:
    z = np.array([0.0, 1.0, -np.inf, -np.inf], dtype=np.float32)
    assert int(draw(z, Last())) == 1
    assert int(draw(z.astype(np.float64), Last())) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: chain([1.0], {"heat": 1.0}),
        lambda: chain([1.0], {"eta": 0.1}, order=VLLM),
        lambda: chain([1.0], {"top_k": 1}, order=("top_k", "top_k")),
        lambda: chain([np.nan], {"top_k": 1}, order=TRANSFORMERS),
        lambda: draw([1.0], np.random.default_rng(0), "best"),  # type: ignore[arg-type]
    ],
)
def test_refusals(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
