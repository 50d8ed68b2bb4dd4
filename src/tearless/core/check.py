"""A check: one module, read by the doctor, the pages, the command line and the laws."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

from .example import Make, Role, Transformation, role_of
from .fact import About, Need, about, mergeables, needs
from .finding import Finding, Measured
from .limit import Limit, reached
from .number import Number
from .page import Page, page_of
from .picture import Picture
from .severity import Mend
from .text import listed

Q = "q"
"""The evidence that the doctor adds where a check gave a chance ``p``."""


@dataclass(frozen=True)
class Check:
    """Everything about one check, as its module declares it.

    ``measure`` takes facts by type and yields ``Measured``. ``headline``, ``why`` and ``do`` are templates filled from
    the evidence and the words of the measured subject, and from ``{columns}``, the subject itself. So is ``said``, the
    evidence as one sentence, where the module has an ``EVIDENCE``.
    ``symptom_of`` names the checks whose finding on the same columns explains this one.
    """

    name: str
    pillar: str
    page: Callable[[], Page]
    limits: tuple[Limit, ...]
    measure: Callable[..., Iterable[Measured]]
    needs: Mapping[str, Need]
    headline: str
    why: str
    do: str
    mend: Mend
    symptom_of: tuple[str, ...] = ()
    said: str = ""
    healthy: tuple[Make, ...] = ()
    sick: tuple[Make, ...] = ()
    fooled: tuple[Make, ...] = ()
    harm: Callable[..., float] | None = None
    picture: Callable[..., Picture] | None = None
    """Draws the evidence: ``picture(measured, fact, ...)``, the facts named by type as those of ``measure``."""
    same_under: tuple[Transformation, ...] = ()

    @property
    def path(self) -> str:
        """``pillar/name``: where the check stands in the catalogue."""
        return f"{self.pillar}/{self.name}"

    @property
    def about(self) -> About:
        """What it looks at, as its facts say: a table unless one of them is of predictions, a comparison or logits."""
        return about(self.needs)

    @property
    def looks_at(self) -> str:
        """Which rows of a table, of one machine or many: ``every row`` (merged facts), ``a sample`` or both."""
        if self.about != "table":
            return ""
        parts = {hasattr(need.type, "part") for need in mergeables(self.needs.values())}
        return " and ".join(words for drawn, words in ((False, "every row"), (True, "a sample")) if drawn in parts)

    def judge(self, measured: Measured) -> Finding | None:
        """The finding, or ``None`` where no severity is reached. The limits alone decide."""
        severity = reached(self.limits, measured.numbers)
        if severity is None:
            return None
        said = {**{name: str(number) for name, number in measured.numbers.items()}, **measured.words}
        fill = {"columns": _columns(measured), **said}
        return Finding(
            self.name,
            self.pillar,
            severity,
            self.mend,
            measured.subject,
            self.headline.format(**fill),
            measured.numbers,
            self.why.format(**fill),
            self.do.format(**fill),
            measured.rows,
            said=self.said.format(**fill),
        )


def _columns(measured: Measured) -> str:
    return listed(measured.subject) if measured.subject else "this table"


def placeholders(template: str) -> set[str]:
    """The names that a template asks for.

    >>> sorted(placeholders("{columns} holds {share}"))
    ['columns', 'share']
    """
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def with_q(measured: Measured, q: float) -> Measured:
    """The measured subject with its corrected chance among the evidence."""
    meaning = (
        "share of false findings among those at least this sure, over every test on this table (Benjamini-Hochberg)"
    )
    return replace(measured, numbers={**measured.numbers, Q: Number(q, "chance", meaning)})


def load(module: ModuleType, pillar: str) -> Check:
    """The check that ``module`` declares. Raises ``TypeError`` naming the part that is missing or unknown."""
    got = vars(module)
    path = f"{pillar}/{module.__name__.rpartition('.')[2]}"
    missing = [part for part in ("HEADLINE", "WHY", "DO", "MEND", "measure") if part not in got]
    if missing:
        raise TypeError(f"check {path}: {missing} missing; see CONTRIBUTING for the parts of a check")
    limits = tuple(replace(v, name=k.lower().replace("_", "-")) for k, v in got.items() if isinstance(v, Limit))
    own = [v for v in got.values() if callable(v) and getattr(v, "__module__", None) == module.__name__]
    parts = (got["measure"], got.get("picture"))
    strays = [f.__name__ for f in own if not (f.__name__.startswith("_") or f in parts or role_of(f))]
    if strays:
        raise TypeError(f"check {path}: {strays} has no role; decorate it, or start its name with _")

    def having(kind: str) -> tuple[Any, ...]:
        return tuple(f for f in own if isinstance(role := role_of(f), Role) and role.kind == kind)

    return Check(
        name=module.__name__.rpartition(".")[2].replace("_", "-"),
        pillar=pillar,
        page=partial(page_of, module.__name__),
        limits=limits,
        measure=got["measure"],
        needs=needs(got["measure"]),
        headline=got["HEADLINE"],
        why=got["WHY"],
        do=got["DO"],
        mend=got["MEND"],
        symptom_of=tuple(got.get("SYMPTOM_OF", ())),
        said=got.get("EVIDENCE", ""),
        healthy=having("healthy"),
        sick=having("sick"),
        fooled=having("fooled"),
        harm=next(iter(having("harm")), None),
        picture=got.get("picture"),
        same_under=tuple(got.get("SAME_UNDER", ())),
    )
