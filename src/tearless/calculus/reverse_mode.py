"""Reverse-mode differentiation from local derivatives: backpropagation, whole, in one sitting.

Every operation records, for each of its inputs, the rule that carries a gradient of the output back to that input: the
local derivative, applied. ``gradient`` walks the operations backwards and adds what arrives. That is the chain rule,
and all of it. The rules are written in the same operations, so a gradient can be differentiated again. Functions such
as softmax, each with its rule, stand in ``local_derivatives``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Axes = int | tuple[int, ...] | None
Rule = Callable[["Variable"], "Variable"]


class Variable:
    """A float64 array that remembers how it was made.

    ``inputs`` holds pairs of an input and the rule that carries a gradient back to it. Arithmetic broadcasts as NumPy
    does. Exact up to rounding: the rules are derivatives, not differences. nan and inf pass through as in NumPy.

    >>> x = Variable([1.0, 2.0])
    >>> y = (x * x).sum()
    >>> gradient(y, [x])[0].value.tolist()
    [2.0, 4.0]
    """

    __slots__ = ("inputs", "value")
    __array_ufunc__ = None  # so that array + Variable comes here, and not entry by entry

    value: NDArray[np.float64]
    inputs: tuple[tuple[Variable, Rule], ...]

    def __init__(self, value: ArrayLike, inputs: tuple[tuple[Variable, Rule], ...] = ()) -> None:
        try:
            self.value = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as why:
            raise InputError(f"value: expected an array of numbers, got {why}; convert it first") from None
        self.inputs = inputs

    def __repr__(self) -> str:
        return f"Variable({self.value!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def T(self) -> Variable:  # noqa: N802 - the field's name
        return self.transpose()

    def __add__(self, other: Any) -> Variable:
        a, b = _together(self, variable(other), "+")
        return Variable(a.value + b.value, ((a, lambda g: _back_to(g, a.shape)), (b, lambda g: _back_to(g, b.shape))))

    def __mul__(self, other: Any) -> Variable:
        a, b = _together(self, variable(other), "*")
        rules = ((a, lambda g: _back_to(g * b, a.shape)), (b, lambda g: _back_to(g * a, b.shape)))
        return Variable(a.value * b.value, rules)

    def __pow__(self, power: float) -> Variable:
        if power == 0:  # a constant; 0 * x**-1 would be nan at 0
            return Variable(np.ones(self.shape))
        return Variable(self.value**power, ((self, lambda g: g * (power * self ** (power - 1))),))

    def __matmul__(self, other: Any) -> Variable:
        a, b = self, variable(other)
        if a.ndim == 0 or b.ndim == 0:
            raise InputError(f"@: expected vectors or matrices, got shapes {a.shape} and {b.shape}; use * for numbers")
        if a.ndim == 1:
            product = a.reshape(1, *a.shape) @ b
            return product.reshape(*product.shape[:-2], *product.shape[-1:]) if b.ndim > 1 else product.reshape()
        if b.ndim == 1:
            product = a @ b.reshape(*b.shape, 1)
            return product.reshape(*product.shape[:-1])
        if a.shape[-1] != b.shape[-2]:
            raise InputError(
                f"@: expected as many columns left as rows right, got shapes {a.shape} and {b.shape}; "
                f"{a.shape[-1]} is not {b.shape[-2]}"
            )
        rules = (
            (a, lambda g: _back_to(g @ _swapped(b), a.shape)),
            (b, lambda g: _back_to(_swapped(a) @ g, b.shape)),
        )
        return Variable(a.value @ b.value, rules)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> Variable:
        """The sum over one axis, some, or all; ``keepdims`` leaves them with length 1, as in NumPy."""
        kept = np.sum(self.value, axis=axis, keepdims=True).shape
        total = np.sum(self.value, axis=axis, keepdims=keepdims)
        return Variable(total, ((self, lambda g: g.reshape(*kept).broadcast_to(self.shape)),))

    def mean(self, axis: Axes = None, keepdims: bool = False) -> Variable:
        """The mean over one axis, some, or all. Raises ``InputError`` where there is nothing to average."""
        if self.value.size == 0:
            raise InputError(f"mean: expected at least one number, got shape {self.shape}; it is empty")
        total = self.sum(axis, keepdims)
        return total * (total.value.size / self.value.size)

    def max(self, axis: Axes = None, keepdims: bool = False) -> Variable:
        """The largest value; where several are equal, each gets an equal share of the gradient."""
        top = np.max(self.value, axis=axis, keepdims=True)
        share = (self.value == top) / np.sum(self.value == top, axis=axis, keepdims=True)
        value = top if keepdims else np.squeeze(top, axis=axis)
        return Variable(value, ((self, lambda g: g.reshape(*top.shape) * share),))

    def reshape(self, *shape: int) -> Variable:
        """The same numbers in another shape of as many, row by row."""
        return Variable(self.value.reshape(shape), ((self, lambda g: g.reshape(*self.shape)),))

    def transpose(self, *axes: int) -> Variable:
        """The axes in the order given, or in reverse."""
        order = tuple(i % self.ndim for i in axes) or tuple(reversed(range(self.ndim)))
        back = tuple(int(i) for i in np.argsort(order))
        return Variable(self.value.transpose(order), ((self, lambda g: g.transpose(*back)),))

    def broadcast_to(self, shape: tuple[int, ...]) -> Variable:
        """Repeated to a larger shape, as NumPy does; the gradient sums the repetitions."""
        return Variable(np.broadcast_to(self.value, shape), ((self, lambda g: _back_to(g, self.shape)),))

    def __getitem__(self, index: Any) -> Variable:
        return Variable(self.value[index], ((self, lambda g: _placed(g, index, self.shape)),))

    def __neg__(self) -> Variable:
        return self * -1.0

    def __sub__(self, other: Any) -> Variable:
        return self + -variable(other)

    def __truediv__(self, other: Any) -> Variable:
        return self * variable(other) ** -1.0

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Variable:
        return variable(other) - self

    def __rtruediv__(self, other: Any) -> Variable:
        return variable(other) / self

    def __rmatmul__(self, other: Any) -> Variable:
        return variable(other) @ self


def variable(x: Any) -> Variable:
    """``x`` itself where it is a ``Variable``, else a constant of its shape, any shape.

    >>> variable(2.0), variable(variable(2.0))
    (Variable(array(2.)), Variable(array(2.)))
    """
    return x if isinstance(x, Variable) else Variable(x)


def gradient(output: Variable, wanted: Sequence[Variable]) -> list[Variable]:
    """The derivative of a single number by each wanted variable, each of that variable's shape.

    The results are ``Variable``s made of operations: differentiate them again for higher orders. A variable on which
    the output does not depend gets zeros. Raises ``InputError`` where the output is not a single number.

    >>> x = Variable(3.0)
    >>> first = gradient(x**3, [x])[0]
    >>> float(first.value), float(gradient(first, [x])[0].value)
    (27.0, 18.0)
    """
    if output.value.size != 1:
        raise InputError(f"output: expected a single number, got shape {output.shape}; sum or average it first")
    order = _in_order(output)
    needed = {id(x) for x in wanted}
    for node in order:  # inputs come first, so one look tells whether a node leads to what is wanted
        if any(id(source) in needed for source, _ in node.inputs):
            needed.add(id(node))
    arrived: dict[int, Variable] = {id(output): Variable(np.ones(output.shape))}
    for node in reversed(order):
        for source, rule in node.inputs if id(node) in arrived else ():
            if id(source) in needed:
                part = rule(arrived[id(node)])
                arrived[id(source)] = arrived[id(source)] + part if id(source) in arrived else part
    return [arrived.get(id(x), Variable(np.zeros(x.shape))) for x in wanted]


def hessian_vector(output: Variable, wanted: Sequence[Variable], direction: Sequence[ArrayLike]) -> list[Variable]:
    """H v, the second derivatives of a single number times a direction, without making H: the gradient of ∇f · v.

    ``direction`` holds one array for each wanted variable, of its shape; so does the result. Exact up to rounding
    (Pearlmutter 1994, *Fast exact multiplication by the Hessian*). Raises ``InputError`` for another number of arrays.

    >>> x = Variable([1.0, 2.0])
    >>> hessian_vector((x**3).sum(), [x], [[1.0, 1.0]])[0].value.tolist()
    [6.0, 12.0]
    """
    if len(wanted) != len(direction):
        raise InputError(f"direction: expected {len(wanted)} arrays, one a variable, got {len(direction)}; match them")
    slopes = gradient(output, wanted)
    along = Variable(0.0)
    for slope, v in zip(slopes, direction, strict=True):
        along = along + (slope * v).sum()
    return gradient(along, wanted)


def _in_order(output: Variable) -> list[Variable]:
    """Every variable that the output is made of, inputs before what is made of them. No recursion: graphs are deep."""
    order: list[Variable] = []
    seen: set[int] = set()
    stack: list[tuple[Variable, bool]] = [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((source, False) for source, _ in node.inputs)
    return order


def _together(a: Variable, b: Variable, sign: str) -> tuple[Variable, Variable]:
    """Both, where their shapes broadcast. Raises ``InputError`` where they do not."""
    if a.shape != b.shape:
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            raise InputError(
                f"{sign}: expected shapes that are equal or 1, counted from the last, got {a.shape} and {b.shape}; "
                "reshape one of them"
            ) from None
    return a, b


def _back_to(g: Variable, shape: tuple[int, ...]) -> Variable:
    """Undo broadcasting: sum a gradient over the axes along which the value was repeated."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    repeated = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return (g.sum(repeated, keepdims=True) if repeated else g).reshape(*shape)


def _swapped(x: Variable) -> Variable:
    """The last two axes exchanged."""
    return x.transpose(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


def _placed(g: Variable, index: Any, shape: tuple[int, ...]) -> Variable:
    """A gradient put back where its values were taken from; places taken twice add up."""
    whole = np.zeros(shape)
    np.add.at(whole, index, g.value)
    return Variable(whole, ((g, lambda back: back[index]),))
