"""Calls: of functions and methods, of layers, and declarations, which look like calls of a name not known."""

from __future__ import annotations

import math
from abc import abstractmethod
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tearless.core import InputError, listed, quoted
from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.size import Named, names_in, written

from .binding import Call, as_array, bound, parameters, told
from .catalogue import Known
from .layer_table import LAYERS
from .layers import made, run
from .lookup import DTYPES, MAKERS, NUMBERS, PREFIXES, known_function, known_layer, near
from .operating import Operating
from .strides import in_a_row
from .values import Array, Given, Layer, Word, is_size

NUMERIC: Mapping[str, Callable[..., Any]] = {
    "int": int, "floor": math.floor, "ceil": math.ceil, "round": round, "abs": abs, "isqrt": math.isqrt,
    "max": lambda *values: max(values), "min": lambda *values: min(values), "sqrt": math.sqrt,
}  # fmt: skip


class Calling(Operating):
    """What a call in an expression stands for."""

    variables: dict[str, Any]
    sizing = False
    """Whether the sizes of a declaration are read: a name of a function is one of a size there."""

    @abstractmethod
    def value(self, node: Node) -> Any: ...

    @abstractmethod
    def operand(self, one: Given) -> Given: ...

    @abstractmethod
    def attribute(self, node: Node) -> Any: ...

    def call(self, node: Node) -> Any:
        """What a call gives."""
        callee, *parts = node.inner
        if callee.kind == "name" and not isinstance(self.variables.get(callee.value), (Layer, Word)):
            return self._by_name(node, callee, parts)
        if callee.kind == "attribute":
            return self._by_attribute(node, callee, parts)
        return self._applied(node, self.value(callee), callee, parts)

    def _by_name(self, node: Node, callee: Node, parts: Sequence[Node]) -> Any:
        """A function, a layer that is made, or an array that is declared."""
        name = callee.value
        if name in self.variables:
            value = self.variables[name]
            if isinstance(value, Array):
                return self._again(node, name, value, parts)
            raise self.refused(callee, f"expected a function or a layer, got {told(value)}")
        known = known_function(name, self.library)
        if known_layer(name) or (known is not None and not self._declares(name, parts)):
            return self.named_call(node, name, "", parts)
        self.sizing, before = True, self.sizing
        args, keywords = self._arguments(parts)
        self.sizing = before
        return self._declared(node, callee, args, keywords)

    def _declares(self, name: str, parts: Sequence[Node]) -> bool:
        """Whether a call of a known name with sizes alone declares an array: ``mean(10)``, but not ``sqrt(64)``."""
        if name in NUMBERS or name in MAKERS or name in DTYPES or not parts:
            return False
        return all(self._is_size(part) for part in parts)

    def _is_size(self, part: Node) -> bool:
        if part.kind == "number":
            return isinstance(part.value, int)
        if part.kind == "name":
            own = part.value in self.sizes or not known_function(part.value, self.library)
            return own and is_size(self.variables.get(part.value, 0))
        return part.kind == "binary" and all(inner is not None and self._is_size(inner) for inner in part.parts)

    def _again(self, node: Node, name: str, array: Array, parts: Sequence[Node]) -> Array:
        """A name that has a shape, written with one again: it must be the same."""
        args, _ = self._arguments(parts)
        shape = tuple(one.value for one in args)
        if shape != array.shape:
            says = f"{quoted(name)} has the shape {written(array.shape)}; write {quoted(name)}, or use another name"
            raise self.refused(node, says)
        insort(self.shorts, (node.start, node.end, name))
        return array

    def _declared(self, node: Node, callee: Node, args: list[Given], keywords: dict[str, Given]) -> Array:
        name = callee.value
        if len(args) == 1 and isinstance(args[0].value, (tuple, list)):
            args = [Given(size, args[0].node) for size in args[0].value]
        dtype = keywords["dtype"].value if "dtype" in keywords else None
        if args and isinstance(args[-1].value, Word) and args[-1].value.name in DTYPES | {"bool", "int", "float"}:
            dtype = args.pop().value
        if any(isinstance(one.value, (Array, Layer, str, list)) for one in args) or set(keywords) - {"dtype"}:
            raise self.not_known(callee, name, method=False)
        shape = []
        for one in args:
            if not is_size(one.value):
                says = f"expected the sizes of {quoted(name)}, whole numbers or names, got {told(one.value)}"
                raise self.refused(one.node, says)
            shape.append(self.bounded(one.node, one.value))
            self.sizes |= names_in(one.value)
        array = Array(
            tuple(shape),
            dtype.name if isinstance(dtype, Word) else "",
            strides=in_a_row(tuple(shape)),
            trail=(tuple(shape), ()),
        )
        self._bounded(node, array.shape)
        self.declared[name] = self.variables[name] = array
        self.made[name] = node
        insort(self.shorts, (node.start, node.end, name))
        return array

    def _by_attribute(self, node: Node, callee: Node, parts: Sequence[Node]) -> Any:
        """A function of a library, or a method of an array."""
        (of,) = callee.inner
        value = self.value(of)
        if isinstance(value, Word) and (value.name in PREFIXES or value.prefix):
            return self.named_call(node, callee.value, f"{value.prefix}.{value.name}".strip("."), parts)
        if isinstance(value, Layer):
            if callee.value in ("to", "cuda", "cpu", "eval", "train", "half", "double", "float", "requires_grad_"):
                return self._set(of, value, callee.value)
            raise self.refused(callee, f"expected an array before the dot, got {told(value)}; call the layer")
        if isinstance(value, tuple) and callee.value == "numel":
            return math.prod(value) if all(isinstance(n, int) for n in value) else Array(())
        if isinstance(value, Array) and callee.value in ("mH", "mT", "T", "shape", "ndim"):
            raise self.refused(node, f"expected no brackets behind `.{callee.value}`; leave them out")
        array = as_array(self, self.operand(Given(value, of)))
        known = known_function(callee.value, self.library)
        if known is None:
            raise self.not_known(callee, callee.value, method=True)
        args, keywords = self._arguments(parts)
        return self._known(Call(self, node, callee.value, (array, *args), keywords, True, "", known))

    def _set(self, of: Node, layer: Layer, how: str) -> Layer:
        """A layer in evaluation or in training; the name that it has stands for it so from here on."""
        layer = replace(layer, evaluating=how == "eval") if how in ("eval", "train") else layer
        if of.kind == "name":
            self.variables[of.value] = layer
        return layer

    def named_call(self, node: Node, name: str, prefix: str, parts: Sequence[Node], first: Sequence[Given] = ()) -> Any:
        """A function or a layer by its name; ``first`` are arguments put before those in the text."""
        self.sizing, before = False, self.sizing
        args, keywords = self._arguments(parts)
        self.sizing = before
        if known_layer(name):
            return made(Call(self, node, name, (*first, *args), keywords, False, prefix), LAYERS[name])
        known = known_function(name, self.library, prefix)
        if known is None:
            raise self.not_known(node, name, method=False)
        given = (*first, *args)
        if given and not keywords and name in NUMBERS and all(_plain(one.value) for one in given):
            return self._number(node, name, [one.value for one in given])
        return self._known(Call(self, node, name, (*first, *args), keywords, False, prefix, known))

    def _known(self, call: Call) -> Any:
        known: Known = call.known
        self.callee = (0, 0)
        taken = bound(call, known.takes)
        for name, one in taken.given.items():
            if name[0].isupper() and name != "As":
                self.operand(one)
            elif name == "rest":
                continue
            self.sizes |= _names(one.value)
        if known.make is not None:
            return known.make(taken)
        arrays = [taken.array(name) for name in taken.given if name[0].isupper() and taken.has(name)]
        settings = {name: value for name, value in taken.defaults.items() if name[0].islower() and name != "rest"}
        settings |= {name: one.value for name, one in taken.given.items() if name[0].islower() and name != "rest"}
        for name in ("axis", "axis0", "axis1"):
            if name in settings:
                settings[name] = taken.axes(name)
        settings |= known.fixed
        if known.rule == "broadcast":
            settings = {"symbol": call.name}
        return self.apply(call.node, known.rule, arrays, settings, taken.at(*settings), known.dtype)[0]

    def _number(self, node: Node, name: str, values: list[Any]) -> Any:
        """A function of plain numbers: its value where it is a number that a size may be made of."""
        if any(isinstance(value, Named) for value in values):
            return values[0] if name in ("int", "abs") else Array(())
        if name in ("prod", "sum", "len"):
            raise self.refused(node, f"expected an array for `{name}`, got a number")
        try:
            return NUMERIC[name](*values) if name in NUMERIC else math.nan
        except (ValueError, OverflowError, TypeError):
            raise self.refused(node, f"`{name}` of this number has no value") from None

    def _applied(self, node: Node, value: Any, callee: Node, parts: Sequence[Node]) -> Any:
        """A layer called with arrays, or a function under another name."""
        if isinstance(value, Word):
            return self.named_call(node, value.name, value.prefix, parts)
        if isinstance(value, Array) and callee.kind == "call" and callee.parts[0] is not None:
            name = callee.parts[0].value
            close = near(name, ()) if isinstance(name, str) else []
            hint = f"; did you mean {listed(close)}?" if close else ""
            raise self.refused(callee, f"expected a function or a layer to call, got an array{hint}")
        if not isinstance(value, Layer):
            raise self.refused(callee, f"expected a function or a layer to call, got {told(value)}")
        args, keywords = self._arguments(parts)
        self.callee = callee.place
        return self.run_layer(node, value, args, keywords, self.name_of(callee))

    def run_layer(self, node: Node, layer: Layer, args: Sequence[Given], keywords: dict[str, Given], name: str) -> Any:
        """A layer on its inputs."""
        given = [self.operand(one) for one in args]
        return run(Call(self, node, layer.type, tuple(given), keywords), layer, name)

    def piped(self, node: Node, first: Given, right_node: Node, right: Layer | Word | None = None) -> Any:
        """``x -> f``: what stands on the left goes first into what stands on the right, read already for ``x | f``."""
        left = first.node
        after = left.parts[-1] if left.kind == "binary" and left.value == node.value else None
        if after is not None:
            self.renamed[left] = f"{self.short(*after.place)}(...)"
        self.label = f"{node.value} {self.short(*right_node.place)}"
        try:
            return self._into(node, first, right_node, right)
        finally:
            self.label = ""

    def _into(self, node: Node, first: Given, right_node: Node, right: Layer | Word | None) -> Any:
        """A value put into a function or a layer."""
        callee = right_node.parts[0] if right_node.kind == "call" and right is None else None
        if callee is not None and callee.kind in ("name", "attribute"):
            word = self.value(callee) if callee.kind == "attribute" else Word(callee.value)
            if isinstance(word, Word) and not known_layer(word.name) and word.name not in self.variables:
                parts = right_node.inner[1:]
                return self.named_call(node, word.name, word.prefix, parts, (self.operand(first),))
        into = self.value(right_node) if right is None else right
        if isinstance(into, Word) and known_layer(into.name):
            into = self._by_name_alone(right_node, into)
        if isinstance(into, Word):
            return self.named_call(node, into.name, into.prefix, (), (self.operand(first),))
        if isinstance(into, Layer):
            return self.run_layer(node, into, (first,), {}, self.name_of(right_node))
        raise self.refused(right_node, f"expected a function or a layer behind `{node.value}`, got {told(into)}")

    def _by_name_alone(self, node: Node, word: Word) -> Layer:
        """``ReLU`` for ``ReLU()``. Raises ``InputError`` where the layer cannot be made without arguments."""
        kind = LAYERS[word.name]
        needs = [name for name, required, _ in parameters(kind.takes) if required]
        if needs:
            says = f"expected a layer that is made, got its name; `{word.name}` needs {listed(needs)}"
            raise self.refused(node, f"{says}: write `{word.name}(...)`")
        return made(Call(self, node, word.name, (), {}, False, word.prefix), kind)

    def _arguments(self, parts: Sequence[Node]) -> tuple[list[Given], dict[str, Given]]:
        """The arguments of a call, by place and by name; those behind a star one by one."""
        args: list[Given] = []
        keywords: dict[str, Given] = {}
        for part in parts:
            inner = part.parts[0] if part.kind in ("keyword", "star") else None
            if part.kind == "keyword" and inner is not None:
                if part.value in keywords:
                    raise self.refused(part, f"{quoted(part.value)} is given twice; leave one out")
                keywords[part.value] = Given(self.value(inner), inner)
            elif part.kind == "star" and inner is not None:
                values = self.value(inner)
                if not isinstance(values, (tuple, list)):
                    raise self.refused(part, f"expected several values behind `*`, got {told(values)}")
                args += [Given(value, part) for value in values]
            elif keywords:
                raise self.refused(part, "expected arguments without a name before those with one")
            else:
                args.append(Given(self.value(part), part))
        return args, keywords

    def unknown(self, node: Node, name: str) -> InputError:
        """The refusal of a name that was given no shape."""
        close = near(name, self.variables)
        hint = f"; did you mean {listed(close)}?" if close else ""
        return self.refused(node, f"{quoted(name)} has no shape; write it at its first use: `{name}(2, 3)`{hint}")

    def not_known(self, node: Node, name: str, method: bool) -> InputError:
        """The refusal of a function that is not known, with near names."""
        close = near(name)
        hint = f"did you mean {listed(close)}?" if close else "write what it does with others"
        return self.refused(node, f"no {'method' if method else 'function'} {quoted(name)} is known here; {hint}")


def _plain(value: Any) -> bool:
    return isinstance(value, (int, float, Named)) and not isinstance(value, bool)


def _names(value: Any) -> set[str]:
    """The names of sizes in a value."""
    if isinstance(value, Named):
        return names_in(value)
    if isinstance(value, (tuple, list)):
        return {name for one in value for name in _names(one)}
    return set()
