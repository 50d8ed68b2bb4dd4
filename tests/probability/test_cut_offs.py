"""Cut-offs and temperature: the sets that transformers' and llama.cpp's own samplers keep, and what they leave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from transformers.generation.logits_process import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from tearless.core import InputError
from tearless.probability.cut_offs import Kept, epsilon, eta, min_p, top_k, top_p, typical
from tearless.probability.temperature import at_temperature, temperature

Logits = torch.Tensor


def left_by(warper: Any, logits: Logits) -> Logits:
    return warper(torch.zeros((len(logits), 1), dtype=torch.long), logits) > -math.inf


WARPERS = [
    (lambda z: top_k(z, 1), TopKLogitsWarper(1)),
    (lambda z: top_k(z, 7), TopKLogitsWarper(7)),
    (lambda z: top_k(z, 1_000), TopKLogitsWarper(1_000)),
    *((lambda z, p=p: top_p(z, p), TopPLogitsWarper(p)) for p in (0.0, 0.1, 0.5, 0.9, 0.99)),
    (lambda z: top_p(z, 0.2, least=5), TopPLogitsWarper(0.2, min_tokens_to_keep=5)),
    *((lambda z, p=p: min_p(z, p), MinPLogitsWarper(p)) for p in (0.0, 0.05, 0.3, 1.0)),
    (lambda z: min_p(z, 0.6, least=4), MinPLogitsWarper(0.6, min_tokens_to_keep=4)),
    *((lambda z, p=p: typical(z, p), TypicalLogitsWarper(p)) for p in (0.1, 0.5, 0.9, 0.99)),
    (lambda z: typical(z, 0.1, least=3), TypicalLogitsWarper(0.1, min_tokens_to_keep=3)),
    *((lambda z, p=p: epsilon(z, p), EpsilonLogitsWarper(p)) for p in (0.001, 0.02, 0.5, 0.99)),
    (lambda z: epsilon(z, 0.5, least=3), EpsilonLogitsWarper(0.5, min_tokens_to_keep=3)),
    *((lambda z, p=p: eta(z, p), EtaLogitsWarper(p)) for p in (0.001, 0.02, 0.5, 0.99)),
    (lambda z: eta(z, 0.9, least=3), EtaLogitsWarper(0.9, min_tokens_to_keep=3)),
]


@pytest.mark.parametrize(("ours", "theirs"), WARPERS)
@pytest.mark.parametrize("spread", [0.3, 2.0, 12.0])
def test_random_logits_keep_the_set_that_transformers_keeps(ours: Any, theirs: Any, spread: float) -> None:
    z = spread * torch.tensor(np.random.default_rng(5).normal(size=(60, 50)))
    assert torch.equal(ours(z).kept, left_by(theirs, z))


@pytest.mark.parametrize(("ours", "theirs"), WARPERS)
def test_choices_ruled_out_before_stay_out_as_in_transformers(ours: Any, theirs: Any) -> None:
    rng = np.random.default_rng(6)
    z = torch.tensor(np.where(rng.random((40, 30)) < 0.5, -np.inf, rng.normal(size=(40, 30))))
    z[:, 3] = 1.0
    assert torch.equal(ours(z).kept, left_by(theirs, z))


@pytest.mark.parametrize(("ours", "theirs"), WARPERS)
def test_ties_are_kept_as_transformers_does_or_as_many_of_them(ours: Any, theirs: Any) -> None:
    """Equal logits: top-p keeps as many as transformers, of the same probabilities, but the first by position, where
    transformers keeps those that its sort leaves last. To reach a least number, min-p and typical keep all equals here,
    and there those that come first in a sort."""
    z = torch.tensor(np.random.default_rng(7).integers(0, 4, size=(80, 20)).astype(float))
    mine, other = ours(z).kept, left_by(theirs, z)
    if isinstance(theirs, TopPLogitsWarper):
        assert torch.equal(mine.sum(1), other.sum(1))
        none = torch.full_like(z, -99.0)
        assert torch.equal(torch.where(mine, z, none).sort(1).values, torch.where(other, z, none).sort(1).values)
    elif isinstance(theirs, (MinPLogitsWarper, TypicalLogitsWarper)) and theirs.min_tokens_to_keep > 1:
        assert bool((mine | ~other).all())
    else:
        assert torch.equal(mine, other)


def test_top_p_with_ties_all_treats_equals_alike() -> None:
    z = np.log([0.4, 0.2, 0.2, 0.2])
    assert top_p(z, 0.5).kept.tolist() == [True, True, False, False]
    assert top_p(z, 0.5, ties="all").kept.tolist() == [True, True, True, True]


@pytest.mark.parametrize("t", [0.1, 0.7, 1.0, 3.0])
def test_temperature_gives_the_probabilities_of_transformers(t: float) -> None:
    z = torch.tensor(np.random.default_rng(8).normal(size=(20, 30)) * 5)
    theirs = torch.softmax(TemperatureLogitsWarper(t)(torch.zeros((20, 1), dtype=torch.long), z), dim=-1)
    torch.testing.assert_close(at_temperature(z, t), theirs, rtol=1e-12, atol=1e-300)


# The cases of llama.cpp's tests/test-sampling.cpp (ggml-org/llama.cpp, commit 07e4038f): the probabilities that go in,
# the setting, and the probabilities of the choices that are left.
P = (0.1, 0.2, 0.3, 0.4)
LLAMA = [
    *((top_k, P, 1, (1.0,)), (top_k, P, 3, (0.44444, 0.33333, 0.22222)), (top_k, P, 4, P)),
    *((top_p, P, 0, (1.0,)), (top_p, P, 0.7, (0.571429, 0.428571)), (top_p, P, 1.0, P)),
    (top_p, P, 0.8, (0.44444, 0.33333, 0.22222)),
    *((min_p, P, 0.00, P), (min_p, P, 0.24, P)),
    *((min_p, P, share, (0.2 / 0.9, 0.3 / 0.9, 0.4 / 0.9)) for share in (0.26, 0.49)),
    *((min_p, P, share, (0.3 / 0.7, 0.4 / 0.7)) for share in (0.51, 0.74)),
    *((min_p, P, share, (1.0,)) for share in (0.76, 1.00)),
    (typical, (0.97, 0.01, 0.01, 0.01), 0.5, (1.0,)),
    (typical, (0.4, 0.2, 0.2, 0.2), 0.5, (1 / 3, 1 / 3, 1 / 3)),
]


@pytest.mark.parametrize(("cut", "given", "setting", "expected"), LLAMA)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_llama_cpps_own_cases(cut: Any, given: Any, setting: Any, expected: Any, dtype: Any) -> None:
    """Its typical case lists the probabilities before they are divided by their sum; here they are divided."""
    left = cut(np.log(np.array(given, dtype=dtype)), setting).probabilities
    assert left.dtype == dtype
    np.testing.assert_allclose(np.sort(left[left > 0]), np.sort(expected), atol=1e-5)


def test_where_llama_cpp_takes_a_number_for_off_it_is_refused() -> None:
    """There top_k = 0 keeps all and min_p = 1.05 the likeliest alone; transformers refuses both, and so does this."""
    z = np.log(P)
    for cut, setting in ((top_k, 0), (min_p, 1.05)):
        with pytest.raises(InputError):
            cut(z, setting)


@pytest.mark.parametrize(
    ("p", "expected"), [(1.0, P), (0.0, (0.0, 0.0, 0.0, 1.0))], ids=["temperature 1", "temperature 0"]
)
def test_llama_cpps_temperature_cases(p: float, expected: Any) -> None:
    np.testing.assert_allclose(at_temperature(np.log(P), p), expected, atol=1e-12)


def llama_queue(sequence: str, k: int, p: float, share: float) -> None:
    """Its test_sampler_queue: logits ln(i) for i from 0 to 9,999, so that what is left is a run i ≥ least."""
    n, least = 10_000, 1
    with np.errstate(divide="ignore"):
        z = np.log(np.arange(n, dtype=np.float64))
    for step in sequence:
        if step == "k":
            z, least = top_k(z, k).logits, max(least, n - k)
        elif step == "p":
            z = top_p(z, p).logits
            target = math.ceil(np.float32(p) * (n * (n - 1) // 2 - least * (least - 1) // 2))
            total, least = 0, n
            while total < target or least == n:
                least -= 1
                total += least
        else:
            z, least = min_p(z, share).logits, max(least, math.ceil(share * (n - 1) - 1e-6), 1)
        assert np.flatnonzero(z > -np.inf).tolist() == list(range(least, n))


@pytest.mark.parametrize(
    "queue",
    [
        *(("k", 10_000, 1.0, 1.0), ("k", 1, 1.0, 1.0), ("k", 100, 1.0, 1.0), ("p", 1, 1.0, 1.0), ("p", 1, 0.0, 1.0)),
        *(("p", 1, 0.0003, 1.0), ("p", 1, 0.8, 1.0), ("m", 1, 1.0, 1.0), ("m", 1, 1.0, 1e-12), ("m", 1, 1.0, 0.1)),
        *(("m", 1, 1.0, 9997.9 / 9999.0), ("mp", 100, 0.8, 9997.9 / 9999.0)),
        *((s, 100, 0.8, 0.1) for s in ("kp", "km", "pk", "pm", "mk", "mp", "kpm", "kmp", "pkm", "pmk", "mkp", "mpk")),
    ],
    ids=str,
)
def test_llama_cpps_queues(queue: tuple[str, int, float, float]) -> None:
    """llama.cpp counts token 0 (p = 0) as kept where nothing is cut; what cannot be drawn is never kept here."""
    llama_queue(*queue)


def test_what_a_cut_off_reports_adds_up() -> None:
    z = np.random.default_rng(1).normal(size=(4, 3, 25)) * 2
    for left in (top_k(z, 5), top_p(z, 0.7), min_p(z, 0.2), typical(z, 0.6), epsilon(z, 0.03), eta(z, 0.05)):
        p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
        np.testing.assert_allclose(left.mass, (p * left.kept).sum(-1), rtol=1e-12)
        np.testing.assert_allclose(left.probabilities, p * left.kept / left.mass[..., None], rtol=1e-12)
        q = left.probabilities
        h = -np.sum(np.where(q > 0, q * np.log(np.where(q > 0, q, 1)), 0), axis=-1)
        np.testing.assert_allclose(left.entropy, h, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(left.effective, np.exp(h), rtol=1e-10)
        assert (left.count == left.kept.sum(-1)).all()
        assert (left.effective <= left.count * (1 + 1e-12)).all()


LOGITS = arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e4, 1e4))


@settings(max_examples=150, deadline=None)
@given(LOGITS, st.floats(0, 1), st.integers(1, 40))
def test_laws(z: Any, p: float, k: int) -> None:
    cuts: list[Kept] = [top_k(z, k), top_p(z, p), min_p(z, p), typical(z, p)]
    if 0 < p < 1:
        cuts += [epsilon(z, p), eta(z, p)]
    for left in cuts:
        assert left.kept.any(), "at least one choice is kept"
        assert np.isclose(left.probabilities.sum(), 1)
        again = type(left)(np, left.logits, left.kept)
        assert np.allclose(again.mass, 1)
    for left in (cuts[0], cuts[2], *cuts[4:]):  # these treat equals alike, so the kept are the likeliest
        assert not left.kept.all() or left.count == len(z)
        if not left.kept.all():
            assert z[left.kept].min() > z[~left.kept].max()
    assert float(cuts[1].mass) >= p - 1e-12
    assert top_k(z, k, ties="first").count == min(k, len(z))


@settings(max_examples=60, deadline=None)
@given(LOGITS, st.floats(0, 1))
def test_top_p_keeps_no_more_than_it_must(z: Any, p: float) -> None:
    left = top_p(z, p)
    if left.count > 1:
        worst = np.where(left.kept, z, np.inf).argmin()
        q = np.exp(z - z.max())
        q /= q.sum()
        assert (q * left.kept).sum() - q[worst] < p + 1e-12


def test_temperature_at_its_limits() -> None:
    z = np.array([1.0, 3.0, 3.0, -np.inf])
    assert at_temperature(z, 0).tolist() == [0.0, 0.5, 0.5, 0.0]
    assert at_temperature(z, 1e-308).tolist() == [0.0, 0.5, 0.5, 0.0]
    assert at_temperature(z, 5e-324).tolist() == [0.0, 0.5, 0.5, 0.0]
    np.testing.assert_allclose(at_temperature(z, math.inf), [1 / 3, 1 / 3, 1 / 3, 0.0])
    np.testing.assert_allclose(at_temperature(z, 1e300), [1 / 3, 1 / 3, 1 / 3, 0.0])
    assert at_temperature([1e4, -1e4], 1.0).tolist() == [1.0, 0.0]
    assert at_temperature([-0.0, 0.0], 0).tolist() == [0.5, 0.5]
    assert at_temperature([7.0], 0.3).tolist() == [1.0]


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, st.integers(2, 12), elements=st.floats(-30, 30)), st.floats(0.05, 5), st.floats(1.01, 3))
def test_a_higher_temperature_is_never_surer(z: Any, t: float, factor: float) -> None:
    def h(t: float) -> float:
        return float(Kept(np, temperature(z, t), np.ones(len(z), dtype=bool)).entropy)

    assert h(t * factor) >= h(t) - 1e-12


@pytest.mark.parametrize(
    "bad", [[], 3.0, [math.nan, 1.0], [math.inf, 1.0], [-math.inf, -math.inf], "text", [[1.0], []]]
)
@pytest.mark.parametrize("operation", [lambda z: top_k(z, 1), lambda z: top_p(z, 0.5), lambda z: temperature(z, 1.0)])
def test_logits_that_mean_nothing_are_refused(operation: Any, bad: Any) -> None:
    with pytest.raises(InputError, match="logits"):
        operation(bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: top_k([1.0], 0),
        lambda: top_k([1.0], 1.5),  # type: ignore[arg-type]
        lambda: top_k([1.0], True),
        lambda: top_k([1.0], 1, ties="last"),  # type: ignore[arg-type]
        lambda: top_p([1.0], 1.1),
        lambda: top_p([1.0], math.nan),
        lambda: top_p([1.0], 0.5, least=0),
        lambda: min_p([1.0], -0.1),
        lambda: typical([1.0], 2.0),
        lambda: epsilon([1.0], 0.0),
        lambda: eta([1.0], 1.0),
        lambda: temperature([1.0], -1.0),
        lambda: temperature([1.0], math.nan),
        lambda: temperature([1.0], "hot"),  # type: ignore[arg-type]
    ],
)
def test_settings_that_mean_nothing_are_refused(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
