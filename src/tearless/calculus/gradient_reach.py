"""Where the gradient of a run goes: which parameters get one, which the loss reaches, and where its way ends.

Pure functions of a run's entries. Where steps have no graph (a compiled model, a log) the sets are empty.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Parameter, Step

MARK = "parameter "
"""How an op's inputs name a parameter."""
NAMELESS = "tensor of shape "
"""How a tensor is named that no model has."""
FLAT = frozenset({"round", "round_", "floor", "floor_", "ceil", "ceil_", "trunc", "fix", "sign", "sgn", "heaviside"})
"""Functions whose derivative is 0 wherever it exists: a gradient goes in and 0 comes out."""
OUT = frozenset({"tolist", "item", "numpy", "__array__", "__float__", "__int__"})
"""Functions that take numbers out of PyTorch, where no gradient follows them."""


def gradients(run: Run) -> Mapping[str, tuple[float | None, ...]]:
    """For each parameter the norm of its gradient at each looked-at step of an optimiser that holds it.

    >>> gradients(Run.from_entries([{"kind": "step", "parameters": ["a", "b"], "gradient": [0.5, None]}]))
    {'a': (0.5,), 'b': (None,)}
    """
    found: dict[str, list[float | None]] = {}
    for step in run.steps:
        for name, norm in zip(step.parameters, step.gradient, strict=False):
            if _concerns(run, step, name):
                found.setdefault(name, []).append(norm)
    return {name: tuple(norms) for name, norms in found.items()}


def moved(run: Run) -> frozenset[str]:
    """The parameters that some looked-at step changed. A change that is nan is one.

    >>> moved(Run.from_entries([{"kind": "step", "parameters": ["a", "b"], "update": [0.5, 0.0]}]))
    frozenset({'a'})
    """
    return frozenset(name for step in run.steps for name, size in step.by_name("update").items() if size != 0)


def without_gradient(run: Run) -> frozenset[str]:
    """The parameters that learn, stood in a looked-at step, and had no gradient, or one of 0, at every such step.

    Left out are steps whose loss was 0 (a margin that is kept asks for no change), and parameters that moved although
    they had no gradient (an optimiser inside backward, a search without gradients).

    >>> without_gradient(Run.from_entries([{"kind": "step", "parameters": ["a", "b"], "gradient": [0.5, None]}]))
    frozenset({'b'})
    """
    silent = {name for name, norms in _asked(run).items() if norms and not any(norms)}
    known = run.parameters
    hand = {name for name in moved(run) if all(norm is None for norm in gradients(run).get(name, ()))}
    return frozenset(name for name in silent - hand if known.get(name, Parameter()).learns)


def _asked(run: Run) -> Mapping[str, tuple[float | None, ...]]:
    """As ``gradients``, without the zeros of steps whose loss was 0."""
    found: dict[str, list[float | None]] = {}
    for step in run.steps:
        for name, norm in zip(step.parameters, step.gradient, strict=False):
            if _concerns(run, step, name) and not (step.loss == 0 and norm == 0):
                found.setdefault(name, []).append(norm)
    return {name: tuple(norms) for name, norms in found.items()}


def _concerns(run: Run, step: Step, name: str) -> bool:
    """Whether the step's optimiser holds this parameter, as far as that is known."""
    holds = [{n for group in o.parameters for n in group} for o in run.optimizers if o.optimizer == step.optimizer]
    return step.by_hand or not holds or any(name in names for names in holds)


def held(run: Run) -> frozenset[str]:
    """The parameters that some optimiser of the run holds, or that were called so.

    >>> held(Run.from_entries([{"kind": "optimizer", "name": "SGD", "parameters": [["a"]]}]))
    frozenset({'a'})
    """
    named = {name for o in run.optimizers for group in o.parameters for name in group}
    return frozenset(named | {name for name, p in run.parameters.items() if p.optimized})


def connected(graph: Graph) -> frozenset[str]:
    """The parameters from which a way leads to the loss that a gradient can go back: every op on it learns.

    >>> cut = Op(0, "detach", inputs=("parameter a",), learns=False)
    >>> connected(Graph(ops=(cut, Op(1, "add", inputs=(0, "parameter b"))), loss=1))
    frozenset({'b'})
    """
    ops = {op.op: op for op in graph.ops}
    return _parameters(_before(ops, None if graph.loss is None else ops.get(graph.loss), learning=True))


def behind(graph: Graph, op: Op) -> frozenset[str]:
    """All parameters that this op's value depends on.

    >>> graph = Graph(ops=(Op(0, "mm", inputs=("input", "parameter a")), Op(1, "relu", inputs=(0,))))
    >>> behind(graph, graph.ops[1])
    frozenset({'a'})
    """
    return _parameters(_before({one.op: one for one in graph.ops}, op, learning=False))


def used(graph: Graph) -> frozenset[str]:
    """All parameters that the loss depends on, whether a gradient can go back or not.

    >>> used(Graph(ops=(Op(0, inputs=("parameter a",)), Op(1, inputs=("parameter b",), used=False)), loss=0))
    frozenset({'a'})
    """
    return _parameters([op for op in graph.ops if op.used])


def cuts(graph: Graph) -> tuple[Op, ...]:
    """The ops that end a gradient: learning values go in, and what comes out learns no more or has the derivative 0.

    Those that take numbers out of PyTorch count, though what became of them cannot be followed. An op of parameters
    alone that does not learn, such as a layer under ``no_grad``, is none: nothing that learns went into it.

    >>> ops = Op(0, "mm", inputs=("parameter a",)), Op(1, "argmax", inputs=(0,), learns=False), Op(2, "relu")
    >>> [op.function for op in cuts(Graph(ops=ops))]
    ['argmax']
    """
    ops = {op.op: op for op in graph.ops}

    def learns(one: int | str) -> bool:
        return isinstance(one, int) and one in ops and ops[one].learns

    def into(op: Op) -> bool:
        return any(map(learns, op.inputs)) or (op.function.startswith("detach") and bool(_parameters([op])))

    def cut(op: Op) -> bool:
        if op.function in OUT:  # what it takes out may have been detached and moved before
            return not op.learns and any(into(one) for one in _before(ops, op, learning=False))
        return op.used and into(op) and (not op.learns or op.function in FLAT)

    return tuple(op for op in graph.ops if cut(op))


def _parameters(ops: Iterable[Op]) -> frozenset[str]:
    return frozenset(
        one.removeprefix(MARK) for op in ops for one in op.inputs if isinstance(one, str) and one.startswith(MARK)
    )


def _before(ops: Mapping[int, Op], start: Op | None, learning: bool) -> list[Op]:
    """The op and all before it; with ``learning``, only along ops through which a gradient goes back."""
    todo, seen, found = [start] if start is not None else [], set[int](), list[Op]()
    while todo:
        op = todo.pop()
        if op.op in seen or (learning and (not op.learns or op.function in FLAT)):
            continue
        seen.add(op.op)
        found.append(op)
        todo += [ops[one] for one in op.inputs if isinstance(one, int) and one in ops]
    return found


def fresh(parameter: Parameter) -> bool | None:
    """Whether a tensor's spread is that of a usual start, so that nothing trained it; ``None`` where it cannot be told.

    The usual starts of a matrix with fan-in a and fan-out b: standard deviation 1/√(3a) (PyTorch's layers), √(2/(a+b))
    (Glorot), √(1/a), √(2/a) (He), 1/√(3h) for the gates of recurrent layers of h units, 1 (embeddings), 0.02
    (Transformers); of a vector: one value. The spread of n draws has the relative standard error √((κ−1)/(4n)), at most
    1/√(2n) for kurtosis κ ≤ 3; four of them are allowed. A short training may leave a tensor inside: evidence, no
    proof.

    >>> fresh(Parameter("w", (64, 20), std=1 / 60**0.5)), fresh(Parameter("w", (64, 20), std=0.5))
    (True, False)
    """
    if parameter.std is None or not math.isfinite(parameter.std):
        return None
    if parameter.std == 0:
        return True
    if len(parameter.shape) < 2 or parameter.values < 16:
        return None
    return any(abs(parameter.std / s - 1) < 4 / math.sqrt(2 * parameter.values) for s in _starts(parameter.shape))


@lru_cache(maxsize=1024)
def _starts(shape: tuple[int, ...]) -> tuple[float, ...]:
    inside = math.prod(shape[2:])
    a, b = shape[1] * inside, shape[0] * inside
    if a == 0 or b == 0:
        return ()
    gates = tuple(1 / math.sqrt(3 * b / k) for k in (1, 3, 4) if shape[0] % k == 0)
    return (1 / math.sqrt(3 * a), math.sqrt(2 / (a + b)), math.sqrt(1 / a), math.sqrt(2 / a), *gates, 1.0, 0.02)


def after(graph: Graph, names: Collection[str], mine: Collection[str]) -> frozenset[str]:
    """Those of some parameters that are used on what came from a parameter of ``mine``, whose gradient passes there.

    >>> first = Op(0, "linear", inputs=("input", "parameter trunk"))
    >>> graph = Graph(ops=(first, Op(1, "linear", inputs=(0, "parameter head"))), loss=1)
    >>> after(graph, ["trunk", "head"], ["trunk"]), after(graph, ["trunk", "head"], ["head"])
    (frozenset({'head'}), frozenset())
    """
    ops = {op.op: op for op in graph.ops}
    found = [(op, _parameters([op]) & set(names)) for op in graph.ops if op.used and op.learns]
    own = set(mine)
    late = [names for op, names in found if names and own & _parameters(_before(ops, op, learning=True)[1:])]
    return frozenset().union(*late)


def stale_shapes(run: Run) -> frozenset[str]:
    """The shapes of the tensors that optimisers hold and no model that was called has, as their names tell them.

    >>> stale_shapes(Run.from_entries([{"kind": "optimizer", "stale": 1, "parameters": [["tensor of shape (3,)"]]}]))
    frozenset({'(3,)'})
    """
    names = {name for o in run.optimizers if o.stale for group in o.parameters for name in group}
    return frozenset(name.removeprefix(NAMELESS) for name in names if name.startswith(NAMELESS))


def untrained(run: Run, names: Iterable[str]) -> float | None:
    """The share of the numbers in these parameters that stand as at a usual start; ``None`` where none can be told.

    A parameter that an entry calls ``loaded``, or whose like (same place, same shape) another model trained, is not.

    >>> told = [{"name": "a", "shape": [64, 20], "std": 1 / 60**0.5}, {"name": "b", "shape": [64, 20], "std": 0.5}]
    >>> untrained(Run.from_entries([{"kind": "model", "parameters": told}]), ["a", "b"])  # b is no usual start
    0.5
    """
    learnt = trained_before(run)
    new = old = 0
    for p in (run.parameters[name] for name in names if name in run.parameters):
        stands = False if p.name in learnt else fresh(p)
        new, old = new + p.values * (stands is True), old + p.values * (stands is False)
    return new / (new + old) if new + old else None


def trained_before(run: Run) -> frozenset[str]:
    """The parameters that were loaded, or whose like (same place, same shape) in another model was trained.

    >>> told = [{"name": "a", "loaded": True}, {"name": "b"}]
    >>> trained_before(Run.from_entries([{"kind": "model", "parameters": told}]))
    frozenset({'a'})
    """
    known = held(run)
    trained = {(place(p.name), p.shape): p.name for m in run.models for p in m.parameters if p.name in known}
    own = [p for m in run.models for p in m.parameters]
    like = {p.name for p in own if trained.get((place(p.name), p.shape), p.name) != p.name}
    return frozenset(like | {p.name for p in own if p.loaded})


def place(name: str) -> str:
    """A parameter's path in its model: ``Net 2: head.weight`` stands where the ``head.weight`` of ``Net`` does.

    >>> place("Net 2: head.weight")
    'head.weight'
    """
    return name.rpartition(": ")[2]
