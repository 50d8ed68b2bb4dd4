"""The parts of an expression to what they stand for: arrays, sizes, numbers, layers. Nothing is executed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from tearless.linear_algebra.shapes.operation import Clash
from tearless.linear_algebra.shapes.parsing import Node, Statement
from tearless.linear_algebra.shapes.size import Named, floor, named, names_in, product

from .binding import as_array, told
from .calling import Calling
from .indexed import index
from .lookup import CONSTANTS, DTYPES, PREFIXES, known_function, known_layer
from .values import Array, Given, Layer, Word, is_size

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "/": operator.truediv,
    "%": operator.mod, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "!=": operator.ne, "<<": operator.lshift, ">>": operator.rshift, "|": operator.or_, "&": operator.and_,
    "^": operator.xor,
}  # fmt: skip
PARTS = {
    "values": 0, "indices": 1, "Q": 0, "R": 1, "U": 0, "S": 1, "Vh": 2, "V": 2, "solution": 0, "residuals": 1,
    "rank": 2, "singular_values": 3, "eigenvalues": 0, "eigenvectors": 1, "sign": 0, "logabsdet": 1,
}  # fmt: skip
"""Results of several parts, by the names of their parts."""
HIGHEST_POWER = 64


class Evaluating(Calling):
    """The statements of one expression in one library."""

    def __init__(self, text: str, library: str) -> None:
        super().__init__(text, library)
        self.variables: dict[str, Any] = {}

    def statement(self, statement: Statement) -> Any:
        """The value of a statement; its target takes it."""
        target = statement.target
        value = self.value(statement.value)
        if isinstance(value, Named) and not names_in(value) <= self.sizes and target is None:
            value = as_array(self, self.operand(Given(value, statement.value))).value
        if target is None:
            return value
        if statement.op == "=" and target.kind != "index":
            self._put(target, value, statement.value)
            return value
        into = Given(self.value(target), target)
        if statement.op == "@=":
            (value,) = self.apply(target, "matmul", (into, self.operand(Given(value, statement.value))))
        elif isinstance(into.value, Array):
            node = Node("binary", target.start, statement.value.place[1], statement.op, (target, statement.value))
            operands = (into, as_array(self, self.operand(Given(value, statement.value))))
            (value,) = self.apply(node, "assign", operands, {"symbol": statement.op})
        else:
            value = self._numbers(target, statement.op[:-1], into.value, value)
        if target.kind == "name":
            self._put(target, value, statement.value)
        return value

    def _put(self, target: Node, value: Any, node: Node) -> None:
        """Give a value to a name, or its parts to several."""
        if target.kind == "name":
            self.variables[target.value] = value
            return
        parts = target.inner
        if isinstance(value, Array) and value.shape and isinstance(value.shape[0], int) and value.shape[0] < 1000:
            value = (Array(value.shape[1:], value.dtype),) * value.shape[0]
        if isinstance(value, Array) and value.shape and isinstance(value.shape[0], Named):
            value = (Array(value.shape[1:], value.dtype),) * len(parts)
        if not isinstance(value, (tuple, list)):
            raise self.refused(node, f"expected {len(parts)} values, got {told(value)}")
        if any(part.kind == "star" for part in parts):
            raise self.refused(target, "expected names without a star; name them one by one")
        if len(parts) != len(value):
            says = f"expected {len(parts)} values for {len(parts)} names, got {len(value)}; name as many"
            raise self.refused(target, says)
        for part, one in zip(parts, value, strict=True):
            self._put(part, one, node)

    def value(self, node: Node) -> Any:
        """What a part of the expression stands for."""
        match node.kind:
            case "number" | "text" | "constant":
                return node.value
            case "name":
                return self._name(node)
            case "tuple" | "list":
                found = self.spread(node)
                return tuple(found) if node.kind == "tuple" else found
            case "unary":
                return self._unary(node)
            case "binary":
                return self._binary(node)
            case "attribute":
                return self.attribute(node)
            case "index":
                return self._index(node)
            case "call":
                return self.call(node)
            case "slice":
                return slice(*(None if part is None else self._end(part) for part in node.parts))
        raise self.refused(node, "expected a value here; leave this out")

    def spread(self, node: Node) -> list[Any]:
        """The values of a list, those behind a star one by one."""
        found: list[Any] = []
        for part in node.inner:
            if part.kind == "star":
                inner = self.value(part.inner[0])
                if not isinstance(inner, (tuple, list)):
                    raise self.refused(part, f"expected several values behind `*`, got {told(inner)}")
                found += inner
            else:
                found.append(self.value(part))
        return found

    def _end(self, node: Node) -> Any:
        value = self.value(node)
        if value is None or is_size(value):
            return value
        raise self.refused(node, f"expected a whole number, got {told(value)}")

    def _name(self, node: Node) -> Any:
        name = node.value
        if name in self.variables:
            return self.variables[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in PREFIXES or name in DTYPES or known_layer(name):
            return Word(name)
        of_a_size = name in self.sizes or (self.sizing and name not in ("bool", "int", "float"))
        if known_function(name, self.library) and not of_a_size:
            return Word(name)
        return named(name)

    def operand(self, one: Given) -> Given:
        """A value that is taken as an array. Raises ``InputError`` for a name that was given no shape."""
        value = one.value
        if isinstance(value, Named) and not names_in(value) <= self.sizes:
            raise self.unknown(one.node, sorted(names_in(value) - self.sizes)[0])
        return one

    def _unary(self, node: Node) -> Any:
        (part,) = node.inner
        value = self.value(part)
        if isinstance(value, Array):
            if node.value == "-" and value.dtype == "bool":
                law = "truth values have no sign; `~` turns them round"
                says = f"{self.name_of(part)} holds truth values, which `-` does not take"
                raise self.stopped(node, "broadcast", (Given(value, part),), Clash(says, law, kind="dtype"))
            return self.apply(node, "broadcast", (Given(value, part),), {"symbol": node.value})[0]
        if isinstance(value, (Word, Layer, str, tuple, list)) or value is None or value is ...:
            raise self.refused(node, f"expected an array or a number behind `{node.value}`, got {told(value)}")
        if node.value == "~":
            return ~value if isinstance(value, int) else self._not_a_number(node)
        return 0 - value if node.value == "-" else value

    def _not_a_number(self, node: Node) -> Any:
        raise self.refused(node, "expected whole numbers here")

    def _binary(self, node: Node) -> Any:
        left_node, right_node = node.inner
        if node.value == "->":
            return self.piped(node, Given(self.value(left_node), left_node), right_node)
        left, right = self.value(left_node), self.value(right_node)
        if node.value == "|" and isinstance(right, (Layer, Word)):
            return self.piped(node, Given(left, left_node), right_node, right)
        left, right = self._shapes(node, Given(left, left_node), Given(right, right_node))
        arrays = isinstance(left, Array) or isinstance(right, Array)
        if node.value == "@" or arrays:
            pair = tuple(
                as_array(self, self.operand(Given(value, part)))
                for value, part in ((left, left_node), (right, right_node))
            )
            if node.value == "@":
                return self.apply(node, "matmul", pair)[0]
            return self.apply(node, "broadcast", pair, {"symbol": node.value})[0]
        return self._numbers(node, node.value, left, right)

    def _shapes(self, node: Node, left: Given, right: Given) -> tuple[Any, Any]:
        """Shapes written as they are, ``(32, 784) @ w``, as arrays of that shape; not ``x.shape + (2, 3)``."""
        values = (left.value, right.value)
        plain = [isinstance(v, tuple) and bool(v) and all(map(is_size, v)) for v in values]
        literal = left.node.kind == right.node.kind == "tuple"
        if not any(plain) or not (node.value == "@" or literal or any(isinstance(v, Array) for v in values)):
            return values
        for value in (v for v, one in zip(values, plain, strict=True) if one):
            self._bounded(node, value)
        made = [Array(v, trail=(v, ())) if one else v for v, one in zip(values, plain, strict=True)]
        return made[0], made[1]

    def _numbers(self, node: Node, sign: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers and sizes; lists and shapes are joined by ``+`` and repeated by ``*``."""
        if isinstance(left, (tuple, list)) or isinstance(right, (tuple, list)):
            return self._lists(node, sign, left, right)
        for value in (left, right):
            if not isinstance(value, (int, float, Named)):
                raise self.refused(node, f"expected arrays or numbers around `{sign}`, got {told(value)}")
        if isinstance(left, Named) or isinstance(right, Named):
            return self._named(node, sign, left, right)
        try:
            if sign == "**":
                return self._power(node, left, right)
            if sign in ("<<", ">>") and not (isinstance(right, int) and 0 <= right <= HIGHEST_POWER):
                return self._not_a_number(node)
            value = ARITHMETIC[sign](left, right)
        except (ZeroDivisionError, OverflowError, TypeError, ValueError):
            raise self.refused(node, f"`{sign}` of these numbers has no value") from None
        return self._small(node, value)

    def _power(self, node: Node, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and right >= 0:
            if right > HIGHEST_POWER and abs(left) > 1:
                raise self.refused(node, f"expected a power up to {HIGHEST_POWER}")
            return self._small(node, left**right)
        value = float(left) ** float(right)
        return value if isinstance(value, float) else math.nan

    def _small(self, node: Node, value: Any) -> Any:
        if isinstance(value, int) and abs(value) >= 2**127:
            raise self.refused(node, "expected a smaller number; no array is so large")
        return value

    def _named(self, node: Node, sign: str, left: Any, right: Any) -> Any:
        """Sizes with names: what is no size after all (``n / 2``, ``n < 3``) is an array without axes."""
        if isinstance(left, float) or isinstance(right, float) or sign not in ("+", "-", "*", "//", "**"):
            return Array(())
        terms = [len(one.terms) if isinstance(one, Named) else 1 for one in (left, right)]
        if terms[0] * terms[1] > 4096:
            raise self.refused(node, "expected a size of fewer terms; give it a name of its own")
        if sign == "**":
            if not isinstance(right, int) or not 0 <= right <= 8 or terms[0] > 3:
                return Array(())
            return product([left] * right)
        if sign == "//" and right == 0:
            raise self.refused(node, "expected another number than 0 to divide by")
        if sign == "//" and not isinstance(left, Named):
            return floor(left, right)
        return self.bounded(node, ARITHMETIC[sign](left, right)) if sign != "-" else left - right

    def _lists(self, node: Node, sign: str, left: Any, right: Any) -> Any:
        if sign == "+" and type(left) is type(right) and len(left) + len(right) <= 1000:
            return left + right
        if sign == "*" and isinstance(right, int) and isinstance(left, (tuple, list)) and len(left) * right <= 1000:
            return left * right
        if sign in ("==", "!="):
            return (left == right) == (sign == "==")
        raise self.refused(node, f"expected arrays or numbers around `{sign}`, got {told(left)} and {told(right)}")

    def _index(self, node: Node) -> Any:
        of, *parts = node.inner
        value = self.value(of)
        key = [Given(self.value(part), part) for part in parts]
        if isinstance(value, (tuple, list, str)):
            return self._item(node, value, key)
        if len(key) == 1 and isinstance(key[0].value, tuple):
            own = key[0].node.parts if key[0].node.kind == "tuple" else ()
            values = key[0].value
            nodes = own if len(own) == len(values) else (key[0].node,) * len(values)
            key = [Given(one, part or key[0].node) for one, part in zip(values, nodes, strict=True)]
        array = self.operand(Given(value, of))
        if not isinstance(array.value, Array):
            raise self.refused(of, f"expected an array before the brackets, got {told(value)}")
        for one in key:
            self.operand(one)
        return index(self, node, array, key)

    def _item(self, node: Node, value: Any, key: list[Given]) -> Any:
        where = key[0].value
        try:
            return value[where]
        except (IndexError, TypeError, ValueError):
            raise self.refused(node, f"expected a place among {len(value)} values, got {told(where)}") from None

    def attribute(self, node: Node) -> Any:
        """``x.T``, ``x.shape``, and names of a library."""
        (of,) = node.inner
        value, name = self.value(of), node.value
        if isinstance(value, Word):
            return CONSTANTS.get(name, Word(name, f"{value.prefix}.{value.name}".strip(".")))
        if isinstance(value, tuple) and name in PARTS and PARTS[name] < len(value):
            return value[PARTS[name]]
        if isinstance(value, tuple) and of.kind == "tuple" and value and all(map(is_size, value)):
            value = Array(value, trail=(value, ()))
        array = self.operand(Given(value, of))
        if isinstance(value, (Layer, str, tuple, list)) or value is None:
            raise self.refused(of, f"expected an array before the dot, got {told(value)}")
        array = as_array(self, array)
        return self._of_array(node, array, name)

    def _of_array(self, node: Node, array: Given, name: str) -> Any:
        shape = array.value.shape
        match name:
            case "shape":
                return shape
            case "ndim":
                return len(shape)
            case "size":
                return product(shape)
            case "T" | "H" if self.library != "torch" or name == "T" or len(shape) == 2:
                return self.apply(node, "transpose", (array,))[0]
            case "mT" | "mH" if shape or self.library != "torch":
                return self.apply(node, "swapaxes", (array,), {"axis0": -2, "axis1": -1})[0]
            case "mT" | "mH" | "real" | "imag" | "data" | "grad" | "at":
                return array.value
            case "dtype" | "device":
                return Word(array.value.dtype or "float32")
        raise self.not_known(node, name, method=True)
