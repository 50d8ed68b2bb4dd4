"""Where a loss that is not finite began, from what PyTorch saved for its backward pass: nothing is run again.

Each node of the graph behind a loss holds tensors of its forward call. They are read in order, from the weights to the
loss, only once in a run: at the first loss that is not finite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch

LOGARITHMS = {"log", "log2", "log10", "log1p", "xlogy"}
PLACES = {
    "_saved_self": 0, "_saved_input": 0, "_saved_mat1": 1, "_saved_mat2": -1, "_saved_other": 1, "_saved_target": 1,
    "_saved_weight": 1,
}  # fmt: skip
"""Which argument a saved tensor is; -1 for the last."""
VIEWS = ("T", "Transpose", "Expand", "View", "Reshape", "Unsafe", "Permute", "Squeeze", "Unsqueeze", "ToCopy", "Select")
MOST = 4000


def origin(loss: torch.Tensor) -> dict[str, Any] | None:
    """The breach that a loss which is not finite shows: its name, function and numbers; ``None`` where none is seen.

    ``log-of-zero``, ``nan-in-input``, ``inf-in-input``, ``nan-in-target``, ``precision-overflow``, ``nan-gradient``
    (weights are not finite already) or ``nan-loss`` (0/0).
    """
    with torch.no_grad():
        nodes = list(_nodes(loss.grad_fn))
        for node in nodes:
            if node.name().endswith("AccumulateGrad") and not _finite(node.variable):
                return {"breach": "nan-gradient", "numbers": _numbers(node.variable), "words": {"function": ""}}
        for node in nodes:
            found = _judged(node)
            if found is not None:
                return found
    return None


def _nodes(root: Any) -> Iterator[Any]:
    """The nodes behind a loss, each after those it depends on."""
    seen: set[Any] = set()
    todo: list[tuple[Any, bool]] = [(root, False)]
    while todo and len(seen) < MOST:
        node, ready = todo.pop()
        if node is None or (node in seen and not ready):
            continue
        if ready:
            yield node
            continue
        seen.add(node)
        todo.append((node, True))
        todo += [(one, False) for one, _ in reversed(node.next_functions)]


def _judged(node: Any) -> dict[str, Any] | None:
    """What one node shows, where what comes before it is finite as far as it was saved."""
    name, saved = function_of(node), _saved(node)
    for key, x in saved.items():
        if not _finite(x) and key != "_saved_result":
            return _bad_argument(node, key, x)
    given = saved.get("_saved_self")
    if name in LOGARITHMS and given is not None and bool((given <= (-1 if name == "log1p" else 0)).any()):
        return _breach("log-of-zero", name, given)
    other = saved.get("_saved_other")
    if name == "div" and other is not None and bool((other == 0).any()):
        return _breach("nan-loss", name, other)
    result = saved.get("_saved_result")
    if result is not None and not _finite(result):
        return _breach("precision-overflow" if name in ("exp", "expm1") else "nan-loss", name, result)
    return None


def _bad_argument(node: Any, key: str, x: torch.Tensor) -> dict[str, Any] | None:
    """An argument that is not finite: data where no node made it, else the node that made it of data."""
    place = PLACES.get(key)
    before = [one for one, _ in node.next_functions]
    maker = before[place] if place is not None and -len(before) <= place < len(before) else None
    if maker is None:
        others = [one for one in before if one is not None]
        return _of_data(node, x, behind=any(not _is_weight(one) for one in others))
    name = function_of(maker)
    beside = [one for one, _ in maker.next_functions]
    if name in ("sub", "add", "mul", "rsub") and None in beside and any(one is not None for one in beside):
        return _of_data(maker, x, behind=True)
    return _breach("nan-loss", name, x)


def _of_data(node: Any, x: torch.Tensor, behind: bool) -> dict[str, Any]:
    kind = "nan" if bool(torch.isnan(x).any()) else "inf"
    name = ("nan-in-target" if kind == "nan" else "nan-loss") if behind else f"{kind}-in-input"
    return _breach(name, function_of(node), x)


def _is_weight(node: Any) -> bool:
    while node is not None and node.name().removesuffix("Backward0").startswith(VIEWS) and node.next_functions:
        node = node.next_functions[0][0]
    return node is None or node.name().endswith("AccumulateGrad")


def function_of(node: Any) -> str:
    """The plain name of the function whose backward a node is: ``log`` for ``LogBackward0``."""
    name = re.sub(r"Backward\d*$", "", node.name().rpartition("::")[2])
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _saved(node: Any) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for key in dir(node):
        if key.startswith("_saved_"):
            try:
                value = getattr(node, key)
            except RuntimeError:
                continue
            if isinstance(value, torch.Tensor) and value.is_floating_point() and value.layout == torch.strided:
                found[key] = value
    return found


def _finite(x: torch.Tensor) -> bool:
    return not x.is_floating_point() or bool(torch.isfinite(x.detach()).all())


def _breach(name: str, function: str, x: torch.Tensor) -> dict[str, Any]:
    return {"breach": name, "numbers": _numbers(x), "words": {"function": function}}


def _numbers(x: torch.Tensor) -> Mapping[str, float]:
    x = x.detach().double()
    kept = x[torch.isfinite(x)]
    ends = {"low": float(kept.min()), "high": float(kept.max())} if kept.numel() else {}
    return {**ends, "nan": float(torch.isnan(x).sum()), "inf": float(torch.isinf(x).sum()), "size": float(x.numel())}
