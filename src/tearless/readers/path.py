"""A path in, a source out: a file, a folder or a glob of Parquet files, an address, standard input."""

from __future__ import annotations

import difflib
import glob
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tearless.core import InputError, listed, quoted, visible

from .file import KEPT, denied, head_of, open_file, shown
from .remote.address import address_of, local_path
from .source import Source

_LARGEST_PIPED = 8 << 30


def open_path(given: str, argument: str, null: Sequence[str] = ()) -> Source:
    """The table at a path or an address, in a folder or under a glob of Parquet files; ``-`` is standard input."""
    if given == "-":
        return open_file(_piped(argument), "standard input", argument, null)
    if (address := address_of(given := local_path(given), argument)) is not None:
        from .remote.open import open_remote

        return open_remote(address, argument, null)
    if "\0" in given or not given:
        raise InputError(f"{argument}: expected a path, got {quoted(given)}; name a file")
    path = Path(given)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as fault:
        if isinstance(fault, FileNotFoundError) and glob.has_magic(given):
            return _several(sorted(map(Path, glob.glob(given, recursive=True))), given, argument, null)
        raise _missing(path, argument, fault) from None
    if stat.S_ISDIR(mode):
        from .parquet import open_parquet, parquet_files

        files = parquet_files(path, argument)
        return open_parquet(files, shown(path), argument, given, root=str(path))
    if not stat.S_ISREG(mode):
        kind = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}.get(stat.S_IFMT(mode), "a device")
        hint = "pipe it in and name `-`, or " if stat.S_ISFIFO(mode) else ""
        raise InputError(
            f"{argument}: expected a file, got {shown(path)}, which is {kind}; {hint}save it to a file first"
        )
    return open_file(path, shown(path), argument, null)


def _several(paths: list[Path], given: str, argument: str, null: Sequence[str]) -> Source:
    """The files that match a glob: any one table, or Parquet files that are one table together."""
    from .parquet import is_parquet_name, open_parquet, parquet_files

    files = [f for p in paths for f in (parquet_files(p, argument) if p.is_dir() else [p])]
    if not files:
        raise InputError(f"{argument}: expected files that match {quoted(given)}, got none; mend the pattern")
    if len(files) == 1 and "=" not in files[0].parent.name:
        return open_file(files[0], shown(files[0]), argument, null)
    other = [f.name for f in files if not is_parquet_name(f.name) and head_of(f, argument)[:4] != b"PAR1"]
    if other:
        raise InputError(
            f"{argument}: expected one file, or several of Parquet, got {len(files):,} that match {quoted(given)}, "
            f"of which {listed(other, 3)} {'are' if len(other) > 1 else 'is'} no Parquet; name one file"
        )
    return open_parquet(files, visible(given, 120), argument, given, root="")


def _missing(path: Path, argument: str, fault: Exception) -> InputError:
    if path.is_symlink():
        target = visible(os.readlink(path), 120)
        return InputError(
            f"{argument}: expected a file, got {shown(path)}, a link to {target}, which is not there; mend the link"
        )
    if isinstance(fault, PermissionError):
        return denied(path, argument)
    try:
        names = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6)
    hint = f"did you mean {listed(near)}?" if near else "check the path"
    if not isinstance(fault, (FileNotFoundError, NotADirectoryError)):
        return InputError(f"{argument}: expected a path, got {shown(path)} ({visible(str(fault), 60)}); {hint}")
    return InputError(f"{argument}: expected a file, got {shown(path)}, which does not exist; {hint}")


def _piped(argument: str) -> Path:
    """Standard input as a temporary file: a table may be read twice."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(f"{argument}: expected a table piped in under the name `-`, got nothing piped in; name a file")
    kept = tempfile.NamedTemporaryFile(prefix="tearless-", suffix=".txt")  # noqa: SIM115 - deleted when Python ends
    KEPT.append(kept)
    copied = 0
    while block := sys.stdin.buffer.read(1 << 20):
        copied += len(block)
        if copied > _LARGEST_PIPED:
            raise InputError(
                f"{argument}: expected at most {_LARGEST_PIPED >> 30} GiB piped in, got more; save it to a file first"
            )
        kept.write(block)
    kept.flush()
    return Path(kept.name)
