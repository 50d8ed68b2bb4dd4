"""Adjusted chances: statsmodels', the definition by closed testing, and what each procedure promises."""

from __future__ import annotations

import gc
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tearless.core import InputError
from tearless.statistics.multiple_testing import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    hochberg,
    holm,
    hommel,
)

THEIRS = {
    "bonferroni": bonferroni,
    "holm": holm,
    "simes-hochberg": hochberg,
    "hommel": hommel,
    "fdr_bh": benjamini_hochberg,
    "fdr_by": benjamini_yekutieli,
}
CHANCES = st.lists(
    st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module", autouse=True)
def _no_garbage_of_others() -> None:
    """Theirs collects garbage at each call of Holm: what other tests left behind is not looked through every time."""
    gc.collect()
    gc.freeze()


@pytest.mark.parametrize("name", THEIRS)
@given(p=CHANCES)
def test_each_is_that_of_statsmodels(name: str, p: list[float]) -> None:
    assert THEIRS[name](p) == pytest.approx(multipletests(p, method=name)[1], rel=1e-12, abs=1e-300)


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_and_hommel_are_closed_tests_by_bonferroni_and_simes(p: list[float]) -> None:
    """A hypothesis falls when every set that holds it falls; the adjusted chance is the largest over those sets."""
    m = len(p)
    for adjusted, of_set in (
        (holm, lambda q: len(q) * q[0]),
        (hommel, lambda q: min(len(q) * x / (i + 1) for i, x in enumerate(q))),
    ):
        closed = [0.0] * m
        for size in range(1, m + 1):
            for chosen in itertools.combinations(range(m), size):
                chance = min(1.0, of_set(sorted(p[i] for i in chosen)))
                for i in chosen:
                    closed[i] = max(closed[i], chance)
        assert adjusted(p) == pytest.approx(closed, rel=1e-12, abs=1e-300)


@given(p=CHANCES)
def test_the_stronger_the_assumption_the_smaller_the_chance(p: list[float]) -> None:
    b, h, c, m, q = (f(p) for f in (bonferroni, holm, hochberg, hommel, benjamini_hochberg))
    for above, below in itertools.pairwise((b, h, c, m, q, np.asarray(p))):
        assert (above >= below - 1e-12).all()


@given(p=CHANCES, seed=st.integers(0, 99))
def test_order_does_not_matter(p: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(p))
    for adjusted in THEIRS.values():
        assert adjusted(np.asarray(p)[order]) == pytest.approx(adjusted(p)[order], rel=1e-12, abs=1e-300)


def test_benjamini_and_hochberg_1995_section_4() -> None:
    """Their example of 15 chances (thrombolysis after infarction, Neuhaus et al. 1992): Bonferroni 3, theirs 4."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000]
    assert [int((f(p) <= 0.05).sum()) for f in (bonferroni, hochberg, benjamini_hochberg)] == [3, 3, 4]


@pytest.mark.parametrize("adjusted", THEIRS.values())
@pytest.mark.parametrize("p", [[1.2], [-0.1], [float("nan")], [[0.1]]])
def test_what_is_no_chance_is_refused(adjusted: object, p: list[float]) -> None:
    with pytest.raises(InputError, match="chances between 0 and 1"):
        adjusted(p)  # type: ignore[operator]
    assert adjusted([]).shape == (0,)  # type: ignore[operator]
