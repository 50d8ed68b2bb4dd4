"""From an expression and the values in its frame to the operation that it is, and to edits that mend it."""

from __future__ import annotations
