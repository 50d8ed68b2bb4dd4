"""Clashes of dtypes and of devices: the odd operand, and what brings it to the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Repair

from .inferring import ORDER, rule_results

VERBS = {
    "float32": "float",
    "float64": "double",
    "float16": "half",
    "bfloat16": "bfloat16",
    "int64": "long",
    "int32": "int",
    "bool": "bool",
}
LAW_DTYPE = "the operands of one operation must have the dtypes that it takes; {library} does not change them by itself"
LAW_DEVICE = "the operands of one operation must be on one device; nothing is copied between devices by itself"
WHOLE = ("embedding", "one_hot", "index_select", "take", "take_along_axis", "gather", "scatter", "index")
BY_CLASS = ("cross_entropy", "nll_loss", "multi_margin_loss")
TORCH_NAMES = {"Float": "float32", "Double": "float64", "Long": "int64", "Int": "int32", "Half": "float16"}
FULL = {"torch": "PyTorch", "numpy": "NumPy", "jax": "JAX"}


def dtype_clash(operation: Operation, weights: Sequence[bool], text: str, function: str) -> Clash:
    """Operands whose dtypes do not go together, or one that the operation does not take."""
    law = LAW_DTYPE.format(library=FULL.get(operation.library, "the library"))
    foreign = _foreign(operation)
    if foreign is not None:
        return foreign
    signed = _signs(operation, text)
    if signed is not None:
        return Clash(_seen(operation), law, (), lambda: signed, "dtype").of(operation)
    told = _in_place(operation, text, function, law) or _swapped(operation, law)
    if told is not None:
        return told
    odd, wanted = _odd(operation, weights, text, function)
    if odd is None or not wanted:
        return Clash(_seen(operation), law, (), tuple, "dtype").of(operation)
    one = operation.operands[odd]
    others = [other for i, other in enumerate(operation.operands) if i != odd and other.dtype == wanted]
    why = f"{others[0].name} is {wanted}" if others else f"{wanted} is what is taken there"
    says = f"{one.name} is {one.dtype or 'of another dtype'}, {why}"
    return Clash(says, law, (), lambda: _casts(operation, odd, wanted, weights), "dtype").of(operation)


def device_clash(operation: Operation, weights: Sequence[bool]) -> Clash:
    """Operands on different devices."""
    devices = [one.device for one in operation.operands]
    odd = _odd_device(devices, weights)
    if odd is None:
        return Clash(_seen(operation, "device"), LAW_DEVICE, (), tuple, "device").of(operation)
    stays = next(i for i, device in enumerate(devices) if device and device != devices[odd])
    one, other = operation.operands[odd], operation.operands[stays]
    says = f"{one.name} is on {one.device}, {other.name} is on {other.device}"
    marked = [i for i, device in enumerate(devices) if device == one.device and not weights[i]] or [odd]

    def repairs() -> list[Repair]:
        gives = (rule_results(operation) or (None,))[0]
        target = f"{other.name}.device" if re.fullmatch(r"[\w.]+", other.name) else repr(other.device)
        found = [
            Repair(f"{one.name} goes to where {other.name} is", gives, dict.fromkeys(marked, f"{{}}.to({target})"))
        ]
        if not weights[stays]:
            back = f"{{}}.to({one.name}.device)" if re.fullmatch(r"[\w.]+", one.name) else f"{{}}.to({one.device!r})"
            found.append(Repair(f"{other.name} goes to where {one.name} is", gives, {stays: back}))
        return found

    return Clash(says, LAW_DEVICE, (), repairs, "device").of(operation)


def _seen(operation: Operation, what: str = "dtype") -> str:
    pairs = [f"{one.name} is {getattr(one, what) or 'not known'}" for one in operation.operands[:4]]
    return ", ".join(pairs) or "an operand is of the wrong kind"


def _odd_device(devices: Sequence[str], weights: Sequence[bool]) -> int | None:
    there = {device for device in devices if device}
    if len(there) < 2:
        return None
    kept = {device for device, weight in zip(devices, weights, strict=True) if weight}
    if len(kept) == 1:
        return next(i for i, device in enumerate(devices) if device and device not in kept)
    if "cpu" in there:
        return devices.index("cpu")
    rare = Counter(device for device in devices if device).most_common()[-1][0]
    return devices.index(rare)


def _foreign(operation: Operation) -> Clash | None:
    """An array of another library."""
    libraries = {one.library for one in operation.operands if one.library}
    if libraries != {"torch", "numpy"}:
        return None
    odd = next(i for i, one in enumerate(operation.operands) if one.library == "numpy")
    one = operation.operands[odd]
    other = next(one for one in operation.operands if one.library == "torch")

    def repairs() -> list[Repair]:
        gives = (rule_results(operation) or (None,))[0]
        cast = f".to({other.name}.dtype)" if one.dtype != other.dtype and re.fullmatch(r"[\w.]+", other.name) else ""
        return [Repair(f"{one.name} becomes a tensor", gives, {odd: f"torch.from_numpy({{}}){cast}"})]

    says = f"{one.name} is an array of NumPy, {other.name} a tensor of PyTorch"
    return Clash(says, "the operands of one operation come from one library", (), repairs, "dtype").of(operation)


def _signs(operation: Operation, text: str) -> list[Repair] | None:
    """``-`` on truth values, for which there are other signs."""
    gives = (rule_results(operation) or (None,))[0]
    if re.search(r"[Ss]ubtract", text) and "bool" in text and len(operation.operands) == 2:
        return [Repair("where exactly one of both is true", gives, text="{0} ^ {1}")]
    if "egat" in text and "bool" in text and len(operation.operands) == 1:
        return [Repair("where it is not true", gives, text="~{0}")]
    return None


def _in_place(operation: Operation, text: str, function: str, law: str) -> Clash | None:
    """``x /= 2`` and ``x.div_(2)`` of whole numbers: what comes out does not go into the array that it is put into."""
    sign = str(operation.settings.get("symbol", "="))[:-1]
    said = re.search(r"from dtype\('(\w+)'\) to|result type (\w+) can't be cast", text)
    method = function if function.endswith("_") else ""
    if operation.rule != "assign" or not (sign or method) or said is None or len(operation.operands) != 2:
        return None
    made = said[1] or TORCH_NAMES.get(said[2], said[2].lower())
    target, other = operation.operands
    what = f"{target.name}.{method[:-1]}({other.name})" if method else f"{target.name} {sign} {other.name}"
    says = f"{what} gives {made}, {target.name}, which it is put into, is {target.dtype}"
    anew = Repair(f"the result is new, and {made}", target.shape, text=f"{{0}} = {{0}} {sign} {{1}}")
    return Clash(says, law, (), lambda: [] if method else [anew], "dtype").of(operation)


def _swapped(operation: Operation, law: str) -> Clash | None:
    """A loss that is given the classes first, and the scores where the classes belong."""
    if operation.rule != "loss" or operation.settings.get("name") not in BY_CLASS or len(operation.operands) != 2:
        return None
    scores, classes = operation.operands
    if not (scores.dtype.startswith(("int", "uint")) and classes.dtype.startswith(("float", "bfloat"))):
        return None
    if len(classes.shape) <= len(scores.shape):
        return None
    says = (
        f"{scores.name} is {scores.dtype} and comes first, where the scores belong; {classes.name} is {classes.dtype}"
    )
    repair = Repair("the scores come first, then the classes", (), {0: "{1}", 1: "{0}"})
    return Clash(says, law, (), lambda: [repair], "dtype").of(operation)


def _odd(operation: Operation, weights: Sequence[bool], text: str, function: str) -> tuple[int | None, str]:
    """The operand to be changed, and the dtype that it should have."""
    operands = operation.operands
    said = re.search(r"from dtype\('(\w+)'\) to dtype\('(\w+)'\)", text)
    if said and operation.rule != "assign":
        return next((i for i, one in enumerate(operands) if one.dtype == said[1]), None), said[2]
    if operation.rule == "loss":
        return _odd_in_loss(operation, text, str(operation.settings.get("name", function)))
    if operation.rule in WHOLE:
        at = range(len(operands)) if operation.rule in ("one_hot", "embedding") else range(1, len(operands))
        for i in at:
            floats = operands[i].dtype.startswith(("float", "bfloat"))
            if (
                floats
                and not (operation.rule == "embedding" and i == 1)
                and not (operation.rule == "scatter" and i > 1)
            ):
                return i, "int32" if operation.library == "jax" else "int64"
    if re.search("bitwise", text) and operands:
        return next((i for i, one in enumerate(operands) if "float" in one.dtype), None), "bool"
    if operation.rule == "assign" and len(operands) == 2:
        return 1, operands[0].dtype
    if len({one.dtype for one in operands if one.shape or one.library}) == 1 and not operands[0].dtype.startswith(
        "float"
    ):
        return 0, "float64" if operation.library == "numpy" else "float32"
    return _majority(operation, weights)


def _odd_in_loss(operation: Operation, text: str, name: str) -> tuple[int | None, str]:
    if name in BY_CLASS and len(operation.operands) > 1:
        target = operation.operands[1]
        if target.dtype.startswith(("float", "bfloat", "int32", "int16", "bool")) and not re.search("probabilit", text):
            return 1, "int64"
        return (0, "float32") if operation.operands[0].dtype in ("int64", "int32") else (1, operation.operands[0].dtype)
    return 1, operation.operands[0].dtype


def _majority(operation: Operation, weights: Sequence[bool]) -> tuple[int | None, str]:
    dtypes = [one.dtype for one in operation.operands]
    kept = {dtype for dtype, weight in zip(dtypes, weights, strict=True) if weight and dtype}
    there = [dtype for dtype in dtypes if dtype]
    if len(set(there)) < 2:
        return None, ""
    if len(kept) == 1:
        (wanted,) = kept
    else:
        counted = Counter(there).most_common()
        wanted = counted[0][0] if counted[0][1] > counted[1][1] else _usual(set(there))
    return next((i for i, dtype in enumerate(dtypes) if dtype and dtype != wanted), None), wanted


def _usual(dtypes: set[str]) -> str:
    """The dtype that one would work in: float32 before float64, floating before whole."""
    if "float32" in dtypes:
        return "float32"
    floats = [one for one in dtypes if "float" in one or "complex" in one]
    return max(floats or dtypes, key=lambda one: ORDER.index(one) if one in ORDER else -1)


def _casts(operation: Operation, odd: int, wanted: str, weights: Sequence[bool]) -> list[Repair]:
    gives = (rule_results(operation) or (None,))[0]
    one = operation.operands[odd]
    found = []
    same = [i for i, other in enumerate(operation.operands) if other.dtype == one.dtype and i != odd and not weights[i]]
    which = [odd, *(i for i in same if operation.rule in ("matmul", "cat", "sdpa", "linear", "attention"))]
    found.append(Repair(f"{one.name} becomes {wanted}", gives, dict.fromkeys(which, cast(one, wanted))))
    for i, other in enumerate(operation.operands):
        whole = other.dtype.startswith("float") and one.dtype.startswith(("int", "uint", "bool"))
        if whole or not other.library or operation.rule in WHOLE:
            continue
        if i != odd and other.dtype == wanted and not weights[i] and one.dtype:
            found.append(Repair(f"{other.name} becomes {one.dtype}", gives, {i: cast(other, one.dtype)}))
            break
    return found


def cast(one: Operand, wanted: str) -> str:
    """The template that gives an operand another dtype, in its library.

    >>> cast(Operand("x", (), library="torch"), "int64"), cast(Operand("x", (), library="numpy"), "float32")
    ('{}.long()', "{}.astype('float32')")
    """
    if one.library == "torch":
        return f"{{}}.{VERBS[wanted]}()" if wanted in VERBS else f"{{}}.to(torch.{wanted})"
    return f"{{}}.astype({wanted!r})"
