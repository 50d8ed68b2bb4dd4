"""Every repair offered is run: in NumPy and in PyTorch it goes through and gives the shape that it says."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Place, results
from tearless.linear_algebra.shapes.rules.keys import items, spelled

SIZES = [1, 2, 3, 4, 5, 6, 8, 12]
AXIS = Place("axis")
NUMPY: dict[str, tuple[str | Place, ...]] = {
    "matmul": (Place(0), " @ ", Place(1)),
    "dot": ("np.dot(", Place(0), ", ", Place(1), ")"),
    "inner": ("np.inner(", Place(0), ", ", Place(1), ")"),
    "tensordot": ("np.tensordot(", Place(0), ", ", Place(1), ", axes=", Place("axes"), ")"),
    "multi_dot": ("np.linalg.multi_dot([", Place(0), ", ", Place(1), ", ", Place(2), "])"),
    "broadcast": (Place(0), " - ", Place(1)),
    "broadcast_to": ("np.broadcast_to(", Place(0), ", ", Place("shape"), ")"),
    "reshape": (Place(0), ".reshape(", Place("shape"), ")"),
    "transpose": (Place(0), ".transpose(", Place("axes"), ")"),
    "swapaxes": (Place(0), ".swapaxes(", Place("axis0"), ", ", Place("axis1"), ")"),
    "squeeze": ("np.squeeze(", Place(0), ", axis=", AXIS, ")"),
    "cat": ("np.concatenate([", Place(0), ", ", Place(1), "], axis=", AXIS, ")"),
    "stack": ("np.stack([", Place(0), ", ", Place(1), "])"),
    "vstack": ("np.vstack([", Place(0), ", ", Place(1), "])"),
    "hstack": ("np.hstack([", Place(0), ", ", Place(1), "])"),
    "column_stack": ("np.column_stack([", Place(0), ", ", Place(1), "])"),
    "einsum": ("np.einsum(", Place("equation"), ", ", Place(0), ", ", Place(1), ")"),
    "reduce": (Place(0), ".mean(axis=", AXIS, ")"),
    "along": ("np.sort(", Place(0), ", axis=", AXIS, ")"),
    "solve": ("np.linalg.solve(", Place(0), ", ", Place(1), ")"),
    "inv": ("np.linalg.inv(", Place(0), ")"),
    "cross": ("np.cross(", Place(0), ", ", Place(1), ")"),
    "boolean_index": (Place(0), "[", Place(1), "]"),
    "take_along_axis": ("np.take_along_axis(", Place(0), ", ", Place(1), ", axis=", AXIS, ")"),
    "index": (Place(0), "[...]"),
    "split": ("np.split(", Place(0), ", ", Place("sections"), ", axis=", AXIS, ")"),
}
TORCH = {
    name: tuple(
        part.replace("np.linalg", "torch.linalg").replace("np.concatenate", "torch.cat").replace("np.", "torch.")
        if isinstance(part, str)
        else part
        for part in parts
    )
    for name, parts in NUMPY.items()
    if name not in ("take_along_axis", "split", "broadcast_to", "transpose", "squeeze")
} | {
    "along": (Place(0), ".softmax(", AXIS, ")"),
    "tensordot": ("torch.tensordot(", Place(0), ", ", Place(1), ", dims=", Place("axes"), ")"),
    "cross": ("torch.linalg.cross(", Place(0), ", ", Place(1), ")"),
    "mv": (Place(0), ".mv(", Place(1), ")"),
    "mm": ("torch.mm(", Place(0), ", ", Place(1), ")"),
    "bmm": ("torch.bmm(", Place(0), ", ", Place(1), ")"),
    "addmm": ("torch.addmm(", Place(0), ", ", Place(1), ", ", Place(2), ")"),
    "cdist": ("torch.cdist(", Place(0), ", ", Place(1), ")"),
    "expand": (Place(0), ".expand(", Place("shape"), ")"),
    "view": (Place(0), ".view(", Place("shape"), ")"),
    "permute": (Place(0), ".permute(", Place("axes"), ")"),
    "gather": ("torch.gather(", Place(0), ", ", AXIS, ", ", Place(1), ")"),
    "index_select": ("torch.index_select(", Place(0), ", ", AXIS, ", ", Place(1), ")"),
    "scatter": (Place(0), ".scatter(", AXIS, ", ", Place(1), ", ", Place(2), ")"),
    "split": ("torch.split(", Place(0), ", ", Place("sizes"), ", dim=", AXIS, ")"),
}
COUNTS = {"multi_dot": 3, "addmm": 3, "scatter": 3}
ALONE = {"reshape", "view", "transpose", "permute", "swapaxes", "squeeze", "reduce", "along", "inv", "index", "split"}
ALONE |= {"broadcast_to", "expand"}


def shapes_for(rule: str, rng: random.Random) -> list[tuple[int, ...]]:
    count = 1 if rule in ALONE else COUNTS.get(rule, 2)
    first = tuple(rng.choices(SIZES, k=rng.choice([1, 2, 2, 3, 3, 4])))
    found = [first]
    for _ in range(count - 1):
        other = list(first)
        rng.shuffle(other)
        cut = rng.randrange(len(other) + 1)
        other = rng.choice([other, other[cut:] or other, [*other, rng.choice(SIZES)], other[::-1]])
        found.append(tuple(size if rng.random() < 0.75 else rng.choice(SIZES) for size in other[:4]))
    return found


def settings_for(rule: str, shapes: list[tuple[int, ...]], rng: random.Random) -> dict[str, Any]:
    axis = rng.randrange(-1, 4)
    rank = len(shapes[0])
    letters = [rng.sample("bijk", k=min(len(one), 3)) for one in shapes[:2]]
    order = tuple(rng.sample(range(4), k=rng.choice([rank, 3, 4][:2]) if rank <= 4 else 4))
    wanted = tuple(rng.choices([-1, *SIZES, *shapes[0]], k=rng.choice([1, 2, 2, 3])))
    picks = {
        "reshape": {"shape": wanted},
        "view": {"shape": wanted},
        "expand": {"shape": tuple(abs(size) for size in wanted)},
        "broadcast_to": {"shape": tuple(abs(size) for size in wanted)},
        "transpose": {"axes": order},
        "permute": {"axes": order},
        "swapaxes": {"axis0": rng.randrange(3), "axis1": rng.randrange(4)},
        "einsum": {"equation": ",".join(map("".join, letters)) + rng.choice(["", "->", "->" + letters[0][0], "->ik"])},
        "tensordot": {"axes": rng.choice([1, 2, 3])},
        "index": {"key": tuple(rng.choice([0, 3, slice(None), slice(1, None)]) for _ in range(rng.randrange(1, 5)))},
        "split": {"sections": rng.choice([2, 3, 4]), "sizes": tuple(rng.choices([1, 2, 3], k=2)), "axis": axis},
    }
    withs = ("squeeze", "cat", "reduce", "along", "take_along_axis", "gather", "index_select", "scatter")
    return picks.get(rule, {"axis": axis} if rule in withs else {})


def clashes(library: str, rule: str, count: int) -> Iterator[tuple[Operation, Clash]]:
    rng = random.Random(f"{library} {rule}")
    table = NUMPY if library == "numpy" else TORCH
    found = 0
    for _ in range(3000):
        shapes = shapes_for(rule, rng)
        names = rng.choice([("x", "y", "z"), ("x.copy()", "y", "self.z"), ("(x + 0)", "(y)", "z")])
        if library == "torch":
            names = tuple(name.replace("copy", "clone") for name in names)
        whole = {("boolean_index", 1): "bool", **{(name, 1): "int64" for name in ("gather", "index_select", "scatter")}}
        whole[("take_along_axis", 1)] = "int64"
        operands = tuple(
            Operand(name, shape, whole.get((rule, i), "float32"), "cpu", library)
            for i, (name, shape) in enumerate(zip(names, shapes, strict=False))
        )
        settings = settings_for(rule, shapes, rng)
        if rule == "split":
            settings.pop("sizes" if library == "numpy" else "sections")
        parts = table[rule]
        if rule == "index":
            parts = (Place(0), f"[{spelled(items(Operation(rule, operands, settings)))}]")
        operation = Operation(rule, operands, settings, parts)
        try:
            results(operation)
        except Clash as clash:
            found += 1
            yield operation, clash
        if found == count:
            return


def run(operation: Operation, code: str) -> Any:
    """The code on arrays of the operands' shapes and dtypes."""
    arrays: dict[str, Any] = {"np": np, "torch": torch}
    for name, one in zip("xyz", operation.operands, strict=False):
        torch_here = one.library == "torch"
        dtype = getattr(torch if torch_here else np, one.dtype if one.dtype != "bool" or torch_here else "bool_")
        arrays[name] = torch.ones(one.shape, dtype=dtype) if torch_here else np.ones(one.shape, dtype=dtype)
        if one.dtype == "int64":
            arrays[name] = arrays[name] * 0
        elif one.dtype != "bool" and operation.rule in ("solve", "inv"):
            rng = np.random.default_rng(0)
            arrays[name] = rng.normal(size=one.shape)
            arrays[name] = torch.tensor(arrays[name]) if torch_here else arrays[name]
    arrays["self"] = type("Self", (), {"z": arrays.get("z")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(code, arrays)  # noqa: S307 (the code is ours, of names made up above)


def fits(found: Any, gives: tuple[Any, ...]) -> bool:
    first = found[0] if isinstance(found, list | tuple) else found
    return len(first.shape) == len(gives) and all(
        a == b or not isinstance(b, int) for a, b in zip(first.shape, gives, strict=True)
    )


CASES = [("numpy", rule) for rule in NUMPY] + [("torch", rule) for rule in TORCH]


@pytest.mark.parametrize(("library", "rule"), CASES, ids=lambda one: one)
def test_every_repair_runs_and_gives_what_it_says(library: str, rule: str) -> None:
    for operation, clash in clashes(library, rule, 25):
        with pytest.raises((ValueError, RuntimeError, IndexError, TypeError)):
            run(operation, str(operation))
        for repair in clash.repairs:
            code = operation.mended(repair)
            assert repair.because
            assert repair.gives is not None
            assert fits(run(operation, code), repair.gives), (str(operation), operation.shapes, code, repair)
