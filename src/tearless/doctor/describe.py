"""``tearless.describe``: what each column is, in numbers that can be trusted."""

from __future__ import annotations
