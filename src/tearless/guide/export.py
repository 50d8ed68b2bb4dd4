"""A lesson as one file that needs nothing else: one control moves, over stops that were computed before."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from tearless.core.lesson import Control, Opened, Slider

from .pages import STATIC, Guide, lesson_page, moving, style

STOPS = 25
LARGEST = 300_000
"""Bytes that the stops of the moving control may take together."""


def exported(
    guide: Guide, name: str, given: Mapping[str, str], *, most: int = STOPS, template: str | Template = "export.html"
) -> str:
    """The page of a lesson at these settings; its first slider still moves, the other controls are frozen.

    ``most`` are the stops of that slider, ``template`` the page around them.
    """
    opened, why = guide.opened(name)
    settings = opened.settings(given)
    moved = next((control for control in opened.controls if isinstance(control, Slider)), None)
    shares, stops = _stops(opened, settings, moved, most)
    at = min(range(len(stops)), key=lambda i: abs(stops[i]["at"] - float(settings[moved.name]))) if moved else 0
    script, sheet = (STATIC / "export.js").read_text(encoding="utf-8"), style()
    data = json.dumps(stops).replace("<", "\\u003c")
    return lesson_page(
        template,
        opened,
        settings,
        why,
        runs=False,
        moved=moved,
        shares=shares,
        stops=stops,
        at=at,
        data=Markup(data),  # noqa: S704 (JSON without a tag)
        script=Markup(script),  # noqa: S704 (our own)
        style=Markup(sheet),  # noqa: S704 (our own)
        script_hash=_hash(script),
        style_hash=_hash(sheet),
    )


def _stops(
    opened: Opened, settings: Mapping[str, Any], moved: Control | None, most: int
) -> tuple[list[float], list[Any]]:
    """The views along the moving control: as many as fit."""
    if not isinstance(moved, Slider):
        return [], []
    first = json.dumps(_stop(opened, settings, moved, 0.5))
    count = max(2, min(most, LARGEST // len(first)))
    shares = [i / (count - 1) for i in range(count)]
    return shares, [_stop(opened, settings, moved, share) for share in shares]


def _stop(opened: Opened, settings: Mapping[str, Any], moved: Slider, share: float) -> dict[str, Any]:
    value = moved.at_share(share)
    told = moving(opened, {**settings, moved.name: value})
    return {"at": value, "text": f"{value:g}", "view": told["view"], "code": told["code"]}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
