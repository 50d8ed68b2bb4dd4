"""Which faults of the bench an alarm of a rival names: strictly, and with goodwill.

Strictly: the faults that the rule is called after. With goodwill: also those that its makers name as causes, or of
which it plainly is a symptom. A rule that says no more than that training goes badly gets a few names, not all.
``ASIDE``:
advice on speed, style and devices; it names no fault, and is counted neither as a finding nor as an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass

FAINT = ("no-gradient", "detached-graph", "gradient-erased", "saturated-units", "dead-units", "bad-init",
         "precision-underflow", "softmax-over-batch", "constant-input")  # fmt: skip
"""What leaves gradients small or 0."""
HUGE = ("bad-init", "exploding-activation", "learning-rate-too-high", "missing-zero-grad", "unscaled-input",
        "unscaled-target", "wrong-accumulation", "gradient-ascent")  # fmt: skip
"""What makes them large."""
SPOILT = ("nan-loss", "nan-gradient", "infinite-gradient", "nan-in-input", "inf-in-input", "nan-in-target",
          "log-of-zero", "precision-overflow", "exploding-gradient", "learning-rate-too-high")  # fmt: skip
"""What ends in nan and infinity."""
STILL = ("no-update", "lost-updates", "learning-rate-collapsed", "clipping-too-tight", "frozen-parameters")
"""What keeps parameters where they are."""
STUCK = ("plateau", "underfitting", "learning-rate-too-low", "no-update", "learning-rate-collapsed",
         "class-collapse")  # fmt: skip
"""What keeps a loss where it is."""
WILD = ("learning-rate-too-high", "momentum-too-high", "oscillation", "loss-spike", "gradient-ascent")
"""What makes a loss rise."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The faults that an alarm names, and those that it may be taken to name."""

    strict: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def goodwill(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.strict, *self.more)))


def _(strict: str = "", *more: str) -> Meant:
    return Meant(tuple(strict.split()), more)


NAMED: dict[str, dict[str, Meant]] = {
    "SageMaker Debugger": {
        "ExplodingTensor": _("nan-loss nan-gradient infinite-gradient", *SPOILT, "exploding-activation"),
        "PoorWeightInitialization": _(
            "bad-init", "symmetric-init", "vanishing-gradient", "exploding-gradient", "exploding-activation"
        ),
        "DeadRelu": _("dead-units", "bad-init", "learning-rate-too-high", "unscaled-input"),
        "SaturatedActivation": _("saturated-units", "bad-init", "unscaled-input", "exploding-activation"),
        "VanishingGradient": _("vanishing-gradient", *FAINT),
        "WeightUpdateRatio, large": _(
            "learning-rate-too-high", "momentum-too-high", "exploding-gradient", "gradient-ascent", *HUGE
        ),
        "WeightUpdateRatio, small": _("learning-rate-too-low", "vanishing-gradient", "precision-underflow", *STILL),
        "AllZero": _("no-gradient", *FAINT, "symmetric-init", "vanishing-gradient"),
        "UnchangedTensor": _(
            "no-update frozen-parameters", *STILL, *FAINT, "vanishing-gradient", "learning-rate-too-low"
        ),
        "ClassImbalance": _("class-imbalance", "class-collapse"),
        "CheckInputImages": _("unscaled-input"),
        "LossNotDecreasing": _("plateau", *STUCK, *WILD),
        "Overfit": _("overfitting", "train-mode-in-eval", "label-noise"),
        "Overtraining": _("overfitting", "plateau"),
    },
    "AutoTrainer": {
        "explode": _("exploding-gradient", *HUGE, *SPOILT),
        "vanish": _("vanishing-gradient", *FAINT),
        "dying ReLU": _("dead-units", "bad-init", "learning-rate-too-high", "no-gradient"),
        "oscillation": _("oscillation", *WILD, "noisy-gradient", "batch-too-small", "unshuffled-batches"),
        "slow convergence": _("learning-rate-too-low", *STUCK, *STILL),
        "not converged": _("underfitting", *STUCK, "labels-unrelated", "weight-decay-too-strong"),
        "abnormal data": _("unscaled-input"),
    },
    "UMLAUT": {
        "input out of [-1, 1]": _("unscaled-input", "inf-in-input"),
        "input of whole numbers": _("unscaled-input"),
        "nan in input": _("nan-in-input", "inf-in-input"),
        "learning rate high": _("learning-rate-too-high"),
        "learning rate low": _("learning-rate-too-low", "learning-rate-collapsed"),
        "missing activation": _("underfitting"),
        "last activation": _("output-range-mismatch double-softmax", "loss-mismatch", "softmax-over-batch"),
        "missing softmax": _("loss-mismatch", "log-of-zero", "output-range-mismatch"),
        "dropout high": _("dropout-too-strong"),
        "overfitting": _("overfitting", "label-noise"),
        "overconfident validation": _("train-test-leak target-leak"),
    },
    "losslint": {
        "nan_inf": _("nan-loss", *SPOILT),
        "divergence": _("learning-rate-too-high", *WILD, "exploding-gradient", "missing-zero-grad"),
        "loss_spike": _("loss-spike", *WILD, "exploding-gradient"),
        "step_backtrack": _(),
        "overfit_onset": _("overfitting", "label-noise"),
        "stagnation": _("plateau", *STUCK),
        "parse": _(),
    },
    "training-doctor": {
        "lr_too_high": _("learning-rate-too-high", *WILD, *SPOILT),
        "lr_too_low": _("learning-rate-too-low", *STUCK, "lost-updates"),
        "plateau": _("plateau", *STUCK),
        "overfitting": _("overfitting", "label-noise"),
        "gradient_instability": _("exploding-gradient vanishing-gradient", *SPOILT, *HUGE, "noisy-gradient"),
    },
    "torch-audit": {
        "TA100": _("nan-gradient infinite-gradient", *SPOILT),
        "TA102": _("exploding-gradient", *HUGE),
        "TA103": _("dead-units", *FAINT, "vanishing-gradient", "symmetric-init"),
        "TA104": _("no-gradient", "detached-graph", "gradient-erased", "no-update"),
        "TA105": _("dead-units", "bad-init", "learning-rate-too-high"),
        "TA300": _(),
        "TA301": _("unscaled-input", "inf-in-input"),
        "TA302": _("constant-input"),
        "TA303": _(),
        "TA304": _("batch-too-small"),
        "TA305": _(),
        "TA405": _("dead-units", "symmetric-init", "bad-init"),
        "TA500": _("no-gradient", "detached-graph", "frozen-parameters"),
        "TA501": _(),
    },
    "traintools": {
        "gradient not finite": _("nan-gradient infinite-gradient", *SPOILT),
        "gradient vanished": _("vanishing-gradient", *FAINT),
        "gradient large": _("exploding-gradient", *HUGE, *SPOILT),
        "update ratio high": _("learning-rate-too-high", *HUGE, "exploding-gradient", "momentum-too-high"),
        "update ratio tiny": _("learning-rate-too-low", *STILL, *FAINT, "vanishing-gradient"),
        "no gradients": _("no-gradient", "detached-graph", "gradient-erased"),
        "batch not finite": _("nan-in-input inf-in-input nan-in-target"),
        "batch large": _("unscaled-input unscaled-target"),
        "batch constant": _("constant-input"),
        "batch empty": _(),
        "dominant class": _("class-imbalance", "class-collapse"),
    },
    "torchdiag": {
        "no_grad": _("no-gradient", "detached-graph", "gradient-erased"),
        "EXPLODE": _("exploding-gradient", *HUGE, *SPOILT),
        "VANISH": _("vanishing-gradient", *FAINT, "symmetric-init"),
        "dead neurons": _("dead-units", "bad-init", "learning-rate-too-high"),
    },
}

ASIDE = {"torch-audit": {"TA000", "TA200", "TA201", "TA202", "TA203", "TA400", "TA401", "TA402", "TA403", "TA404"}}
