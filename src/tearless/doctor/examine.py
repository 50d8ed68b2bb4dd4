"""Run the checks that the facts allow; correct for many looks; judge."""

from __future__ import annotations

import time
import traceback
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tearless.core import Asked, CannotTell, Measured, NotApplicable, Outcome
from tearless.core.check import Check, with_q
from tearless.core.fact import needs
from tearless.linear_algebra.one_thread import one_thread
from tearless.readers.source import Source
from tearless.report.answer import Answer
from tearless.report.report import Report
from tearless.statistics.multiple_testing import benjamini_hochberg
from tearless.statistics.profile.past import Past

from .causes import arranged
from .gather import Facts, Progress
from .history import Found
from .showing import Judged, lessons_on, with_pictures

Answering = Callable[..., Answer]
"""Makes the answer of the facts that it names by type. What it raises (``CannotTell`` ...) ends the command."""


@dataclass
class _Looked:
    """What one check measured, or why it could not."""

    check: Check
    measured: list[Measured] = field(default_factory=list)
    outcome: Outcome | None = None
    rests_on: str = ""


def examine(
    source: Source,
    checks: Sequence[Check],
    asked: Asked,
    test: Source | None = None,
    skipped: Sequence[Outcome] = (),
    progress: Progress | None = None,
    answer: Answering | None = None,
) -> Report:
    """The report of these checks on this table (and test table), with the answer that ``answer`` makes of the facts.

    BLAS works on one thread meanwhile: the products are tall and thin, and its threads cost more than they bring.
    """
    with one_thread():
        return _examined(source, checks, asked, test, skipped, progress, answer)


def _examined(
    source: Source,
    checks: Sequence[Check],
    asked: Asked,
    test: Source | None,
    skipped: Sequence[Outcome],
    progress: Progress | None,
    answer: Answering | None,
) -> Report:
    began = time.perf_counter()
    facts = Facts(asked)
    wanted = [need for check in checks if facts.asked_for(check.needs.values()) for need in check.needs.values()]
    wanted += needs(answer).values() if answer else ()
    source = facts.measure(source.beside(test) if test else source, wanted, False, progress)
    if test is not None and not facts.stopped:
        test = facts.measure(test.like(source), wanted, True, progress)
        if source.beside(test) is not source and not facts.stopped:  # late rows of the test table changed its types
            source = facts.measure(source.beside(test), wanted, False, progress)
    looked = _look(checks, facts, progress)
    judged, outcomes = _judge(looked)
    findings = with_pictures(arranged([one.finding for one in judged], checks), judged, facts)
    with_past = {check.name for check in checks if any(need.type is Past for need in check.needs.values())}
    facts.know(Found(tuple(f for f in findings if f.name in with_past)))
    return Report(
        findings=findings,
        lessons=lessons_on(findings, facts),
        outcomes=tuple(sorted([*outcomes, *skipped], key=lambda o: (o.pillar, o.name))),
        source=source.label,
        test=test.label if test else None,
        target=asked.target,
        rows=facts.rows.get(False, 0),
        columns=len(source.schema),
        seed=asked.seed,
        seconds=time.perf_counter() - began,
        stopped=facts.stopped,
        notes=(*source.notes, *(test.notes if test else ())),
        path=source.path,
        header_lines=source.header_lines,
        tests=sum(m.p is not None for one in looked for m in one.measured),
        answer=answer(**facts.given(answer)) if answer else None,
    )


def _look(checks: Sequence[Check], facts: Facts, progress: Progress | None) -> list[_Looked]:
    """Measure with every check. Ctrl-C leaves the rest skipped; a fault in one check stops only that one."""
    looked: list[_Looked] = []
    for i, check in enumerate(checks):
        if progress:
            progress(f"checking {check.name}", i)
        try:
            looked.append(_one(check, facts))
        except KeyboardInterrupt:
            facts.stopped = True
            rest = checks[i:]
            looked += [_Looked(c, outcome=Outcome(c.name, c.pillar, "skipped", "stopped by Ctrl-C")) for c in rest]
            break
    return looked


def _one(check: Check, facts: Facts) -> _Looked:
    def rng() -> np.random.Generator:
        return np.random.default_rng([facts.asked.seed, zlib.crc32(check.path.encode())])

    try:
        given = {name: facts.get(need, rng) for name, need in check.needs.items()}
        return _Looked(check, list(check.measure(**given)), rests_on=facts.rests_on(check.needs.values()))
    except NotApplicable as why:
        return _Looked(check, outcome=Outcome(check.name, check.pillar, "not applicable", str(why)))
    except CannotTell as missing:
        return _Looked(check, outcome=Outcome(check.name, check.pillar, "cannot tell", str(missing)))
    except Exception as fault:
        reason = f"the check itself failed: {type(fault).__name__}"
        return _Looked(
            check, outcome=Outcome(check.name, check.pillar, "cannot tell", reason, fault=traceback.format_exc())
        )


def _judge(looked: Iterable[_Looked]) -> tuple[list[Judged], list[Outcome]]:
    """Findings and outcomes, after correcting every chance for all the tests made on this table."""
    looked = list(looked)
    chances = [m.p for one in looked for m in one.measured if m.p is not None]
    corrected = iter(benjamini_hochberg(chances).tolist() if chances else [])
    findings: list[Judged] = []
    outcomes: list[Outcome] = []
    for one in looked:
        if one.outcome is not None:
            outcomes.append(one.outcome)
            continue
        subjects = [m if m.p is None else with_q(m, next(corrected)) for m in one.measured]
        found = [Judged(one.check, m, f) for m in subjects if (f := one.check.judge(m)) is not None]
        findings += found
        result: Literal["fired", "silent"] = "fired" if found else "silent"
        outcomes.append(Outcome(one.check.name, one.check.pillar, result, rests_on=one.rests_on))
    return findings, outcomes
