"""What a trace tells, as an answer: parameters, multiply-adds, memory at any batch, and the table of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from tearless.core import Number, listed, quoted, visible
from tearless.core.amounts import in_bytes, in_short
from tearless.linear_algebra.shapes import Explanation, Named, Size
from tearless.linear_algebra.shapes.size import names_in
from tearless.report.answer import Answer, Block

from .amounts import law_in_bytes, law_in_short
from .fake import Unknowable, bytes_of
from .laws import Laws, total_products
from .rows import rows_of, table_of
from .running import is_lazy
from .several import Runs
from .traced import LayerCall

ADAM = 2
"""Numbers that Adam keeps for each parameter."""
USUAL = (32, 128, 224)
"""Sizes for which numbers are told where they have names only: of a batch, a sequence, an image."""
MOST_BATCH = 1 << 40
WIDE = 78
"""Columns of an explanation."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The parameters and buffers of a model: how many numbers, and bytes."""

    parameters: int
    trainable: int
    parameter_bytes: int
    trainable_bytes: int
    buffer_bytes: int
    by_dtype: Mapping[str, int]


def weights_of(model: torch.nn.Module) -> Weights:
    """Each tensor counted once, however many layers share it."""
    parameters, buffers = ([one for one in held if not is_lazy(one)] for held in (model.parameters(), model.buffers()))
    by_dtype: dict[str, int] = {}
    for one in parameters:
        name = str(one.dtype).removeprefix("torch.")
        by_dtype[name] = by_dtype.get(name, 0) + bytes_of(one)
    trained = [p for p in parameters if p.requires_grad]
    return Weights(
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in trained),
        sum(map(bytes_of, parameters)),
        sum(map(bytes_of, trained)),
        sum(map(bytes_of, buffers)),
        by_dtype,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of a trace."""

    name: str
    seen: Runs
    training: bool = True
    explanation: Explanation | None = None
    memory: int | None = None

    @property
    def point(self) -> dict[str, int]:
        """The sizes that numbers are told for: those asked for, and usual ones for those that have a name only."""
        usual = {name: _usual(axis, self.seen.multiple) for name, axis in self.seen.inputs.symbols().items()}
        return usual or dict(self.seen.point)

    @property
    def naming(self) -> Laws | None:
        """What gives sizes their names; ``None`` where the input names none."""
        return self.seen.laws if self.seen.inputs.symbols() else None


def _usual(axis: int, multiple: int) -> int:
    size = USUAL[min(axis, 2)]
    return size if axis == 0 else -(-size // multiple) * multiple


def answer_of(told: Told) -> Answer:
    """The answer."""
    seen = told.seen
    weights = weights_of(seen.shown.traced.model)
    rows = rows_of(seen.shown, told.naming, told.point if told.naming is not None else None)
    numbers = _numbers(told, weights)
    said = [*_clash(told), *_said_of_weights(weights), *_said_of_costs(told, weights)]
    title = "Layers until there" if seen.shown.traced.error is not None else "Layers"
    blocks = (Block("", tuple(told.explanation.to_text(WIDE).splitlines())),) if told.explanation is not None else ()
    return Answer(_verdict(told, weights), tuple(said), numbers, (table_of(rows, title),), blocks=blocks)


def _verdict(told: Told, weights: Weights) -> str:
    name, seen = quoted(told.name), told.seen
    error = seen.shown.traced.error
    if error is not None:
        done = sum(call.ended for call in seen.shown.traced.layers())
        until = f"after {done:,} calls of layers" if done > 1 else f"{'after' if done else 'at'} its first layer"
        if isinstance(error, Unknowable):
            return f"{name} cannot be traced to its end: {visible(str(error), 200)}"
        return f"{name} does not go through: it ends {until} ({type(error).__name__})"
    parts = [f"{in_short(weights.parameters)} parameters ({in_bytes(weights.parameter_bytes)})"]
    costs = _costs(told)
    if costs.multiply_adds is not None:
        parts.append(f"{in_short(costs.multiply_adds)} multiply-adds")
    if costs.kept is not None and told.training:
        parts.append(f"{in_bytes(costs.kept)} kept for the backward pass")
    at = _at(told)
    return f"{name}: {', '.join(parts)}{' at ' + at if at else ''}"


def _at(told: Told) -> str:
    names = told.seen.inputs.symbols()
    return ", ".join(f"{name} = {told.point[name]}" for name in names)


@dataclass(frozen=True, slots=True)
class Costs:
    """What the forward pass costs at the sizes that are told; ``None`` for what is not known."""

    multiply_adds: int | None
    kept: int | None
    peak: int | None
    inference: int | None


def _costs(told: Told) -> Costs:
    seen, laws = told.seen, told.seen.laws
    if not seen.inputs.symbols():
        kept = sum(one.bytes for one in seen.shown.costs.kept)
        inference = seen.inference.runs[0].peak if seen.inference is not None else None
        return Costs(total_products(seen.shown.costs), kept, seen.shown.peak, inference)
    if laws is None:
        return Costs(None, None, None, None)
    return Costs(
        _at_point(laws, laws.all_multiply_adds(), told),
        _at_point(laws, laws.kept(), told),
        _at_point(laws, laws.peak(), told),
        _at_point(seen.inference, seen.inference.peak(), told) if seen.inference is not None else None,
    )


def _at_point(laws: Laws, size: Size | None, told: Told) -> int | None:
    return None if size is None else laws.at(size, told.point)


def _clash(told: Told) -> Iterator[tuple[str, str]]:
    error = told.seen.shown.traced.error
    if error is None or told.explanation is not None:
        return
    last = next((c for c in reversed(list(told.seen.shown.traced.layers())) if not c.ended), None)
    if last is not None and last.path:
        yield "in", f"{quoted(last.path)}, {last.type}"
    where = last_line(told)
    if where:
        yield "at", where
    if isinstance(error, Unknowable):
        yield (
            "do",
            "let that line depend on shapes alone (torch.where, a mask as a factor), or trace the layers behind it",
        )
    else:
        yield "said", visible(f"{type(error).__name__}: {error}", 400)


def last_line(told: Told) -> str:
    """The user's line at which the run ended, as text."""
    from .failing import line_of

    where = line_of(told.seen.shown.traced.error)
    return f"{where}: {visible(where.code, 120)}" if where is not None else ""


def _said_of_weights(weights: Weights) -> Iterator[tuple[str, str]]:
    frozen = weights.parameters - weights.trainable
    how = "all trainable" if not frozen else f"{weights.trainable:,} trainable, {frozen:,} frozen"
    if not weights.parameters:
        yield "parameters", "none"
        return
    kinds = ", ".join(f"{in_bytes(size)} as {name}" for name, size in weights.by_dtype.items())
    buffers = f"; buffers {in_bytes(weights.buffer_bytes)}" if weights.buffer_bytes else ""
    yield "parameters", f"{weights.parameters:,}, {how}; {kinds}{buffers}"


def _said_of_costs(told: Told, weights: Weights) -> Iterator[tuple[str, str]]:
    seen, laws = told.seen, told.seen.laws
    if seen.shown.traced.error is not None:
        return
    if laws is not None and laws.fits.names:
        count = laws.all_multiply_adds()
        if count is not None:
            each = each_more(count, seen.batch) if not seen.inputs.symbols() else None
            text = (
                law_in_short(count)
                if each is None or each != count_of_one(count)
                else f"{in_short(each)} for each sample"
            )
            yield "MACs", f"multiply-adds: {text}"
        yield from _said_of_memory(told, laws)
    costs = _costs(told)
    if told.training and costs.peak is not None:
        adam = weights.parameter_bytes + weights.buffer_bytes + costs.peak + ADAM * weights.trainable_bytes
        yield "training", f"{in_bytes(adam)} at its peak with Adam: weights, their gradients, two moments, activations"
    if costs.inference is not None:
        total = weights.parameter_bytes + weights.buffer_bytes + costs.inference
        yield "inference", f"{in_bytes(total)} at its peak: weights and the activations that live at once"
    yield from _said_of_fitting(told, weights)
    if seen.multiple > 1:
        names = [name for name, axis in seen.inputs.symbols().items() if axis > 0]
        yield "sizes", f"{listed(names)} must be a multiple of {seen.multiple}: other sizes do not go through"


def _said_of_memory(told: Told, laws: Laws) -> Iterator[tuple[str, str]]:
    kept = laws.kept()
    if kept is None or not told.training:
        return
    more = each_more(kept, told.seen.batch)
    if more is None or told.seen.inputs.symbols():
        yield "kept", law_in_bytes(kept)
    else:
        once = laws.at(kept, {told.seen.batch: 0})
        yield (
            "kept",
            f"{in_bytes(more)} for each further sample" + (f", {in_bytes(once)} for any batch" if once else ""),
        )


def count_of_one(size: Size) -> int | None:
    """The only factor of a polynomial with one term."""
    return size.terms[0][1] if isinstance(size, Named) and len(size.terms) == 1 else None


def each_more(size: Size, batch: str) -> int | None:
    """Bytes for each further sample, where memory grows by the same for each."""
    if not isinstance(size, Named) or names_in(size) != {batch}:
        return None
    terms = dict(size.terms)
    return terms.get((batch,)) if set(terms) <= {(), (batch,)} else None


def _said_of_fitting(told: Told, weights: Weights) -> Iterator[tuple[str, str]]:
    if told.memory is None:
        return
    given, name = in_bytes(told.memory), told.seen.batch
    for training in (True, False) if told.training else (False,):
        found = largest(told, weights, training)
        if found is not None:
            doing = "training, with Adam" if training else "inference"
            yield "fits", f"{name} = {found:,} in {given} for {doing}" if found else f"no batch in {given} for {doing}"


def largest(told: Told, weights: Weights, training: bool) -> int | None:
    """The largest batch that fits into the memory asked about; 0 where none does, ``None`` where it cannot be told."""
    laws = told.seen.laws if training else told.seen.inference
    size = laws.peak() if laws is not None else None
    if laws is None or size is None or told.memory is None or not told.seen.batch:
        return None
    fixed = weights.parameter_bytes + weights.buffer_bytes + (ADAM * weights.trainable_bytes if training else 0)
    low, high = 0, MOST_BATCH
    while low < high:
        middle = (low + high + 1) // 2
        need = laws.at(size, {**told.point, told.seen.batch: middle})
        if need is None:
            return None
        low, high = (middle, high) if fixed + need <= told.memory else (low, middle - 1)
    return low


def _numbers(told: Told, weights: Weights) -> dict[str, Number]:
    costs = _costs(told)
    at = f" at {_at(told)}" if _at(told) else ""
    numbers = {
        "parameters": Number(weights.parameters, "parameters", "numbers that the model holds, shared ones once"),
        "trainable": Number(weights.trainable, "parameters", "those that get a gradient"),
        "parameter_bytes": Number(weights.parameter_bytes, "bytes", "memory of the parameters"),
        "buffer_bytes": Number(weights.buffer_bytes, "bytes", "memory of the buffers"),
        "layers": Number(_layers(told), "layers", "layers that were called"),
    }
    if told.seen.shown.traced.error is None:
        more = {
            "multiply_adds": Number(costs.multiply_adds, "multiply-adds", f"products of the forward pass{at}"),
            "kept_bytes": Number(costs.kept, "bytes", f"memory that the backward pass needs of the forward pass{at}"),
            "peak_bytes": Number(costs.peak, "bytes", f"most bytes beside the weights at once in a training step{at}"),
            "inference_bytes": Number(costs.inference, "bytes", f"most bytes beside the weights without gradients{at}"),
        }
        numbers |= (
            more if told.training else {k: v for k, v in more.items() if k in ("multiply_adds", "inference_bytes")}
        )
    for name, training in (("largest_batch", True), ("largest_inference_batch", False)):
        found = largest(told, weights, training) if told.memory is not None else None
        if found is not None:
            numbers[name] = Number(found, "samples", f"the largest batch that fits into {in_bytes(told.memory or 0)}")
    laws = told.seen.laws
    kept = laws.kept() if laws is not None and told.training else None
    each = each_more(kept, told.seen.batch) if kept is not None else None
    if each is not None:
        numbers["kept_bytes_per_sample"] = Number(each, "bytes", "memory for the backward pass for each further sample")
    return numbers


def _layers(told: Told) -> int:
    return len({call.path for call in told.seen.shown.traced.steps if isinstance(call, LayerCall) and call.leaf})
