"""What a file of ``torch.save`` holds, read without running any of it: a zip archive of a pickle and raw numbers.

The pickle (``data.pkl``) says how tensors lie in the numbers (``data/0``, ``data/1`` ...). It is read as data (see
``opcodes``): the names below are described, every other one is refused and none is ever called.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tearless.core import InputError, quoted, visible

from .opcodes import Broken, Builder, Odd, Reading, Refused
from .tensors import DTYPES, Held, forget

OLD = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""How a file of the old format begins: the pickle of a number that PyTorch chose."""
LARGEST_PICKLE = 256 << 20
_STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "UntypedStorage": "uint8",
}  # fmt: skip
_HARMLESS = (
    "torch Size", "torch device", "torch._utils _rebuild_device", "torch.serialization _get_layout", "builtins set",
    "builtins frozenset", "builtins complex", "builtins slice", "builtins bytearray", "__builtin__ set",
    "__builtin__ bytearray", "__builtin__ complex", "collections defaultdict", "collections Counter",
    "collections deque", "argparse Namespace", "pathlib PosixPath", "pathlib WindowsPath", "pathlib PurePosixPath",
    "pathlib._local PosixPath", "datetime datetime", "datetime date", "datetime timedelta",
    "numpy dtype", "numpy ndarray", "numpy.core.multiarray scalar", "numpy._core.multiarray scalar",
    "numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "_codecs encode",
    "lightning.fabric.utilities.data AttributeDict", "lightning_fabric.utilities.data AttributeDict",
    "pytorch_lightning.utilities.parsing AttributeDict", "torch._C._nn gelu", "builtins dict", "builtins list",
    "builtins int", "builtins float", "builtins str", "builtins tuple",
)  # fmt: skip
"""Names that come in honest checkpoints beside tensors: each is put down as an odd thing, never looked up or called."""
_FAULTS = (zipfile.BadZipFile, OSError, NotImplementedError, KeyError, ValueError, EOFError, RuntimeError, struct.error,
           zlib.error, OverflowError, RecursionError)  # fmt: skip


@dataclass(frozen=True)
class Storage:
    """Numbers of one type in the archive: their member's name, and how many there are."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class Saved:
    """A tensor as the pickle describes it: where in which storage its numbers lie; sizes and strides in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass
class Archive:
    """A file of ``torch.save``: ``value`` is what it holds, with a ``Saved`` for each tensor."""

    path: Path
    label: str
    argument: str
    value: Any = None
    places: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    order: Literal["<", ">"] = "<"
    checked: set[str] = field(default_factory=set)

    def held(self, name: str, saved: Saved) -> Held:
        """One tensor, mapped and not loaded. Raises ``InputError`` where its numbers are damaged or not there."""
        storage = saved.storage
        start, size, crc = self.places.get(storage.key, (0, -1, 0))
        code = DTYPES[storage.dtype]
        need = _reach(saved)
        if size < 0 or min((*saved.shape, *saved.strides, saved.offset, 0)) < 0 or need * code.itemsize > size:
            raise self.damaged(f"the numbers of {quoted(name)} are not all there")
        if int(np.prod([float(n) for n in saved.shape])) > max(1, need):
            raise self.damaged(f"{quoted(name)} is larger than its numbers")
        if need == 0:
            return Held(name, storage.dtype, saved.shape, np.empty(saved.shape, code))
        flat = np.memmap(self.path, np.uint8, "r", start, (size,))
        if storage.key not in self.checked:
            self._check(flat, crc, name)
            self.checked.add(storage.key)
        numbers = flat[: size - size % code.itemsize].view(code.newbyteorder(self.order))
        strides = [step * code.itemsize for step in saved.strides]
        view = np.lib.stride_tricks.as_strided(numbers[saved.offset :], saved.shape, strides, writeable=False)
        return Held(name, storage.dtype, saved.shape, view)

    def _check(self, flat: np.memmap[Any, Any], crc: int, name: str) -> None:
        code = 0
        for start in range(0, len(flat), 1 << 24):
            code = zlib.crc32(flat[start : start + (1 << 24)].tobytes(), code)
            forget(flat)
        if code != crc:
            raise self.damaged(f"the checksum of {quoted(name)} does not fit")

    def damaged(self, reason: str) -> InputError:
        """The refusal of a file that is no whole checkpoint."""
        return InputError(
            f"{self.argument}: expected a checkpoint of torch.save, got {self.label}, which is damaged, cut short "
            f"or saved without checksums ({visible(reason, 120)}); copy or save it again"
        )


def _reach(saved: Saved) -> int:
    """How many numbers of its storage a tensor needs, from the first on."""
    if any(n == 0 for n in saved.shape):
        return 0
    return saved.offset + 1 + sum((n - 1) * step for n, step in zip(saved.shape, saved.strides, strict=True))


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of ``torch.save``, or was one before it was cut short."""
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError:
        return False
    return head.startswith(b"PK\x03\x04") and (b"/data.pkl" in head[:128] or b"/.data/" in head or b"/.format" in head)


def open_archive(path: Path, argument: str = "data") -> Archive:
    """What a checkpoint holds; its tensors stay on disk.

    Raises ``InputError`` where it is damaged, of the old format, or names anything but tensors and plain values.
    """
    archive = Archive(path, visible(str(path), 120), argument)
    try:
        with path.open("rb") as file:
            if file.read(len(OLD)) == OLD:
                raise InputError(
                    f"{argument}: expected a checkpoint in the zip format of torch.save, got {archive.label} in the "
                    'old one, a plain pickle; save it again: torch.save(torch.load("...", weights_only=True), "...")'
                )
        with zipfile.ZipFile(path) as members:
            prefix = _prefix(members)
            _whole(archive, members, prefix)
            data = members.read(f"{prefix}data.pkl")
        archive.value = Reading(data, names_of_torch(), _storage).value()
    except InputError:
        raise
    except Refused as refused:
        raise InputError(
            f"{argument}: expected tensors and plain values alone, got {archive.label}, which asks for "
            f"{quoted(str(refused))}; it was not called. Save the weights alone: torch.save(model.state_dict(), ...)"
        ) from None
    except (*_FAULTS, Broken) as fault:
        raise archive.damaged(str(fault) or type(fault).__name__) from None
    return archive


def _prefix(members: zipfile.ZipFile) -> str:
    pickles = [name for name in members.namelist() if name.rsplit("/", 1)[-1] == "data.pkl"]
    if len(pickles) != 1:
        raise Broken("it has no data.pkl")
    if members.getinfo(pickles[0]).file_size > LARGEST_PICKLE:
        raise Broken(f"its pickle is larger than {LARGEST_PICKLE >> 20} MiB")
    return pickles[0].removesuffix("data.pkl")


def _whole(archive: Archive, members: zipfile.ZipFile, prefix: str) -> None:
    """Where each storage lies in the file, and the order of its bytes."""
    names = set(members.namelist())
    if f"{prefix}byteorder" in names:
        order = members.read(f"{prefix}byteorder") if members.getinfo(f"{prefix}byteorder").file_size < 10 else b""
        if order not in (b"little", b"big"):
            raise Broken("its order of bytes is not known")
        archive.order = "<" if order == b"little" else ">"
    found = {}
    with archive.path.open("rb") as file:
        for info in members.infolist():
            if info.filename.startswith(f"{prefix}data/"):
                found[info.filename.removeprefix(f"{prefix}data/")] = _place(file, info)
    archive.places = found


def _place(file: Any, info: zipfile.ZipInfo) -> tuple[int, int, int]:
    """Start, size and checksum of a member that is stored as it is."""
    file.seek(info.header_offset)
    head = file.read(30)
    if info.compress_type != zipfile.ZIP_STORED or head[:4] != b"PK\x03\x04" or info.file_size != info.compress_size:
        raise Broken(f"{info.filename} is not stored as torch.save stores it")
    name, extra = struct.unpack("<HH", head[26:30])
    return info.header_offset + 30 + name + extra, info.file_size, info.CRC


def _storage(given: Any) -> Storage:
    """A storage from its persistent id: ("storage", type, key, place, count)."""
    if not isinstance(given, tuple) or len(given) < 5 or given[0] != "storage" or not isinstance(given[1], _Kind):
        raise Broken("a storage is described wrongly")
    return Storage(str(given[2]), given[1].dtype, int(given[4]))


class _Kind:
    """A type of storage, or a type of numbers."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def __call__(self, *_: Any) -> Odd:
        return Odd(self.dtype)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Saved:
    if not isinstance(storage, Storage) or not isinstance(offset, int) or len(shape) != len(strides):
        raise Broken("a tensor is described wrongly")
    return Saved(storage, offset, tuple(map(int, shape)), tuple(map(int, strides)))


def _tensor_of_type(
    storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any, _hooks: Any, kind: Any, *_: Any
) -> Saved:
    """A tensor whose storage is bytes and whose type is said beside it."""
    if not isinstance(storage, Storage) or not isinstance(kind, _Kind):
        raise Broken("a tensor is described wrongly")
    width = DTYPES[kind.dtype].itemsize
    typed = Storage(storage.key, kind.dtype, storage.count // width)
    return _tensor(typed, offset, shape, strides)


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _ordered(*given: Any) -> Any:
    """An ordered dict, empty or of pairs."""
    if not given:
        return {}
    return {key: value for key, value in given[0] if isinstance(key, (str, int))}


def _odd(name: str) -> Builder:
    return lambda *given: Odd(name, given)


def names_of_torch() -> dict[str, Builder]:
    """What stands for each name that a checkpoint may use; nothing of it comes from the file or from PyTorch."""
    names: dict[str, Builder] = {name: _odd(name) for name in _HARMLESS}
    names |= {f"torch {name}": _Kind(dtype) for name, dtype in _STORAGES.items()}
    names |= {f"torch.storage {name}": _Kind(dtype) for name, dtype in _STORAGES.items()}
    names |= {f"torch {dtype}": _Kind(dtype) for dtype in DTYPES}
    names |= {
        "collections OrderedDict": _ordered,
        "torch._utils _rebuild_tensor_v2": _tensor,
        "torch._utils _rebuild_tensor_v3": _tensor_of_type,
        "torch._utils _rebuild_parameter": _parameter,
        "torch._utils _rebuild_parameter_with_state": _parameter,
    }
    return names
