"""A PyTorch model traced on fake tensors: no memory, no compute; what every layer takes, gives, costs and keeps."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tearless.core import InputError, listed, quoted, visible
from tearless.doctor.seen_shapes import report_on
from tearless.integrations.pytorch import needs_torch
from tearless.report.report import Report

if TYPE_CHECKING:
    from .inputs import Inputs
    from .loading import Loaded

__all__ = ["of_target", "trace"]


def trace(
    model: Any,
    *inputs: Any,
    keywords: Mapping[str, Any] | None = None,
    training: bool = True,
    memory: str | float | None = None,
    loader: Any = None,
    batch: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    seed: int = 0,
) -> Report:
    """Trace a model on tensors without numbers: its layers, what they cost, what fits, and where shapes first clash.

    With a ``loader`` (of which one batch is looked at), a ``batch`` or a ``loss`` a whole training step is run so:
    forward, loss, backward, then other sizes of the batch, the last smaller one, and evaluation.

    ``model`` is a ``torch.nn.Module``, which stays as it is, or a text such as ``"module:Model"``. Each input is an
    array, of which only shape and type are looked at, a tuple of sizes, or a text such as ``"n,784"`` or
    ``"32,128:int64"``; sizes may be names. ``keywords`` are inputs by name. ``memory`` (``"24GiB"``) asks for the
    largest batch. Without ``training`` the model runs in evaluation mode without gradients. ``loss`` is a name in
    ``torch.nn`` or a function of output and target; the target is the last of the ``batch``. ``optimizer`` is asked
    whether it holds the model's parameters.

    Raises ``InputError`` where PyTorch is missing, for a model or an input that cannot be used, and where the model
    ends in an error that is none of shapes, with the line that raises it.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))
    >>> report = trace(net, ("n", 784), memory="1GiB")
    >>> int(report["parameters"].value), int(report["multiply_adds"].value) == 32 * (784 * 100 + 100 * 10)
    (79510, True)
    >>> step = trace(net, batch=(torch.zeros(32, 784), torch.zeros(32)), loss="CrossEntropyLoss")
    >>> [finding.name for finding in step.findings]
    ['dtype-clash']
    """
    needs_torch("trace")
    import torch

    if loader is not None or batch is not None or loss is not None:
        return _of_step(model, inputs, keywords, loader, batch, loss, optimizer, seed)

    from .copies import without_data
    from .inputs import of_values
    from .loading import Loaded, bare, loaded

    if isinstance(model, str):
        found = loaded(model)
    elif isinstance(model, torch.nn.Module):
        inner = bare(model)
        found = Loaded(without_data(inner), type(inner).__name__, {})
    else:
        kind = quoted(type(model).__name__)
        raise InputError(f"model: expected a torch.nn.Module or a text such as module:Model, got {kind}")
    return _reported(found, of_values(inputs, keywords or {}), training, memory, seed)


def _of_step(
    model: Any,
    inputs: Sequence[Any],
    keywords: Mapping[str, Any] | None,
    loader: Any,
    batch: Any,
    loss: Any,
    optimizer: Any,
    seed: int,
) -> Report:
    """A training step of a model, or of what a text names. Raises ``InputError``."""
    from .loading import loaded
    from .step_report import report_of_step

    if inputs or keywords:
        raise InputError("inputs: expected a loader or a batch for a training step, got inputs; give batch=(x, y)")
    found = loaded(model) if isinstance(model, str) else model
    return report_of_step(found, loader, batch=batch, loss=loss, optimizer=optimizer, seed=seed)


def of_target(
    target: str,
    inputs: Sequence[str] = (),
    input_file: str | None = None,
    training: bool = True,
    memory: str | None = None,
    loader: str | None = None,
    loss: str | None = None,
    wanted: str | None = None,
    seed: int = 0,
) -> Report:
    """The report on ``module:Model`` as the command line names it and its inputs. Raises ``InputError``.

    With a ``loader`` (``module:loader``) or a ``loss``, on a whole training step; ``wanted`` are the target's sizes.
    """
    needs_torch("shapes")
    if loader is not None or loss is not None:
        from .step_report import step_of_target

        if input_file is not None or memory is not None or not training:
            raise InputError("loss: expected a training step alone, got --input-file, --memory or --eval beside it")
        return step_of_target(target, inputs, loader, loss, wanted, seed)
    if wanted is not None:
        raise InputError("target: expected a loss that takes it, got none; write --loss CrossEntropyLoss")
    from .headers import of_file
    from .inputs import of_texts
    from .loading import loaded

    if input_file is not None and inputs:
        raise InputError("input file: expected --input or --input-file, got both; give one of them")
    given = of_file(input_file) if input_file is not None else of_texts(inputs)
    return _reported(loaded(target), given, training, memory, seed)


def _reported(found: Loaded, inputs: Inputs, training: bool, memory: str | float | None, seed: int) -> Report:
    from .amounts import bytes_asked
    from .answer import Told, answer_of
    from .clash_origins import with_origins
    from .entries import entries_of
    from .failing import explained_run, refusal_of
    from .loading import claimed_device
    from .several import seen
    from .suspected import suspected_in

    asked = bytes_asked(memory) if memory is not None else None
    if not inputs.all():
        raise InputError(f"input: expected the sizes of an input, got none{_takes(found)}; write --input 32,784")
    _check_call(found, inputs)
    device = claimed_device(found.model)
    ran = seen(found, inputs, device, training)
    explanation = explained_run(ran)
    refusal = refusal_of(ran, found.name) if explanation is None else None
    if refusal is not None:
        raise refusal from ran.shown.traced.error
    if explanation is not None:
        explanation = with_origins(explanation, ran.shown.traced)
    told = Told(found.name, ran, training, explanation, asked)
    entries = (*entries_of(told), *suspected_in(ran))
    return report_on(entries, found.name, lambda: answer_of(told), ran.notes, seed)


def _check_call(found: Loaded, inputs: Inputs) -> None:
    """Raise ``InputError`` where the model cannot be called with so many inputs, or with those names."""
    try:
        signature = inspect.signature(found.model.forward)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*inputs.args, **dict(inputs.named))
    except TypeError as fault:
        raise InputError(
            f"input: {visible(str(fault), 120)}{_takes(found)}; give an input for each, in order or as name=sizes"
        ) from None


def _takes(found: Loaded) -> str:
    """What the model's forward takes, as the end of a sentence."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        takes = [p for p in inspect.signature(found.model.forward).parameters.values() if p.kind in kinds]
    except (TypeError, ValueError):
        return ""
    needed = [p.name for p in takes if p.default is p.empty]
    return f"; its forward takes {listed(needed or [p.name for p in takes])}" if takes else ""
