"""Sums over the samples that are meant: a batch centred on its own mean, a product of a batch with itself."""

from __future__ import annotations

from .traced import FunctionCall, Traced

_KEEPS = {"unsqueeze", "expand", "expand_as", "view", "reshape", "sqrt", "add", "clamp", "clamp_min", "detach"}
_TURNS = {"t", "T", "mT", "transpose", "permute", "swapaxes", "adjoint", "H", "mH"}
_DIVIDES = {"div", "truediv", "divide"}
_PRODUCTS = {"matmul", "mm", "rmatmul", "einsum"}


def centres(traced: Traced, at: int) -> bool:
    """Whether what the step at ``at`` makes of a batch is taken from that batch, or divides it when it is centred."""
    step = traced.steps[at]
    batch, made = {step.takes[0].number}, {one.number for one in step.gives}
    for later in traced.functions():
        name, takes = later.name.strip("_"), {one.number for one in later.takes}
        if name in ("sub", "rsub", "subtract") and takes & batch:
            if takes & made:
                return True
            batch |= {one.number for one in later.gives}
        elif name in _DIVIDES and takes & batch and takes & made:
            return True
        elif name in _KEEPS and takes & made:
            made |= {one.number for one in later.gives}
    return False


def of_itself(traced: Traced, step: FunctionCall) -> bool:
    """Whether it is a product of a centred batch with itself that sums over the samples: a covariance."""
    if step.name.strip("_") not in _PRODUCTS or len(step.takes) != 2:
        return False
    left, right = step.takes
    if right.number not in _centred(traced):
        return False
    made = [one for one in traced.functions() if any(held.number == left.number for held in one.gives)]
    turned = any(one.name.strip("_") in _TURNS and one.takes[0].number == right.number for one in made)
    return left.number == right.number or turned or (not made and left.shape == right.shape[::-1])


def _centred(traced: Traced) -> set[int]:
    """The tensors that a mean was taken from."""
    found: set[int] = set()
    for at, step in enumerate(traced.steps):
        if isinstance(step, FunctionCall) and step.name == "mean" and step.takes and centres(traced, at):
            from_it = {step.takes[0].number}
            for later in traced.functions():
                if later.name.strip("_") in ("sub", *_DIVIDES) and any(one.number in from_it for one in later.takes):
                    from_it |= {one.number for one in later.gives}
            found |= from_it - {step.takes[0].number}
    return found
