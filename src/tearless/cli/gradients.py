"""``tearless gradients``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .streams import as_they_were, say

TARGET = "A script and its arguments, or module:factory, which gives a model with gradients, or the model and a loss."


class Shape(StrEnum):
    """How to print the table."""

    text = "text"
    json = "json"


def gradients(
    target: Annotated[list[str], typer.Argument(metavar="TARGET [ARGS]...", help=TARGET)],
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
) -> int:
    """Show the gradient norm of each layer of a live model, and of all together.

    A script is run until its first steps were looked at. A saved model holds no gradients.
    """
    from tearless.integrations.pytorch.gradients import of_target

    with as_they_were():
        found, status = of_target(target[0], target[1:])
    if found is not None:
        say(found.to_text() if shape is Shape.text else found.to_json())
    return status
