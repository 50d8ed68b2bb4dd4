"""``WatchCallback`` for Lightning, under either of its package names: a watch from the begin of a fit to its end."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tearless.core import InputError

from .showing import show

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def __getattr__(name: str) -> Any:
    if name != "WatchCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has WatchCallback")
    return _made()


def _base() -> Any:
    """The callback class of the package that is loaded, else of one that is installed."""
    for name in (*(n for n in PACKAGES if n in sys.modules), *PACKAGES):
        if name in sys.modules or importlib.util.find_spec(name.partition(".")[0]) is not None:
            return importlib.import_module(name).Callback
    raise InputError('WatchCallback: expected Lightning beside tearless, got none; `pip install "tearless[lightning]"`')


@cache
def _made() -> Any:
    from tearless.integrations.pytorch.session import Session, watch

    base: Any = _base()

    class WatchCallback(base):  # type: ignore[misc]
        """Watches one ``fit``: ``Trainer(callbacks=[WatchCallback()])``; ``run.report()`` says what was found.

        The arguments are those of ``tearless.watch``; ``shown``: print the report when the fit ends, however it ends.
        """

        def __init__(
            self, *, record: str | Path | None = None, budget: float = 0.02, confirm: bool = False, shown: bool = True
        ) -> None:
            super().__init__()
            self._given: dict[str, Any] = {"record": record, "budget": budget, "confirm": confirm}
            self._shown = shown
            self.run: Session | None = None

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
            self.run = watch(pl_module, **self._given)
            self.run.start()

        def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
            self._end(trainer, None)

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
            self._end(trainer, exception)

        def _end(self, trainer: Any, error: BaseException | None) -> None:
            if self.run is not None and self.run.stop(error) and self._shown and trainer.is_global_zero:
                show(self.run)

    return WatchCallback
