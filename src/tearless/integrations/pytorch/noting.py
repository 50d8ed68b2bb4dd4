"""What was seen, as entries of the record (``readers.training.told`` has their fields)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from . import values
from .functions import PLAIN, VIEWS
from .lines import line_of_script as line_of_script
from .looking import bad, distinct_rows, local, norms, row_hashes, scalar, told
from .tape import Call, Leaf, Ref, Tape, ancestors

LOSSES = {
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss",
    "smooth_l1_loss", "huber_loss", "kl_div", "hinge_embedding_loss", "multi_margin_loss", "poisson_nll_loss",
    "gaussian_nll_loss", "cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss", "soft_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "ctc_loss", "triplet_margin_with_distance_loss",
}  # fmt: skip
WEIGHTED = {"cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"}
MOST_WEIGHTS = 64
MOODY = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._NormBase)
MOST_NAMES = 400
MOST_CLONED = 20_000_000
"""Numbers of all parameters together up to which a looked-at step keeps a copy to see what moved."""
ARGUMENTS = {
    "softmax": ("input", "dim"), "log_softmax": ("input", "dim"), "dropout": ("input", "p", "training"),
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "mean": ("input", "dim"), "sum": ("input", "dim"), "leaky_relu": ("input", "negative_slope"),
    "clamp": ("input", "min", "max"), "argmax": ("input", "dim"), "transpose": ("input", "dim0", "dim1"),
}  # fmt: skip


def graph(tape: Tape, number: int, step: int, loss: int | None, names: Mapping[int, str]) -> dict[str, Any]:
    """The ops of a tape as an entry; ``names`` are the parameters' by identity."""
    used = ancestors(tape.calls, loss) if loss is not None else set()
    ops = [
        {
            "op": i, "function": c.name, "module": c.module, "kind": c.kind, "line": c.line, "shape": c.shape,
            "inputs": [_label(tape, ref, names) for ref in c.inputs], "given": c.given, "dtype": c.dtype,
            "options": options(c), "used": i in used, "learns": c.learns,
        }
        for i, c in enumerate(tape.calls)
    ]  # fmt: skip
    return {"kind": "graph", "graph": number, "step": step, "ops": ops, "loss": loss, "outputs": []}


def shape_of(tape: Tape, names: Mapping[int, str]) -> tuple[Any, ...]:
    """What tells one graph from another: functions, where they were called, parameters; not the sizes of the batch."""
    pairs = zip(tape.leaves, tape.labels, strict=True)
    own = tuple(names.get(id(x), "") for x, label in pairs if label == "parameter")
    return own, tuple((c.name, c.line, c.module, c.learns) for c in tape.calls)


def leaves_of(tape: Tape, loss: int | None) -> set[int]:
    """The identities of the tensors that a loss starts from."""
    used = ancestors(tape.calls, loss) if loss is not None else set()
    return {id(tape.leaves[ref.at]) for i in used for ref in tape.calls[i].inputs if isinstance(ref, Leaf)}


def _label(tape: Tape, ref: Ref | Leaf, names: Mapping[int, str]) -> int | str:
    if isinstance(ref, Ref):
        return ref.op
    label = tape.labels[ref.at]
    return f"parameter {names.get(id(tape.leaves[ref.at]), '')}" if label == "parameter" else label


def options(call: Call) -> dict[str, Any]:
    """The plain arguments of a call, by name where the name is known."""
    names = ARGUMENTS.get(call.name, ())
    found = {names[i]: v for i, v in enumerate(call.args) if i < len(names) and isinstance(v, PLAIN)}
    found |= {k: v for k, v in call.kwargs.items() if isinstance(v, PLAIN)}
    return {k: v for k, v in found.items() if v is not None}


def output_values(tape: Tape, number: int, step: int) -> dict[str, Any]:
    return {"kind": "values", "graph": number, "step": step} | values.entry_of(tape.outputs, tape.gradients)


def loss_calls(tape: Tape, step: int, loss: int | None, quiet: bool = False) -> list[dict[str, Any]]:
    """An entry for each call of a loss function, or for the expression that stands for one."""
    used = ancestors(tape.calls, loss) if loss is not None else set()
    found = []
    for i, call in enumerate(tape.calls):
        if call.name in LOSSES:
            given, target = _argument(tape, call, 0, "input"), _argument(tape, call, 1, "target")
            found.append(_loss(tape, i, call, given, target, step) | {"evaluating": quiet or i not in used})
    if loss is not None and not any(not one["evaluating"] for one in found):
        expression = _expression(tape, loss, used, step)
        found += [expression] if expression else []
    return found


def _loss(tape: Tape, at: int, call: Call, given: Any, target: Any, step: int) -> dict[str, Any]:
    value = tape.tensor(Ref(at))
    entry: dict[str, Any] = {
        "kind": "loss", "step": step, "function": call.name, "line": call.line, "op": at, "value": scalar(value),
        "reduction": call.kwargs.get("reduction", "mean"),
        "options": {k: v for k, v in call.kwargs.items() if isinstance(v, PLAIN) and v is not None},
    }  # fmt: skip
    entry["options"] |= _weights(tape, call)
    if isinstance(given, torch.Tensor):
        entry["input"] = told(given)
        entry["made_by"] = makers(tape, given)
    if isinstance(target, torch.Tensor):
        entry["target"] = told(target, columns=True, counts=True)
    if isinstance(given, torch.Tensor) and isinstance(target, torch.Tensor):
        entry |= _answers(call.name, given.detach(), target.detach(), entry["options"])
    return entry


def _weights(tape: Tape, call: Call) -> dict[str, list[float]]:
    """What a loss weighs its classes by, where it does: one number for each of at most so many classes."""
    found = {"weight": _argument(tape, call, 2, "weight"), "pos_weight": _argument(tape, call, 6, "pos_weight")}
    known = {k: x.detach() for k, x in found.items() if x is not None and call.name in WEIGHTED}
    return {k: x.double().reshape(-1).tolist() for k, x in known.items() if x.numel() <= MOST_WEIGHTS}


def _answers(name: str, given: torch.Tensor, target: torch.Tensor, options: Mapping[str, Any]) -> dict[str, Any]:
    """How often the largest score is the target's, which classes were the largest, and the spread of the losses."""
    entry: dict[str, Any] = {}
    with torch.no_grad():
        if name in ("cross_entropy", "nll_loss") and given.ndim >= 2 and not target.is_floating_point():
            if target.shape != (given.shape[0], *given.shape[2:]):
                return entry
            best = given.argmax(1)
            kept = target != int(options.get("ignore_index", -100))
            entry["right"] = float((best == target)[kept].double().mean()) if bool(kept.any()) else None
            entry["predicted"] = told(best, counts=True).get("counts", {})
            inside = kept & (target >= 0) & (target < given.shape[1])
            scores = given.float() if name == "nll_loss" else given.float().log_softmax(1)
            each = -scores.gather(1, target.clamp(0, given.shape[1] - 1).unsqueeze(1)).squeeze(1)[inside]
            entry["ends"] = _ends(each)
        elif given.shape == target.shape and given.numel():
            if name.startswith("binary_cross_entropy"):
                edge = 0.0 if name.endswith("logits") else 0.5
                entry["right"] = float(((given > edge) == (target > 0.5)).double().mean())
                entry["predicted"] = told((given > edge).long(), counts=True).get("counts", {})
            elif name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
                entry["ends"] = _ends((given - target).abs().float().reshape(-1))
    return entry


def _ends(x: torch.Tensor) -> list[float]:
    return [float(x.min()), float(x.median()), float(x.max())] if x.numel() else []


def _expression(tape: Tape, loss: int, used: set[int], step: int) -> dict[str, Any] | None:
    """The first op towards the loss that takes both what a model gave and data that no model was given: its loss."""
    for i in sorted(used):
        call = tape.calls[i]
        data = [ref for ref in call.inputs if isinstance(ref, Leaf) and tape.labels[ref.at] == "data"]
        made = [ref for ref in call.inputs if isinstance(ref, Ref)]
        if data and made and not call.module:
            given, target = tape.tensor(made[0]), tape.leaves[data[0].at]
            answers = call.name in ("sub", "subtract") and list(target.shape) == call.shape
            if target.numel() < 2 and not answers:
                continue  # a scaling; the difference from one number may be a batch of one sample
            entry = _loss(tape, i, call, given, target, step)
            return entry | {"function": "expression", "value": scalar(tape.tensor(Ref(loss))), "evaluating": False}
    return None


def makers(tape: Tape, x: torch.Tensor, most: int = 12) -> list[str]:
    """The functions that made a tensor, last first, views left out."""
    found: list[str] = []
    ref = tape.ref(x)
    while ref is not None and len(found) < most:
        call = tape.calls[ref.op]
        if call.name not in VIEWS:
            found.append(call.name)
        ref = next((one for one in call.inputs if isinstance(one, Ref)), None)
    return found


def _argument(tape: Tape, call: Call, at: int, name: str) -> torch.Tensor | None:
    ref = call.args[at] if len(call.args) > at else call.kwargs.get(name)
    return tape.tensor(ref) if isinstance(ref, (Ref, Leaf)) else None


def is_moody(module: torch.nn.Module) -> bool:
    """Whether a module itself acts differently in training and evaluation; dropout of probability 0 does not."""
    return isinstance(module, MOODY) and getattr(module, "p", 1.0) != 0


def given(model: torch.nn.Module, name: str, args: Any, step: int, rows: int) -> dict[str, Any]:
    """A call of a whole model: what it was given, and in which mode it and its moody modules stood."""
    tensors = [x for x in args if isinstance(x, torch.Tensor)][:4]
    training = [n or name for n, m in model.named_modules() if is_moody(m) and m.training][:MOST_NAMES]
    evaluating = [n or name for n, m in model.named_modules() if is_moody(m) and not m.training][:MOST_NAMES]
    return {
        "kind": "given", "step": step, "model": name, "training": model.training,
        "gradients": torch.is_grad_enabled(), "training_modes": training, "evaluating": evaluating,
        "inputs": [told(x, columns=True, counts=True) for x in tensors],
        "rows": row_hashes(tensors[0], rows) if tensors and rows > 0 else [],
    }  # fmt: skip


def model(
    root: torch.nn.Module,
    names: Mapping[int, str],
    optimized: set[int],
    hidden: Mapping[str, Any],
    loaded: set[int],
) -> dict[str, Any]:
    """A model: its parameters, also those that it uses but does not have (``hidden``), and its modules."""
    own = root.named_parameters()
    parameters = [_parameter(names.get(id(p), n), p, id(p) in optimized, True, id(p) in loaded) for n, p in own]
    parameters += [_parameter(n, p, id(p) in optimized, False, False) for n, p in hidden.items()]
    return {
        "kind": "model", "model": type(root).__name__, "parameters": parameters,
        "modules": {n: type(m).__name__ for n, m in list(root.named_modules())[:MOST_NAMES] if n},
        "moody": {n: type(m).__name__ for n, m in root.named_modules() if is_moody(m)},
    }  # fmt: skip


def _parameter(name: str, p: torch.Tensor, optimized: bool, registered: bool, loaded: bool) -> dict[str, Any]:
    with torch.no_grad():
        x = local(p.detach())
        std = float(x.float().std(correction=0)) if x.numel() and not x.is_complex() and not x.is_meta else None
    return {
        "name": name, "shape": list(p.shape), "dtype": str(p.dtype).removeprefix("torch."), "learns": p.requires_grad,
        "optimized": optimized, "registered": registered, "loaded": loaded, "std": std,
        "distinct_rows": distinct_rows(p),
    }  # fmt: skip


def loader(of: Any, number: int) -> dict[str, Any]:
    """A data loader: how many rows it reads, how many at once, and whether it shuffles them."""
    sampler = type(getattr(of, "sampler", None)).__name__
    return {
        "kind": "loader", "loader": number, "rows": len(of.dataset) if hasattr(of.dataset, "__len__") else None,
        "batch_size": of.batch_size, "sampler": sampler, "drop_last": of.drop_last,
        "shuffled": {"RandomSampler": True, "SequentialSampler": False}.get(sampler),
    }  # fmt: skip


def moves(
    parameters: list[torch.Tensor], grads: list[torch.Tensor | None], before: Mapping[int, torch.Tensor]
) -> dict[str, Any]:
    """How far a step went: update norms, shares that stayed the same to the bit, and gradient times update."""
    updates: list[float | None] = []
    same: list[float | None] = []
    slope, known = 0.0, False
    with torch.no_grad():
        for p, g in zip(parameters, grads, strict=True):
            old = before.get(id(p))
            p, g = local(p.detach()), None if g is None else local(g)
            if old is None or p.is_complex() or p.layout != torch.strided or p.is_meta:
                updates.append(None)
                same.append(None)
                continue
            change = p.detach().double() - old.double()
            updates.append(float(change.norm()))
            if g is None or g.layout != torch.strided or g.shape != p.shape:
                same.append(None)
                continue
            moving = g != 0
            count = int(moving.sum())
            same.append(float(((p.detach() == old) & moving).sum()) / count if count else None)
            slope, known = slope + float((g.double() * change).sum()), True
    return {"update": updates, "same": same, "slope": slope if known else None}


def step(
    parameters: Sequence[torch.Tensor], names: list[str], grads: Sequence[torch.Tensor | None], rows: bool
) -> dict[str, Any]:
    """What an optimiser is about to use; ``rows``: also how many rows of each gradient differ."""
    dense = [g if g is None or g.layout == torch.strided else None for g in grads]
    return {
        "parameters": names, "gradient": norms(grads), "weight": norms(parameters), "bad": [bad(g) for g in grads],
        "distinct_rows": [distinct_rows(g) for g in dense] if rows else [],
    }  # fmt: skip
