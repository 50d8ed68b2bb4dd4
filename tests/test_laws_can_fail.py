"""Each law catches the mistake planted for it: a battery that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tearless.core import Example, Limit, Measured, Number, Severity, fooled, harm
from tearless.core.catalogue import find
from tearless.core.check import Check
from tearless.core.laws import Law
from tearless.core.picture import Line, Picture
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Columns
from tearless.testing import LAWS, checks, obey

GOOD = find("constant-column")[0].load()
PAGE = GOOD.page()
DECIDES = next(limit for limit in GOOD.limits if limit.severity)


def _with_limits(**changes: Any) -> Check:
    return replace(GOOD, limits=tuple(replace(x, **changes) if x is DECIDES else x for x in GOOD.limits))


def _moved(check: Check, *, crossed: bool) -> Check:
    """The check with every limit always crossed, or with every limit out of reach."""
    return replace(
        check,
        limits=tuple(replace(x, at=-np.inf if crossed == (x.crossed == "above") else np.inf) for x in check.limits),
    )


def _measuring(change: Any) -> Check:
    """The good check with what it measures changed one subject at a time."""

    def measure(columns: Columns, sample: Sample, asked: Any) -> Iterator[Measured]:
        yield from map(change, GOOD.measure(columns=columns, sample=sample, asked=asked))

    return replace(GOOD, measure=measure)


def _nonfinite(one: Measured) -> Measured:
    return replace(one, numbers={**one.numbers, "distinct": Number(1.0, "", "")})


_calls = iter(range(10**9))


def _drifting(one: Measured) -> Measured:
    return replace(one, rows=(next(_calls),))


def _order_of_columns(columns: Columns, sample: Sample, asked: Any) -> Iterator[Measured]:
    first, *_ = GOOD.measure(columns=columns, sample=sample, asked=asked)
    yield first


def _only_the_sick(columns: Columns, sample: Sample, asked: Any) -> Iterator[Measured]:
    for one in GOOD.measure(columns=columns, sample=sample, asked=asked):
        if one.numbers["distinct"].value == 1:
            yield one


@fooled("fires", "marked to fire, and silent: this is the planted mistake")
def _silent(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=50)})


@harm(unit="nothing", at=1.0, because="a harm that is never suffered contradicts every sick example")
def _no_harm(example: Example, rng: np.random.Generator) -> float:
    return 0.0


def _silent_picture(measured: Measured) -> Picture:
    return Picture("The column", "", (Line((0.0, 1.0), (0.0, 1.0)),))


DEAD = Limit(
    of="distinct",
    at=-5.0,
    crossed="below",
    unit="values",
    kind="convention",
    severity=Severity.error,
    because="a limit that no number of distinct values can ever be below",
    name="dead",
)

PLANTED: dict[str, Check] = {
    "law_is_documented": replace(GOOD, page=lambda: replace(PAGE, sections={**PAGE.sections, "References": ""})),
    "law_limits_are_argued": _with_limits(because="looks right"),
    "law_has_examples": replace(GOOD, fooled=()),
    "law_is_silent_on_healthy": _moved(GOOD, crossed=True),
    "law_fires_on_sick": _moved(GOOD, crossed=False),
    "law_admits_its_weakness": replace(GOOD, fooled=(_silent,)),
    "law_every_limit_decides": replace(GOOD, limits=(*GOOD.limits, DEAD)),
    "law_words_render": replace(GOOD, why="ends with a full stop."),
    "law_evidence_is_plain_data": _measuring(_nonfinite),
    "law_draws_its_evidence": replace(GOOD, picture=_silent_picture),
    "law_is_reproducible": _measuring(_drifting),
    "law_is_invariant": replace(GOOD, measure=_order_of_columns),
    "law_predicts_its_harm": replace(GOOD, harm=_no_harm),
    "law_yields_no_second_judgement": replace(GOOD, measure=_only_the_sick),
}


@pytest.mark.parametrize("law", [x for x in LAWS if x.__name__ in PLANTED], ids=lambda law: law.__name__)
def test_the_law_catches_its_planted_mistake(law: Law) -> None:
    with pytest.raises(AssertionError):
        obey(PLANTED[law.__name__], law)


def test_a_check_that_changes_its_subject_is_caught() -> None:
    law = next(x for x in LAWS if x.__name__ == "law_does_not_touch_its_subject")

    def touching(check: Check, example: Example) -> list[Any]:
        next(iter(example.columns.values()))[0] = -1
        return []

    with pytest.raises(AssertionError, match="changed"):
        law(GOOD, touching, np.random.default_rng)


def test_a_severity_beside_the_limits_is_caught() -> None:
    law = next(x for x in LAWS if x.__name__ == "law_limits_are_the_judgement")

    def inflated(check: Check, example: Example) -> list[Any]:
        from tearless.testing import findings_on

        return [replace(f, severity=Severity.error) for f in findings_on(check, example)]

    with pytest.raises(AssertionError, match="limits say"):
        law(GOOD, inflated, np.random.default_rng)


def test_a_picture_that_is_empty_or_endless_is_caught() -> None:
    law = next(x for x in LAWS if x.__name__ == "law_draws_its_evidence")

    def drawing(*ends: float) -> Any:
        def picture(measured: Measured) -> Picture:
            return Picture("The column", "It has these values, from here to there.", (Line(ends, ends),))

        return replace(GOOD, picture=picture)

    obey(drawing(0.0, np.nan, 1.0), law)
    with pytest.raises(AssertionError, match="infinity"):
        obey(drawing(0.0, np.inf), law)
    with pytest.raises(AssertionError, match="empty"):
        obey(drawing(np.nan), law)
    with pytest.raises(AssertionError, match="nothing is drawn"):
        law(drawing(0.0), lambda check, example: [], np.random.default_rng)


def test_a_picture_that_fails_is_caught_though_a_report_shows_another() -> None:
    law = next(x for x in LAWS if x.__name__ == "law_draws_its_evidence")

    def failing(measured: Measured) -> Picture:
        raise ValueError("a planted fault")

    with pytest.raises(AssertionError, match="a planted fault"):
        obey(replace(GOOD, picture=failing), law)


def test_every_law_has_a_planted_mistake() -> None:
    elsewhere = {"law_does_not_touch_its_subject", "law_limits_are_the_judgement"}
    assert {law.__name__ for law in LAWS} == PLANTED.keys() | elsewhere


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.path)
def test_no_check_survives_being_muted(check: Check) -> None:
    """Every check, with its limits out of reach, breaks the law that it must fire on sick examples."""
    muted = _moved(check, crossed=False)
    with pytest.raises(AssertionError):
        obey(muted, next(x for x in LAWS if x.__name__ == "law_fires_on_sick"))
