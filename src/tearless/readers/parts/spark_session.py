"""Spark's sessions: the one that is there or one of our own, and what goes wrong in it, in a line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from tearless.core import InputError, visible

from .spark_tasks import ROWS, versions

T = TypeVar("T")
LONGEST = 300
"""Characters of Spark's own words that are shown."""
LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""pyspark's own, which write to the terminal what is raised as well."""
PATIENCE = 0.2
"""Seconds after which it is looked whether Ctrl-C was pressed."""
QUIET = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""How a session of our own that runs on this machine is set, where the user has not set it."""


def computed(session: Any, argument: str, action: Callable[[], T]) -> T:
    """What Spark computes for ``action``. Ctrl-C ends its jobs as well.

    It is called in a thread of its own: the one that waits for Java cannot tell it to stop. Raises ``InputError``, in
    one line, for whatever Spark raises.
    """
    tag = f"tearless-{uuid.uuid4().hex}"
    made: list[T] = []
    faults: list[Exception] = []

    def work() -> None:
        try:
            with contextlib.suppress(Exception):
                session.addTag(tag)
            made.append(action())
        except Exception as fault:  # noqa: BLE001 - it is raised by the thread that waits
            faults.append(fault)

    with at_work(session, argument):
        thread = threading.Thread(target=work, name=tag, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(PATIENCE)
        except KeyboardInterrupt:
            with contextlib.suppress(Exception):
                session.interruptTag(tag)
            raise
        if faults:
            raise faults[0]
        return made[0]


@contextlib.contextmanager
def at_work(session: Any, argument: str) -> Iterator[None]:
    """While Spark plans or works: what it raises becomes an ``InputError`` of one line.

    Where Spark runs on this machine and nothing says otherwise, its workers are of the Python that runs here.
    """
    try:
        with _own_python(session), _quiet():
            yield
    except InputError:
        raise
    except Exception as fault:  # noqa: BLE001 - it is Java's, Python's or the network's, and of no common kind
        raise _refusal(session, fault, argument) from None


@contextlib.contextmanager
def _own_python(session: Any) -> Iterator[None]:
    """Workers on this machine run this Python: Spark would take whatever ``python3`` is on the path."""
    try:
        context = session.sparkContext
        local = context.master.startswith("local")
    except Exception:  # noqa: BLE001 - a session of Spark Connect has no context here, one that was stopped has none
        context, local = None, False
    if context is None or not local or "PYSPARK_PYTHON" in os.environ or not sys.executable:
        yield
        return
    before, context.pythonExec = context.pythonExec, sys.executable
    try:
        yield
    finally:
        context.pythonExec = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """pyspark warns of new versions of pandas, which is not used here, and logs pages of Java for what is raised."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        from pyspark.logger import PySparkLogger

        loggers = [PySparkLogger.getLogger(name) for name in LOGGERS]
        before = [logger.disabled for logger in loggers]
        try:
            for logger in loggers:
                logger.disabled = True
            yield
        finally:
            for logger, disabled in zip(loggers, before, strict=True):
                logger.disabled = disabled


def _refusal(session: Any, fault: Exception, argument: str) -> InputError:
    line = reason(fault)
    own = re.search(r"InputError: (\w+: expected .*)", str(fault))
    if own:
        return InputError(own[1].strip())
    if "Python worker" in str(fault) and (there := _others(session)):
        return InputError(
            f"engine: expected workers with the Python, tearless, Polars and NumPy of this process ({_versions()}), "
            f"got {visible(there, LONGEST)}; install the same on all of them, and set PYSPARK_PYTHON to their Python"
        )
    if _stopped(session):
        return InputError(
            f"{argument}: expected a Spark DataFrame whose session runs, got one that was stopped; make it anew"
        )
    return InputError(
        f"{argument}: expected Spark to compute the table, got {visible(line, LONGEST)}; mend that first "
        '(`.write.format("noop").mode("overwrite").save()` on a DataFrame shows all that Spark says of it)'
    )


def _stopped(session: Any) -> bool:
    try:
        return session.sparkContext._jsc is None
    except Exception:  # noqa: BLE001 - a session of Spark Connect has no context here
        return False


def reason(fault: BaseException) -> str:
    """The line of an error of Spark that says most: of a Python traceback its last, of Java's the innermost cause.

    >>> reason(Exception("thrown: Traceback (most recent call last):\\n  File 'a', line 1\\nKeyError: 2"))
    'KeyError: 2'
    """
    text = str(fault).strip() or type(fault).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any("Traceback (most recent call last)" in line for line in lines):
        start = next(i for i, line in enumerate(lines) if "Traceback (most recent call last)" in line)
        said = [line for line in lines[start + 1 :] if re.match(r"[\w.]+(Error|Exception|Exit|Warning)?(: |$)", line)]
        return said[0] if said else lines[-1]
    causes = [line.partition("Caused by: ")[2] for line in lines if line.startswith("Caused by: ")]
    return _without_class(causes[-1] if causes else lines[0])


def _without_class(line: str) -> str:
    return re.sub(r"^(?:[\w$]+\.)+[\w$]+(?:Exception|Error): (?=\S)", "", line)


def _others(session: Any) -> str:
    """What workers have that differ from this process; nothing where none does, or none can tell."""
    try:
        with _quiet():
            found = session.range(0, 8, 1, 8).mapInArrow(versions(), ROWS).collect()
    except Exception as fault:  # noqa: BLE001 - workers that cannot run this cannot run anything
        missing = re.findall(r"No module named '([\w.]+)'", str(fault))
        return f"workers without {missing[-1]}" if missing else ""
    mine = _numbers(_versions())
    return next((said for row in found if _numbers(said := bytes(row[0]).decode()) != mine), "")


def _numbers(said: str) -> str:
    return re.sub(r" \(.*?\)", "", said)


def _versions() -> str:
    """What this process has, in the words in which the workers say theirs."""
    (batch,) = versions()(iter(()))
    return _numbers(batch.column(0)[0].as_py().decode())


@dataclass(eq=False)
class Started:
    """A session that is there to be used. One of our own is stopped when nobody holds this any more."""

    session: Any


_own: weakref.ref[Started] | None = None
_lock = threading.Lock()


def started() -> Started:
    """The session that is active, else one of our own, bound to this machine where it runs on it, its log kept away.

    Raises ``InputError`` where pyspark is not installed, and where Spark does not start.
    """
    global _own
    try:
        with _quiet():
            from pyspark import SparkContext
            from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "engine: expected pyspark to be installed, got none; pip install 'tearless[spark]', and Java 17"
        ) from None
    with _lock:
        if (ours := _own() if _own else None) is not None:
            return ours
        there = {"SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "PYSPARK_GATEWAY_PORT"} & set(os.environ)
        try:
            with _quiet():
                if (active := SparkSession.getActiveSession()) is not None:
                    return Started(active)
                if there or SparkContext._active_spark_context is not None or SparkContext._gateway is not None:
                    return Started(SparkSession.builder.getOrCreate())
        except Exception as fault:  # noqa: BLE001 - see at_work
            raise _not_started(reason(fault)) from None
        with _quiet():
            made = _made()
        _own = weakref.ref(made)
        return made


def _not_started(why: str) -> InputError:
    return InputError(
        f"engine: expected Spark to start, got {visible(why, LONGEST)}; it needs Java 17 or later (JAVA_HOME, or java "
        "on the path)"
    )


def _made() -> Started:
    """A session of our own, in a Java process whose words go to a file."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    log = tempfile.TemporaryFile()  # noqa: SIM115 - it is open as long as Java writes to it
    in_main = threading.current_thread() is threading.main_thread()
    held = SimpleNamespace(gateway=None, session=None, handler=signal.getsignal(signal.SIGINT) if in_main else None)
    try:
        held.gateway = launch_gateway(popen_kwargs={"stdout": log, "stderr": log})  # type: ignore[no-untyped-call]
        conf = (
            SparkConf(_jvm=held.gateway.jvm)
            .setIfMissing("spark.master", "local[*]")
            .setIfMissing("spark.app.name", "tearless")
        )
        if str(conf.get("spark.master")).startswith("local"):
            for key, value in QUIET.items():
                conf.setIfMissing(key, value)
        held.session = SparkSession(SparkContext(conf=conf, gateway=held.gateway))
    except Exception as fault:  # noqa: BLE001 - see at_work
        why = (_last_words(log) if held.gateway is None else "") or reason(fault)
        _stop(held, log)
        raise _not_started(why) from None
    except KeyboardInterrupt:
        _stop(held, log)
        raise
    made = Started(held.session)
    weakref.finalize(made, _stop, held, log)
    return made


def _last_words(log: Any) -> str:
    """What Java, or the script that looks for it, said at the end: the first line on Java itself, else the last."""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(("at ", "...", "WARNING: "))]
    line = next((line for line in told if re.search(r"\bjava\b|JAVA_HOME", line)), told[-1] if told else "")
    return re.sub(r"^\S+: line \d+: ", "", line)


def _stop(held: SimpleNamespace, log: Any) -> None:
    """The end of a session of our own, and of its Java process; Ctrl-C means again what it meant before."""
    from pyspark import SparkContext

    with contextlib.suppress(Exception):
        if held.session is not None:
            held.session.stop()
    with contextlib.suppress(Exception):
        if held.gateway is not None:
            held.gateway.shutdown()
            held.gateway.proc.stdin.close()
            held.gateway.proc.wait(timeout=20)
    if SparkContext._gateway is held.gateway:
        SparkContext._gateway = SparkContext._jvm = None
    if held.handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, held.handler)
    log.close()
