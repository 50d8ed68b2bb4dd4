"""Attention against PyTorch's, on NumPy, PyTorch and JAX."""
