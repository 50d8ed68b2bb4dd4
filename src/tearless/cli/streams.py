"""The terminal and its absence: width, colour, characters it cannot show, pipes that close, files written whole."""

from __future__ import annotations

import codecs
import errno
import os
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast

from tearless.core.errors import InputError
from tearless.core.text import quoted, visible

from .exits import BROKEN_PIPE

LOOK_ALIKES = {
    "×": "x", "·": "-", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "≈": "~", "≠": "!=",
    "√": "sqrt", "→": "->", "⇒": "=>", "∞": "inf", "ʼ": "'", "‘": "'", "’": "'", "“": '"', "”": '"', "∈": "in",
    "∑": "sum", "Σ": "Sum", "Π": "Prod", "∏": "prod", "∂": "d", "∇": "grad", "±": "+-", "∥": "||", "‖": "||",
    "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")", "∝": "~", "ᵀ": "^T", "⁻": "^-", "′": "'", "½": "1/2",
    "⊥": "_|_", "°": "deg", "µ": "u", "ℓ": "l", "æ": "ae", "ø": "o", "ł": "l", "ß": "ss", "đ": "d", "ð": "d",
    "Ø": "O", "Ł": "L", "Æ": "AE",
}  # fmt: skip
"""What stands in for a character on a console that cannot show it; other letters lose their accents."""


_errors: dict[str, str] = {}


def prepared() -> None:
    """Make the standard streams take every character, whatever the console's encoding."""
    codecs.register_error("tearless", _look_alike)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            _errors.setdefault(name, stream.errors)
            stream.reconfigure(errors="tearless")


@contextmanager
def as_they_were() -> Iterator[None]:
    """Standard streams as Python made them, for a script that is run: what they cannot hold is its own error."""
    for name, errors in _errors.items():
        _reconfigure(name, errors)
    try:
        yield
    finally:
        for name in _errors:
            _reconfigure(name, "tearless")


def _reconfigure(name: str, errors: str) -> None:
    """The script may have put something else there, or closed it."""
    with suppress(AttributeError, ValueError):
        getattr(sys, name).reconfigure(errors=errors)


def _look_alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_one, text)), error.end


def _one(character: str) -> str:
    if character in LOOK_ALIKES:
        return LOOK_ALIKES[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK"):
        letter = name.split("LETTER ")[-1].split(" ")[0].lower().replace("lamda", "lambda")
        return letter.capitalize() if "CAPITAL" in name else letter
    if name.startswith("SUPERSCRIPT"):
        return "^" + unicodedata.normalize("NFKD", character)
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return plain if plain.isascii() and (plain or unicodedata.combining(character)) else _escape(character)


def _escape(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")


def width() -> int:
    """Columns of the terminal; ``COLUMNS`` where it is set; 80 in a pipe."""
    return shutil.get_terminal_size((80, 24)).columns


def colored(stream: TextIO) -> bool:
    """Whether to colour ``stream``: not under ``NO_COLOR``, else under ``FORCE_COLOR`` or on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Write to standard output. A reader who has gone away ends the command quietly."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _abandon(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise SystemExit(BROKEN_PIPE) from None
        raise InputError(f"standard output: cannot be written: {error.strerror}; send it elsewhere") from None


def complain(text: str) -> None:
    """Write a message to standard error, under the command's name."""
    lines = "\n".join(visible(line) for line in text.splitlines())
    try:
        sys.stderr.write(f"tearless: {lines}\n")
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def _abandon(stream: TextIO) -> None:
    """Let what is still unwritten go nowhere, so that the end of the process does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def writable(output: str, inputs: Iterable[str | None], argument: str = "--output") -> None:
    """Raise ``InputError`` before the work where its result cannot be written, or would replace one of ``inputs``.

    ``argument`` is what the user calls it.
    """
    path = Path(output)
    try:
        if not output or "\0" in output:
            raise InputError(f"{argument}: expected the path of a file, got {quoted(output)}; name a file")
        if path.is_dir() or output.endswith(os.sep):
            raise InputError(f"{argument}: expected a file, got the folder {quoted(output)}; name a file in it")
        if not path.parent.is_dir():
            said = "is no folder" if path.parent.exists() else "does not exist"
            from tearless.readers.remote.address import shown

            folder = quoted(shown(str(path.parent)))
            raise InputError(
                f"{argument}: expected a file in a folder, got one in {folder}, which {said}; name another"
            )
        folder_of_file = Path(os.path.realpath(path)).parent
        if (path.is_file() or not path.exists()) and not os.access(folder_of_file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if any(_is_same(path, given) for given in inputs if given):
            raise InputError(
                f"{argument}: expected another file than the table, got {quoted(output)}; name another file"
            )
    except OSError as error:
        raise _cannot_write(output, error) from None


def _is_same(path: Path, given: str) -> bool:
    """Whether writing ``path`` would replace ``given``, or one of the files in that folder."""
    table = Path(given)
    if table.is_dir():
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(table)) and path.is_file()
    return path.exists() and table.exists() and path.samefile(table)


def _cannot_write(output: str, error: OSError) -> InputError:
    return InputError(f"--output: cannot write {quoted(output)}: {error.strerror or error}; name another file")


def write(output: str, text: str) -> None:
    """Write the file whole or not at all: beside it, then renamed. What is no plain file is written as it is."""
    target = Path(os.path.realpath(output))
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
            return
        handle, name = tempfile.mkstemp(prefix=".tearless-", dir=target.parent)
        try:
            with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
            os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot_write(output, error) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def stdout() -> TextIO:
    """Standard output as it is now."""
    return cast(TextIO, sys.stdout)
