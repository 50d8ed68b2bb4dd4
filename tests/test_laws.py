"""Every check obeys every law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import pytest

from tearless.core import Example, Finding
from tearless.core.check import Check
from tearless.core.example import Make
from tearless.core.laws import SEEDS, Law
from tearless.testing import LAWS, checks, findings_on, obey

AFRESH = {"law_draws_its_evidence", "law_does_not_touch_its_subject", "law_is_reproducible"}
"""Laws on what a run does rather than on what it finds: they see no kept answer."""
ASKED_FOR_AGAIN = {str(np.random.default_rng(seed).bit_generator.state) for seed in SEEDS}
"""The states of the seeds that more than one law takes: what is made from them is kept."""


class Kept:
    """One check with its examples made once a seed, and what was found on them."""

    def __init__(self, check: Check) -> None:
        self.path = check.path
        self.examples: dict[tuple[str, str], Example] = {}
        self.found: dict[tuple[int, str], list[Finding]] = {}
        roles = {role: tuple(map(self.once, getattr(check, role))) for role in ("healthy", "sick", "fooled")}
        self.check = replace(check, **roles)

    def once(self, make: Make) -> Make:
        @wraps(make)
        def kept(rng: Any) -> Example:
            key = make.__name__, str(rng.bit_generator.state)
            if key[1] not in ASKED_FOR_AGAIN:
                return make(rng)
            if key not in self.examples:
                self.examples[key] = make(rng)
            return self.examples[key]

        return kept

    def run(self, check: Check, example: Example, seed: int = 0) -> list[Finding]:
        """What the check finds; found before where nothing but its limits could differ, and they do not."""
        if not any(example is one for one in self.examples.values()):
            return findings_on(check, example, seed)
        key = id(example), repr(check.limits)
        if key not in self.found:
            self.found[key] = findings_on(check, example, seed)
        return self.found[key]


@pytest.fixture(scope="module")
def kept() -> Iterator[Callable[[Check], Kept]]:
    """The check that was asked for last: the laws on one check follow each other."""
    last: list[Kept] = []

    def kept(check: Check) -> Kept:
        if not last or last[0].path != check.path:
            last[:] = [Kept(check)]
        return last[0]

    yield kept
    last.clear()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("check", checks(), ids=lambda check: check.path)
def test_law(check: Check, law: Law, kept: Callable[[Check], Kept]) -> None:
    if law.__name__ in AFRESH:
        obey(check, law)
    else:
        one = kept(check)
        law(one.check, one.run, np.random.default_rng)
