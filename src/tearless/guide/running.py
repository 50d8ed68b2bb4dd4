"""The reader's own code, run in a process of its own: no longer, no larger and no louder than allowed."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SECONDS = 10.0
BYTES = 2 << 30
LOUDEST = 20_000
"""Letters of output that are kept."""
MARK = "\0numbers "
KEY = "TEARLESS_LESSON_RUN"
"""The variable of the environment by which the processes of a run are known."""

RUNNER = """
import json, math, sys
def limit():
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}))
        resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
limit()
names, code = json.loads(sys.stdin.readline())
space = {{"__name__": "__main__"}}
exec(compile(code, "lesson.py", "exec"), space)
found = {{}}
for name in names:
    try:
        found[name] = float(space[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        continue
sys.stdout.flush()
print({mark!r} + json.dumps({{k: v for k, v in found.items() if math.isfinite(v)}}))
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run printed, the numbers that it ended with, and why it was stopped, if it was."""

    output: str
    numbers: dict[str, float]
    stopped: str = ""


_ALIVE: set[subprocess.Popen[bytes]] = set()


def run(code: str, names: Iterable[str], seconds: float = SECONDS) -> Ran:
    """Run ``code`` in a child process, in an empty folder, and tell what the variables ``names`` hold at its end.

    It is stopped after ``seconds``, with whatever it started; it may use 2 GiB of memory where the system can limit
    that, and its output is cut. Python runs isolated (``-I``), but as the reader's own user: it is a limit on
    accidents, no prison.

    >>> run("x = 6 * 7", ["x", "y"]).numbers
    {'x': 42.0}
    """
    runner = RUNNER.format(bytes=BYTES, seconds=int(seconds) + 1, mark=MARK)
    key = secrets.token_hex(8)
    own = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", KEY: key}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(  # noqa: S603 (the reader's own code, on the reader's own wish)
            [sys.executable, "-I", "-c", runner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **own},
            start_new_session=True,
        )
        _ALIVE.add(child)
        heard: list[bytes] = []
        listener = threading.Thread(target=_listen, args=(child.stdout, heard), daemon=True)
        listener.start()
        try:
            stopped = _fed_and_awaited(child, json.dumps([list(names), code]), seconds)
        finally:
            _ALIVE.discard(child)
            _kill(child, key)
        listener.join(timeout=2)
        if child.stdout and not listener.is_alive():
            child.stdout.close()
    return _told(b"".join(heard).decode("utf-8", "replace"), stopped, child.returncode)


def end_all() -> None:
    """End every run that is under way: the guide itself ends."""
    for child in tuple(_ALIVE):
        with suppress(OSError):
            child.kill()


def _fed_and_awaited(child: subprocess.Popen[bytes], line: str, seconds: float) -> str:
    """Give the child its code, and wait until it ends or its time is over."""
    with suppress(BrokenPipeError):
        if child.stdin:
            child.stdin.write(line.encode() + b"\n")
            child.stdin.close()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds:g} seconds"
    return ""


def _kill(child: subprocess.Popen[bytes], key: str) -> None:
    """End the child and all that it started: its group, and what left the group, known by its environment."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    mark = f"{KEY}={key}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
    child.wait()


def _listen(stream: IO[bytes] | None, heard: list[bytes]) -> None:
    """Keep the beginning and the end of what is printed; the rest is read and forgotten."""
    size = 0
    while stream and (block := stream.read1(1 << 16)):  # type: ignore[attr-defined]
        size += len(block)
        heard.append(block)
        while size > 4 * LOUDEST and len(heard) > 2:
            size -= len(heard.pop(1))


def _told(text: str, stopped: str, status: int) -> Ran:
    output, _, numbers = text.rpartition(MARK) if MARK in text else (text, "", "{}")
    try:
        found = json.loads(numbers)
    except ValueError:
        found = {}
    if len(output) > LOUDEST:
        output = f"{output[: LOUDEST // 2]}\n... cut ...\n{output[-LOUDEST // 2 :]}"
    if not stopped and status < 0:
        stopped = f"it was ended by signal {-status}, most often for its memory or its time"
    elif not stopped and status not in (0, 1):
        stopped = f"it ended with status {status}"
    return Ran(output, found if isinstance(found, dict) else {}, stopped)
