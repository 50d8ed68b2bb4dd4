"""Take the pictures of lessons and reports that the documentation shows: ``python docs/screenshots.py [NAME ...]``.

They are taken by the system's Chromium, on a desktop and on a phone, light and dark, and
kept in the few colours that they need.
"""

from __future__ import annotations

import base64
import os
import shutil
import struct
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

import numpy as np

import tearless
from tearless.guide.pages import Guide
from tearless.guide.server import serve
from tearless.report.html import to_html
from tearless.report.report import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).resolve().parent / "pictures"
PICTURES = {
    "gradient-descent": "The lesson on gradient descent, light, on a desktop",
    "normalisation-dark": "The lesson on normalisation, dark, on a desktop",
    "bayes-phone": "The lesson on Bayes' theorem, light, on a phone",
    "calibration-phone-dark": "The lesson on calibration, dark, on a phone",
    "softmax-and-temperature": "The lesson on softmax and temperature, light, on a desktop",
    "check-report": "The report of tearless check on the passengers of the Titanic, light, on a desktop",
    "compare-report-phone-dark": "The report of tearless compare on two classifiers, dark, on a phone",
}
"""Each picture, and what it shows."""
DESKTOP, PHONE, TALL = (960, 1080), (390, 1000), (390, 1280)
LARGEST = 150_000
"""Bytes that a picture may take."""


@dataclass(frozen=True)
class Shot:
    """One picture to take: the page (an address of the guide, or a report), where it is scrolled to, and on what."""

    page: str | Callable[[], Report]
    to: str = "body"
    size: tuple[int, int] = DESKTOP
    dark: bool = False


SHOTS = {
    "gradient-descent": Shot("/lesson/gradient-descent?rate=0.9"),
    "normalisation-dark": Shot("/lesson/normalisation", dark=True),
    "bayes-phone": Shot("/lesson/bayes", ".panel", PHONE),
    "calibration-phone-dark": Shot("/lesson/calibration", ".panel", PHONE, True),
    "softmax-and-temperature": Shot("/lesson/softmax-and-temperature"),
    "check-report": Shot(lambda: tearless.check("examples/titanic.csv", target="survived")),
    "compare-report-phone-dark": Shot(
        lambda: tearless.compare("examples/digits_logistic.csv", "examples/digits_forest.csv"), size=TALL, dark=True
    ),
}


def served() -> str:
    """The address of a guide that is served until the script ends; it holds the key."""
    told: Queue[str] = Queue()
    threading.Thread(target=lambda: serve(Guide(), ready=told.put), daemon=True).start()
    return told.get(timeout=60)


PIXELS = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  let text = "";
  for (const byte of canvas.getImageData(0, 0, image.width, image.height).data) text += String.fromCharCode(byte);
  return [image.width, image.height, btoa(text)];
}"""
"""The browser's own reading of a picture: its size, and red, green, blue and opacity of each pixel."""


def taken(browser: Browser, shot: Shot, address: str, file: Path) -> bytes:
    """The picture of a page, as PNG. ``file`` holds the page of a report."""
    wide, high = shot.size
    tab = browser.new_page(viewport={"width": wide, "height": high}, color_scheme="dark" if shot.dark else "light")
    if isinstance(shot.page, str):
        tab.goto(address)
        tab.goto(address.partition("/?")[0] + shot.page)
    else:
        file.write_text(to_html(shot.page()), encoding="utf-8")
        tab.goto(file.as_uri())
    tab.evaluate("to => document.querySelector(to).scrollIntoView()", shot.to)
    seen = base64.b64encode(tab.screenshot()).decode()
    tab.goto("about:blank")
    wide, high, pixels = tab.evaluate(PIXELS, seen)
    tab.close()
    return packed(np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(high, wide, 4)[:, :, :3])


def packed(pixels: np.ndarray) -> bytes:
    """Pixels as a PNG of at most 256 colours: the commonest, with each rarer one put to the nearest of them."""
    high, wide, _ = pixels.shape
    colours, place, count = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-count, kind="stable")[:256]]
    apart = ((colours[:, None].astype(int) - kept[None].astype(int)) ** 2).sum(axis=2)
    rows = apart.argmin(axis=1).astype(np.uint8)[place].reshape(high, wide)
    lines = np.hstack([np.zeros((high, 1), np.uint8), rows]).tobytes()  # each line begins with its filter, none
    head = struct.pack(">IIBBBBB", wide, high, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", kept.tobytes()), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def main() -> int:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    os.chdir(FOLDER.parents[1])  # so that a report names its file as the command does
    address = served()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in sys.argv[1:] or SHOTS:
            picture = taken(browser, SHOTS[name], address, Path(folder) / "page.html")
            (FOLDER / f"{name}.png").write_bytes(picture)
            print(f"{len(picture):>9,} bytes  {name}")
            if len(picture) > LARGEST:
                print(f"{name}: expected at most {LARGEST:,} bytes", file=sys.stderr)
                return 1
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
