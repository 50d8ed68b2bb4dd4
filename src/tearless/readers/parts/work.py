"""What a worker does with one part of a table: frames of rows in, facts out, as bytes that merge in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from tearless.core import InputError, visible
from tearless.readers.source import Batch, batch_rows

from .packing import packed, unpacked


def probe() -> int:
    """The hash of a fixed value: processes whose hashes differ (another Polars, another processor) cannot merge."""
    return int(pl.Series(["tearless", "merge"]).hash(seed=0).sum())


@dataclass(frozen=True)
class Partial:
    """The facts of some parts: ``rows`` of each part by its number, and the facts, ``None`` where there was no row.

    ``refused`` are the parts that could not be read, with the reason.
    """

    rows: Mapping[int, int]
    facts: tuple[Any, ...] | None = None
    refused: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """The facts ``kinds`` of frames, which are brought to ``schema`` by the expressions of ``select``, in turn.

    An engine sends it to its workers. ``total`` is the number of rows of all parts, where it is known: what is drawn at
    random is then thinned where it lies. With no kinds the rows are counted, and nothing else.
    """

    kinds: tuple[type[Any], ...]
    schema: pl.Schema
    select: tuple[tuple[pl.Expr, ...], ...] = ()
    target: str | None = None
    seed: int = 0
    total: int | None = None
    probe: int = field(default_factory=probe)

    def of(self, frames: Iterable[pl.DataFrame], part: int, start: int = 0) -> bytes:
        """The facts of one part, whose first row has the number ``start`` in the whole table.

        A part that is damaged is refused in what is returned, not raised: an engine would try it again.
        """
        if self.kinds and probe() != self.probe:
            raise InputError(
                "engine: expected workers that hash as this process does, got others; install the same versions of "
                "Polars and tearless on all of them, and use machines of one kind"
            )
        try:
            return self._pack(self._partial(frames, part, start))
        except InputError as refusal:
            return self._pack(Partial({part: 0}, None, {part: str(refusal)}))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as fault:
            reason = visible((str(fault).strip() or type(fault).__name__).splitlines()[0], 160)
            return self._pack(Partial({part: 0}, None, {part: reason}))

    def merged(self, blobs: Iterable[bytes]) -> bytes:
        """Several results as one; the order of the first rows, not of arrival, decides."""
        return self._pack(self.joined(blobs))

    def joined(self, blobs: Iterable[bytes]) -> Partial:
        """Several results as one, unpacked. Raises ``ValueError`` where there is none."""
        parts = sorted((self.unpacked(blob) for blob in blobs), key=lambda one: min(one.rows, default=-1))
        if not parts:
            raise ValueError("joined: expected at least one result")
        known = [one.facts for one in parts if one.facts is not None]
        facts = known[0] if known else None
        for later in known[1:]:
            facts = tuple(a.merge(b) for a, b in zip(facts or (), later, strict=True))
        rows = {part: rows for one in parts for part, rows in one.rows.items()}
        return Partial(rows, facts, {part: why for one in parts for part, why in one.refused.items()})

    def unpacked(self, blob: bytes) -> Partial:
        """One result."""
        found: Partial = unpacked(blob, (Partial, *self.kinds))
        return found

    def _pack(self, partial: Partial) -> bytes:
        """As bytes; a fact that keeps more than it need while it grows (``settled``) is made small first."""
        facts = None if partial.facts is None else tuple(_settled(fact) for fact in partial.facts)
        return packed(replace(partial, facts=facts))

    def _partial(self, frames: Iterable[pl.DataFrame], part: int, start: int) -> Partial:
        facts: tuple[Any, ...] | None = None
        rows = 0
        for frame in self._gathered(frames):
            batch = Batch(frame, start + rows, self.target, self.seed, self.total)
            new = tuple(kind.of(batch) for kind in self.kinds)
            facts = new if facts is None else tuple(a.merge(b) for a, b in zip(facts, new, strict=True))
            rows += frame.height
        return Partial({part: rows}, facts)

    def _gathered(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same rows in frames of the usual size: engines hand out many small ones, or one large."""
        size = batch_rows(len(self.schema))
        held: list[pl.DataFrame] = []
        for frame in frames:
            for piece in (self.shaped(frame) if self.kinds else frame).iter_slices(size):
                if held and sum(one.height for one in held) + piece.height > size:
                    yield _one(held)
                    held = []
                if piece.height:
                    held.append(piece)
        if held:
            yield _one(held)

    def shaped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame as the engine gives it, with the columns and types of the whole table."""
        for step in self.select:
            frame = frame.select(step)
        if frame.schema == self.schema:
            return frame
        missing = [name for name in self.schema if name not in frame.columns]
        if missing:
            raise InputError(f"data: expected the columns of the table in each part, got one without {missing[0]!r}")
        return frame.select(pl.col(name).cast(kind) for name, kind in self.schema.items())


def _settled(fact: Any) -> Any:
    return fact.settled() if hasattr(fact, "settled") else fact


def _one(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames)
