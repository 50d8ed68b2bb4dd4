"""The arguments of a call, put to the parameters of what is called, in the spelling of either library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tearless.core import InputError, listed, quoted
from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.size import Named, Shape

from .operating import Operating
from .values import Array, Given, Layer, Word, is_size

ALIASES: Mapping[str, tuple[str, ...]] = {
    "dim": ("axis", "axis0"), "dims": ("axes", "axis", "shifts"), "keepdim": ("keepdims",), "input": ("A", "I"),
    "self": ("A",), "a": ("A",), "x": ("A", "I"), "x1": ("A",), "x2": ("B",), "arr": ("A",), "m": ("A",), "mat": ("A",),
    "array": ("A",), "other": ("B",), "mat2": ("B",), "vec2": ("B",), "vec": ("B",), "b": ("B",), "v": ("B",),
    "tensor2": ("B",), "end": ("B",), "weight": ("W",), "w": ("W",), "bias": ("bias",), "dim0": ("axis0",),
    "dim1": ("axis1",), "axis1": ("axis0",), "axis2": ("axis1",), "condition": ("C",), "mask": ("M",),
    "tensors": ("As",), "arrays": ("As",), "start_dim": ("start",), "end_dim": ("end",), "size": ("shape",),
    "newshape": ("shape",), "sizes": ("shape", "sizes"), "ord": ("order",), "p": ("order",),
    "index": ("I",), "indices": ("I",), "target": ("B",), "query": ("A",), "key": ("B",), "value": ("V",),
    "axes": ("axes", "axis"), "axis": ("axis",), "split_size_or_sections": ("sizes",), "shape": ("shape",),
    "indices_or_sections": ("sizes",), "split_size": ("sizes",), "src": ("B",), "source": ("B",), "axisa": ("axis",),
    "full_matrices": ("full",), "compute_uv": ("uv",), "weights": ("W",), "offsets": ("O",), "enable_gqa": ("gqa",),
    "kernel_size": ("kernel",), "output_size": ("output",), "ceil_mode": ("ceil",), "low": ("loc",), "high": ("scale",),
    "mean": ("loc",), "std": ("scale",), "pad": ("widths",), "pad_width": ("widths",), "k": ("offset",),
    "diagonal": ("offset",),
    "attn_mask": ("mask", "M"), "key_padding_mask": ("M",),
    "operands": ("As",), "subscripts": ("equation",), "reps": ("reps",),
    "chunks": ("sizes",), "fill_value": ("value",), "min": ("B",), "max": ("D",),
    "a_min": ("B",), "a_max": ("D",), "tensor1": ("B",), "batch1": ("B",), "batch2": ("D",), "mat1": ("B",),
}  # fmt: skip
"""What else a parameter is called: the first of these names that the function has."""
IGNORED = frozenset([
    "dtype", "out", "device", "requires_grad", "order", "casting", "subok", "ddof", "correction", "unbiased",
    "optimize", "generator", "layout", "indexing", "inplace", "training", "is_causal", "dropout_p", "approximate",
    "memory_format", "initial", "kind", "method", "interpolation", "hermitian", "eps", "pin_memory", "non_blocking",
    "copy", "stable", "descending", "largest", "sorted", "rcond", "driver", "where", "rounding_mode", "alpha",
    "beta", "like", "max_norm", "norm_type", "sparse", "scale_grad_by_freq", "padding_idx", "returned",
])  # fmt: skip
"""Arguments that do not change a shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call as it stands in the text: what is called, and its arguments; the object of a method is the first."""

    run: Operating
    node: Node
    name: str
    args: tuple[Given, ...]
    named: Mapping[str, Given] = field(default_factory=dict)
    method: bool = False
    prefix: str = ""
    known: Any = None
    """The function's entry in the catalogue."""

    def refused(self, says: str, node: Node | None = None) -> InputError:
        """The refusal of this call, or of one of its arguments."""
        return self.run.refused(node or self.node, says)


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """The arguments by parameter; those not given are not in it."""

    call: Call
    given: Mapping[str, Given]
    defaults: Mapping[str, Any]

    def value(self, name: str) -> Any:
        """What was given, or the default."""
        return self.given[name].value if name in self.given else self.defaults.get(name)

    def has(self, name: str) -> bool:
        """Whether it was given, and is not None."""
        return name in self.given and self.given[name].value is not None

    def array(self, name: str) -> Given:
        """An argument as an array. Raises ``InputError`` for what is none."""
        return as_array(self.call.run, self.given[name])

    def shape_of(self, name: str) -> Shape:
        """The shape of an argument that is an array."""
        value = self.array(name).value
        return value.shape if isinstance(value, Array) else ()

    def at(self, *names: str) -> dict[str, Node]:
        """Where the settings of these names stand."""
        return {name: self.given[name].node for name in names if name in self.given}

    def whole(self, name: str) -> int | None:
        """A whole number, or None. Raises ``InputError`` for another value."""
        value = self.value(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.refused(name, "a whole number")

    def axes(self, name: str = "axis") -> int | tuple[int, ...] | None:
        """One axis, several, or None."""
        value = self.value(name)
        if isinstance(value, (tuple, list)) and all(is_size(n) and isinstance(n, int) for n in value):
            return tuple(value)
        return self.whole(name)

    def sizes(self, name: str) -> tuple[Any, ...]:
        """Sizes, given one by one, as one tuple or as one number."""
        value = self.value(name)
        flat = value if isinstance(value, (tuple, list)) else (value,)
        if len(flat) == 1 and isinstance(flat[0], (tuple, list)):
            flat = flat[0]
        if not all(is_size(n) for n in flat):
            raise self.refused(name, "sizes such as (2, 3)")
        return tuple(flat)

    def refused(self, name: str, expected: str) -> InputError:
        """The refusal of one argument."""
        node = self.given[name].node if name in self.given else self.call.node
        got = told(self.value(name))
        return self.call.refused(f"expected {expected} for `{name}` of `{self.call.name}`, got {got}", node)


@lru_cache(maxsize=1024)
def parameters(takes: str) -> tuple[tuple[str, bool, Any], ...]:
    """The parameters of a signature in one line: name, whether required, default.

    >>> parameters("A axis=None")
    (('A', True, None), ('axis', False, None))
    """
    found = []
    for word in takes.split():
        name, given, default = word.partition("=")
        found.append((name, not given and not name.startswith("*"), _literal(default)))
    return tuple(found)


def _literal(text: str) -> Any:
    if text in ("None", ""):
        return None
    return text == "True" if text in ("True", "False") else int(text) if text.lstrip("-").isdecimal() else text


def bound(call: Call, takes: str) -> Bound:
    """The arguments of a call by the parameters of a signature.

    Raises ``InputError`` for one too many, one that is missing, and one that there is not.
    """
    wanted = parameters(takes)
    given: dict[str, Given] = {}
    left = list(call.args)
    for name, _, _ in wanted:
        if name.startswith("*"):
            if left:
                given[name[1:]] = Given(tuple(one.value for one in left), _stretch(left))
            left = []
        elif left:
            given[name] = left.pop(0)
    if left:
        most = sum(1 for _ in wanted)
        raise call.refused(f"`{call.name}` takes at most {most} arguments; leave this one out", left[0].node)
    names = [name.lstrip("*") for name, _, _ in wanted]
    for word, one in call.named.items():
        parameter = _parameter(word, names, given)
        if parameter:
            given[parameter] = one
        elif word not in IGNORED:
            says = f"`{call.name}` has no argument {quoted(word)}; it takes {listed([_told(n) for n in names], 9)}"
            raise call.refused(says, one.node)
    missing = [name for name, required, _ in wanted if required and name not in given]
    if missing:
        raise call.refused(f"`{call.name}` needs {listed([_told(n) for n in missing])}; give it")
    return Bound(call, given, {name.lstrip("*"): default for name, _, default in wanted})


def _parameter(word: str, names: Sequence[str], given: Mapping[str, Given]) -> str | None:
    if word in names and word not in given:
        return word
    return next((name for name in ALIASES.get(word, ()) if name in names and name not in given), None)


def _told(name: str) -> str:
    """A parameter in words: arrays are called by capital letters in signatures."""
    return {"A": "an array", "B": "a second array", "As": "arrays", "I": "an index", "C": "a condition"}.get(name, name)


def _stretch(given: Sequence[Given]) -> Node:
    """The part of the text from the first of these arguments to the last."""
    if len(given) == 1:
        return given[0].node
    first, last = given[0].node, given[-1].node
    return Node("tuple", first.place[0], last.place[1], None, tuple(one.node for one in given))


def as_array(run: Operating, one: Given) -> Given:
    """What is given as an array: a number is one without axes. Raises ``InputError`` for what is none."""
    value = one.value
    if isinstance(value, Array):
        return one
    if isinstance(value, (Named, int, float)):
        return Given(Array((), "bool" if isinstance(value, bool) else ""), one.node)
    if isinstance(value, (tuple, list)):
        return Given(Array(_nested(run, one.node, value)), one.node)
    raise run.refused(one.node, f"expected an array, got {told(value)}")


def _nested(run: Operating, node: Node, value: Sequence[Any]) -> Shape:
    """The shape of lists of lists of numbers."""
    inner = {_nested(run, node, x) if isinstance(x, (tuple, list)) else getattr(x, "shape", ()) for x in value}
    if len(inner) > 1 or any(isinstance(x, (Word, Layer, str)) for x in value):
        raise run.refused(node, "expected rows of one length")
    return (len(value), *(next(iter(inner)) if inner else ()))


def items(run: Operating, one: Given) -> Iterator[tuple[Given, str | None]]:
    """Each array of a list, with its own text where it stands there, else with a name made of its number."""
    value, node = one.value, one.node
    if not isinstance(value, (tuple, list)):
        raise run.refused(node, f"expected a list of arrays, got {told(value)}; put them in brackets")
    own = node.kind in ("tuple", "list") and len(node.parts) == len(value)
    for i, item in enumerate(value):
        part = node.parts[i] if own else None
        if part is not None and part.kind != "star":
            yield as_array(run, Given(item, part)), None
        else:
            yield as_array(run, Given(item, node)), f"{run.name_of(node)}[{i}]"


def told(value: Any) -> str:
    """A value in a few words."""
    match value:
        case Array():
            return "an array"
        case Layer():
            return f"the layer `{value.type}`"
        case Word():
            return f"the name {quoted(value.name)}"
        case str():
            return f"the text {quoted(value)}"
        case tuple() | list():
            return f"{len(value)} values"
        case slice():
            return "a slice"
        case _:
            return quoted(str(value))
