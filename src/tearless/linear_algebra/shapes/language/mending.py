"""Repairs as whole code: the expression with the change made where it stands, tried from its first word to its last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tearless.core import InputError
from tearless.linear_algebra.shapes.operation import Repair, atom, filled
from tearless.linear_algebra.shapes.parsing import Node, parsed
from tearless.linear_algebra.shapes.size import Named

from .evaluating import Evaluating
from .values import Stopped

Change = tuple[int, int, str]
SPREAD = frozenset(["shape", "axes", "reps", "sizes"])
"""Settings that methods take one by one as well: ``x.view(2, 3)``."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A repair as the whole expression anew, and what one takes for granted with it."""

    code: str
    because: str


def mendings(run: Evaluating, stopped: Stopped) -> Iterator[Mended]:
    """The expression with each repair that has a place in it, then with sizes of declarations changed."""
    for repair in stopped.clash.repairs:
        changes = _changes(run, stopped, repair)
        if changes:
            yield Mended(_written(run.text, changes), repair.because)
    yield from _other_sizes(run, stopped)


def _written(text: str, changes: Sequence[Change]) -> str:
    """The text with stretches replaced; they do not overlap."""
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _changes(run: Evaluating, stopped: Stopped, repair: Repair) -> list[Change] | None:
    if repair.layer:
        return _of_layer(stopped, repair)
    texts = [_text(run.text, node) if node is not None else None for node in stopped.operands]
    if repair.text:
        if any(text is None for text in texts):
            return None
        node = stopped.node
        new = filled(repair.text, [text or "" for text in texts])
        start, end = node.place
        return [(start, end, new if _alone(new) else f"({new})" if (start, end) != _all(run.text) else new)]
    changes: list[Change] = []
    for i, template in repair.operands.items():
        node_i = stopped.operands[i] if i < len(stopped.operands) else None
        if node_i is None:
            return None
        own = template.replace("{}", f"{{{i}}}")
        changes.append((*node_i.place, filled(_declaring(run, own, node_i), [text or "" for text in texts])))
    return _settings(run, stopped, repair, changes)


def _declaring(run: Evaluating, template: str, node: Node) -> str:
    """A template in which names that are declared further on are declared: ``x[:len(y)]`` before ``y(3)``."""
    for name, made in run.made.items():
        if made.start > node.start and re.search(rf"\b{re.escape(name)}\b(?!\()", template):
            declaration = _text(run.text, made).replace("\\", "")
            template = re.sub(rf"\b{re.escape(name)}\b(?!\()", declaration, template)
    return template


def _settings(run: Evaluating, stopped: Stopped, repair: Repair, changes: list[Change]) -> list[Change] | None:
    """The settings anew; those that stand nowhere are put in by name before the closing bracket."""
    end = stopped.node.end
    for name, code in repair.settings.items():
        node = stopped.at.get(name)
        if node is not None:
            start, stop = node.place
            one_by_one = name in SPREAD and run.text[start - 1 : start] == "(" and run.text[start] not in "(["
            new = code[1:-1].rstrip(",") if one_by_one and code.startswith("(") else code
            changes.append((start, stop, new))
        elif run.text[end - 1 : end] == ")":
            changes.append((end - 1, end - 1, f", {name}={code}"))
        else:
            return None
    return changes


def _of_layer(stopped: Stopped, repair: Repair) -> list[Change] | None:
    """The layer made with other settings, where it is made in this text."""
    layer = stopped.layer
    if layer is None or layer.node.kind != "call":
        return None
    changes: list[Change] = []
    end = layer.node.end - 1
    bare = len(layer.node.parts) == 1
    for name, code in repair.layer.items():
        node = layer.at.get(name)
        if node is not None:
            changes.append((*node.place, code))
        else:
            changes.append((end, end, f"{name}={code}" if bare else f", {name}={code}"))
            bare = False
    return changes


def _other_sizes(run: Evaluating, stopped: Stopped) -> Iterator[Mended]:
    """A marked axis of a declared array given the size that it meets."""
    operation = stopped.clash.operation
    if operation is None or stopped.clash.kind != "shape":
        return
    for i, axis in reversed(stopped.clash.marks):
        node = stopped.operands[i] if i < len(stopped.operands) else None
        name = operation.operands[i].name
        made = run.made.get(name) if node is not None else None
        if made is None or axis >= len(made.parts) - 1 or len(operation.operands[i].shape) != len(made.parts) - 1:
            continue
        for k, other in stopped.clash.marks:
            wanted = operation.operands[k].shape[other]
            part = made.parts[axis + 1]
            if k != i and part is not None and part.kind in ("number", "name") and not isinstance(wanted, Named):
                change = (*part.place, str(wanted))
                yield Mended(_written(run.text, [change]), f"{name} has {wanted} on axis {axis}")


def _text(text: str, node: Node) -> str:
    return text[node.start : node.end]


def _all(text: str) -> tuple[int, int]:
    """Where the text begins and ends, blanks left out."""
    return len(text) - len(text.lstrip()), len(text.rstrip())


def _alone(code: str) -> bool:
    """Whether code may stand beside operators as it is."""
    if atom(code) == code:
        return True
    try:
        return parsed(code)[0].value.kind in ("call", "index", "attribute", "name", "number")
    except InputError:
        return False
