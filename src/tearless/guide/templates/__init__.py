"""The templates of the pages, and what fills them. What comes from data is made inert."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from tearless.core.lesson import Choice, Control, Slider
from tearless.report.markup import shown

STOPS = 1_000
"""The positions of a slider."""


def page(template: str | Template, **told: Any) -> str:
    """A page, filled: of a template by name, or of one that ``templates`` made.

    >>> page(templates().from_string("<p>{{ said }}</p>"), said="a < b")
    '<p>a &lt; b</p>'
    """
    return templates().get_or_select_template(template).render(**told)


@functools.cache
def templates() -> Environment:
    """The templates of this folder, and what they may call."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters["inert"] = lambda text: Markup(shown(str(text)))  # noqa: S704
    found.tests["slider"] = lambda control: isinstance(control, Slider)
    found.globals["place"] = place
    found.globals["stops"] = STOPS
    return found


def place(control: Control, value: Any) -> float:
    """Where a value stands on its slider, from 0 to 1.

    >>> place(Slider("rate", "learning rate", 0.1, 0.01, 1.0, log=True), 0.1)
    0.5
    """
    if isinstance(control, Choice) or control.high == control.low:
        return 0.0
    if control.log:
        return math.log(value / control.low) / math.log(control.high / control.low)
    return float((value - control.low) / (control.high - control.low))
