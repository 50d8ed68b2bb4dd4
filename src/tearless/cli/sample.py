"""``tearless sample``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from .deliver import FailOn, Shape, deliver
from .streams import writable


class Order(StrEnum):
    """When temperature is applied."""

    first = "temperature-first"
    last = "temperature-last"


FILE = "The logits: .npy, .npz, .safetensors, or JSON of token to logit or of a server's logprobs."


def sample(
    logits: Annotated[str, typer.Argument(help=FILE)],
    temperature: Annotated[float, typer.Option(metavar="T", help="Divides the logits.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(metavar="K", help="Keep the K likeliest.")] = None,
    top_p: Annotated[float | None, typer.Option(metavar="P", help="Keep the likeliest that hold P together.")] = None,
    min_p: Annotated[float | None, typer.Option(metavar="P", help="Keep those at least P times the likeliest.")] = None,
    typical: Annotated[float | None, typer.Option(metavar="P", help="Keep the most typical that hold P.")] = None,
    epsilon: Annotated[float | None, typer.Option(metavar="P", help="Keep those of probability P and more.")] = None,
    eta: Annotated[float | None, typer.Option(metavar="P", help="The same, with a cut that follows entropy.")] = None,
    order: Annotated[Order, typer.Option(help="transformers and vLLM: first; llama.cpp: last.")] = Order.first,
    tokens: Annotated[str | None, typer.Option(metavar="FILE", help="Names: JSON, or a tokenizer.json.")] = None,
    position: Annotated[int, typer.Option(metavar="N", help="Row of a matrix; negative from its end.")] = -1,
    tensor: Annotated[str | None, typer.Option(metavar="NAME", help="Array of a file that holds several.")] = None,
    draws: Annotated[int, typer.Option(metavar="N", help="Draw so many tokens.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="For the draws.")] = 0,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every token of the table, and every number.")] = False,
) -> int:
    """What temperature and cut-offs keep of a model's logits, in both orders.

    Kept tokens and their mass, entropy, perplexity, effective number of choices; a table and bars.
    """
    if output is not None:
        writable(output, (logits,))
    from tearless.doctor.sample import sample

    report = sample(
        logits,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        typical=typical,
        epsilon=epsilon,
        eta=eta,
        order=order.value,
        tokens=tokens,
        position=position,
        tensor=tensor,
        draws=draws,
        seed=seed,
    )
    return deliver(report, output, shape, fail_on, concise=False, verbose=verbose)
