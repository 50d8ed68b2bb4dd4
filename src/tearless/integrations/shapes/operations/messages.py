"""What the messages of NumPy, PyTorch and JAX tell: whether it is shapes, dtypes or devices, and the sizes in them."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from tearless.linear_algebra.shapes import Clash, Operation, Shape, named
from tearless.linear_algebra.shapes.operation import Kind

from .found import Found, Given
from .values import Spec

LONGEST = 20_000
_DEVICE = (
    r"on the same device|found two different devices|is not on the expected device|expected it to be on"
    r"|device type tensor to numpy|Unhandled FakeTensor Device|incompatible devices|same device as the indexed"
    r"|out of meta tensor|Placeholder storage has not been allocated|while hidden tensor is at"
    r"|Expected a '?\w+'? device|must be on the same device|\w+ is on \w+, but expected"
)
_DTYPE = (
    r"same (scalar )?d?type|scalar types?|expected .*dtype|dtype to be|to be equal to src.dtype"
    r"|result type \w+ can't be cast|not implemented for '\w+'|infer output dtype|must be long|integer \(or boolean\)"
    r"|Cannot cast|not supported for the input types|operator, (is not|on a bool|with )|with two bool tensors"
    r"|boolean subtract|integer or boolean type|real- or complex-valued|requires? .*floating point"
    r"|floating point type|only applicable to index tensor|dtypes match|type \(.*\) and (weight|bias) type"
    r"|must be Tensor, not numpy|unsupported operand type\(s\) for .*(Tensor|ndarray)|expected dtype|same dtypes"
    r"|did not contain a loop|should be a long|have dtype|indices must be (integer|int)|of type (Long|Int)"
    r"|Expected floating|dtype mismatch|Found dtype|complex and floating point dtype"
    r"|valid indices|not a valid index type|must be (a )?(float|double|long|int\d*|bool)\b"
    r"|(integer|boolean|floating) (tensor|type|dtype)s?\b"
)
_SHAPE = (
    r"shape|siz|dimension|\bdims?\b|broadcast|\baxis\b|\baxes\b|mat1|matrix|matrices|batch|channels|subscript"
    r"|elements|indices|index \S+ is out of (bounds|range)|index out of range|out of bounds"
    r"|1D|2D|3D|4D|\d-D|rank|same length|scalar outputs?"
    r"|number of (columns|rows)|einsum|too many|embed|vector|arrays? must|input.* must|too deep|unpack"
)
_OTHER = (
    r"[Ss]ingular|invalid combination of arguments|positive.definite|not converge|out of memory|boolean conversion"
    r"|Abstract tracer|unexpected keyword|missing \d+ required|ambiguous|allocate memory|linked with support"
)
_TYPES = (RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError)
_ROOTS = {"builtins", "numpy", "torch", "jax", "jaxlib"}
_SHAPES = (
    r"(?<![\w.])(?P<x>\d+(?:x\d+)+)(?![\w.])"
    r"|\((?P<round>\d+(?:, ?\d+)*,?|)\)(?!\w)|(?:torch\.Size\(|\w+)?\[(?P<square>\d+(?:, ?\d+)*|)\]"
)
_LENGTHS = r"(same|equal) (length|number of (samples|rows|elements))|inconsistent numbers of samples|equally long"
_PAIR = (
    r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"\(size (?P<second>\d+) is different from (?P<first>\d+)\)",
    r"(\d+) \(dim \d+\) != (\d+) \(dim \d+\)",
    r"Expected size (\d+) but got size (\d+)",
    r"has size (\d+) and the array at index \d+ has size (\d+)",
    r"to have (\d+) channels, but got (\d+) channels",
    r"has size (\d+) in dim -?\d+ and second has size (\d+)",
    r"got (\d+) and (\d+) elements",
    r"batch_size \((\d+)\) to match target batch_size \((\d+)\)",
    r"columns\. X1: (\d+) X2: (\d+)",
    r"contracting dimensions to have the same shape, got \((\d+),\) and \((\d+),\)",
    r"should contain (\d+) elements not (\d+)",
    r"has size (?P<second>\d+) for operand \d+ which does not broadcast with previously seen size (?P<first>\d+)",
)


def text_of_error(error: BaseException) -> str:
    """The message, without running a ``__str__`` of the reader's."""
    root = type(error).__module__.split(".")[0]
    text = str(error) if root in _ROOTS else next((one for one in error.args if isinstance(one, str)), "")
    return text[:LONGEST]


def may_be(error: BaseException) -> bool:
    """Whether an error of this type can be about shapes at all."""
    if isinstance(error, RecursionError | UnicodeError) or type(error).__name__ == "OutOfMemoryError":
        return False
    return isinstance(error, _TYPES)


def kind_of(text: str) -> Kind | None:
    """What a message is about; ``None`` for other matters.

    >>> kind_of("mat1 and mat2 shapes cannot be multiplied (4x3 and 4x3)"), kind_of("no such file")
    ('shape', None)
    """
    if re.search(_OTHER, text):
        return None
    typed = re.search(r"[Tt]ype \(?(\S+?)\)? and \w+ type \(?(\S+?)\)? should be the same", text)
    if re.search(_DEVICE, text) or (typed and ("cuda" in typed[1]) != ("cuda" in typed[2])):
        return "device"
    if re.search(_DTYPE, text):
        return "dtype"
    return "shape" if re.search(_SHAPE, text) else None


def shapes_in(text: str) -> list[Shape]:
    """Shapes that a message writes out, in order.

    >>> shapes_in("shapes cannot be multiplied (4x3 and 5x6)"), shapes_in("with shapes (3,4) (5,)")
    ([(4, 3), (5, 6)], [(3, 4), (5,)])
    """
    found: list[Shape] = []
    for one in re.finditer(_SHAPES, text):
        inside = one["x"] or one["round"] or one["square"] or ""
        if "x" not in inside and "," not in inside and one["x"] is None and one["round"] and one["round"].isdigit():
            continue
        found.append(tuple(int(size) for size in re.findall(r"\d+", inside) if len(size) < 19))
    return found


def pair_in(text: str) -> tuple[int, int] | None:
    """The two sizes that a message says do not fit, the first operand's first."""
    for pattern in _PAIR:
        one = re.search(pattern, text)
        if one:
            groups = one.groupdict()
            return (int(groups["first"]), int(groups["second"])) if groups else (int(one[1]), int(one[2]))
    return None


def completed(found: Found, text: str) -> None:
    """Give operands that are not known the shapes that the message names."""
    missing = [i for i, one in enumerate(found.given) if one.spec is None]
    if not missing:
        return
    shapes = shapes_in(text)
    if len(missing) == 1 and len(found.given) == 1 and len(shapes) >= len(found.given) and found.lists == []:
        _from_list(found, shapes)
        return
    fits = len(shapes) >= len(found.given) and all(
        one.spec is None or _same(one.spec.shape, shapes[i]) for i, one in enumerate(found.given)
    )
    pair = pair_in(text)
    for i in missing:
        if fits:
            _fill(found, i, shapes[i])
        elif pair is not None and len(found.given) == 2:
            _fill(found, i, _partly(found, i, pair[i], text))
    _joined(found)


def _joined(found: Found) -> None:
    """What is known of two operands that are one name, put together: ``df.values @ df.values``."""
    if len(found.given) != 2 or any(one.spec is None or one.node is None for one in found.given):
        return
    nodes = [one.node for one in found.given if one.node is not None]
    shapes = [one.spec.shape for one in found.given if one.spec is not None]
    called = any(isinstance(part, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for part in ast.walk(nodes[0]))
    if called or ast.dump(nodes[0]) != ast.dump(nodes[1]) or len(shapes[0]) != len(shapes[1]):
        return
    both = tuple(b if str(a) == "?" else a for a, b in zip(*shapes, strict=True))
    for i in range(2):
        _fill(found, i, both)


def _same(known: Shape, said: Shape) -> bool:
    return known == said or (len(said) == 2 and len(known) > 2 and known[-1:] == said[-1:])


def _from_list(found: Found, shapes: list[Shape]) -> None:
    """A list that was made in place: ``np.stack([f(x) for x in xs])``."""
    name = found.given[0].name
    if found.rule in ("cat", "stack", "vstack", "hstack", "dstack", "column_stack"):
        found.given = [Given(f"{name}[{i}]", Spec(shape, "", "", found.library)) for i, shape in enumerate(shapes)]
    else:
        _fill(found, 0, shapes[0])


def _fill(found: Found, i: int, shape: Shape) -> None:
    one = found.given[i]
    like = next((other.spec for other in found.given if other.spec is not None), Spec(()))
    found.given[i] = Given(one.name, Spec(shape, "", like.device, found.library), one.node)


def _partly(found: Found, i: int, size: int, text: str) -> Shape:
    """The one axis that the message tells of; the others have a name."""
    other = next((one.spec.shape for one in found.given if one.spec is not None), ())
    open_axis = named("?")
    if found.rule == "matmul":
        return (open_axis, size) if i == 0 else (size, open_axis)
    at = re.search(r"dimension (\d+)", text)
    axis = int(at[1]) if at else len(other) - 1
    rank = max(len(other), axis + 1)
    return tuple(size if one == axis else open_axis for one in range(rank)) if rank < 64 else (size,)


def clash_by_message(operation: Operation, text: str, kind: Kind) -> Clash:
    """What the library says, with the axes marked whose sizes it names."""
    if re.search(_LENGTHS, text) and (clash := _unequal(operation)) is not None:
        return clash
    line = next((one.strip() for one in text.splitlines() if one.strip()), "the library refused it")
    clash = Clash(line[:400], "", _marks(operation, text), tuple, kind)
    return clash.of(operation)


def _unequal(operation: Operation) -> Clash | None:
    """Two operands that belong together entry by entry, and are not equally long."""
    laid = [i for i, one in enumerate(operation.operands) if one.shape]
    for i, j in pairwise(laid):
        one, other = operation.operands[i], operation.operands[j]
        if one.shape[0] != other.shape[0]:
            says = f"{one} has {one.shape[0]} on axis 0, {other} has {other.shape[0]}: they must be equally long"
            law = "arrays whose entries belong together one by one are equally long"
            return Clash(says, law, ((i, 0), (j, 0)), tuple, "shape", operation)
    return None


def _marks(operation: Operation, text: str) -> tuple[tuple[int, int], ...]:
    pair = pair_in(text)
    if pair is not None and len(operation.operands) >= 2:
        out = []
        for size, i in zip(pair, (0, 1), strict=True):
            axes = [axis for axis, here in enumerate(operation.operands[i].shape) if here == size]
            out += [(i, axes[-1])] if axes else []
        if out:
            return tuple(out)
    plain = re.sub(_SHAPES, " ", text)
    sizes = {int(one) for one in re.findall(r"(?<![\w.])\d{1,18}(?![\w.])", plain)}
    return tuple(
        (i, axis) for i, one in enumerate(operation.operands) for axis, size in enumerate(one.shape) if size in sizes
    )
