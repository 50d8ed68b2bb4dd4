"""What the name of a logged metric says: a loss or an accuracy, of training or of validation, a rate, a norm, a clock.

Names come from many hands (``train_loss_step``, ``Loss/val``, ``eval_loss``, ``lr-AdamW/pg1``): they are read word by
word, and a name with a word that is not known here has no role. It is kept as a metric under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from typing import Literal

Kind = Literal["loss", "right", "rate", "norm", "step", "epoch", "inner"]

_VALIDATION = frozenset(["val", "valid", "validation", "eval", "evaluation", "dev", "heldout", "holdout"])
_TEST = frozenset(["test", "testing"])
_TRAINING = frozenset(["train", "training", "tr"])
_GRAIN = frozenset(["step", "epoch", "batch", "iter", "iteration"])
_FILLERS = frozenset(["metric", "metrics", "avg", "average", "mean", "log", "logs", "scalar", "scalars", "current"])
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_OPTIMIZER = re.compile(r"adam|sgd|rmsprop|adagrad|adadelta|lion|lamb|lars|rprop|asgd|lbfgs|adafactor|muon|pg|group")
_STEPS = frozenset(
    ["step", "steps", "globalstep", "trainstep", "trainerglobalstep", "iteration", "iterations", "iter", "iters",
     "update", "updates", "numupdates", "numsteps", "stepnum", "totalsteps"]
)  # fmt: skip
_EPOCHS = frozenset(["epoch", "epochs", "epochnum", "epochidx", "currentepoch", "trainepoch"])
_INNER = frozenset(["batch", "batchidx", "batchnum", "minibatch"])
_RIGHT = frozenset(["acc", "accuracy", "acc1", "top1", "top1acc", "acctop1", "top1accuracy", "categoricalaccuracy",
                    "sparsecategoricalaccuracy", "binaryaccuracy", "multiclassaccuracy"])  # fmt: skip
_NORMS = frozenset(["gradnorm", "gradientnorm", "gnorm", "gradsnorm", "totalgradnorm", "globalgradnorm", "gradl2norm",
                    "grad20normtotal", "gradnormtotal"])  # fmt: skip
_LOSSES = frozenset(["loss", "totalloss", "losstotal", "lossvalue"])
METRIC_WORDS = _VALIDATION | _TEST | _TRAINING | _GRAIN | frozenset(
    ["loss", "losses", "acc", "accuracy", "lr", "learning", "rate", "grad", "gradient", "norm", "gnorm", "epoch",
     "step", "time", "seconds", "elapsed", "runtime", "f", "f1", "precision", "recall", "auc", "auroc", "perplexity",
     "ppl", "bleu", "rouge", "map", "iou", "miou", "dice", "mse", "mae", "rmse", "nll", "kl", "error", "err", "top",
     "tokens", "samples", "throughput", "speed", "momentum", "beta", "entropy", "reward", "memory", "score",
     "r2", "psnr", "ssim"]
)  # fmt: skip
"""Words that the columns of a training log are made of; a table whose columns have few of them is no log."""


@dataclass(frozen=True)
class Role:
    """What a metric is: its kind, and whether it was measured in ``training``, ``validation`` or a ``test``."""

    kind: Kind
    phase: Literal["training", "validation", "test", ""] = ""
    grain: str = ""


def words_of(name: str) -> list[str]:
    """The words of a name, small letters.

    >>> words_of("trainLoss_step"), words_of("Loss/val")
    (['train', 'loss', 'step'], ['loss', 'val'])
    """
    return [word.lower() for word in _WORD.findall(name)]


def role_of(name: str) -> Role | None:
    """The role that a name gives a metric, ``None`` where it gives none.

    >>> role_of("train_loss_step")
    Role(kind='loss', phase='training', grain='step')
    >>> role_of("eval/loss").phase, role_of("lr-AdamW/pg1").kind, role_of("kl_loss")
    ('validation', 'rate', None)
    """
    words = words_of(name)
    whole = "".join(words)
    clocks: tuple[tuple[frozenset[str], Kind], ...] = ((_STEPS, "step"), (_EPOCHS, "epoch"), (_INNER, "inner"))
    for known, kind in clocks:
        if whole in known:
            return Role(kind)
    if words[:1] == ["lr"] or whole.startswith("learningrate"):
        rest = words[1:] if words[0] == "lr" else words[2:]
        return Role("rate") if _names_a_group(rest) else None
    core = [w for w in words if w not in _VALIDATION | _TEST | _TRAINING | _GRAIN | _FILLERS]
    joined = "".join(core)
    if joined in ("lr", "learningrate"):
        return Role("rate")
    grain = next((w for w in reversed(words) if w in _GRAIN), "")
    if joined in _NORMS:
        return Role("norm", "", grain)
    kind = "loss" if joined in _LOSSES else "right"
    return Role(kind, _phase(words), grain) if kind == "loss" or joined in _RIGHT else None


def _names_a_group(rest: list[str]) -> bool:
    """Whether the words after ``lr`` name an optimiser or a group of parameters: ``lr-Adam/pg2``, ``lr_0``."""
    return all(w.isdigit() or w in _GRAIN or w == "w" or _OPTIMIZER.fullmatch(w) for w in rest)


def _phase(words: Iterable[str]) -> Literal["training", "validation", "test", ""]:
    words = set(words)
    if words & _VALIDATION:
        return "validation"
    if words & _TEST:
        return "test"
    return "training" if words & _TRAINING else ""


def main(of: Mapping[str, Sized], kind: Kind, phases: tuple[str, ...] = ("",)) -> str | None:
    """The metric that stands for a kind: of the first of the ``phases`` that has one, that with the most values.

    >>> main({"loss": [3, 2, 1], "train_loss": [2], "val_loss": [3, 3]}, "loss", ("training", ""))
    'loss'
    """
    fitting = [(name, role) for name in of if (role := role_of(name)) and role.kind == kind and role.phase in phases]
    if not fitting:
        return None
    return max(fitting, key=lambda one: (len(of[one[0]]), -phases.index(one[1].phase)))[0]
