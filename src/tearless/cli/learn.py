"""``tearless learn``."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from tearless.core.errors import InputError
from tearless.core.text import quoted, visible

from .streams import colored, complain, say, stdout, width, writable, write

if TYPE_CHECKING:
    from tearless.core.lesson import Opened

LESSON = "The name of a lesson; the contents without it."
SET = "Put a control there; may be repeated."
DATA = "Compute the lessons on this file: a table, predictions, or what a training run left behind."
PREDICTIONS = "Predictions with their truth, for the lessons about them."
RECORD = "What a training run left behind, for the lessons about that."


def learn(
    lesson: Annotated[str | None, typer.Argument(metavar="[LESSON]", help=LESSON)] = None,
    data: Annotated[str | None, typer.Option(metavar="FILE", help=DATA)] = None,
    predictions: Annotated[str | None, typer.Option(metavar="FILE", help=PREDICTIONS)] = None,
    record: Annotated[str | None, typer.Option(metavar="FILE", help=RECORD)] = None,
    target: Annotated[str | None, typer.Option(metavar="COL", help="The column to predict.")] = None,
    port: Annotated[int, typer.Option(metavar="N", help="Serve there; a free port if 0.")] = 0,
    text: Annotated[bool, typer.Option("--text", help="Show the lesson here, in the terminal.")] = False,
    setting: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=SET)] = None,
    export: Annotated[str | None, typer.Option(metavar="FILE", help="Write the lesson as one HTML file.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    run: Annotated[bool, typer.Option(help="Let the pages run the code that they show.")] = True,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Open the lessons in the browser, computed on your own file where you name one. Everything stays on this machine.

    Exit status: 0 done, 2 unusable input or usage.
    """
    from tearless.core.catalogue import find_lesson
    from tearless.guide.pages import Guide, Mine

    if lesson is not None:
        find_lesson(lesson)
    elif text or export or setting:
        return _contents()
    files = {
        name: _there(path, name) for name, path in (("data", data), ("predictions", predictions), ("record", record))
    }
    guide = Guide(Mine(**files, target=target, seed=seed), runs=run)
    given = _settings(setting or [])
    if text and lesson:
        opened, why = guide.opened(lesson)
        return _in_terminal(opened, why, given)
    if export and lesson:
        from tearless.guide.export import exported

        writable(export, (data, predictions, record), "--export")
        write(export, exported(guide, lesson, given))
        complain(f"the lesson is in {visible(export)}")
        return 0
    from tearless.guide.server import serve

    def ready(address: str) -> None:
        place = address if lesson is None else address.replace("/?", f"/lesson/{lesson}?{urlencode(given)}&")
        say(f"the guide is at {place}\n")
        complain("Ctrl-C ends it")
        if browser:
            import webbrowser

            webbrowser.open(place)

    serve(guide, port=port, runs=run, ready=ready)
    return 0


def _there(path: str | None, name: str) -> str | None:
    """The whole path of a file, a folder or a glob. Raises ``InputError`` where nothing is there."""
    if path is None:
        return None
    if not os.path.exists(path) and not glob.glob(path):
        from tearless.readers.remote.address import shown

        raise InputError(f"--{name}: expected a file, got {quoted(shown(path))}, where there is none; mend the path")
    return os.path.abspath(path)


def _settings(given: list[str]) -> dict[str, str]:
    """The controls that were put somewhere. Raises ``InputError`` for what is no NAME=VALUE."""
    for text in given:
        if "=" not in text:
            raise InputError(f"--set: expected NAME=VALUE, got {quoted(text)}; for instance --set rate=0.1")
    return dict(text.split("=", 1) for text in given)


def _in_terminal(opened: Opened, why: str, given: dict[str, str]) -> int:
    from tearless.guide.code import code_of
    from tearless.report.lesson_text import to_text

    settings = opened.settings(given)
    say(to_text(opened, settings, code_of(opened, settings), width(), colored(stdout())))
    if why:
        complain(why)
    return 0


def _contents() -> int:
    """The lessons there are, in the order in which to learn them."""
    from tearless.guide.curriculum import in_order

    for number, entry in enumerate(in_order(), 1):
        say(f"{number:>3}  {entry.name:<28} {entry.title()}\n")
    return 0
