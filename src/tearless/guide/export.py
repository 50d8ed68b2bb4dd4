"""A lesson as one file that needs nothing else: one control moves, over stops that were computed before."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from tearless.core.lesson import Opened, Slider

from .pages import STATIC, Guide, lesson_page, moving, style

STOPS = 25
LARGEST = 240_000
"""Bytes that the stops of the moving control may take together: the page stays within 400 kB."""


def exported(
    guide: Guide, name: str, given: Mapping[str, str], *, most: int = STOPS, template: str | Template = "export.html"
) -> str:
    """The page of a lesson at these settings; its first slider still moves, the other controls are frozen.

    ``most`` are the stops of that slider, ``template`` the page around them.

    >>> "<h1>Gradient descent" in exported(Guide(), "gradient-descent", {"rate": "0.5"}, most=2)
    True
    """
    opened, why = guide.opened(name)
    settings = opened.settings(given)
    moved = next((control for control in opened.controls if isinstance(control, Slider)), None)
    stops = _stops(opened, settings, moved, most) if moved else []
    at = next((i for i, stop in enumerate(stops) if moved and stop["at"] == settings[moved.name]), 0)
    script, sheet = (STATIC / "export.js").read_text(encoding="utf-8"), style()
    data = json.dumps(stops).replace("<", "\\u003c")
    return lesson_page(
        template,
        opened,
        settings,
        why,
        runs=False,
        moved=moved,
        stops=stops,
        at=at,
        data=Markup(data),  # noqa: S704 (JSON without a tag)
        script=Markup(script),  # noqa: S704 (our own)
        style=Markup(sheet),  # noqa: S704 (our own)
        script_hash=_hash(script),
        style_hash=_hash(sheet),
    )


def _stops(opened: Opened, settings: Mapping[str, Any], moved: Slider, most: int) -> list[dict[str, Any]]:
    """The views along the moving slider, as many as fit, that of the present setting among them."""
    here = settings[moved.name]
    first = max(len(json.dumps(_stop(opened, settings, moved, at))) for at in (here, moved.low, moved.high))
    count = max(2, min(most, LARGEST // first - 1))
    values = {moved.at_share(i / (count - 1)) for i in range(count)}
    return [_stop(opened, settings, moved, value) for value in sorted(values | {here})]


def _stop(opened: Opened, settings: Mapping[str, Any], moved: Slider, value: float) -> dict[str, Any]:
    told = moving(opened, {**settings, moved.name: value})
    return {"at": value, "text": f"{value:g}", "view": told["view"], "code": told["code"]}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
