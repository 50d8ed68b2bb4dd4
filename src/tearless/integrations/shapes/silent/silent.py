"""What goes through without an error and is not what it looks like, judged when a statement has been run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from tearless.integrations.shapes.operations.found import Found, Given, text_of
from tearless.integrations.shapes.operations.held import UNKNOWN, Bound, Spec, library_of, spec_of
from tearless.integrations.shapes.operations.inferring import inferred, rule_results
from tearless.integrations.shapes.operations.recognise import recognised
from tearless.integrations.shapes.operations.signatures import called
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.frames import span
from tearless.linear_algebra.shapes import Operation, known
from tearless.linear_algebra.shapes.explanation import entry_of
from tearless.linear_algebra.shapes.pairs import paired

from .into import Into, into, is_learnt
from .loss_calls import STRETCHING, called_layer, meeting, own_reduction
from .lost_axes import batch_lost, not_turned
from .meant import Place, axes_meant
from .own_table import against_own
from .units import Plan, Unit

if TYPE_CHECKING:
    from .tracer import Tracer

MOST_SHAPES = 512
"""Sets of shapes that are remembered of one statement."""
MOST_SOUND = 200
"""Operations without a fault that are told of."""
MOST_PARTS = 8
_FEW = range(-8, 8)


@dataclass(eq=False, slots=True)
class Sighting:
    """An operation at a place in the code, told of once however often it is run."""

    entry_as: dict[str, Any]
    fault: bool
    count: int = 0

    def entry(self) -> dict[str, Any]:
        return {**self.entry_as, "count": self.count}


@dataclass(eq=False, slots=True)
class Seeing:
    """A unit that has just been run: the names as they were before, what calls returned, which calls were made,
    and which of them gave tensors that a derivative is taken through."""

    frame: FrameType
    plan: Plan
    unit: Unit
    before: dict[str, Any]
    returned: dict[ast.AST, list[tuple[Any, Any]]]
    called: set[ast.AST]
    graded: set[ast.AST]
    tracer: Tracer
    _scope: Scope | None = field(default=None)

    @property
    def scope(self) -> Scope:
        """The names that the unit saw, with what its calls gave."""
        if self._scope is None:
            self._scope = Scope(self.frame, inferred)
            for one in self.unit.names:
                if self.before.get(one.id, UNKNOWN) is not UNKNOWN:
                    self._scope.known[one] = self.before[one.id]
            for node in self.unit.nodes:
                if isinstance(node, ast.Call) and node in self.returned:
                    given = _given_by(self.returned[node], self._scope.value(node.func))
                    if given is not UNKNOWN:
                        self._scope.known[node] = given
        return self._scope

    @property
    def place(self) -> Place:
        return Place(self.plan, self.frame, self.tracer.at)

    def done(self, node: ast.AST) -> bool:
        """Whether a node was worked out: in a branch only where a call in that branch was heard of."""
        branch = self.unit.unsure.get(node)
        return branch is None or any(one in self.called for one in ast.walk(branch))


def learnt(value: object) -> Any:
    """What is kept of a value: an array's shape, several of them, or ``UNKNOWN``; never the value itself."""
    if type(value) in (tuple, list):
        parts: Any = value
        kept = [learnt(one) for one in parts[:MOST_PARTS]]
        return tuple(kept) if len(parts) <= MOST_PARTS and UNKNOWN not in kept else UNKNOWN
    spec = spec_of(value) if library_of(value) else None
    return spec if spec is not None else UNKNOWN


def judged(seeing: Seeing) -> None:
    """Look at what a unit did, and count what was found at it. What was judged on the same shapes is only counted."""
    unit, back = seeing.unit, seeing.frame.f_back
    key = (*_likeness(seeing), *((back.f_code, back.f_lasti) if back is not None else ()))
    found = unit.known.get(key)
    if found is None:
        if len(unit.known) >= MOST_SHAPES:
            unit.known.clear()
        found = unit.known[key] = list(_looked(seeing))
    for one in found:
        one.count += 1


def _likeness(seeing: Seeing) -> Iterator[Any]:
    """Everything that the shapes in a unit follow from, as far as it changes."""
    frame, before = seeing.frame, seeing.before
    names, everywhere = frame.f_locals, frame.f_globals
    for name in seeing.unit.loads:
        value = before.get(name, UNKNOWN)
        if value is UNKNOWN:
            value = names[name] if name in names else everywhere.get(name)
        yield _like(value)
    scope = Scope(frame)
    for root, each in seeing.unit.attributes:
        held = names[root] if root in names else everywhere.get(root)
        if _HOW.get(type(held)) not in ("array", "fixed"):
            yield _like(scope.value(each))
    for node, several in seeing.returned.items():
        yield node
        yield _like(several[-1][1])
    yield len(seeing.called)


def _like(value: object) -> Any:
    """A value as far as shapes follow from it: an array's shape, a small number itself, of most others their type."""
    kind = type(value)
    how = _HOW.get(kind)
    if how is None:
        how = _HOW[kind] = _how(kind)
    if how == "array":
        return kind, tuple(value.shape)  # type: ignore[attr-defined]
    if how in ("type", "fixed"):
        return kind
    if how == "number":
        return value if value in _FEW else kind
    if how == "function":
        return getattr(value, "__code__", None) or getattr(value, "name", None)
    if how == "several":
        return tuple(map(_like, value[:MOST_PARTS]))  # type: ignore[index]
    spec = spec_of(value) if library_of(value) else None
    return kind if spec is None else (kind, spec.shape)


_HOW: dict[type, str] = {
    int: "number",
    tuple: "several",
    FunctionType: "function",
    Bound: "function",
    Spec: "array",
    ModuleType: "fixed",
}


def _how(kind: type) -> str:
    """How values of a type are told apart."""
    arrays = [getattr(sys.modules.get(name), of, ()) for name, of in _ARRAYS]
    if any(isinstance(one, type) and issubclass(kind, one) for one in arrays):
        return "array" if kind.__module__.split(".")[0] in ("torch", "numpy", "jaxlib", "jax") else "looked up"
    return "looked up" if kind.__module__.split(".")[0] in ("jax", "jaxlib", "torch", "numpy") else "type"


_ARRAYS = (("torch", "Tensor"), ("numpy", "ndarray"), ("jax", "Array"))


def _given_by(several: list[tuple[Any, Any]], function: object) -> Any:
    """What a call gave, from what Python functions returned that were at work directly below it."""
    function = getattr(function, "of", None) if isinstance(function, Bound) and function.of is None else function
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    if code is not None:
        return next((value for one, value in reversed(several) if one is code), UNKNOWN)
    names = {one.co_name for one, _ in several}
    layer = names <= {"_wrapped_call_impl", "__call__"}
    unknown = function is UNKNOWN or isinstance(function, Bound)
    return several[-1][1] if layer or (unknown and len(several) == 1) else UNKNOWN


def _looked(seeing: Seeing) -> Iterator[Sighting]:
    """What is to be told of a unit."""
    if _contradicted(seeing):
        return
    for node in seeing.unit.nodes:
        if not seeing.done(node):
            continue
        found = _operation(node, seeing)
        if found is None:
            continue
        if found.rule == "broadcast" and len(found.given) > 1:
            yield from _met(found, seeing)
        yield from _suspected(found, seeing)


def _suspected(found: Found, seeing: Seeing) -> Iterator[Sighting]:
    """An axis that is lost at an operation, or was never there."""
    source, told = seeing.plan.source, None
    if found.rule == "squeeze":
        told = batch_lost(found, seeing.tracer.squeezed.setdefault((source.file, span(found.node)), {}), source)
    elif found.rule in ("matmul", "dot", "broadcast") and len(found.given) == 2:
        told = not_turned(found, seeing.scope, source)
    if told is None and (found.rule == "broadcast" or isinstance(found.node, ast.AugAssign)) and len(found.given) == 2:
        told = against_own(found, seeing.place, source)
    sighting = told and _sighting(found, found.given, True, seeing, suspicions=[told])
    if sighting:
        yield sighting


def _contradicted(seeing: Seeing) -> bool:
    """Whether what was worked out for the statement is not what the name on its left holds now."""
    parents = seeing.plan.parents
    for node in seeing.unit.nodes:
        around = parents.get(node)
        if isinstance(around, ast.Assign) and len(around.targets) == 1 and isinstance(around.targets[0], ast.Name):
            spec = seeing.scope.spec(node)
            held = learnt(seeing.frame.f_locals.get(around.targets[0].id))
            if spec is not None and isinstance(held, Spec) and held.shape != spec.shape and node is around.value:
                return True
    return False


def _operation(node: ast.AST, seeing: Seeing) -> Found | None:
    """The operation that a node is; a loss, as function or as layer, is the meeting of its two operands."""
    scope, source = seeing.scope, seeing.plan.source
    found = recognised(node, scope, source)
    if found is not None and found.rule == "loss":
        return meeting(found, str(found.settings.get("name")), found.given[:2])
    if found is not None or not isinstance(node, ast.Call):
        return found
    loss = called_layer(node, scope, source)
    if loss is None and len(node.args) > 1 and (called(scope.value(node.func)) or ("", ""))[1] == "allclose":
        given = [Given(text_of(one, source), scope.spec(one), one) for one in node.args[:2]]
        library = given[0].spec.library if given[0].spec is not None else ""
        return Found(node, "broadcast", library, "allclose", given, settings={"symbol": "=="})
    return loss


def _met(found: Found, seeing: Seeing) -> Iterator[Sighting]:
    """Two arrays that meet entry by entry; where both are stretched against each other, that is a fault."""
    given = [one for one in found.given if one.spec is not None and one.spec.shape and all(map(known, one.spec.shape))]
    pairs = [(a, b) for i, a in enumerate(given) for b in given[i + 1 :]]
    stretched = [(a, b) for a, b in pairs if _pairs_of(a, b)]
    if found.settings.get("symbol") == "where":
        stretched.reverse()  # its values rather than the condition
    for a, b in (stretched or pairs)[:1]:
        sighting = _sighting(found, [a, b], bool(stretched), seeing)
        if sighting is not None:
            yield sighting


def _pairs_of(one: Given, other: Given) -> int:
    shapes: Any = [given.spec.shape for given in (one, other) if given.spec is not None]
    return paired(*shapes)


def _sighting(found: Found, given: list[Given], fault: bool, seeing: Seeing, **more: Any) -> Sighting | None:
    """The place in the code, told of the first time, and again where it shows a fault for the first time."""
    source, tracer = seeing.plan.source, seeing.tracer
    key = (source.file, span(found.node), tuple(more), tuple(one.name for one in given))
    before = tracer.found.get(key)
    if before is not None and (before.fault or not fault):
        return before
    if before is None and not fault and len(tracer.found) >= MOST_SOUND:
        return None
    operands = tuple(one.spec.named(one.name) for one in given if one.spec is not None)
    operation = Operation(found.rule, operands, found.settings)
    said: dict[str, Any] = {"reduced": "", "by": "", "learnt": False, "explicit": False}
    if fault and not more:
        said = _meaning(found, given, seeing)
    place = source.where(found.node, seeing.frame.f_code.co_name)
    tracer.found[key] = made = Sighting(
        {
            **entry_of(operation, rule_results(operation) or ()),
            "text": text_of(found.node, source),
            "file": source.file,
            "line": place.line,
            "code": place.code,
            **said,
            **more,
        },
        fault,
    )
    return made


def _meaning(found: Found, given: list[Given], seeing: Seeing) -> dict[str, Any]:
    """The reduction that the result goes into, what is done before it, and whether its axes were made for it."""
    column, row = sorted(given, key=lambda one: -len(one.spec.shape if one.spec is not None else ()))
    goes = _into(found, seeing)
    parts = [one.node for one in (column, row) if one.node is not None]
    meant = len(parts) == 2 and axes_meant(parts[0], parts[1], seeing.place, goes.reduced)
    learnt = bool(goes.reduced) and not meant and is_learnt(parts, seeing.place, seeing.graded)
    return {"reduced": goes.reduced, "by": goes.by, "learnt": learnt, "explicit": meant}


def _into(found: Found, seeing: Seeing) -> Into:
    """What the operation itself makes of its numbers, or else what is made of them around it."""
    if found.function == "allclose":
        return Into("all")
    by = STRETCHING.get(str(found.settings.get("symbol")), "linear")
    own = own_reduction(found, seeing.scope)
    return Into(own, by) if own else into(found.node, seeing.place, by)
