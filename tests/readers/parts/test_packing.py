"""Facts as bytes: every fact that checks of tables use comes back as it was, and foreign bytes are refused unread."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tearless.core.catalogue import catalogue
from tearless.core.fact import mergeables
from tearless.readers.parts.packing import packed, unpacked
from tearless.readers.parts.work import Partial, Work
from tearless.readers.source import Batch
from tearless.readers.whole import Whole


def table_facts() -> list[type[Any]]:
    """The mergeable facts that checks of tables name, themselves or through derived ones."""
    checks = [check for entry in catalogue() if (check := entry.load()).about == "table"]
    found = {need.type for check in checks for need in mergeables(check.needs.values())}
    return sorted((kind for kind in found if not issubclass(kind, Whole)), key=lambda kind: kind.__name__)


FACTS = table_facts()
ROWS = 400
RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "x": RNG.normal(size=ROWS),
        "far": np.where(RNG.random(ROWS) < 0.1, np.inf, 1e300 * RNG.normal(size=ROWS)),
        "nan": np.where(RNG.random(ROWS) < 0.3, np.nan, 1.0),
        "small": RNG.integers(-5, 5, ROWS).astype(np.int8),
        "wide": [2**70 + i for i in range(ROWS)],
        "text": RNG.choice(["a", 'quote"', "zwei\n", "\u202e<b>", ""], ROWS),
        "null": pl.Series([None] * ROWS, dtype=pl.String),
        "flag": RNG.random(ROWS) < 0.5,
        "at": pl.Series(range(ROWS)).cast(pl.Datetime("us", "UTC")),
        "day": pl.Series(range(ROWS)).cast(pl.Date),
        "span": pl.Series(range(ROWS)).cast(pl.Duration("us")),
        "y": RNG.integers(0, 2, ROWS),
    },
    schema_overrides={"wide": pl.Int128},
)


def same(one: Any, other: Any) -> bool:
    """Whether two facts are equal in type and value, holes equal to holes."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype) and bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if isinstance(one, pl.DataFrame):
        return one.equals(other) and one.schema == other.schema
    if isinstance(one, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one) if f.init)
    return bool(one == other) or one != one


def test_there_are_facts_to_pack() -> None:
    assert {"Columns", "Infinities", "NumericColumns", "RowHashes", "Sample", "Tails"} <= {k.__name__ for k in FACTS}


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_every_fact_of_a_table_comes_back_as_it_was(kind: type[Any], rows: int) -> None:
    fact = kind.of(Batch(TABLE[:rows], 7, "y", 3, 7 + rows))
    blob = packed(fact)
    back = unpacked(blob, (kind,))
    assert same(back, fact)
    assert packed(back) == blob


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_facts_that_travelled_merge_as_those_that_did_not(kind: type[Any]) -> None:
    a, b = (kind.of(Batch(TABLE[cut], cut.start, "y", 3, ROWS)) for cut in (slice(0, 150), slice(150, ROWS)))
    there = unpacked(packed(a), (kind,)).merge(unpacked(packed(b), (kind,)))
    assert same(there, a.merge(b))


@dataclass(frozen=True)
class Stranger:
    """A class that nobody named."""

    path: str

    def __post_init__(self) -> None:
        Path(self.path).write_text("made", encoding="utf-8")


def test_only_named_classes_are_made(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    blob = packed(Stranger(str(trace)))
    trace.unlink()
    with pytest.raises(ValueError, match="unpacked: expected facts"):
        unpacked(blob, FACTS)
    assert not trace.exists()


def laid_out(head: Any, *buffers: bytes, sizes: Any = None) -> bytes:
    """Bytes of the same layout as ``packed`` writes, with any head."""
    first = json.dumps(head).encode()
    second = json.dumps([len(b) for b in buffers] if sizes is None else sizes).encode()
    return len(first).to_bytes(8, "little") + len(second).to_bytes(8, "little") + first + second + b"".join(buffers)


PICKLE = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
FOREIGN = {
    "nothing": b"",
    "text": b"facts, honestly",
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "pickle": PICKLE,
    "pickle behind a head": laid_out({"frame": 1}, PICKLE),
    "class of the system": laid_out({"fact": ["posix:system", [["command", "true"]]]}),
    "class by a path": laid_out({"fact": ["builtins:eval", [["source", "1"]]]}),
    "array of objects": laid_out({"array": ["|O", [1]]}, bytes(8)),
    "array longer than its bytes": laid_out({"array": ["<f8", [10**12]]}, bytes(8)),
    "array of a shape below none": laid_out({"array": ["<f8", [-7]]}, bytes(8)),
    "array of no type": laid_out({"array": ["__import__('os')", [1]]}, bytes(8)),
    "two words in a node": laid_out({"array": ["<f8", [1]], "frame": 1}, bytes(8)),
    "unknown word": laid_out({"code": "1 + 1"}),
    "no buffer left": laid_out({"frame": 1}),
    "sizes below none": laid_out({"array": ["<f8", [1]]}, bytes(8), sizes=[-8]),
    "sizes beyond the end": laid_out({"array": ["<f8", [1]]}, bytes(8), sizes=[10**15]),
    "sizes that are none": laid_out({"array": ["<f8", [1]]}, bytes(8), sizes={"a": 1}),
    "frame of noise": laid_out({"frame": 1}, b"ARROW1\x00\x00" + bytes(range(256))),
    "key that is no key": laid_out({"dict": [[{"dict": []}, 1]]}),
    "depth without end": b"\x00\x00\x02" + bytes(5) + b"\x02" + bytes(7) + b"[" * 131072 + b"[]",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unpacked: expected facts that this version packed"):
        unpacked(FOREIGN[name], (Partial, *FACTS))


def test_facts_cut_short_or_changed_are_refused_or_still_facts() -> None:
    work = Work(tuple(FACTS), TABLE.schema, target="y")
    blob = work.of([TABLE[:20]], 0)
    rng = np.random.default_rng(1)
    for cut in rng.integers(0, len(blob), 100):
        with pytest.raises(ValueError, match="unpacked: expected facts"):
            work.unpacked(blob[:cut])
    for at in rng.integers(0, len(blob), 200):
        changed = bytearray(blob)
        changed[at] ^= 1 << int(rng.integers(8))
        with contextlib.suppress(ValueError):  # a changed value is a value, and never anything else
            assert isinstance(work.unpacked(bytes(changed)), Partial | int | float | str | tuple | dict)


@pytest.mark.parametrize("thing", [object(), [1], {1, 2}, b"bytes", np.array([object()]), print, Partial])
def test_what_is_no_fact_is_not_packed(thing: object) -> None:
    with pytest.raises(TypeError, match="packed: expected a fact"):
        packed(thing)
