"""``tearless watch``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .streams import as_they_were, colored, complain, width, writable, write

if TYPE_CHECKING:
    from tearless.integrations.pytorch.run import Watched

SCRIPT = "The script, and its own arguments after it."
RECORD = (
    "Keep what was seen, while it is seen: a few megabytes, however long the run. Of several processes (`torchrun`) "
    "each has its own: FILE, and beside it run.rank1.record ..."
)
QUIET = "No line of progress; one is shown every 30 seconds at most, where the error stream is a terminal."
BUDGET = "Share of the run's time that looking may take, such as 2%."


class StopOn(StrEnum):
    """What ends the run early."""

    never = "never"
    error = "error"


def watch(
    script: Annotated[list[str], typer.Argument(metavar="SCRIPT [ARGS]...", help=SCRIPT)],
    module: Annotated[bool, typer.Option("-m", help="SCRIPT is the name of a module.")] = False,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there as JSON.")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there as a page.")] = None,
    record: Annotated[str | None, typer.Option(metavar="FILE", help=RECORD)] = None,
    budget: Annotated[str, typer.Option(metavar="SHARE", help=BUDGET)] = "2%",
    confirm: Annotated[bool, typer.Option(help="Test the suspicion on a copy when the run is over.")] = True,
    stop_on: Annotated[StopOn, typer.Option(help="End the run when a broken contract is seen.")] = StopOn.never,
    quiet: Annotated[bool, typer.Option("--quiet", help=QUIET)] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every finding, number and outcome.")] = False,
) -> int:
    """Run a PyTorch script unchanged, and say why it does not learn.

    Options come before SCRIPT; what follows it is its own. Its output and exit status stay what they are; the report
    goes to the error stream when the run ends, however it ends. Of several processes (`torchrun --no-python tearless
    watch SCRIPT`) the first one reports, and the others name what they found in a line.
    """
    for file in (json, html, record):
        if file is not None:
            writable(file, (script[0],))
    from tearless.integrations.pytorch import needs_torch

    needs_torch("watch")
    from tearless.integrations.pytorch.ranks import rank_here
    from tearless.integrations.pytorch.run import watched

    rank, _ = rank_here()
    json, html, record = (_own(file, rank) for file in (json, html, record))

    share = _share(budget)
    with as_they_were():
        result = watched(
            script[0],
            script[1:],
            module=module,
            record=Path(record) if record is not None else None,
            budget=share,
            confirm=confirm,
            stop_on_error=stop_on is StopOn.error,
            told=complain,
            progress=None if quiet or rank else _progress,
        )
    return _deliver(result, json, html, verbose, rank)


def _progress(step: int, loss: float | None) -> None:
    """A line of its own, since what else stands on the terminal is the script's; none beside a bar of the script's."""
    import sys

    from tearless.core.number import shown

    bars = getattr(getattr(sys.modules.get("tqdm.std"), "tqdm", None), "_instances", ())
    if sys.stderr is not None and sys.stderr.isatty() and not len(bars):
        complain(f"step {step:,}" + (f", loss {shown(loss)}" if loss is not None else ""))


def _own(file: str | None, rank: int) -> str | None:
    """The file of one of several processes."""
    from tearless.readers.training.ranks import place_of

    return None if file is None else str(place_of(Path(file), rank)) if rank else file


def _deliver(result: Watched, json: str | None, html: str | None, verbose: bool, rank: int) -> int:
    """The report, to the error stream and to the files asked for; the script's own exit status."""
    import sys

    report = result.report
    sys.stdout.flush()
    if not rank:
        sys.stderr.write(report.to_text(width(), colored(sys.stderr), verbose, False))
        sys.stderr.flush()
    elif report.findings:
        complain(f"process {rank}: {', '.join(dict.fromkeys(finding.name for finding in report.findings))}")
    if json is not None:
        write(json, report.to_json())
    if html is not None:
        write(html, report.to_html())
    if result.fault:
        from .exits import fault_words

        complain(fault_words("the watch, which was switched off while the script ran on,", result.fault))
    return result.ended.status


def _share(text: str) -> float:
    """``2%`` or ``0.02``. Raises ``InputError`` for what is no share from 0 to 1."""
    from tearless.core import InputError, quoted

    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise InputError(f"budget: expected a share such as 2% or 0.02, got {quoted(text)}; give one above 0, up to 1")
    return value
