"""The commands, gathered. Help is plain text, so that it is quick and the same in every terminal."""

from __future__ import annotations

from typing import Annotated

import typer

import tearless

from .calibrate import calibrate
from .catalogue import catalogue
from .check import check
from .compare import compare
from .describe import describe
from .explain import explain
from .gradients import gradients
from .learn import learn
from .merge import merge
from .power import power
from .published import published
from .run import run
from .sample import sample
from .schema import schema
from .shapes import shapes
from .streams import say
from .summarize import summarize
from .watch import watch

app = typer.Typer(
    name="tearless",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    check,
    summarize,
    merge,
    shapes,
    calibrate,
    compare,
    power,
    sample,
    describe,
    explain,
    learn,
    catalogue,
    published,
    schema,
):
    app.command()(command)
for runner in (watch, run, gradients):
    app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False})(runner)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"tearless {tearless.__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and stop.")
    ] = False,
) -> None:
    """The mathematics behind your model, checked and explained."""
