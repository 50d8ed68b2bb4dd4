"""The contract: source → fact → check → finding → report. No mathematics lives here."""

from __future__ import annotations

from .errors import CannotTell, InputError, NotApplicable
from .example import (
    Example,
    columns_renamed,
    columns_shuffled,
    fooled,
    harm,
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
)
from .fact import Asked, OfTest
from .finding import Finding, Measured, Outcome
from .limit import Limit
from .number import Number
from .severity import Mend, Severity
from .text import encodable, listed, quoted, visible

__all__ = [
    "Asked",
    "CannotTell",
    "Example",
    "Finding",
    "InputError",
    "Limit",
    "Measured",
    "Mend",
    "NotApplicable",
    "Number",
    "OfTest",
    "Outcome",
    "Severity",
    "columns_renamed",
    "columns_shuffled",
    "encodable",
    "fooled",
    "harm",
    "healthy",
    "in_other_units",
    "listed",
    "quoted",
    "rows_shuffled",
    "sick",
    "visible",
]
