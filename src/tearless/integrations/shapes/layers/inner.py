"""The operation at which other code of a library failed: recognised in its own source, in the reader's words."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import FrameType, TracebackType

from tearless.integrations.shapes.operations.found import Found
from tearless.integrations.shapes.operations.inferring import inferred
from tearless.integrations.shapes.operations.recognise import recognised
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.frames import Site, site_at
from tearless.linear_algebra.shapes import RULES, Clash, Operation, results
from tearless.linear_algebra.shapes.operation import renamed

from .calls import LayerCall
from .library_frames import is_module
from .places import place_of
from .remaking import Remade
from .words import Words

MOST_FRAMES = 6
_INSIDE = {"torch", "numpy", "jax", "jaxlib", "tearless"}
_OUTSIDE = ("torch.nn.", "torch.distributions.")


def of_inner(words: Words, trail: Sequence[TracebackType], at: int) -> LayerCall | None:
    """What the innermost line of a library did that a rule refuses; ``None`` where none is recognised."""
    looked = [i for i in range(len(trail) - 1, at, -1) if _is_plain(trail[i].tb_frame)]
    for i in looked[:MOST_FRAMES]:
        site = site_at(tuple(trail), i)
        told = _at(site, words, [one.tb_frame for one in trail[:i]]) if site.path else None
        if told is not None:
            return told
    return None


def _is_plain(frame: FrameType) -> bool:
    """Whether a frame is of code that works with arrays, and not of the inside of a library of arrays."""
    name = str(frame.f_globals.get("__name__", ""))
    return name.split(".")[0] not in _INSIDE or name.startswith(_OUTSIDE)


def _at(site: Site, words: Words, above: Sequence[FrameType]) -> LayerCall | None:
    scope = Scope(site.frame, inferred)
    found = recognised(site.path[-1], scope, site.source)
    operation = found.operation() if found is not None else None
    if found is None or operation is None or operation.rule not in RULES:
        return None
    if any(one.spec is not None and one.spec.shape and not one.spec.library for one in found.given):
        return None
    operation, nodes = _in_words(found, operation, scope, words, site.function)
    try:
        results(operation)
    except Clash as clash:
        remade = Remade(None, operation, nodes, direct=False)
        me = site.frame.f_locals.get("self")
        place = place_of(me, above, (), words) if is_module(me) else None
        path = place.path if place is not None else ""
        kind = type(me).__name__ if place is not None else ""
        return LayerCall(operation, nodes, remade.placed(clash), path, kind, None, remade)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    return None


def _in_words(
    found: Found, operation: Operation, scope: Scope, words: Words, function: str
) -> tuple[Operation, tuple[ast.expr | None, ...]]:
    """Operands that the reader's line passed on as it writes them; the others as the library does, and where."""
    names: list[str] = []
    nodes: list[ast.expr | None] = []
    for one in found.given:
        said = words.of(scope.value(one.node), nodes) if one.node is not None else None
        name, node = said or (f"{one.name} in {function}()", None)
        names.append(name)
        nodes.append(node)
    return Operation(operation.rule, renamed(operation, names).operands, operation.settings), tuple(nodes)
