"""Attention: every position takes a weighted mean of values, weighted by how well its query meets their keys.

## What it learns

Attention itself has nothing to learn. Multi-head attention learns four affine maps: to queries, keys and values, and
from the heads' results to the output.

## The mathematics

weights = softmax(Q Kᵀ / √E + mask), output = weights · V. Row i of the weights sums to 1: position i looks at position
j with weight ∝ exp(qᵢ·kⱼ/√E). If the entries of q and k are independent with variance 1, q·k has variance E; divided by
√E it has variance 1, and the softmax neither flattens nor picks one key alone, where its gradient vanishes. h heads do
this h times on E/h entries each. Order is unknown to attention: permuted keys and values give the same output. The
exponent of a row's entropy says how many keys it looks at.

## How it is computed

The queries are divided by √E before the product, which is then smaller, so half precision overflows later. Softmax is
shifted by the largest score where it must be. A mask is boolean (true: may look) or is added to the scores (−inf: may
not); ``causal`` lets position i look at 0 … i, counted from the first key, as in PyTorch. A position that may look at
no key gets weights 0, output 0 and gradient 0, and is reported: as by PyTorch's ``scaled_dot_product_attention`` from
2.5 on, where softmax alone, and ``nn.MultiheadAttention`` with its weights, give nan. nan or inf in a query or key
makes its scores nan; in a value it spoils the output of every position, as 0 · nan is nan.

## What goes wrong

- Queries and keys far larger than 1 make one weight 1 and the gradient 0; standardise the inputs → `unscaled-columns`.
- One inf or nan in the inputs is in every output after one layer → `infinite-values`, `missing-values`.
- Without the causal mask a position sees the answer that it is to predict, and the loss is too good → `target-leak`.
- PyTorch's two masks contradict each other: true is "may look" in ``scaled_dot_product_attention``, and "may not" in
  ``nn.MultiheadAttention``. Turned round, the model trains on what it should not see.

## References

- A. Vaswani et al. (2017), Attention is all you need, *NeurIPS 30*, section 3.2.
- D. Bahdanau, K. Cho, Y. Bengio (2015), Neural machine translation by jointly learning to align and translate, *ICLR*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from tearless.algorithms.steps import Step, Steps
from tearless.calculus.exponentials import softmax
from tearless.core import InputError, Number
from tearless.linear_algebra.arrays import Array, array, arrays, known, positive
from tearless.linear_algebra.layer import layer
from tearless.probability.entropy import effective_choices, entropy

TOLD = 8
"""So many queries ``explain`` tells one by one."""


@dataclass(frozen=True, eq=False)
class Attention:
    """What attention gave, with what it was made of. L queries, S keys; leading axes are batches and heads.

    Made by ``scaled_dot_product_attention`` and ``MultiHeadAttention``. ``scale`` multiplied the products; ``made_of``
    is the heading of ``explain``.

    >>> a = scaled_dot_product_attention([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0], [4.0]], mask=[[True, False]])
    >>> a.weights.tolist(), a.output.tolist(), a.blind.tolist()
    ([[1.0, 0.0]], [[2.0]], [False])
    """

    output: Array
    """Shape (..., L, V); of multi-head attention (..., L, E) with the heads put together."""
    weights: Array
    """Shape (..., L, S), or (..., heads, L, S): each row sums to 1, or to 0 where no key was allowed."""
    scores: Array
    """The scaled products before the mask, of the weights' shape."""
    blind: Array
    """True where a query may look at no key: the weights' shape without its last axis."""
    scale: float
    made_of: str = "scaled dot-product attention"

    def explain(self) -> Steps:
        """The steps in numbers: the scores, where each query looks, how narrowly, and the mean of the values.

        The first 8 queries are told one by one, of the first example and the first head.
        """
        seeing = self.weights[~self.blind]
        scored = {
            "scale": Number(self.scale, "1", "1/√E unless given"),
            "largest score": Number(_number(abs(self.scores).max()), "1", "in size"),
            "spread": Number(_number((self.scores**2).mean()) ** 0.5, "1", "root mean square; about 1 is sound"),
        }
        weighed = {"blind": Number(_number(self.blind.sum()), "queries", "may look at no key; their output is 0")}
        kept = ", and the output's map" if self.made_of.startswith("multi") else ""
        mixed = {"largest output": Number(_number(abs(self.output).max()), "1", "in size")}
        return Steps(
            self.made_of,
            [
                Step("linear_algebra.vectors.dot", "Every query times every key, scaled", scored),
                Step(
                    "calculus.exponentials.softmax",
                    "Shares of each row, with what the mask forbids at 0: the largest of each query",
                    _looks(self.weights) | weighed,
                ),
                Step(
                    "probability.entropy.effective_choices",
                    "exp of the entropy of a query's weights: so many equal weights would be as uncertain",
                    _narrowness(seeing, int(self.weights.shape[-1])),
                ),
                Step("linear_algebra.layer.layer", f"The weights times the values{kept}", mixed),
            ],
        )


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, *, mask: Any = None, causal: bool = False, scale: float | None = None
) -> Attention:
    """softmax(query · keyᵀ · scale, masked) · value.

    Shapes: query (..., L, E), key (..., S, E), value (..., S, V), leading axes broadcast; mask broadcasts to (..., L,
    S), boolean (true: may look) or added to the scores. ``causal`` forbids keys after the query's own position.
    ``scale`` is 1/√E unless given, else above 0. Any Array API array; PyTorch gradients flow. Raises ``InputError`` for
    shapes that do not meet, for nothing to attend with or to, and for a mask of whole numbers, with nan or with +inf.

    >>> a = scaled_dot_product_attention([[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], [[2.0], [4.0]])
    >>> a.weights.tolist(), a.output.tolist()
    ([[0.5, 0.5]], [[3.0]])
    """
    xp, q, k, v = arrays(query=query, key=key, value=value)
    _meet(q, k, v)
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else positive(scale, "scale")
    scores = (q * factor) @ xp.matrix_transpose(k)
    allowed, added = _mask(xp, scores, mask, causal)
    if allowed is None:
        weights = softmax(scores)
        blind = xp.zeros_like(scores[..., 0], dtype=xp.bool)
    else:
        sees = xp.any(allowed, axis=-1, keepdims=True)
        masked = scores if added is None else scores + added
        masked = xp.where(allowed, masked, xp.full_like(masked, -xp.inf))
        # rows that see nothing are given scores of 0, so that nothing in them is nan, and weights of 0 after
        weights = softmax(xp.where(sees, masked, xp.zeros_like(masked)))
        weights = xp.where(allowed, weights, xp.zeros_like(weights))
        blind = ~sees[..., 0]
    return Attention(weights @ v, weights, scores, blind, factor)


@dataclass(frozen=True, eq=False)
class MultiHeadAttention:
    """Attention in several heads between affine maps: concat(head₁ … headₕ) · output_weight + output_bias.

    Weights have shape (in, out): query (Dq, E), key (Dk, E), value (Dv, E), output (E, E); biases (E,) or None. E is a
    multiple of ``heads``. PyTorch keeps them transposed: ``of_torch`` takes its parameters as they are.

    >>> import numpy as np
    >>> heads = MultiHeadAttention(2, np.eye(4), np.eye(4), np.eye(4), np.eye(4))
    >>> heads(np.zeros((3, 4))).weights.shape, heads(np.zeros((3, 4)), causal=True).weights[0, 1].tolist()
    ((2, 3, 3), [0.5, 0.5, 0.0])
    """

    heads: int
    query_weight: Array
    key_weight: Array
    value_weight: Array
    output_weight: Array
    query_bias: Array | None = None
    key_bias: Array | None = None
    value_bias: Array | None = None
    output_bias: Array | None = None

    def __post_init__(self) -> None:
        names = ("query_weight", "key_weight", "value_weight", "output_weight")
        shapes = [array(getattr(self, name), name, ndim=2)[1].shape for name in names]
        width = shapes[0][1]
        if any(shape[1] != width for shape in shapes) or shapes[3][0] != width:
            raise InputError(
                f"{', '.join(names)}: expected shapes (D, E), (D, E), (D, E) and (E, E), got "
                f"{', '.join(str(tuple(shape)) for shape in shapes)}; match E"
            )
        if isinstance(self.heads, bool) or not isinstance(self.heads, int) or self.heads < 1 or width % self.heads:
            raise InputError(
                f"heads: expected a number that divides the width {width}, got {self.heads!r}; choose another"
            )

    @classmethod
    def of_torch(
        cls, heads: int, in_proj_weight: Any, in_proj_bias: Any, out_proj_weight: Any, out_proj_bias: Any
    ) -> Self:
        """From the parameters of ``torch.nn.MultiheadAttention``: one matrix (3E, E) for queries, keys and values.

        Shapes (3E, E), (3E,) or None, (E, E), (E,) or None. Raises ``InputError`` where the first is not (3E, E).
        """
        xp, packed = array(in_proj_weight, "in_proj_weight", ndim=2)
        out = xp.matrix_transpose(array(out_proj_weight, "out_proj_weight", ndim=2)[1])
        width = packed.shape[1]
        if packed.shape[0] != 3 * width:
            raise InputError(f"in_proj_weight: expected shape (3E, E), got {tuple(packed.shape)}; give it unsplit")
        q, k, v = (xp.matrix_transpose(packed[i * width : (i + 1) * width]) for i in range(3))
        bias = in_proj_bias
        bq, bk, bv = (None if bias is None else bias[i * width : (i + 1) * width] for i in range(3))
        return cls(heads, q, k, v, out, bq, bk, bv, out_proj_bias)

    def __call__(
        self, query: Any, key: Any = None, value: Any = None, *, mask: Any = None, causal: bool = False
    ) -> Attention:
        """Attention of the query on key and value; of the query on itself where they are left out.

        Shapes: query (..., L, Dq), key (..., S, Dk), value (..., S, Dv). ``mask`` broadcasts to (..., heads, L, S), so
        one for each of B examples has shape (B, 1, L, S). The result's weights are of every head.
        """
        key = query if key is None else key
        value = key if value is None else value
        q = self._split(layer(query, self.query_weight, self.query_bias))
        k = self._split(layer(key, self.key_weight, self.key_bias))
        v = self._split(layer(value, self.value_weight, self.value_bias))
        seen = scaled_dot_product_attention(q, k, v, mask=mask, causal=causal)
        xp, parts = array(seen.output, "output")
        joined = xp.moveaxis(parts, -3, -2)
        joined = xp.reshape(joined, (*joined.shape[:-2], joined.shape[-2] * joined.shape[-1]))
        output = layer(joined, self.output_weight, self.output_bias)
        said = f"multi-head attention, {self.heads} heads of {parts.shape[-1]}"
        return Attention(output, seen.weights, seen.scores, seen.blind, seen.scale, said)

    def _split(self, x: Array) -> Array:
        """(..., L, E) to (..., heads, L, E/heads)."""
        xp, x = array(x, "x")
        if x.ndim < 2:
            raise InputError(f"query, key, value: expected shape (..., L, D), got {tuple(x.shape)}; add an axis")
        return xp.moveaxis(xp.reshape(x, (*x.shape[:-1], self.heads, x.shape[-1] // self.heads)), -2, -3)


def _mask(xp: Any, scores: Array, mask: Any, causal: bool) -> tuple[Array | None, Array | None]:
    """Where looking is allowed, of the scores' shape, and what is added to the scores there; None where nothing is."""
    allowed = added = None
    if mask is not None:
        allowed, added = _told(xp, scores, mask)
    if causal:
        ones = xp.ones_like(scores[(0,) * (scores.ndim - 2)], dtype=xp.bool)
        allowed = xp.tril(ones) if allowed is None else allowed & xp.tril(ones)
    return (None if allowed is None else xp.broadcast_to(allowed, scores.shape)), added


def _told(xp: Any, scores: Array, mask: Any) -> tuple[Array, Array | None]:
    """What a mask says: where looking is allowed; and, where it is of floats, what to add there."""
    space, m = array(mask, "mask", floating=False)
    if _broadcast(m.shape, scores.shape) != tuple(scores.shape):
        raise InputError(
            f"mask: expected a shape that broadcasts to {tuple(scores.shape)}, got {tuple(m.shape)}; reshape it"
        )
    boolean = m.dtype == space.bool
    if not boolean and not space.isdtype(m.dtype, "real floating"):
        raise InputError(f"mask: expected true and false, or floats to add, got {m.dtype}; compare it with 0")
    _, _, m = arrays(scores=scores, mask=mask)  # to one library and device
    if boolean:
        return m != 0, None
    if known(xp.any(xp.isnan(m) | (m == xp.inf))):
        raise InputError("mask: expected finite numbers, or -inf, got nan or +inf; or give true and false")
    allowed = m > -xp.inf
    return allowed, xp.astype(xp.where(allowed, m, xp.zeros_like(m)), scores.dtype)


def _meet(q: Array, k: Array, v: Array) -> None:
    shapes = f"query {tuple(q.shape)}, key {tuple(k.shape)}, value {tuple(v.shape)}"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise InputError(f"query, key, value: expected two axes or more, got {shapes}; add the axis of positions")
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise InputError(
            f"query, key, value: expected (..., L, E), (..., S, E) and (..., S, V), got {shapes}; match E and S"
        )
    if _broadcast(q.shape[:-2], k.shape[:-2], v.shape[:-2]) is None:
        raise InputError(f"query, key, value: expected leading axes that broadcast, got {shapes}; match the batches")


def _broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that all broadcast to, or None."""
    out: list[int] = []
    for i in range(1, max(map(len, shapes)) + 1):
        sizes = {s[-i] for s in shapes if len(s) >= i} - {1}
        if len(sizes) > 1:
            return None
        out.append(sizes.pop() if sizes else 1)
    return tuple(reversed(out))


def _looks(weights: Array) -> dict[str, Number]:
    """The largest weight of each of the first queries, and its key."""
    told = {}
    for i in range(min(TOLD, weights.shape[-2])):
        row = weights[(*(0,) * (weights.ndim - 2), i)]
        at = int(row.argmax())
        key = f"on key {at}, the largest" if row[at] > 0 else "on any key: it may look at none"
        told[f"query {i}"] = Number(_number(row[at]), "share", key)
    return told


def _narrowness(seeing: Array, keys: int) -> dict[str, Number]:
    """Entropy and effective keys of the rows that see something."""
    if not seeing.shape[0]:
        return {"keys": Number(keys, "keys", "to look at, and no query may")}
    nats, choices = entropy(seeing), effective_choices(seeing)
    most = f"of a query's weights, on average; at most {math.log(keys):.3g}"
    return {
        "entropy": Number(_number(nats.mean()), "nats", most),
        "effective keys": Number(_number(choices.mean()), "keys", f"on average, of {keys}"),
        "fewest": Number(_number(choices.min()), "keys", "of the query that looks most narrowly"),
        "most": Number(_number(choices.max()), "keys", "of the query that looks most broadly"),
    }


def _number(x: Any) -> float:
    return float(x.tolist())
