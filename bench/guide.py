"""How fast the guide is and how large its pages are: ``python bench/guide.py [LESSON ...]``, on a machine at rest.

The server is started as a user starts it. In every lesson the first slider is dragged in 40 moves, in the system's
Chromium without a window; a move ends when its picture is painted, and the next one begins then. The exit status is 1
where a bar is missed.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from http.cookiejar import CookieJar
from urllib.request import HTTPCookieProcessor, build_opener

from playwright.sync_api import Browser, sync_playwright

from tearless.guide.curriculum import in_order

STARTS, MOVES = 5, 40
START, PAINT, SIZE = 1.5, 100.0, 400_000
"""The bars: seconds to the first page, milliseconds to the painted picture (median), bytes of a page."""
DRAG = """async (moves) => {
  const slider = document.querySelector("#controls input[type=range]"), view = document.getElementById("view");
  const times = [];
  for (let i = 1; slider && i <= moves; i++) {
    const begun = performance.now();
    const painted = new Promise((done) => {
      const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
      });
      watch.observe(view, { childList: true });
    });
    slider.value = Math.round(slider.max * i / moves);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    times.push(await painted - begun);
  }
  return times;
}"""


def started() -> tuple[subprocess.Popen[str], str, float]:
    """The guide as a process, its address, and the seconds from its start to its whole first page."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tearless", "learn", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = next(iter(process.stdout or ())).split()[-1]
    build_opener(HTTPCookieProcessor(CookieJar())).open(address).read()
    return process, address, time.perf_counter() - began


def dragged(browser: Browser, address: str, name: str) -> tuple[int, list[float]]:
    """The bytes of a lesson's page, and the milliseconds of each move."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    host, _, token = address.partition("/?")
    page.goto(f"{host}/?{token}")
    response = page.goto(f"{host}/lesson/{name}")
    size = len(response.body()) if response else 0
    times: list[float] = page.evaluate(DRAG, MOVES)
    page.close()
    return size, times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    names = parser.parse_args().lessons or [entry.name for entry in in_order()]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        parser.error("chromium is not installed: apt-get install chromium")
    starts = []
    for left in range(STARTS, 0, -1):
        process, address, seconds = started()
        starts.append(seconds)
        if left > 1:
            process.terminate()
            process.wait()
    middle = statistics.median(starts)
    print(f"start to first page: {middle:.2f} s, median of {STARTS} (bar {START} s)\n")
    print(f"{'lesson':<28}{'kB':>6}{'median ms':>11}{'slowest ms':>12}")
    missed = int(middle > START)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in names:
            size, times = dragged(browser, address, name)
            half = statistics.median(times) if times else 0.0
            over = half > PAINT or size > SIZE
            missed += over
            mark = "  misses its bar" if over else ""
            print(f"{name:<28}{size / 1000:>6.0f}{half:>11.0f}{max(times, default=0.0):>12.0f}{mark}", flush=True)
        browser.close()
    process.terminate()
    print(f"\nbars: {PAINT:.0f} ms (median of {MOVES} moves), {SIZE / 1000:.0f} kB; {missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
