"""``tearless merge``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .exits import CLEAN
from .streams import colored, complain, say, stdout, width, writable
from .summarize import Shape

OUTPUT = "Write the facts of all of them there."


def merge(
    files: Annotated[list[str], typer.Argument(metavar="FACTS...", help="Files of `tearless summarize`, in order.")],
    output: Annotated[str, typer.Option(metavar="FILE", help=OUTPUT)],
    shape: Annotated[Shape, typer.Option("--format", help="How to print what is kept.")] = Shape.text,
) -> int:
    """Join the facts of several days in one file, which counts as its days.

    Counts, moments and extremes are those of all rows at once. Where one file is private, so is what they become.
    """
    writable(output, files, "--output")
    from tearless.doctor.summarize import merge

    summary = merge(files)
    summary.save(output)
    if not os.path.isfile(output):
        return CLEAN
    say(summary.to_text(width(), colored(stdout())) if shape is Shape.text else summary.to_json())
    complain(f"the facts are in {output}")
    return CLEAN
