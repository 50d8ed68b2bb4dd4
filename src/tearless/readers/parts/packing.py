"""Facts as bytes and back, on their way between the processes of one run: a head of JSON and the arrays behind it.

Nothing is pickled. What is read must have been written by the same version: it is a wire, no file format.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

import numpy as np
import polars as pl

from tearless.readers.source import FAULTS

_HEAD = 8
"""Bytes that hold the length of the head."""
_PLAIN_TYPES: dict[str, pl.DataType] = {
    str(kind): kind
    for kind in (
        *(pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128(), pl.UInt8(), pl.UInt16(), pl.UInt32()),
        *(pl.UInt64(), pl.Float32(), pl.Float64(), pl.Boolean(), pl.String(), pl.Date(), pl.Time()),
    )
}
"""Types of columns that their name tells whole."""


def packed(thing: Any) -> bytes:
    """A fact, or a tuple or dict of facts and plain values, as bytes.

    Raises ``TypeError`` for what is none of: a dataclass, array, frame, type of a column, tuple, dict, number, text.

    >>> unpacked(packed((1, "a", np.arange(3))), ())[2].tolist()
    [0, 1, 2]
    """
    buffers: list[bytes] = []
    head = json.dumps(_plain(thing, buffers)).encode()
    sizes = json.dumps([len(b) for b in buffers]).encode()
    lengths = len(head).to_bytes(_HEAD, "little") + len(sizes).to_bytes(_HEAD, "little")
    return b"".join([lengths, head, sizes, *buffers])


def unpacked(blob: bytes, kinds: Iterable[type[Any]]) -> Any:
    """What ``packed`` was given; ``kinds`` are the dataclasses that it may hold, beside their own fields' classes.

    No other class is looked up, and nothing is executed. Raises ``ValueError`` for bytes that ``packed`` did not write.

    >>> unpacked(b"foreign bytes", ())
    Traceback (most recent call last):
    ValueError: unpacked: expected facts that this version packed, got 13 other bytes
    """
    try:
        head, buffers = _laid_out(blob)
        return _thing(head, buffers, {_name(kind): kind for kind in kinds})
    except (*_MALFORMED, *FAULTS) as fault:
        got = f"{len(blob):,} other bytes"
        raise ValueError(f"unpacked: expected facts that this version packed, got {got}") from fault


_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError)
"""What reading bytes that are no facts comes to."""


def _laid_out(blob: bytes) -> tuple[Any, list[memoryview]]:
    """The head and the buffers behind it, which fill the rest of the bytes. Raises ``ValueError`` where they do not."""
    first, second = (int.from_bytes(blob[i : i + _HEAD], "little") for i in (0, _HEAD))
    at = 2 * _HEAD
    if at + first + second > len(blob):
        raise ValueError("the head is longer than all")
    head, sizes = json.loads(blob[at : at + first]), json.loads(blob[at + first : at + first + second])
    at += first + second
    if any(type(size) is not int or size < 0 for size in sizes) or at + sum(sizes) != len(blob):
        raise ValueError("the buffers do not fill the rest")
    buffers, view = [], memoryview(blob)
    for size in sizes:
        buffers.append(view[at : at + size])
        at += size
    return head, buffers


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _plain(thing: Any, buffers: list[bytes]) -> Any:
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, np.generic):
        return thing.item()
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        buffers.append(np.ascontiguousarray(thing).tobytes())
        return {"array": [thing.dtype.str, list(thing.shape)]}
    if isinstance(thing, pl.DataFrame):
        buffers.append(_ipc(thing))
        return {"frame": 1}
    if isinstance(thing, (pl.DataType, type(pl.Int64))):
        if (name := str(thing)) in _PLAIN_TYPES:
            return {"dtype": name}
        buffers.append(_ipc(pl.DataFrame(schema={"x": thing})))
        return {"dtype": ""}
    if isinstance(thing, tuple):
        return {"tuple": [_plain(one, buffers) for one in thing]}
    if isinstance(thing, Mapping):
        return {"dict": [[_plain(k, buffers), _plain(v, buffers)] for k, v in thing.items()]}
    if is_dataclass(thing) and not isinstance(thing, type):
        kept = [[f.name, _plain(getattr(thing, f.name), buffers)] for f in fields(thing) if f.init]
        return {"fact": [_name(type(thing)), kept]}
    raise TypeError(f"packed: expected a fact of arrays and plain values, got {type(thing).__name__}")


def _ipc(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_ipc(out)
    return out.getvalue()


def _thing(node: Any, buffers: list[memoryview], kinds: dict[str, type[Any]]) -> Any:
    """The buffers are taken in the order in which they were laid down."""
    if not isinstance(node, dict):
        return node
    ((what, of),) = node.items()
    if what == "array":
        dtype, shape = of
        if min(shape, default=0) < 0:
            raise ValueError("a shape has no negative length")
        return np.frombuffer(buffers.pop(0), np.dtype(dtype)).reshape(shape).copy()
    if what == "dtype" and of:
        return _PLAIN_TYPES[of]
    if what in ("frame", "dtype"):
        frame = pl.read_ipc(io.BytesIO(buffers.pop(0)))
        return frame if what == "frame" else frame.schema["x"]
    if what == "tuple":
        return tuple(_thing(one, buffers, kinds) for one in of)
    if what == "dict":
        return {_thing(k, buffers, kinds): _thing(v, buffers, kinds) for k, v in of}
    name, kept = of
    kind = kinds[name]
    known = kinds | _inside(kind)  # type: ignore[arg-type]
    return kind(**{field: _thing(value, buffers, known) for field, value in kept})


@cache
def _inside(kind: type[Any]) -> dict[str, type[Any]]:
    """The dataclasses that the fields of one are annotated with."""
    found: dict[str, type[Any]] = {}

    def look(hint: Any) -> None:
        if isinstance(hint, type) and is_dataclass(hint):
            found[_name(hint)] = hint
        for part in get_args(hint):
            look(part)

    for hint in get_type_hints(kind, vars(sys.modules[kind.__module__])).values():
        look(hint)
    return found
