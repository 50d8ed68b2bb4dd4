"""A raised error about shapes, dtypes or devices, explained from its traceback: nothing was set up before."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tearless.linear_algebra.shapes import RULES, Clash, Edit, Explanation, Operand, Operation, Repair, Where, results
from tearless.linear_algebra.shapes.operation import Kind

from .layers.assumed import origins_of_error
from .layers.layers import LayerCall, model_path, of_call
from .layers.library_frames import is_module, modules_at_work
from .layers.made import keywords_of
from .operations.chains import came_from
from .operations.edits import edit_of
from .operations.following import goes_on
from .operations.found import Found, Given, text_of
from .operations.in_a_row import not_in_a_row
from .operations.inferring import inferred
from .operations.kinds import device_clash, dtype_clash
from .operations.messages import clash_by_message, completed, kind_of, may_be, shapes_in, text_of_error
from .operations.offers import cast_of_layer, offered
from .operations.ragged import ragged
from .operations.recognise import plain_call, recognised, stored
from .operations.transforms import transformed
from .operations.unpacking import unpacked
from .operations.values import UNKNOWN, Scope, library_of, spec_of
from .source.frames import Site, at_line, site_of, span

MOST_ERRORS = 12
MOST_REPAIRS = 6
MARK = "__tearless__"
ROWS = ("Sequential", "ModuleList", "DataParallel", "DistributedDataParallel", "OptimizedModule")


def explained(error: BaseException) -> Explanation | None:
    """Why an error about shapes, dtypes or devices was raised, where, and what mends it; ``None`` for other errors.

    The failing expression is found in the innermost frame of the reader's own code; its operands are looked up there
    and never worked out anew, so nothing of the reader's runs. Errors that it was raised from, and those of a group,
    are looked at where it says nothing itself. Never raises.

    >>> import numpy
    >>> try:
    ...     numpy.ones((32, 784)) @ numpy.ones((10, 784))
    ... except ValueError as error:
    ...     found = explained(error)
    >>> found.clash.kind, found.clash.marks, [str(one) for one in found.clash.operation.operands]
    ('shape', ((0, 1), (1, 0)), ['numpy.ones((32, 784)) (32, 784)', 'numpy.ones((10, 784)) (10, 784)'])
    >>> found.edits[0].new
    'numpy.ones((32, 784)) @ numpy.ones((10, 784)).T'
    >>> explained(KeyError("x")) is None
    True
    """
    try:
        return next((found for one in _chain(error) if (found := _explained(one)) is not None), None)
    except Exception:  # noqa: BLE001 - the reader's error is what counts: where we fail, nothing is said
        return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, those of its group, and those that it was raised from and that nobody explained yet."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(seen) < MOST_ERRORS:
        one = waiting.pop(0)
        if one is None or any(one is other for other in seen):
            continue
        if one is not error and vars(one).get(MARK) is not None:
            continue
        seen.append(one)
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        waiting.append(came_from(one))


@dataclass(slots=True)
class Case:
    """One error that is looked at: where it was, and what it says."""

    error: BaseException
    site: Site
    text: str
    kind: Kind | None
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope(self.site.frame, inferred)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: the clash with its operation, where it stands in the source, and the layer, if one asked."""

    clash: Clash
    found: Found | None
    path: tuple[ast.AST, ...]
    call: LayerCall | None = None


def _explained(error: BaseException) -> Explanation | None:
    if not may_be(error):
        return None
    site = site_of(error)
    if site is None:
        return None
    text = text_of_error(error)
    case = Case(error, site, text, kind_of(text))
    answer = _answer(case)
    return None if answer is None or answer.clash.operation is None else _told(case, answer)


def _answer(case: Case) -> Answer | None:
    site = case.site
    if isinstance(site.path[-1:], tuple) and site.path and isinstance(site.path[-1], ast.Raise | ast.Assert):
        return None
    if site.path:
        answer = _at(case, site.path)
        return answer if answer is not None else _by_layer(case, site.path) or _by_call(case) or _by_message(case)
    for way in at_line(site):
        answer = _at(case, way, sure=True)
        if answer is not None:
            return answer
    return _by_layer(case, ()) or _by_message(case)


def _at(case: Case, path: tuple[ast.AST, ...], sure: bool = False) -> Answer | None:
    """What clashes at an expression; with ``sure`` only what its rule refuses."""
    source = case.site.source
    node, scope, text = path[-1], case.scope, case.text
    special = transformed(node, scope, source, text) or unpacked(path, scope, source, text)
    special = special or ragged(node, scope, source, text)
    if special is not None:
        return Answer(special[0], special[1], path)
    found, path = _found(case, path)
    if found is None:
        return None
    _from_below(case, found)
    completed(found, case.text)
    operation = found.operation(case.site.source)
    if operation is None:
        return None
    clash = not_in_a_row(found, operation, case.site.source, case.text) or _clash(
        case, operation, [_weight(one) for one in found.given], found.function, sure
    )
    return None if clash is None else Answer(clash, found, path)


def _found(case: Case, path: tuple[ast.AST, ...]) -> tuple[Found | None, tuple[ast.AST, ...]]:
    """The operation at the end of a way; a value being stored is an operation of the whole statement."""
    node, source = path[-1], case.site.source
    if case.site.stores and isinstance(node, ast.Subscript):
        for i in range(len(path) - 2, -1, -1):
            match path[i]:
                case ast.Assign(value=value):
                    found = stored(node, value, case.scope, source, path[i])
                    picked = recognised(node, case.scope, source) if found and found.given[0].spec is None else None
                    return (picked, path) if picked is not None else (found, path[: i + 1])
                case ast.AugAssign():
                    return recognised(path[i], case.scope, source), path[: i + 1]
    return recognised(node, case.scope, source), path


def _from_below(case: Case, found: Found) -> None:
    """Operands that have no name are looked for in the frame of the library's function, by its parameter's name."""
    below = case.site.below
    if not below or len(found.roles) != len(found.given):
        return
    held, names = below[0].f_locals, below[0].f_code.co_varnames[: below[0].f_code.co_argcount]
    for i, (one, (at, role)) in enumerate(zip(found.given, found.roles, strict=True)):
        if one.spec is not None:
            continue
        value = held.get(role, held.get(names[at]) if 0 <= at < len(names) else None)
        if isinstance(value, list | tuple) and found.roles.count((at, role)) == 1:
            specs = [spec_of(each) for each in value]
            found.given[i : i + 1] = [Given(f"{one.name}[{k}]", spec) for k, spec in enumerate(specs)]
            found.roles[i : i + 1] = [(at, role)] * len(specs)
            return
        if library_of(value):
            found.given[i] = Given(one.name, spec_of(value), one.node)


def _weight(one: Given) -> bool:
    return one.spec is not None and one.spec.weight


def _clash(
    case: Case, operation: Operation, weights: Sequence[bool], function: str, sure: bool = False
) -> Clash | None:
    """The clash of an operation: by its rule, by dtypes and devices, or by what the library says."""
    if case.kind == "device" and not sure:
        return device_clash(operation, weights)
    if case.kind != "dtype":
        clash = _by_rule(operation)
        if clash is not None:
            return clash
    if case.kind == "dtype":
        return dtype_clash(operation, weights, case.text, function)
    return clash_by_message(operation, case.text, case.kind) if case.kind and not sure else None


def _by_rule(operation: Operation) -> Clash | None:
    if operation.rule not in RULES:
        return None
    try:
        results(operation)
    except Clash as clash:
        return clash
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return None
    return None


def _by_layer(case: Case, path: tuple[ast.AST, ...]) -> Answer | None:
    """What a layer, or a library's function written in Python, was at."""
    node = path[-1] if path and isinstance(path[-1], ast.expr) else None
    source, site = case.site.source, case.site
    try:
        told = of_call(case.error, site.trail, site.at, node, lambda one: text_of(one, source))
    except Exception:  # noqa: BLE001 - odd objects of a library: the other ways are left
        return None
    if told is None or (case.kind is None and told.clash is None):
        return None
    operation = told.operation
    weights = [one is None and operand.name.endswith((".weight", ".bias")) for one, operand in _with_nodes(told)]
    clash = told.clash if told.clash is not None and case.kind in (None, "shape", told.clash.kind) else None
    clash = clash or _clash(case, operation, weights, told.type)
    if clash is None or not operation.operands:
        return None
    found = None
    if node is not None:
        given = [Given(operand.name, None, one) for one, operand in _with_nodes(told)]
        found = Found(node, operation.rule, operation.library, given=given, settings=dict(operation.settings))
    return Answer(clash.of(clash.operation or operation), found, path, told)


def _with_nodes(told: LayerCall) -> list[tuple[ast.expr | None, Operand]]:
    nodes = [*told.nodes, *[None] * len(told.operation.operands)]
    return list(zip(nodes, told.operation.operands, strict=False))


def _by_call(case: Case) -> Answer | None:
    """A call that no rule is known for: what it was given, and what the library says."""
    path = case.site.path
    found = plain_call(path[-1], case.scope, case.site.source) if case.kind else None
    operation = found.operation(case.site.source) if found is not None else None
    if found is None or operation is None or case.kind is None:
        return None
    clash = _clash(case, operation, [_weight(one) for one in found.given], found.function)
    return None if clash is None else Answer(clash, found, path)


def _by_message(case: Case) -> Answer | None:
    """Names of the frame whose shapes the message writes out."""
    if case.kind is None or not _of_library(case):
        return None
    node = case.site.path[-1] if case.site.path else None
    if isinstance(node, ast.Call) and not case.site.below and case.scope.value(node.func) is UNKNOWN:
        return None
    shapes = [shape for shape in shapes_in(case.text) if shape][:4]
    held = [
        (name, spec)
        for name, value in case.site.frame.f_locals.items()
        if library_of(value) and (spec := spec_of(value))
    ]
    operands = []
    for i, shape in enumerate(shapes):
        names = [name for name, spec in held if spec is not None and spec.shape in (shape, shape[::-1])]
        operands.append(Operand(names[0] if len(names) == 1 else f"operand {i}", shape))
    if not operands:
        return None
    operation = Operation("", tuple(operands))
    clash = clash_by_message(operation, case.text, case.kind)
    return Answer(clash, None, case.site.path)


def _of_library(case: Case) -> bool:
    """Whether the error came out of a library of arrays."""
    words = [*case.site.frame.f_globals.values(), *case.site.frame.f_locals.values()]
    return any(
        library_of(one) or getattr(one, "__name__", "") in ("torch", "numpy", "jax", "jax.numpy") for one in words
    )


def _told(case: Case, answer: Answer) -> Explanation:
    """The explanation, repairs with a place in the source first."""
    clash, site = answer.clash, case.site
    where = _where(case, answer)
    pairs = [(repair, _edit(case, answer, repair)) for repair in clash.repairs[:MOST_REPAIRS]]
    paired = site.stores and clash.operation is not None and len(clash.operation.operands) > 2
    if clash.operation is None or (paired and clash.operation.rule == "index"):
        pairs = []  # entries put at places in pairs: every place with every other one is another thing
    else:
        pairs = offered(pairs, clash.operation, _keywords(case, answer))
    pairs.sort(key=lambda pair: (pair[1] is None, not _goes_on(case, answer, *pair)))
    sure = [repair for repair, _ in pairs]
    clash = Clash(clash.says, clash.law, clash.marks, lambda: sure, clash.kind, clash.operation)
    call = answer.call
    layer, kind = (call.path, call.type) if call is not None else model_path(site.trail, site.at)
    made = call.made if call is not None else None
    origins = origins_of_error(case.error) if clash.kind == "shape" else ()
    return Explanation(clash, where, layer, kind, made, origins, tuple(edit for _, edit in pairs), case.text)


def _goes_on(case: Case, answer: Answer, repair: Repair, edit: Edit | None) -> bool:
    """Whether what follows goes through as well, as far as that can be told."""
    if repair.gives is None or answer.found is None or not answer.path or answer.clash.kind != "shape":
        return True
    try:
        new = edit.new if edit is not None else ""
        return goes_on(answer.found, repair.gives, answer.path, case.scope, case.site.source, new)
    except (RecursionError, TypeError, ValueError, AttributeError):
        return True


def _keywords(case: Case, answer: Answer) -> tuple[str, ...] | None:
    """What the constructor of the layer takes; ``None`` where no layer of the reader's asked."""
    if answer.call is None or not answer.call.type:
        return None
    modules = [one for one in modules_at_work(case.site.below) if type(one).__name__ not in ROWS]
    if not modules or type(modules[0]).__name__ != answer.call.type:
        return None
    return keywords_of(type(modules[0]))


def _where(case: Case, answer: Answer) -> Where:
    source = case.site.source
    if source is not None and answer.path:
        return source.where(answer.path[-1], case.site.function)
    return case.site.where()


def _edit(case: Case, answer: Answer, repair: Repair) -> Edit | None:
    source, call = case.site.source, answer.call
    if call is not None and (edit := call.remade(repair)) is not None:
        return edit
    if source is None or answer.found is None:
        return None
    node = answer.found.node
    cast = cast_of_layer(repair, call.operation.operands) if call is not None else ""
    if cast and isinstance(node, ast.Call) and is_module(case.scope.value(node.func)):
        left, right = node.func, span(node)
        rest = source.between(*span(left)[2:], *right[2:])
        return Edit(source.where(node, case.site.function), f"{source.text(left)}{cast}{rest}")
    return edit_of(answer.found, repair, source, answer.path, case.site.function)
