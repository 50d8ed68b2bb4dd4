"""A small file at an address, whole, in memory."""

from __future__ import annotations

import io

from tearless.core import InputError

from . import web
from .address import Address
from .credentials import anonymous
from .faults import fault_of, in_words
from .stores import system_of


def bytes_at(address: Address, argument: str, what: str, most: int) -> bytes:
    """The bytes of a file at an address, and of one that has more than ``most`` no more than one beyond.

    ``what`` is what was expected there, in words. Raises ``InputError``, which holds no credentials and no other
    exception, where it cannot be read.
    """
    try:
        return _read(address, argument, most)
    except InputError as told:
        fault: InputError = told
    except Exception as error:  # noqa: BLE001 - every package has errors of its own, which share no base
        why, cure = in_words(fault_of(error, address.text), address, anonymous(address.kind))
        fault = InputError(f"{argument}: expected {what}, got {address.shown}, {why}{'; ' if cure else ''}{cure}")
    raise fault.with_traceback(None)


def _read(address: Address, argument: str, most: int) -> bytes:
    if address.kind == "http":
        out = io.BytesIO()
        with web.opened(address.text) as answer:
            web.copied(answer, out, most)
        return out.getvalue()
    system = system_of(address, argument)
    path = str(system._strip_protocol(address.text)).rstrip("/")
    with system.open(path, "rb", block_size=1 << 22, cache_type="readahead") as stream:
        return bytes(stream.read(most + 1))
