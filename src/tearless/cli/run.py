"""``tearless run``."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tearless.core.errors import TearlessError

from .streams import as_they_were, colored, complain, width, writable, write

if TYPE_CHECKING:
    from tearless.integrations.shapes.running import Ran
    from tearless.linear_algebra.shapes import Explanation

SCRIPT = "The script, and its own arguments after it."
SILENT = (
    "Look at every line as well for what goes through without an error: (n, 1) - (n,), a batch of 1 lost, the "
    "transpose of a vector. Each line of the script's own then takes some 20 microseconds longer."
)


def run(
    script: Annotated[list[str], typer.Argument(metavar="SCRIPT [ARGS]...", help=SCRIPT)],
    module: Annotated[bool, typer.Option("-m", help="SCRIPT is the name of a module.")] = False,
    silent_too: Annotated[bool, typer.Option("--silent-too", help=SILENT)] = False,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there as JSON.")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write the report there as a page.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every finding, number and outcome.")] = False,
) -> int:
    """Run a script unchanged, and explain the error about shapes that ends it.

    Options come before SCRIPT; what follows it is its own. Its output, traceback and exit status stay what they are;
    the explanation follows on the error stream: the failing operation with its operands, the axes that clash, and
    what mends it. NumPy, PyTorch and JAX.
    """
    for file in (json, html):
        if file is not None:
            writable(file, (script[0],), "--json" if file is json else "--html")
    from tearless.integrations.shapes.running import ran

    with as_they_were():
        found = ran(script[0], script[1:], _tell, module=module, silent=silent_too)
    try:
        if silent_too or json is not None or html is not None:
            _deliver(found, script[0], silent_too, json, html, verbose)
    except TearlessError:
        raise
    except Exception:  # noqa: BLE001 (the script has ended as it did, whatever becomes of the report)
        _complain("the report on the run", traceback.format_exc())
    if found.fault:
        _complain("the look at lines, which was given up while the script ran on,", found.fault)
    return found.ended.status


def _tell(explanation: Explanation) -> None:
    """The explanation below what Python printed."""
    import sys

    sys.stdout.flush()
    sys.stderr.write(f"\n{explanation.to_text(width()).rstrip()}\n")
    sys.stderr.flush()


def _deliver(found: Ran, script: str, silent: bool, json: str | None, html: str | None, verbose: bool) -> None:
    """The report on what went through, and that of all to the files asked for."""
    import sys

    from tearless.doctor.seen_shapes import report_on

    label = Path(script).name
    if silent:
        sys.stdout.flush()
        sys.stderr.write(report_on(found.passed, label).to_text(width(), colored(sys.stderr), verbose, False))
        sys.stderr.flush()
    if json is not None or html is not None:
        report = report_on(found.entries, label)
        if json is not None:
            write(json, report.to_json())
        if html is not None:
            write(html, report.to_html())


def _complain(where: str, trace: str) -> None:
    from .exits import fault_words

    complain(fault_words(where, trace))
