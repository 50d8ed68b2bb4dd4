"""The words of a change of numbers name what changed: a value, the digits, the place or the spread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tearless.statistics.against.gaps import largest_gap
from tearless.statistics.against.wording import in_words
from tearless.statistics.profile.histogram import Histogram

Law = Callable[[np.random.Generator, int], "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]
LAWS: dict[str, Law] = {
    "normal": lambda r, n: r.normal(5, 1, n),
    "exponential": lambda r, n: r.exponential(3, n),
    "gamma": lambda r, n: r.gamma(4, 2, n),
    "lognormal": lambda r, n: r.lognormal(1, 0.5, n),
}


def words(now: object, past: object) -> str:
    a, b = Histogram.of(np.asarray(now, dtype=float)), Histogram.of(np.asarray(past, dtype=float))
    ends = [float(np.min(np.asarray(now)))]
    return in_words(a, b, largest_gap(b, a), ends)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2_000, 20_000])
@pytest.mark.parametrize("law", LAWS)
def test_one_value_that_gained_a_share_is_named(law: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    now = np.where(rng.random(n) < 0.08, -999.0, LAWS[law](rng, n))
    said = words(now, LAWS[law](rng, n))
    assert said.startswith(("holds -999 in 0 % of", "holds about -999 in 0 % of"))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2_000, 20_000])
@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_values_that_became_whole_are_said_to_be(law: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = words(np.round(LAWS[law](rng, n)), LAWS[law](rng, n))
    assert said.startswith("holds whole numbers in ")
    assert "100 %" in said
    assert said.endswith(("in 0 % of the earlier rows, in 100 % now", "of the rows, earlier in fewer than 50 %"))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2_000, 20_000])
def test_a_spread_that_grew_is_no_median_that_moved(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert words(rng.normal(5, 1.4, n), rng.normal(5, 1, n)).startswith("is spread wider: 1.")
    assert words(rng.normal(5, 1, n), rng.normal(5, 1.4, n)).startswith("is spread less widely: 1.")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("law", LAWS)
def test_a_column_that_moved_is_said_to_have_moved(law: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    past, now = LAWS[law](rng, 3_000), LAWS[law](rng, 3_000)
    assert words(now + past.std() / 2, past).startswith("moved up: median")
    assert words(now * 1.5, past).startswith("moved up: median")
    assert words(rng.poisson(5, 3_000), rng.poisson(3, 3_000)) == "moved up: median 3 earlier, 5 now"
