"""``tearless shapes``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .deliver import FailOn, Shape, deliver
from .exits import UNUSABLE
from .streams import writable

if TYPE_CHECKING:
    from tearless.report.report import Report

WHAT = 'An expression ("A(100,50) @ B(50,30) + c(30)"), files (.npy, .npz, .safetensors, .pt), or module:Model.'
LIBRARY = "numpy, torch or jax, where an expression means another thing in each; seen from its words if not given."
INPUT = "Sizes of one input of the model, such as 32,784 or n,784; may be repeated."
INPUT_FILE = "The inputs are the arrays of this file; their numbers are not read."
MEMORY = "Say the largest batch that fits into it, such as 24GiB."
LOADER = "A whole training step: on a batch of this loader, module:loader, of which one is looked at."
LOSS = "A whole training step: its loss, a name in torch.nn or module:loss."
TARGET = "Sizes of what the loss takes beside the output, such as 32:int64 or n,10."
MODEL = re.compile(r"[\w.]+:[\w.]+|(?:[^:]+)\.py:[\w.]+")
SUFFIXES = (".npy", ".npz", ".safetensors", ".pt", ".pth", ".ckpt", ".bin")


def shapes(
    what: Annotated[list[str], typer.Argument(metavar="WHAT...", help=WHAT)],
    library: Annotated[str | None, typer.Option(metavar="NAME", help=LIBRARY)] = None,
    inputs: Annotated[list[str] | None, typer.Option("--input", metavar="SIZES", help=INPUT)] = None,
    input_file: Annotated[str | None, typer.Option(metavar="FILE", help=INPUT_FILE)] = None,
    evaluation: Annotated[bool, typer.Option("--eval", help="Trace the model as in evaluation.")] = False,
    memory: Annotated[str | None, typer.Option(metavar="SIZE", help=MEMORY)] = None,
    loader: Annotated[str | None, typer.Option(metavar="NAME", help=LOADER)] = None,
    loss: Annotated[str | None, typer.Option(metavar="NAME", help=LOSS)] = None,
    target: Annotated[str | None, typer.Option(metavar="SIZES", help=TARGET)] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print the report.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there.")] = None,
    concise: Annotated[bool, typer.Option("--concise", help="One line a finding.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every finding, number, row and outcome.")] = False,
) -> int:
    """Say what shapes come out, step by step, or which axes clash and what mends them. Nothing is computed.

    Exit status: 0 all goes through, 1 a clash, 2 unusable input or usage, 3 a fault of tearless itself.
    """
    if output is not None:
        writable(output, tuple(one for one in what if are_files([one])))
    given = (input_file, memory, loader, loss, target)
    of_model = bool(inputs) or evaluation or any(one is not None for one in given)
    if are_files(what) and not of_model:
        report = _of_files(what)
    elif of_model or (len(what) == 1 and MODEL.fullmatch(what[0])):
        from tearless.integrations.pytorch.tracing import of_target

        report = of_target(_one(what), inputs or [], input_file, not evaluation, memory, loader, loss, target)
    else:
        from tearless.doctor.shapes import shape_of

        report = shape_of(" ".join(what), library=library)
    status = deliver(report, output, shape, fail_on, concise, verbose)
    return max(status, UNUSABLE) if _refused(report) else status


def _refused(report: Report) -> bool:
    """Whether files among several could not be read."""
    numbers = report.answer.numbers if report.answer else {}
    return "refused" in numbers and bool(numbers["refused"].value)


def are_files(what: list[str]) -> bool:
    """Whether all are files: they are there, or are called like one.

    >>> are_files(["weights.npz"]), are_files(["A(2,3).T"]), are_files(["x.pt", "y.pt"])
    (True, False, True)
    """
    return all(one.lower().endswith(SUFFIXES) or (_may_be_path(one) and Path(one).exists()) for one in what)


def _may_be_path(text: str) -> bool:
    return bool(text) and len(text) < 4096 and "\0" not in text and "\n" not in text


def _of_files(what: list[str]) -> Report:
    from tearless.doctor.shape_files import shapes_in

    return shapes_in(*what)


def _one(what: list[str]) -> str:
    """The model. Raises ``InputError`` where several are named."""
    from tearless.core import InputError, listed

    if len(what) != 1:
        raise InputError(f"what: expected one model, got {listed(what)}; name one: module:Model")
    return what[0]
