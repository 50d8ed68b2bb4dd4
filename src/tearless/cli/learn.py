"""``tearless learn``."""

from __future__ import annotations

from typing import Annotated

import typer

from .streams import complain, say

LESSON = "The name of a lesson; the contents without it."
DATA = "Compute the lesson on this: a table, predictions, or what a training run left behind."


def learn(
    lesson: Annotated[str | None, typer.Argument(metavar="[LESSON]", help=LESSON)] = None,
    data: Annotated[str | None, typer.Option(metavar="FILE", help=DATA)] = None,
    target: Annotated[str | None, typer.Option(metavar="COL", help="The column to predict.")] = None,
    port: Annotated[int, typer.Option(metavar="N", help="Serve there; a free port if 0.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    run: Annotated[bool, typer.Option(help="Let the pages run the code that they show.")] = True,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Open the lessons in the browser, computed on your own file where you name one. Everything stays on this machine.

    Exit status: 0 done, 2 unusable input or usage.
    """
    import os

    from tearless.core.catalogue import find_lesson
    from tearless.guide.pages import Guide, Mine
    from tearless.guide.server import serve

    if lesson is not None:
        find_lesson(lesson)
    guide = Guide(Mine(None if data is None else os.path.abspath(data), target, None, seed), runs=run)

    def ready(address: str) -> None:
        place = address if lesson is None else address.replace("/?", f"/lesson/{lesson}?")
        say(f"the guide is at {place}\n")
        complain("Ctrl-C ends it")
        if browser:
            import webbrowser

            webbrowser.open(place)

    serve(guide, port=port, runs=run, ready=ready)
    return 0
