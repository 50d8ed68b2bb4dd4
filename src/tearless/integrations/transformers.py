"""``WatchCallback`` for the ``Trainer`` of transformers: a watch from the begin of its training to the end."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from tearless.core import InputError

from .showing import show


def __getattr__(name: str) -> Any:
    if name != "WatchCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has WatchCallback")
    return _made()


@cache
def _made() -> Any:
    if importlib.util.find_spec("transformers") is None:
        raise InputError(
            'WatchCallback: expected transformers beside tearless, got none; `pip install "tearless[transformers]"`'
        )
    from tearless.integrations.pytorch.session import Session, watch

    base: Any = importlib.import_module("transformers").TrainerCallback

    class WatchCallback(base):  # type: ignore[misc]
        """Watches one ``train``: ``Trainer(callbacks=[WatchCallback()])``; ``run.report()`` says what was found.

        The arguments are those of ``tearless.watch``; ``shown``: print the report when the training ends. A trainer
        tells its callbacks nothing of an exception: call ``stop`` where one ended the training.
        """

        def __init__(
            self, *, record: str | Path | None = None, budget: float = 0.02, confirm: bool = False, shown: bool = True
        ) -> None:
            self._given: dict[str, Any] = {"record": record, "budget": budget, "confirm": confirm}
            self._shown = shown
            self.run: Session | None = None

        def on_train_begin(self, *_: Any, model: Any = None, **__: Any) -> None:
            self.stop()
            self.run = watch(model, **self._given)
            self.run.start()

        def on_train_end(self, _: Any, state: Any, *__: Any, **___: Any) -> None:
            if self.stop() and self._shown and state.is_world_process_zero and self.run is not None:
                show(self.run)

        def stop(self, error: BaseException | None = None) -> bool:
            """End the watch, if it is at work; whether it was."""
            return self.run is not None and self.run.stop(error)

    return WatchCallback
