"""The laws that every check obeys. ``tearless.testing`` runs them over the catalogue, and over anyone's check.

A law takes the check and ``run``, which examines one example by the real way through the house and returns the findings
of this check. It raises ``AssertionError`` naming the check and what it broke.
"""

from __future__ import annotations

import functools
import inspect
import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from .check import Check, placeholders
from .example import Example, role_of
from .finding import Finding
from .limit import reached
from .page import SECTIONS
from .picture import Picture, drawn_values

Run = Callable[[Check, Example], list[Finding]]
MakeRng = Callable[[int], Any]
Law = Callable[[Check, Run, MakeRng], None]

SEEDS = range(5)
SHORTEST_REASON = 40


def law_is_documented(check: Check, run: Run, rng: MakeRng) -> None:
    """Every heading is there and has text, and the title is a sentence about the subject."""
    assert check.page().title.startswith("This "), (
        f"{check.path}: the title completes 'This ...', got {check.page().title!r}"
    )
    missing = [section for section in SECTIONS if not check.page().sections.get(section)]
    assert not missing, f"{check.path}: sections missing or empty: {missing}"
    unknown = [section for section in check.page().sections if section not in SECTIONS]
    assert not unknown, f"{check.path}: unknown sections: {unknown}"


def law_limits_are_argued(check: Check, run: Run, rng: MakeRng) -> None:
    """Each limit has a unit, a reason and a kind; a calibrated one states its false-alarm rate."""
    assert any(limit.severity for limit in check.limits), f"{check.path}: no limit leads to a severity"
    for limit in check.limits:
        assert limit.kind in ("derived", "calibrated", "convention"), f"{check.path}: {limit.name}: kind {limit.kind!r}"
        assert limit.unit, f"{check.path}: {limit.name} has no unit"
        assert len(limit.because) >= SHORTEST_REASON, f"{check.path}: {limit.name} is not argued"
        stated = limit.false_alarms is not None
        assert stated == (limit.kind == "calibrated"), f"{check.path}: {limit.name}: false_alarms goes with calibrated"


def law_has_examples(check: Check, run: Run, rng: MakeRng) -> None:
    """At least one healthy and one sick example, and one admitted weakness."""
    for role in ("healthy", "sick", "fooled"):
        assert getattr(check, role), f"{check.path}: no example marked @{role}"


def law_is_silent_on_healthy(check: Check, run: Run, rng: MakeRng) -> None:
    """Silent on healthy examples; a calibrated check fires no oftener than its stated rate, by a seeded simulation."""
    rates = [limit.false_alarms for limit in check.limits if limit.false_alarms is not None]
    for make in check.healthy:
        seeds = range(60) if rates else SEEDS
        fired = sum(bool(run(check, make(rng(seed)))) for seed in seeds)
        most = _most(len(seeds), max(rates)) if rates else 0
        assert fired <= most, (
            f"{check.path}: fires on {make.__name__} for {fired} of {len(seeds)} seeds, at most {most}"
        )


def _most(n: int, rate: float) -> int:
    """The count that a binomial of this rate exceeds with probability below 0.001."""
    below, k = 0.0, -1
    while below < 0.999:
        k += 1
        below += math.comb(n, k) * rate**k * (1 - rate) ** (n - k)
    return k


def law_fires_on_sick(check: Check, run: Run, rng: MakeRng) -> None:
    """Fires on every sick example, whatever the seed."""
    for make in check.sick:
        for seed in SEEDS:
            assert run(check, make(rng(seed))), f"{check.path}: silent on {make.__name__}, seed {seed}"


def law_admits_its_weakness(check: Check, run: Run, rng: MakeRng) -> None:
    """A fooled example says why, and the check really says there what it is marked to say."""
    for make in check.fooled:
        role = role_of(make)
        assert role is not None
        assert len(role.because) >= SHORTEST_REASON / 2, f"{check.path}: {make.__name__} says no reason"
        fired = bool(run(check, make(rng(0))))
        assert fired == (role.says == "fires"), f"{check.path}: {make.__name__} is marked {role.says!r} and is not"


def law_every_limit_decides(check: Check, run: Run, rng: MakeRng) -> None:
    """Each limit matters: put out of reach, some verdict on the examples changes.

    A gate, or one of several limits of one severity, may also show itself by what changes once it is always crossed.
    """
    examples = [make(rng(seed)) for make in (*check.sick, *check.healthy, *check.fooled) for seed in range(2)]
    before = [_verdict(run(check, example)) for example in examples]

    def changes(i: int, crossed: bool) -> bool:
        limit = check.limits[i]
        at = -math.inf if crossed == (limit.crossed == "above") else math.inf
        moved = replace(check, limits=(*check.limits[:i], replace(limit, at=at), *check.limits[i + 1 :]))
        return any(_verdict(run(moved, x)) != old for x, old in zip(examples, before, strict=True))

    for i, limit in enumerate(check.limits):
        alone = limit.severity is not None and sum(x.severity == limit.severity for x in check.limits) == 1
        decides = changes(i, crossed=False) or (not alone and changes(i, crossed=True))
        assert decides, f"{check.path}: the limit {limit.name} decides nothing on any example"


def _verdict(findings: list[Finding]) -> list[tuple[Any, ...]]:
    return sorted((f.severity, f.subject) for f in findings)


def law_limits_are_the_judgement(check: Check, run: Run, rng: MakeRng) -> None:
    """A finding's severity follows from its evidence and the limits, and from nothing else."""
    for make in check.sick:
        for finding in run(check, make(rng(0))):
            severity = reached(check.limits, finding.evidence)
            assert severity == finding.severity, f"{check.path}: {finding.severity!r} where its limits say {severity!r}"


def law_words_render(check: Check, run: Run, rng: MakeRng) -> None:
    """Headline, why, do and the evidence sentence are filled; the headline carries evidence and fits a line."""
    assert placeholders(check.headline), f"{check.path}: the headline carries no evidence"
    if check.said:
        assert placeholders(check.said), f"{check.path}: the evidence sentence carries no evidence"
    for make in (*check.sick, *check.fooled):
        for finding in run(check, make(rng(0))):
            assert bool(finding.said) == bool(check.said), f"{check.path}: an empty evidence sentence"
            for text in (finding.headline, finding.why, finding.do, *filter(None, (finding.said,))):
                assert text, f"{check.path}: an empty text"
                assert "unknown" not in text, f"{check.path}: says 'unknown' in {text!r}"
                assert not {"{", "}", "\n"} & set(text), f"{check.path}: {text!r}"
                assert not text.endswith("."), f"{check.path}: ends with a full stop: {text!r}"
            assert len(finding.headline) <= 200, f"{check.path}: a headline of {len(finding.headline)} characters"


def law_evidence_is_plain_data(check: Check, run: Run, rng: MakeRng) -> None:
    """Every number is finite or explicitly unknown, has a unit and a meaning, and survives JSON."""
    for make in check.sick:
        for finding in run(check, make(rng(0))):
            assert finding.evidence, f"{check.path}: a finding without evidence"
            for name, number in finding.evidence.items():
                assert number.unit, f"{check.path}: {name} has no unit"
                assert number.meaning, f"{check.path}: {name} has no meaning"
                assert number.value is None or isinstance(number.value, float), f"{check.path}: {name} is no float"
                json.dumps(number.value, allow_nan=False)


def law_draws_its_evidence(check: Check, run: Run, rng: MakeRng) -> None:
    """A check that draws its evidence draws it on every sick example; what a report draws is finite and says itself.

    Without a picture of its own a finding shows its number beside the limit, and nothing where it stands at the limit.
    A line may be broken (nan).
    """
    failed: list[Exception] = []
    watched = replace(check, picture=_watched(check.picture, failed))
    for make in check.sick:
        pictures = [finding.picture for finding in run(watched, make(rng(0))) if finding.picture]
        assert not failed, f"{check.path}: the picture of {make.__name__} fails: {failed[0]!r}"
        assert pictures or not check.picture, f"{check.path}: nothing is drawn of {make.__name__}"
        for picture in pictures:
            place = f"{check.path}: the picture {picture.title!r} of {make.__name__}"
            assert picture.title, f"{place} has no title"
            assert len(picture.says) > SHORTEST_REASON / 2, f"{place} says nothing: {picture.says!r}"
            drawn = list(drawn_values(picture))
            assert any(map(math.isfinite, drawn)), f"{place} is empty"
            assert not any(map(math.isinf, drawn)), f"{place} has a mark at infinity"


def _watched(picture: Callable[..., Picture] | None, failed: list[Exception]) -> Callable[..., Picture] | None:
    """The same function, which writes down what it raises: a report puts another picture in the place of one."""
    if picture is None:
        return None

    @functools.wraps(picture)
    def watched(*args: Any, **facts: Any) -> Picture:
        try:
            return picture(*args, **facts)
        except Exception as fault:
            failed.append(fault)
            raise

    return watched


def law_does_not_touch_its_subject(check: Check, run: Run, rng: MakeRng) -> None:
    """The data are the same afterwards, to the bit."""
    for make in (*check.healthy, *check.sick):
        example = make(rng(0))
        kept = deepcopy(example)
        run(check, example)
        pairs = ((kept.columns, example.columns), (kept.test or {}, example.test or {}))
        for before, after in (*pairs, *zip(kept.past, example.past, strict=True)):
            assert list(before) == list(after), f"{check.path}: changed the columns of {make.__name__}"
            for name in before:
                same = _bits(before[name]) == _bits(after[name])
                assert same, f"{check.path}: changed {name!r} of {make.__name__}"


def _bits(values: Any) -> Any:
    return values.tobytes() if hasattr(values, "tobytes") and values.dtype.kind != "O" else repr(list(values))


def law_is_reproducible(check: Check, run: Run, rng: MakeRng) -> None:
    """The same example gives the same finding, number for number."""
    for make in check.sick:
        assert run(check, make(rng(0))) == run(check, make(rng(0))), f"{check.path}: differs on {make.__name__}"


def law_is_invariant(check: Check, run: Run, rng: MakeRng) -> None:
    """The verdict does not change under what the check declares not to matter."""
    for transformation in check.same_under:
        for make in (*check.healthy, *check.sick):
            for seed in range(2):
                example = make(rng(seed))
                before = sorted(f.severity for f in run(check, example))
                after = sorted(f.severity for f in run(check, transformation(example, rng(seed + 1000))))
                name = f"{make.__name__}, {transformation.__name__}, seed {seed}"
                assert before == after, f"{check.path}: {before} became {after}: {name}"


def law_predicts_its_harm(check: Check, run: Run, rng: MakeRng) -> None:
    """Where the check names a harm: every sick example suffers it, no healthy one does."""
    if check.harm is None:
        return
    role = role_of(check.harm)
    assert role is not None
    assert len(role.because) >= SHORTEST_REASON, f"{check.path}: the limit of the harm is not argued"
    for make in (*check.healthy, *check.sick):
        for seed in range(2):
            suffered = check.harm(make(rng(seed)), rng(seed + 1000))
            hurt = suffered >= role.at
            expected = make in check.sick
            assert hurt == expected, f"{check.path}: {make.__name__}, seed {seed}: harm {suffered:.3g} {role.unit}"


def law_yields_no_second_judgement(check: Check, run: Run, rng: MakeRng) -> None:
    """With every limit stretched to always cross, healthy examples yield findings too: ``measure`` hides no ``if``."""
    open_limits = tuple(replace(x, at=-math.inf if x.crossed == "above" else math.inf) for x in check.limits)
    examples = [make(rng(0)) for make in check.healthy]
    found = [run(replace(check, limits=open_limits), example) for example in examples]
    assert any(found), f"{check.path}: yields nothing on healthy examples even with open limits; let the limits decide"


LAWS: tuple[Law, ...] = tuple(
    value for name, value in list(globals().items()) if name.startswith("law_") and inspect.isfunction(value)
)
