"""What every page of ours shares: the style of a report, and text made inert."""

from __future__ import annotations

import re
from html import escape

from tearless.core import visible

from .pictures.svg import COLOURS

STYLE = """
.tearless { {light}
  --ink: #1d2026; --soft: #5d6470; --paper: #ffffff; --line: #d9dde3; --error: #b3261e; --warning: #8a5a00;
  --note: #1a5fb4; color: var(--ink); background: var(--paper); font: 15px/1.5 system-ui, sans-serif; max-width: 56rem;
  padding: 1rem; }
@media (prefers-color-scheme: dark) { .tearless { --ink: #e6e8eb; --soft: #a3abb8; --paper: #17191d; --line: #3a3f48;
  --error: #ff8a80; --warning: #f0b95a; --note: #8ab4f8;
  {dark} } }
.tearless h1 { font-size: 1.2rem; margin: 0 0 .3rem; }
.tearless article { border-left: 4px solid var(--c, var(--line)); margin: 1rem 0; padding: .1rem 0 .1rem .9rem; }
.tearless .error { --c: var(--error); } .tearless .warning { --c: var(--warning); }
.tearless .note { --c: var(--note); }
.tearless article article { margin: .5rem 0; }
.tearless h2 { font-size: 1rem; margin: 0 0 .3rem; } .tearless h2 b { color: var(--c); }
.tearless .soft, .tearless dt { color: var(--soft); font-weight: normal; }
.tearless dl { display: grid; grid-template-columns: 5.5rem 1fr; gap: .15rem .5rem; margin: 0; }
.tearless dd { margin: 0; overflow-wrap: anywhere; } .tearless h2 { overflow-wrap: anywhere; }
.tearless table { border-collapse: collapse; font-size: .9rem; }
.tearless td, .tearless th { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); }
.tearless .wide { overflow-x: auto; margin: .5rem 0 1rem; }
.tearless .wide td, .tearless .wide th { white-space: nowrap; }
.tearless code { font-family: ui-monospace, monospace; font-size: .92em; }
.tearless .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr));
  gap: 1rem; margin: .6rem 0; }
.tearless .says { font-weight: 600; } .tearless .formula { max-width: 100%; height: auto; display: block; }
.tearless .lesson { margin: .4rem 0; } .tearless summary { cursor: pointer; }
.tearless pre { font: .85rem/1.4 ui-monospace, monospace; }
@media (max-width: 30rem) { .tearless dl { grid-template-columns: 1fr; }
  .tearless pre { font-size: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; } }
"""


PAPER = "body { margin: 0; background: #ffffff; } @media (prefers-color-scheme: dark) { body { background: #17191d; } }"
"""The page around the report, in the report's own colour of paper."""


def report_style() -> str:
    """The style of a report, without that of its pictures."""
    light, dark = COLOURS
    return STYLE.replace("{light}", light).replace("{dark}", dark)


def shown(text: str) -> str:
    """Text made inert for HTML; what stands in backticks is set as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(visible(text)))
