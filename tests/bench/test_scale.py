"""The page on scale is what the bench measured, with the limits that the code has now."""

from __future__ import annotations

import json
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from scale_page import PAGE, count, power, text  # noqa: E402


def test_the_page_is_made_of_what_was_measured() -> None:
    """Where a limit of the code changed: ``python bench/scale.py page``."""
    kept = json.loads((BENCH / "scale.json").read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == text(kept)


def test_numbers_are_written_in_few_digits() -> None:
    assert [count(x) for x in (0, 0.0123, 3.14, 99.6, 27_105.05)] == ["0", "0.012", "3.1", "100", "27,000"]
    assert [power(x) for x in (3.2e-14, 27_105.0)] == ["3·10⁻¹⁴", "3·10⁴"]
