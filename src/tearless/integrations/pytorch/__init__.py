"""A PyTorch run watched from outside: what its optimisers, losses and layers do, without a change to it."""

from __future__ import annotations

import importlib.util

from tearless.core import InputError


def needs_torch(what: str) -> None:
    """Raises ``InputError``, which says what to install, where PyTorch is not installed."""
    try:
        found = importlib.util.find_spec("torch") is not None
    except ValueError:
        found = False
    if not found:
        raise InputError(f'{what}: expected PyTorch beside tearless, got none; `pip install "tearless[torch]"`')
