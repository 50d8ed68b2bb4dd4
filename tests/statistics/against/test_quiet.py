"""Quiet nights stay quiet and a change is found on the first night: the bench at a small size."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))

from quiet_nights import CHANGES, LAWS, nights, power

LOOKED_AT = ("uniform", "student t, 3 degrees", "prices", "twenty words", "rare flags", "holes")


def test_quiet_nights_raise_no_alarm_beside_a_fixed_day_nor_beside_a_growing_history() -> None:
    found = list(nights(0, 5, width=len(LAWS)))
    assert found == [[[], [], []]] * 5


def test_honest_nights_are_quiet_once_a_few_are_known() -> None:
    found = list(nights(1, 8, effect=0.2, width=len(LAWS)))
    assert all(found[0])
    assert sum(map(bool, (grown for _, grown, _ in found[5:]))) <= 1


@pytest.mark.parametrize("private", [False, True])
def test_a_change_of_a_third_of_a_standard_deviation_is_found_on_the_first_night(private: bool) -> None:
    made = [one for one in CHANGES if one.law in LOOKED_AT and not (private and "words" in one.law)]
    found = power(0, (2,), private, changes=made)
    assert all(all(seen) for seen in found.values()), found
