"""Parameters that a cut leaves with a penalty alone: the part of the loss that knows the data no longer reaches them.

A loss is a sum of terms. A term has an aim for a parameter where, on an open way from the parameter to the term, the
data or a value that does not learn comes in. Without one the term only asks the parameter to be small, or its output to
be like a fixed law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tearless.calculus.gradient_reach import FLAT, MARK, cuts
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op

SUMS = frozenset({"add", "sub", "iadd", "isub", "radd", "rsub", "add_", "sub_"})
SCALES = frozenset({"mul", "div", "neg", "mean", "sum", "imul", "itruediv", "mul_", "div_"})
DATA = frozenset({"input", "data", "target"})


def penalty_alone(run: Run) -> tuple[Op | None, frozenset[str]]:
    """The last op that cuts parameters off from every term with an aim, and these parameters.

    >>> enter = {"op": 0, "function": "linear", "inputs": ["input", "parameter w"], "shape": [8, 4]}
    >>> cut = {"op": 1, "function": "detach", "inputs": [0], "shape": [8, 4], "learns": False}
    >>> out = {"op": 2, "function": "linear", "inputs": [1, "parameter v"], "shape": [8, 1]}
    >>> fit = {"op": 3, "function": "mse_loss", "inputs": [2, "data"]}
    >>> small = [{"op": 4, "function": "square", "inputs": [0], "shape": [8, 4]},
    ...          {"op": 5, "function": "mean", "inputs": [4]}, {"op": 6, "function": "add", "inputs": [3, 5]}]
    >>> found = penalty_alone(Run.from_entries([{"kind": "graph", "ops": [enter, cut, out, fit, *small], "loss": 6}]))
    >>> found[0].function, sorted(found[1])
    ('detach', ['w'])
    """
    alone, aimed = set[str](), set[str]()
    for graph in run.graphs.values():
        if graph.loss is not None:
            left, reached = _of(graph)
            alone |= left
            aimed |= reached
    names = frozenset(alone - aimed)
    last: Op | None = None
    for graph in run.graphs.values() if names else ():
        ops = {op.op: op for op in graph.ops}
        last = next((op for op in cuts(graph)[::-1] if names & _named(_below(ops, op.op, False))), last)
    return last, names


def _of(graph: Graph) -> tuple[set[str], set[str]]:
    """The parameters left with a penalty alone, and those that a term with an aim reaches."""
    ops = {op.op: op for op in graph.ops}
    terms = _terms(ops, graph.loss)
    opened = [_below(ops, term, True) for term in terms]
    behind = [_below(ops, term, False) for term in terms]
    aimed: set[str] = set()
    left: set[str] = set()
    for among in opened:
        for name in _named(among):
            (aimed if _has_aim(ops, among, name) else left).add(name)
    lost = {
        name
        for among, every in zip(opened, behind, strict=True)
        if any(DATA & set(op.inputs) for op in among)
        for name in _named(every) - _named(among)
    }
    return left & lost, aimed


def _terms(ops: Mapping[int, Op], loss: int | None) -> Sequence[int]:
    """The terms whose weighted sum a loss is: along sums and scalings of single numbers."""
    todo, found = [loss] if loss in ops else [], list[int]()
    while todo:
        at = todo.pop()
        op = ops[at] if at is not None else Op()
        made = [one for one in op.inputs if isinstance(one, int) and one in ops and ops[one].learns]
        single = all(not ops[one].shape for one in made)
        plain = not any(isinstance(one, str) for one in op.inputs)
        if made and single and (op.function in SUMS or (op.function in SCALES and len(made) == 1 and plain)):
            todo += made
        elif at is not None:
            found.append(at)
    return found


def _below(ops: Mapping[int, Op], start: int, learning: bool) -> list[Op]:
    """An op and those before it; with ``learning``, only where a gradient goes back."""
    todo, seen, found = [start], set[int](), list[Op]()
    while todo:
        op = ops[todo.pop()]
        if op.op in seen or (learning and (not op.learns or op.function in FLAT)):
            continue
        seen.add(op.op)
        found.append(op)
        todo += [one for one in op.inputs if isinstance(one, int) and one in ops]
    return found


def _named(among: Iterable[Op]) -> set[str]:
    texts = {one for op in among for one in op.inputs if isinstance(one, str)}
    return {one.removeprefix(MARK) for one in texts if one.startswith(MARK)}


def _has_aim(ops: Mapping[int, Op], among: Sequence[Op], name: str) -> bool:
    """Whether data, or a value that does not learn, comes in on an open way from a parameter to the term.

    What the op that uses the parameter takes of the model's input is what it works on, and no aim.
    """
    above: set[int] = set()
    for op in sorted(among, key=lambda one: one.op):
        first = MARK + name in op.inputs
        if not first and not above.intersection(one for one in op.inputs if isinstance(one, int)):
            continue
        above.add(op.op)
        for one in op.inputs:
            leaf = one in DATA and not (first and one == "input")
            still = isinstance(one, int) and one in ops and not ops[one].learns and not first
            if leaf or still:
                return True
    return False
