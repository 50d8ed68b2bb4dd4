"""Logits of one position as a table: a token a row, its name and its logit.

Taken are a vector or a matrix (``.npy``, ``.npz``, ``.safetensors``, arrays), and JSON: an object of token to logit, a
list of objects with a token and a logit, log-probability or probability, or an answer of a model server that holds
``top_logprobs`` or ``probs``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, encodable, quoted, visible

from . import safetensors
from .memory import as_array
from .remote.address import shown
from .source import Source

LARGEST = 64 << 20
_TOKEN = ("token", "tok_str", "text", "piece")
_VALUE = ("logit", "logprob", "log_prob", "score")
_SHARE = ("prob", "probability", "p")
_INSIDE = ("top_logprobs", "top_probs", "probs", "content", "completion_probabilities", "logprobs", "choices", "tokens")


def open_logits(
    data: Any, argument: str = "logits", *, position: int = -1, tensor: str | None = None, tokens: Any = None
) -> Source:
    """The logits of one position as a source with the columns ``token`` and ``logit``.

    ``position`` picks the row of a matrix, counted from 0 or, where negative, from the end; ``tensor`` the array of a
    file with several; ``tokens`` names the choices: a list, or a JSON file of names, of name to number, or a
    ``tokenizer.json``. Raises ``InputError`` for what holds no logits.

    >>> open_logits({"yes": 2.0, "no": 1.0}).rows.collect().rows()
    [('yes', 2.0), ('no', 1.0)]
    """
    if isinstance(data, (str, os.PathLike)):
        path = Path(data)
        label = shown(str(path))
        value = _file(path, label, argument, tensor)
    else:
        path, label, value = None, "logits", data
    if isinstance(value, (Mapping, list, tuple)) and not _plain_numbers(value):
        names, found, note = _named(value, label, argument, position)
        values = np.asarray(found)
    else:
        names, (values, note) = [], _row(value, label, argument, position)
    names = _names(tokens, len(values)) if tokens is not None else names or [str(i) for i in range(len(values))]
    frame = pl.DataFrame({"token": [encodable(name) for name in names], "logit": values.astype(np.float64)})
    return Source(label, frame.lazy(), tuple(filter(None, [note])), str(path) if path else None, argument=argument)


def _file(path: Path, label: str, argument: str, tensor: str | None) -> Any:
    try:
        with path.open("rb") as stream:
            head = stream.read(10)
        if head[:6] == b"\x93NUMPY":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        if head[:4] == b"PK\x03\x04":
            with np.load(path, allow_pickle=False) as archive:
                found = {n: safetensors.Tensor(n, "", (), 0, 0) for n in archive.files}
                return archive[safetensors.only(found, tensor, label, argument).name]
        if head[8:9] == b"{":
            found = safetensors.tensors(path, label, argument)
            return safetensors.load(path, safetensors.only(found, tensor, label, argument), label, argument)
        if path.stat().st_size > LARGEST:
            raise ValueError(f"a text of more than {LARGEST >> 20} MB")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        words = f"{argument}: expected a file of logits, got {label}, which does not exist; check the path"
        raise InputError(words) from None
    except (OSError, ValueError, EOFError, RecursionError) as fault:
        raise InputError(
            f"{argument}: expected logits (.npy, .npz, .safetensors, JSON), got {label} ({visible(str(fault), 80)}); "
            "save the vector of logits with numpy.save, or as JSON of token to logit"
        ) from None


def _plain_numbers(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _row(value: Any, label: str, argument: str, position: int) -> tuple[np.ndarray[Any, Any], str]:
    """The vector at one position of an array of any depth, and which it was."""
    try:
        array = np.asarray(value) if isinstance(value, (list, tuple)) else as_array(value, argument)
    except ValueError:
        array = None
    if array is None or array.dtype.kind not in "iuf" or array.ndim == 0 or array.size == 0:
        got = "nothing that is an array of numbers" if array is None else f"shape {array.shape} of {array.dtype}"
        raise InputError(f"{argument}: expected numbers, one for each choice, got {got} in {label}; give a vector")
    if array.ndim == 1:
        return array, ""
    rows = array.reshape(-1, array.shape[-1])
    if not -len(rows) <= position < len(rows):
        raise InputError(
            f"--position: expected one from {-len(rows)} to {len(rows) - 1} for an array of shape {array.shape}, got "
            f"{position}; name another"
        )
    at = position % len(rows)
    return rows[at], f"position {at:,} of {len(rows):,} (--position names another)"


def _named(value: Any, label: str, argument: str, position: int) -> tuple[list[str], list[float], str]:
    """Tokens and their logits in JSON, where they are found first."""
    if isinstance(value, Mapping) and value and all(isinstance(v, (int, float)) for v in value.values()):
        return [str(k) for k in value], [float(v) for v in value.values()], ""
    found = [pairs for pairs in _lists(value) if pairs]
    if not found:
        raise InputError(
            f"{argument}: expected an object of token to logit, or a list of objects with a token and a logprob, got "
            f"none in {label}; see `tearless sample --help`"
        )
    if not -len(found) <= position < len(found):
        raise InputError(f"--position: expected one from 0 to {len(found) - 1}, got {position}; name another")
    at = position % len(found)
    names, values = zip(*found[at], strict=True)
    note = "only the likeliest tokens are in the file: what is left out counts as impossible"
    if len(found) > 1:
        note = f"position {at:,} of {len(found):,} (--position names another); {note}"
    return list(names), list(values), note


def _lists(value: Any) -> Iterator[list[tuple[str, float]]]:
    """Every list of tokens with their numbers, in order; lists within one are taken before it."""
    if isinstance(value, Mapping):
        for key in _INSIDE:
            if key in value and isinstance(value[key], (list, Mapping)):
                yield from _lists(value[key])
                return
        if value and all(isinstance(v, (int, float)) for v in value.values()):
            yield [(str(k), float(v)) for k, v in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        within = [pairs for one in value for pairs in _lists(one)]
        pairs = [] if within else [pair for one in value if (pair := _pair(one)) is not None]
        yield from within or [pairs]


def _pair(one: Any) -> tuple[str, float] | None:
    if not isinstance(one, Mapping):
        return None
    name = next((str(one[k]) for k in _TOKEN if k in one), None)
    value = next((float(one[k]) for k in _VALUE if isinstance(one.get(k), (int, float))), None)
    share = next((float(one[k]) for k in _SHARE if isinstance(one.get(k), (int, float))), None)
    if value is None and share is not None and share >= 0:
        value = math.log(share) if share > 0 else -math.inf
    return None if name is None or value is None else (name, value)


def _names(tokens: Any, count: int) -> list[str]:
    """The names of the choices. Raises ``InputError`` where there are fewer names than choices."""
    value = tokens
    if isinstance(tokens, (str, os.PathLike)):
        try:
            value = json.loads(Path(tokens).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as fault:
            raise InputError(
                f"--tokens: expected a JSON file of names, got {quoted(str(tokens))} ({visible(str(fault), 80)}); give "
                "a list of names, or a tokenizer.json"
            ) from None
    if isinstance(value, Mapping) and isinstance(value.get("model"), Mapping):
        value = value["model"].get("vocab", value)
    if isinstance(value, Mapping):
        by_number = {int(v): str(k) for k, v in value.items() if isinstance(v, int)}
        return [by_number.get(i, str(i)) for i in range(count)]
    names = [str(v[0] if isinstance(v, list) and v else v) for v in value]
    if len(names) < count:
        raise InputError(f"--tokens: expected a name for each of {count:,} choices, got {len(names):,}; name them all")
    return names[:count]
