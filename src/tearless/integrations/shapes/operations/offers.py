"""Which repairs are offered: each once, that change something, and that are code where they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from tearless.linear_algebra.shapes import Edit, Operand, Operation, Repair

from .edits import same_code

Pair = tuple[Repair, Edit | None]
_CASTS = re.compile(r"\{\}(\.(?:float|double|half|bfloat16)\(\)|\.to\(\"(?!meta)\w+(?::\d+)?\"\))")


def offered(pairs: Sequence[Pair], operation: Operation, keywords: Sequence[str] | None) -> list[Pair]:
    """The repairs that can be offered. ``keywords`` are those of the layer's constructor; ``None``: none to be made."""
    found: list[Pair] = []
    said: set[tuple[object, str]] = set()
    for repair, edit in pairs:
        code = edit.new if edit is not None else _unplaced(repair, operation, keywords)
        old = edit.where.code if edit is not None else str(operation)
        key = (edit.where if edit is not None else None, " ".join(code.split()))
        if not code or key in said or same_code(code, old):
            continue
        said.add(key)
        found.append((repair, edit))
    return found


def _unplaced(repair: Repair, operation: Operation, keywords: Sequence[str] | None) -> str:
    """What a repair without a place writes; empty where nobody could write that."""
    if repair.layer:
        fits = keywords is not None and set(repair.layer) <= set(keywords)
        return f"layer({repair.layer})" if fits else ""
    code = operation.mended(repair)
    if any(operation.operands[i].name[:1] in "[(" and not operation.operands[i].library for i in repair.operands):
        return ""  # a list has no axes that could be changed
    try:
        ast.parse(code.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return code


def cast_of_layer(repair: Repair, operands: Sequence[Operand]) -> str:
    """How a repair changes every array of a layer's own, ``.double()``; empty where it does something else.

    A layer's own are called ``fc.weight``, ``net.0.bias``. Numbers on ``meta`` are none that could be moved.

    >>> x, weight = Operand("x", (2, 3), "float64"), Operand("net.0.weight", (4, 3), "float32")
    >>> cast_of_layer(Repair("", operands={1: "{}.double()"}), [x, weight])
    '.double()'
    """
    endings = r"\.(weight|bias|running_\w+|\w+_weight|\w+_bias)$"
    own = {i for i, one in enumerate(operands) if re.search(endings, one.name) and one.device != "meta"}
    kinds = set(repair.operands.values())
    if not own or set(repair.operands) - own or len(kinds) != 1 or repair.settings or repair.text or repair.layer:
        return ""
    found = _CASTS.fullmatch(next(iter(kinds)))
    return found[1] if found else ""
