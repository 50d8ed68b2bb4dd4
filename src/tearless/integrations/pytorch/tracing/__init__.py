"""A PyTorch model traced on fake tensors: no memory, no compute; what every layer takes, gives, costs and keeps."""

from __future__ import annotations
