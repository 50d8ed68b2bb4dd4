"""What would let a layer through: its input turned, another type of numbers, or the layer made with other settings.

Every change is tried by the layer's own rule. The order in which a rule names them is the order in which they are
offered: what people mean as a rule comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tearless.linear_algebra.shapes.moves import size_of
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Place, Repair
from tearless.linear_algebra.shapes.repairs import Change, gives_of
from tearless.linear_algebra.shapes.size import Named, Shape, known, product

from .registry import RULES

MOST = 6
CASTS = {"float32": "float", "float64": "double", "float16": "half", "bfloat16": "bfloat16", "int64": "long"}
PARAMETERS = (".weight", ".bias", ".running_mean", ".running_var", ".in_proj_weight")


@dataclass(frozen=True, slots=True)
class Turn:
    """Code hung onto an operand, and what the operand then is."""

    template: str
    after: Operand


def permuted(one: Operand, *order: int) -> Turn | None:
    """Its axes in this order; ``None`` where it has another number of axes."""
    rank = len(one.shape)
    if sorted(order) != list(range(rank)):
        return None
    moved = [axis for axis in range(rank) if order[axis] != axis]
    if rank == 2:
        template = "{}.T"
    elif len(moved) == 2:
        template = f"{{}}.transpose({moved[0]}, {moved[1]})"
    else:
        template = f"{{}}.permute({', '.join(map(str, order))})"
    return Turn(template, replace(one, shape=tuple(one.shape[axis] for axis in order))) if moved else None


def axis_to(one: Operand, here: int, there: int) -> Turn | None:
    """One axis put elsewhere, the others in their order."""
    order = list(range(len(one.shape)))
    order.insert(there, order.pop(here))
    return permuted(one, *order)


def axis_in(one: Operand, axis: int) -> Turn:
    """A new axis of 1; -1 stands for the end."""
    at = axis if axis >= 0 else len(one.shape) + 1 + axis
    return Turn(f"{{}}.unsqueeze({axis})", replace(one, shape=(*one.shape[:at], 1, *one.shape[at:])))


def axis_out(one: Operand, axis: int) -> Turn | None:
    """An axis of 1 taken out; ``None`` where it is of another size."""
    at = axis % len(one.shape) if one.shape else 0
    if not one.shape or not -len(one.shape) <= axis < len(one.shape) or one.shape[at] != 1:
        return None
    return Turn(f"{{}}.squeeze({axis})", replace(one, shape=one.shape[:at] + one.shape[at + 1 :]))


def laid_flat(one: Operand, start: int, end: int = -1) -> Turn | None:
    """The axes from ``start`` to ``end`` as one."""
    last = end % len(one.shape) if one.shape else 0
    if last <= start:
        return None
    template = f"{{}}.flatten({start}{'' if end == -1 else f', {end}'})"
    shape = (*one.shape[:start], product(one.shape[start : last + 1]), *one.shape[last + 1 :])
    return Turn(template, replace(one, shape=shape))


def cast(one: Operand, dtype: str) -> Turn:
    """Its numbers in another type."""
    return Turn(f"{{}}.{CASTS[dtype]}()" if dtype in CASTS else f"{{}}.to(torch.{dtype})", replace(one, dtype=dtype))


def largest(one: Operand, axis: int) -> Turn:
    """Where along an axis the largest entry is."""
    at = axis % len(one.shape)
    first = "{}.long()" if one.dtype == "bool" else "{}"
    return hung(one, f"{first}.argmax({axis})", one.shape[:at] + one.shape[at + 1 :], "int64" if one.dtype else None)


def cut_to(one: Operand, axis: int, other: Operand, its: int) -> Turn | None:
    """Only as many entries along an axis as another operand has; where it surely has more."""
    size, here = other.shape[its], one.shape[axis]
    written = size_of(other, its)
    if isinstance(size, Named) or isinstance(here, Named) or not 0 < size < here or written is None:
        return None
    key = ", ".join([":"] * axis + [f":{written}"])
    return hung(one, f"{{}}[{key}]", (*one.shape[:axis], size, *one.shape[axis + 1 :]))


def hung(one: Operand, template: str, shape: Shape, dtype: str | None = None) -> Turn:
    """Any other code."""
    return Turn(template, replace(one, shape=shape, dtype=one.dtype if dtype is None else dtype))


def then(first: Turn, second: Turn | None) -> Turn | None:
    """One after the other; ``second`` is that of ``first.after``."""
    return second and Turn(second.template.replace("{}", first.template, 1), second.after)


def turned(
    operation: Operation,
    because: str,
    turns: Mapping[int, Turn | None],
    back: str = "",
    gives: Shape | None = None,
) -> Change | None:
    """The operation on turned operands.

    With ``back``, code hung onto the result so that it lies as the input did; ``gives`` is its shape then.
    """
    operands = list(operation.operands)
    templates = {}
    for i, turn in turns.items():
        if turn is None:
            return None
        operands[i], templates[i] = turn.after, turn.template
    repair = Repair(because, operands=templates)
    if back:
        text = template_of(operation, templates)
        repair = Repair(because, gives, text=text + back) if text else repair
    return Change(1.0, replace(operation, operands=tuple(operands)), repair)


def remade(
    operation: Operation, because: str, layer: Mapping[str, Any], shapes: Mapping[int, Shape], **settings: Any
) -> Change | None:
    """The layer made with other settings: its parameters have other shapes, its rule other settings.

    A function has no layer: where all the settings stand in its call, they are written anew there.
    """
    if any(
        isinstance(one, Named) for value in layer.values() for one in (value if isinstance(value, tuple) else [value])
    ):
        return None
    operands = [replace(one, shape=shapes.get(i, one.shape)) for i, one in enumerate(operation.operands)]
    after = replace(operation, operands=tuple(operands), settings={**operation.settings, **settings})
    called = {part.of for part in operation.parts if isinstance(part, Place)}
    if settings and called.issuperset(settings):
        return Change(1.0, after, Repair(because, settings={name: repr(value) for name, value in settings.items()}))
    return Change(1.0, after, Repair(because, layer={name: repr(value) for name, value in layer.items()}))


def anew(operation: Operation, because: str, **settings: Any) -> Change:
    """The operation with other settings, written where it is called."""
    after = replace(operation, settings={**operation.settings, **settings})
    return Change(1.0, after, Repair(because, settings={name: repr(value) for name, value in settings.items()}))


def swapped(operation: Operation, because: str, i: int = 0, k: int = 1) -> Change | None:
    """The operation with two operands in each other's place."""
    operands = list(operation.operands)
    operands[i], operands[k] = operands[k], operands[i]
    text = template_of(operation, {i: f"{{{k}}}", k: f"{{{i}}}"})
    return Change(1.0, replace(operation, operands=tuple(operands)), Repair(because, text=text)) if text else None


def template_of(operation: Operation, templates: Mapping[int, str]) -> str:
    """The operation's text as a template, operands as ``templates`` say; empty where its text cannot be one."""
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in operation.parts):
        return ""
    names = [f"{{{i}}}" for i in range(len(operation.operands))]
    settings = operation.settings
    out = []
    for part in operation.parts or _plain(operation):
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part.of, int):
            out.append(templates.get(part.of, "{}").replace("{}", names[part.of]))
        else:
            out.append(str(settings.get(part.of, "")))
    return "".join(out)


def _plain(operation: Operation) -> Iterable[str | Place]:
    yield f"{operation.rule}("
    for i in range(len(operation.operands)):
        yield from ((", ", Place(i)) if i else (Place(i),))
    for name, value in operation.settings.items():
        yield f", {name}={value!r}"
    yield ")"


def offered(operation: Operation, changes: Iterable[Change | None]) -> list[Repair]:
    """Those that the rule lets through, in the order they came."""
    found: list[Repair] = []
    seen = set()
    for change in changes:
        if change is None:
            continue
        repair = _through(operation, change)
        if repair is None:
            continue
        key = (operation.mended(repair), tuple(repair.layer.items()))
        if key not in seen:
            seen.add(key)
            found.append(repair)
        if len(found) == MOST:
            break
    return found


def _through(operation: Operation, change: Change) -> Repair | None:
    """The repair and what it gives, with the types of numbers changed too where they are what is then refused."""
    gives = gives_of(change.after)
    if gives is not None:
        return change.repair if change.repair.gives is not None else replace(change.repair, gives=gives)
    first, templates = change.repair, change.repair.operands
    same = change.after.shapes == operation.shapes
    if same or first.layer or first.text or first.settings:
        return None
    try:
        RULES[change.after.rule](change.after)
    except Clash as clash:
        for more in clash.repairs if clash.kind == "dtype" else ():
            if more.operands:
                both = {i: more.operands[i].replace("{}", templates.get(i, "{}")) for i in more.operands}
                return replace(first, operands={**templates, **both}, gives=more.gives)
    return None


def of_a_layer(one: Operand) -> bool:
    """Whether an operand is a layer's parameter, by its name: it can only be changed where the layer is made."""
    return one.name.endswith(PARAMETERS)


def plain(shape: Shape) -> bool:
    """Whether all sizes are plain numbers."""
    return all(map(known, shape))
