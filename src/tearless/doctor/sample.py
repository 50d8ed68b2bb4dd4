"""``tearless.sample``: what temperature and cut-offs keep of these logits, in both orders in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tearless.calculus.exponentials import softmax
from tearless.core import Asked, InputError, Number, quoted
from tearless.core.catalogue import catalogue
from tearless.core.number import shown
from tearless.probability.entropy import effective_choices, entropy
from tearless.probability.facts import Logits
from tearless.probability.sampling import LLAMA_CPP, TRANSFORMERS, Chain, chain, draw
from tearless.readers.logits import open_logits
from tearless.report.answer import Answer, Bar, Table
from tearless.report.report import Report

from .examine import examine

OPERATIONS = TRANSFORMERS
LAST = (*(name for name in LLAMA_CPP if name != "temperature"), "epsilon", "eta", "temperature")
"""Temperature after the cut-offs, as llama.cpp has it; epsilon and eta, which it has not, before it."""
ORDERS: Mapping[str, Sequence[str]] = {"temperature-first": TRANSFORMERS, "temperature-last": LAST}
MOST_TOKENS = 40
FEW_TOKENS = 12


def sample(
    logits: Any,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    typical: float | None = None,
    epsilon: float | None = None,
    eta: float | None = None,
    order: str = "temperature-first",
    tokens: Any = None,
    position: int = -1,
    tensor: str | None = None,
    draws: int = 0,
    seed: int = 0,
) -> Report:
    """What a sampler with these settings keeps of the logits, and how free its choice is.

    ``logits`` is a vector (of a matrix the last row, or ``position``), an object of token to logit, or a file of either
    (``.npy``, ``.npz``, ``.safetensors`` with the name of the ``tensor``, JSON). The cut-offs left out are not applied.
    ``order`` says whether temperature comes first (transformers, vLLM) or last (llama.cpp); the answer shows both.
    ``draws`` tokens are drawn with ``seed``. The numbers of the report: ``kept``, ``mass``, ``entropy`` (nats),
    ``perplexity``, ``effective_choices``, those of the untouched model and of the other order.

    Raises ``InputError`` for what holds no logits, for settings out of range, and for an unknown order.

    >>> report = sample([3.0, 2.0, 1.0], temperature=0.5, top_p=0.8)
    >>> report["kept"].value, round(report["mass"].value, 3), report["kept_in_other_order"].value
    (1.0, 0.665, 2.0)
    """
    if order not in ORDERS:
        raise InputError(f"order: expected {' or '.join(ORDERS)}, got {quoted(str(order))}; name one of them")
    if isinstance(draws, bool) or not isinstance(draws, int) or not 0 <= draws <= 100_000:
        raise InputError(f"draws: expected a whole number from 0 to 100,000, got {quoted(repr(draws))}; ask for fewer")
    given = {"top_k": top_k, "top_p": top_p, "min_p": min_p, "typical": typical, "epsilon": epsilon, "eta": eta}
    settings = {"temperature": temperature, **{name: value for name, value in given.items() if value is not None}}
    source = open_logits(logits, position=position, tensor=tensor, tokens=tokens)
    checks = [check for entry in catalogue() if (check := entry.load()).about == "logits"]
    return examine(source, checks, Asked(seed=seed), answer=_answering(settings, order, draws))


def _answering(settings: Mapping[str, float], order: str, draws: int) -> Callable[..., Answer]:
    """What makes the answer of the logits, once they are read."""

    def answer(logits: Logits, rng: np.random.Generator) -> Answer:
        if not np.isfinite(logits.values).any() or np.isnan(logits.values).any() or np.isposinf(logits.values).any():
            return Answer("these logits cannot be drawn from: see what is wrong with them below")
        return _answer(logits, settings, order, draws, rng)

    return answer


def _answer(logits: Logits, settings: Mapping[str, float], order: str, draws: int, rng: np.random.Generator) -> Answer:
    other = next(name for name in ORDERS if name != order)
    chains = {name: chain(logits.values, settings, ORDERS[name]) for name in (order, other)}
    mine = chains[order]
    model = softmax(logits.values)
    numbers = {
        **_numbers(mine, model),
        **{f"{k}_in_other_order": n for k, n in _numbers(chains[other], model).items()},
        **{f"{k}_of_model": n for k, n in _spread(model).items()},
    }
    verdict = _verdict(settings, numbers, len(model))
    said = [("order", f"{order}; {_difference(chains, order, other)}")]
    if len(mine.stages) > 1:
        said.append(
            ("steps", "; ".join(f"{_setting(s.name, s.setting)}: {int(s.after.count):,} left" for s in mine.stages))
        )
    likeliest = int(np.argmax(model))
    share = float(mine.probabilities[likeliest])
    said.append(
        (
            "likeliest",
            f"{quoted(logits.tokens[likeliest])}: {shown(float(model[likeliest]), 'share')} by the "
            f"model, {shown(share, 'share')} with these settings",
        )
    )
    if draws:
        said.append(("drawn", _drawn(mine, logits, draws, rng)))
    tables = (_orders(chains, model), _tokens(logits, model, chains, order, other))
    return Answer(verdict, tuple(said), numbers, tables)


def _verdict(settings: Mapping[str, float], numbers: Mapping[str, Number], tokens: int) -> str:
    kept, mass, free = (numbers[name].value or 0.0 for name in ("kept", "mass", "effective_choices"))
    verb, hold = "keeps" if len(settings) == 1 else "keep", "holds" if kept == 1 else "hold"
    choice = (
        "there is no choice left" if kept == 1 else f"the choice is as free as one among {shown(free)} equal tokens"
    )
    return (
        f"{_told(settings)} {verb} {int(kept):,} of {tokens:,} tokens, which {hold} {shown(mass, 'share')} of the "
        f"model's probability; {choice}"
    )


def _told(settings: Mapping[str, float]) -> str:
    return listed_plainly([_setting(name, value) for name, value in settings.items()])


def listed_plainly(parts: Sequence[str]) -> str:
    """Words joined by commas and *and*.

    >>> listed_plainly(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _setting(name: str, value: float) -> str:
    return f"{name.replace('_', '-')} {value:g}"


def _spread(p: Any) -> dict[str, Number]:
    nats = float(entropy(p))
    return {
        "entropy": Number(nats, "nats", "entropy of what is drawn from"),
        "perplexity": Number(float(np.exp(nats)), "1", "e to the entropy: equal choices that would be as uncertain"),
        "effective_choices": Number(float(effective_choices(p)), "tokens", "equal tokens, as free a choice"),
    }


def _numbers(of: Chain, model: Any) -> dict[str, Number]:
    kept = of.probabilities > 0
    return {
        "kept": Number(float(np.count_nonzero(of.logits > -np.inf)), "tokens", "tokens that can still be drawn"),
        "mass": Number(float(model[kept].sum()), "share", "the model's own probability of the tokens kept"),
        **_spread(of.probabilities),
    }


def _difference(chains: Mapping[str, Chain], order: str, other: str) -> str:
    mine, theirs = (chains[name].logits > -np.inf for name in (order, other))
    if (mine == theirs).all():
        return f"{other} keeps the same tokens"
    return (
        f"{other} would keep {np.count_nonzero(theirs):,}: engines differ (transformers and vLLM apply temperature "
        "first, llama.cpp last)"
    )


def _drawn(of: Chain, logits: Logits, draws: int, rng: np.random.Generator) -> str:
    at = np.atleast_1d(draw(np.broadcast_to(of.logits, (draws, len(of.logits))), rng))
    names, counts = np.unique(at, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:FEW_TOKENS]
    told = ", ".join(f"{quoted(logits.tokens[names[i]])} {counts[i]:,}" for i in best)
    more = f" and {len(names) - len(best):,} others" if len(names) > len(best) else ""
    return f"{told}{more}"


def _orders(chains: Mapping[str, Chain], model: Any) -> Table:
    rows = []
    for name, of in chains.items():
        n = _numbers(of, model)
        rows.append((name, n["kept"], n["mass"], n["entropy"], n["effective_choices"]))
    whole = _spread(model)
    rows.append(
        (
            "the model itself",
            Number(float(len(model)), "tokens", "tokens"),
            Number(1.0, "share", "all"),
            whole["entropy"],
            whole["effective_choices"],
        )
    )
    return Table("Both orders", ("order", "kept", "mass", "entropy", "effective choices"), tuple(rows))


def _tokens(logits: Logits, model: Any, chains: Mapping[str, Chain], order: str, other: str) -> Table:
    ranks = np.argsort(-model, kind="stable")[:MOST_TOKENS]
    mine, theirs = chains[order].probabilities, chains[other].probabilities
    most = max(float(mine.max()), float(model.max()))
    rows = tuple(
        (
            quoted(logits.tokens[i]),
            Number(float(logits.values[i]), "1", "logit"),
            Number(float(model[i]), "share", "by the model"),
            Number(float(mine[i]), "share", order) if mine[i] > 0 else "cut",
            Bar(float(mine[i]) / most),
            Number(float(theirs[i]), "share", other) if theirs[i] > 0 else "cut",
        )
        for i in ranks
    )
    heads = ("token", "logit", "model", order.replace("temperature-", "t. "), "", other.replace("temperature-", "t. "))
    return Table("The likeliest tokens", heads, rows, max(0, len(rows) - FEW_TOKENS))
