"""The errors a user can meet, each in the user's words."""

from __future__ import annotations


class TearlessError(Exception):
    """Base of every error that tearless raises on purpose."""


class InputError(TearlessError, ValueError):
    """The input or an argument cannot be used.

    The message names the argument, what was expected, what came, and what to do.
    """


class NotApplicable(TearlessError):
    """Raised by a check or a fact when its question does not arise here. The message says why."""


class CannotTell(TearlessError):
    """Raised by a check or a fact when the answer would need something absent. The message names what is missing."""


class FoundProblems(TearlessError, AssertionError):
    """Raised by ``Report.raise_for`` when the report holds findings at or above the given severity."""
