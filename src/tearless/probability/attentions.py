"""The attention of a watched model: each softmax over positions, its entropy, and the spread of its scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tearless.linear_algebra.layers_of_a_run import PRODUCTS, by_op, consumers, plain, through_views
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Values

FUSED = ("scaled_dot_product_attention", "multi_head_attention_forward")
MASKED = 1e4
"""Scores below minus this are a mask's."""
BETWEEN = ("dropout", "masked_fill", "where", "mul", "nan_to_num")


@dataclass(frozen=True)
class Attention:
    """The softmax ``op`` over ``positions``, made by ``attentions``: ``spread``, the standard deviation of its scores
    (``None`` where a mask's numbers are in it), and its ``entropy`` as a share of ln n, which is estimated where
    attention is one call (``seen`` is then false)."""

    op: Op
    entropy: float
    positions: int
    spread: float | None
    seen: bool = True

    @property
    def limit(self) -> float:
        """The spread of scores from which few positions hold all."""
        return math.sqrt(2 * math.log(max(2, self.positions)))

    @property
    def frozen(self) -> float:
        """How far the scores are on the way to freezing: 1 is there. Half counts of a spread that is estimated."""
        by_entropy = math.sqrt(max(0.0, 1 - self.entropy))
        by_spread = 0.0 if self.spread is None else self.spread / self.limit
        return max(by_entropy, by_spread) if self.seen else by_spread / 2


def attentions(run: Run, graph: Graph, values: Values) -> Iterator[Attention]:
    """Each softmax of a graph that weighs other values, and each attention in one call, at a looked-at step.

    >>> ops = Op(op=0, function="softmax", shape=(8, 4)), Op(op=1, function="matmul", inputs=(0, "input"))
    >>> found = list(attentions(Run.from_entries([]), Graph(ops=ops), Values(entropy=(0.75, None))))
    >>> found[0].positions, found[0].frozen  # √(1 − 0.75)
    (4, 0.5)
    """
    entropies, stds, sizes, lows = (by_op(graph, of) for of in (values.entropy, values.std, values.rms, values.low))
    takers = consumers(graph)
    for op in graph.ops:
        if not op.used or not op.learns:
            continue
        if plain(op) == "softmax" and op.op in entropies and _is_attention(op, takers):
            at = through_views(graph, op.inputs[0]) if op.inputs else ""
            plain_scores = isinstance(at, int) and lows.get(at, -MASKED) > -MASKED
            spread = stds.get(at) if plain_scores and isinstance(at, int) else None
            yield Attention(op, entropies[op.op], op.shape[-1], spread)
        elif plain(op) in FUSED:
            fused = _fused(run, graph, op, sizes, entropies.get(op.op))
            if fused is not None:
                yield fused


def _is_attention(op: Op, takers: Mapping[int, list[Op]], deep: int = 3) -> bool:
    """Whether the shares weigh other values: a product that is not with a parameter takes them."""
    for taker in takers.get(op.op, []):
        weighs = plain(taker) in PRODUCTS and not any(
            isinstance(x, str) and x.startswith("parameter ") for x in taker.inputs
        )
        if weighs or (plain(taker) in BETWEEN and deep and _is_attention(taker, takers, deep - 1)):
            return True
    return False


def _fused(run: Run, graph: Graph, op: Op, sizes: dict[int, float], known: float | None) -> Attention | None:
    """Attention in one call: its scores' spread from the sizes of queries and keys, and the entropy that leaves."""
    if len(op.given) < 3 or len(op.given[0]) < 2:
        return None
    if plain(op) == "scaled_dot_product_attention":
        two = [sizes.get(at) if isinstance(at := through_views(graph, x), int) else None for x in op.inputs[:2]]
        positions, width = op.given[1][-2], op.given[0][-1]
        scale = float(op.options.get("scale") or width**-0.5)
        spread = two[0] * two[1] * math.sqrt(width) * scale if two[0] and two[1] else None
    else:
        positions, spread = _positions(op), _of_projection(run, graph, op, sizes)
    if known is None and (spread is None or positions < 2):
        return None
    left = 1 - (spread or 0.0) ** 2 / (8 * math.log(max(2, positions)))
    return Attention(op, max(0.0, left) if known is None else known, positions, spread, known is not None)


def _positions(op: Op) -> int:
    """Positions of keys in a call of multi-head attention: its inputs are (positions, samples, width)."""
    return op.given[1][0] if len(op.given[1]) == 3 else op.given[0][0]


def _of_projection(run: Run, graph: Graph, op: Op, sizes: dict[int, float]) -> float | None:
    """The spread of the scores from the standard deviation of the matrix that makes queries and keys."""
    at = through_views(graph, op.inputs[0])
    given = sizes.get(at) if isinstance(at, int) else None
    for x in op.inputs:
        name = x.removeprefix("parameter ") if isinstance(x, str) else ""
        parameter = run.parameters.get(name)
        if parameter is not None and name.endswith("in_proj_weight") and parameter.std and given:
            return float(parameter.std**2 * parameter.shape[-1] * given**2)
    return None
