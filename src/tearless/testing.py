"""The battery of laws, for our checks and for anyone's.

A package that adds checks through the entry point ``tearless.checks`` tests them with::

    import pytest
    from tearless.testing import LAWS, checks, obey

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    @pytest.mark.parametrize("check", checks("acme.checks", pillar="statistics"), ids=lambda check: check.path)
    def test_law(check, law):
        obey(check, law)
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from tearless.core import Asked, Example, Finding
from tearless.core.catalogue import catalogue, listed_in
from tearless.core.check import Check
from tearless.core.example import role_of
from tearless.core.laws import LAWS, Law
from tearless.core.seen import Seen
from tearless.doctor.examine import examine
from tearless.readers import open_table
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

__all__ = ["LAWS", "checks", "findings_on", "obey", "seen"]


def findings_on(check: Check, example: Example, seed: int = 0) -> list[Finding]:
    """What one check finds on one example, by the real way through the house; draws start from ``seed``.

    Raises ``RuntimeError`` with the check's own traceback where it fails, ``InputError`` where the example is no table.
    """
    test = None if example.test is None else open_table(dict(example.test), "test")
    options = {**example.options, "past": _past(example)} if example.past else example.options
    asked = Asked(example.target, test is not None, seed, options)
    report = examine(open_table(dict(example.columns), "data"), [check], asked, test)
    if report.faults:
        raise RuntimeError(f"{check.path} failed:\n{report.faults[0].fault}")
    return list(report.findings)


def _past(example: Example) -> Past:
    """The facts of the earlier tables of an example, a day each."""
    days = []
    for i, columns in enumerate(example.past):
        profiles = [Profile.of(batch) for batch in open_table(dict(columns), "past").batches()]
        days.append((f"day {i + 1}", reduce(Profile.merge, profiles)))
    return Past.of(days)


def checks(package: str | None = None, pillar: str = "statistics") -> list[Check]:
    """Every check of a package's folder, loaded; without a package, the whole catalogue.

    ``package`` is a dotted name such as ``"acme.checks"``, ``pillar`` the one its checks stand in. Raises
    ``InputError`` naming the check and the part that is missing, and ``ValueError`` where the package has no check.

    >>> [check.name for check in checks("tearless.linear_algebra.checks", "linear-algebra")][:2]
    ['accidental-broadcast', 'bad-init']
    """
    entries = list(catalogue() if package is None else listed_in(pillar, package))
    if not entries:
        raise ValueError(f"package: expected a package with checks, got {package!r}, which has none; mend its name")
    return [entry.load() for entry in entries]


def obey(check: Check, law: Law) -> None:
    """Raise ``AssertionError``, naming the check and what it broke, unless it obeys the law.

    Raises ``RuntimeError`` under ``python -O``, where no assertion can fail.
    """
    if not __debug__:
        raise RuntimeError("python -O removes the assertions that the laws are made of; test without it")
    law(check, findings_on, np.random.default_rng)


def seen(check: Check) -> tuple[Seen, ...]:
    """What a check says on each of its examples, run now: healthy, sick, then its admitted weaknesses.

    >>> [one.role for one in seen(checks("tearless.statistics.checks")[0])][0]
    'healthy'
    """
    return tuple(
        Seen(
            role=kind,
            example=make.__name__,
            said=tuple(f"{f.severity.name}: {f.headline}" for f in findings_on(check, make(np.random.default_rng(0)))),
            because=role.because if (role := role_of(make)) else "",
        )
        for kind in ("healthy", "sick", "fooled")
        for make in getattr(check, kind)
    )
