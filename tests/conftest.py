"""For every test: one thread of linear algebra a process, and no clock that judges by how busy the machine is."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests share the cores already, a process each
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage looks through it (statsmodels' Holm asks for one a call)."""
    gc.collect()
    gc.freeze()
