"""The error that another one was raised from: what ended a program, not what it had caught and done with."""

from __future__ import annotations

import ast
from types import FrameType, TracebackType

from tearless.integrations.shapes.source.frames import site_of

from .messages import kind_of, may_be, text_of_error


def came_from(error: BaseException) -> BaseException | None:
    """The error that this one was raised from; ``None`` where it was raised from none.

    That is its cause. An error that was only being handled when this one came up counts where this one speaks of
    shapes itself, or where the handler raised it: ``except ValueError: raise RuntimeError("the step failed")``. Where
    something else went wrong in the handler, the first error was caught, and is not what ended the program.

    >>> try:
    ...     try:
    ...         [][1]
    ...     except IndexError:
    ...         {}["lost"]
    ... except KeyError as error:
    ...     came_from(error) is None
    True
    """
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    context = error.__context__
    if context is None or (may_be(error) and kind_of(text_of_error(error)) is not None):
        return context
    try:
        return context if _raised_by_handler(error, context) else None
    except Exception:  # noqa: BLE001 - odd frames: what is not sure is left alone
        return None


def _raised_by_handler(error: BaseException, context: BaseException) -> bool:
    """Whether a ``raise`` made the error, in a frame that the other one came through."""
    site = site_of(error)
    if site is None or site.below or not isinstance(site.path[-1] if site.path else None, ast.Raise):
        return False
    return any(frame is site.frame for frame in _frames(context.__traceback__))


def _frames(entry: TracebackType | None) -> list[FrameType]:
    found: list[FrameType] = []
    while entry is not None:
        found.append(entry.tb_frame)
        entry = entry.tb_next
    return found
