"""The code that a lesson shows: what leads to its problem, the controls as they stand, then its mathematics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearless.core.lesson import Opened


def code_of(opened: Opened, settings: Mapping[str, Any]) -> str:
    """The whole program. It ends with variables of the names of the view's numbers, and of their values.

    >>> import tearless
    >>> opened = tearless.lesson("gradient-descent")
    >>> code_of(opened, {"rate": 0.5}).splitlines()[3:5]
    ["problem = tearless.lesson('gradient-descent').problem", 'rate = 0.5']
    """
    chosen = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
    return f"import numpy as np\nimport tearless\n\n{opened.code}\n{chosen}\n\n{opened.lesson.code}"
