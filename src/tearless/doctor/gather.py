"""Facts from a source: one pass over its batches for all that are measured, the others derived when asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tearless.core import Asked, CannotTell, NotApplicable, visible
from tearless.core.fact import Drawn, Mergeable, Need, ingredients, is_derived, mergeables, needs
from tearless.readers.parts.engine import facts_of
from tearless.readers.parts.work import Work
from tearless.readers.source import ReadAgain, Source
from tearless.readers.whole import Whole

Progress = Callable[[str, int], None]


class Facts:
    """The facts about a table, and about a test table where there is one, each measured or derived once.

    ``stopped`` says that reading was broken off (Ctrl-C): the facts are then those of the rows read until then.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.stopped = False
        self.rows: dict[bool, int] = {}
        self._known: dict[Need, Any] = {}
        self._refused: dict[Need, Exception] = {}

    def asked_for(self, needs: Iterable[Need]) -> bool:
        """Whether the facts that come from what was asked alone are there: else nothing need be measured for them."""
        for need in needs:
            if is_derived(need.type) and {n.type for n in ingredients(need).values()} == {Asked}:
                try:
                    self.get(need, np.random.default_rng)
                except (NotApplicable, CannotTell):
                    return False
        return True

    def measure(self, source: Source, wanted: Iterable[Need], of_test: bool, progress: Progress | None) -> Source:
        """Measure what ``wanted`` needs of this source, in one pass. Ctrl-C ends the pass and keeps what was read.

        Returns the source as it was read: another one where a late row showed that it must be read otherwise.
        """
        wanted = list(wanted)
        named = {n.type for n in mergeables(wanted) if n.of_test == of_test}
        types: list[type[Mergeable]] = sorted(named, key=lambda t: t.__name__)
        target = self.asked.target if self.asked.target in source.schema else None
        self.rows[of_test] = 0
        self._known = {
            need: fact for need, fact in self._known.items() if need.type not in types or need.of_test != of_test
        }
        try:
            if source.parts is not None and not any(issubclass(kind, Whole) for kind in types):
                return self._in_parts(source, types, target, of_test, progress)
            for batch in source.batches(target, self.asked.seed):
                self._add([kind.of(batch) for kind in types], types, of_test)
                self.rows[of_test] += batch.frame.height
                if progress:
                    progress("reading the test table" if of_test else "reading", self.rows[of_test])
        except ReadAgain as again:
            return self.measure(again.source, wanted, of_test, progress)
        except KeyboardInterrupt:
            self.stopped = True
            try:  # Polars and Python each raise for one Ctrl-C: take the second here, in a call that lets it in
                time.sleep(0)
            except KeyboardInterrupt:
                self.stopped = True
        return source

    def _add(self, new: Sequence[Any], types: Sequence[type[Mergeable]], of_test: bool) -> None:
        """Merge the facts of one more batch, all or (should Ctrl-C come) none."""
        known = [self._known.get(Need(kind, of_test)) for kind in types]
        merged = [b if a is None else a.merge(b) for a, b in zip(known, new, strict=True)]
        self._known |= {Need(kind, of_test): fact for kind, fact in zip(types, merged, strict=True)}

    def _in_parts(
        self,
        source: Source,
        types: Sequence[type[Mergeable]],
        target: str | None,
        of_test: bool,
        progress: Progress | None,
    ) -> Source:
        """The same where the table lies in parts: they are measured there. Returns the source with what was left out
        among its notes."""
        if source.parts is None:
            return source
        if progress:
            progress(f"measuring {source.parts.label}", 0)
        work = Work(tuple(types), source.schema, source.select, target, self.asked.seed)
        try:
            facts, self.rows[of_test], left_out = facts_of(source.parts, work, source.skip_unreadable)
        except ReadAgain as late:
            raise ReadAgain(source.again(late.source)) from None
        self._add(facts, types, of_test)
        notes = [f"left out, for it cannot be read: {visible(name, 120)}" for name in left_out]
        return replace(source, notes=(*source.notes, *notes))

    def get(self, need: Need, rng: Callable[[], np.random.Generator]) -> Any:
        """The fact that ``need`` names. Raises ``NotApplicable`` or ``CannotTell`` where there is none."""
        if need.type is Asked:
            return self.asked
        if need.type is np.random.Generator:
            return rng()
        if need.optional and need.of_test and not self.asked.has_test:
            return None
        if need in self._refused:
            raise self._refused[need]
        if need not in self._known:
            try:
                self._known[need] = self._derived(need, rng)
            except (NotApplicable, CannotTell) as refusal:
                self._refused[need] = refusal
                raise
        return self._known[need]

    def know(self, fact: Any) -> None:
        """A fact that was made elsewhere, for those who name its type."""
        self._known[Need(type(fact))] = fact

    def given(self, function: Callable[..., Any]) -> dict[str, Any]:
        """The facts that a function names by type, for calling it; draws start from the seed that was asked for."""
        return {k: self.get(n, lambda: np.random.default_rng(self.asked.seed)) for k, n in needs(function).items()}

    def rests_on(self, needs: Iterable[Need]) -> str:
        """Which rows the facts were measured on, in words: ``every row``, or the part of them that was drawn."""
        known = [self._known[need] for need in sorted(mergeables(needs), key=str) if need in self._known]
        parts = [fact.part if isinstance(fact, Drawn) else "" for fact in known]
        return " and ".join(dict.fromkeys(part or "every row" for part in sorted(parts)))

    def _derived(self, need: Need, rng: Callable[[], np.random.Generator]) -> Any:
        if is_derived(need.type):
            return need.type.derive(**{k: self.get(n, rng) for k, n in ingredients(need).items()})
        if need.of_test and not self.asked.has_test:
            raise CannotTell("no second table was given; name one with --test")
        raise CannotTell("reading stopped before the first rows")
