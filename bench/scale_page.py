"""``docs/scale.md`` from what ``bench/scale.py`` measured and from the limits in the code: no figure is typed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from tearless.linear_algebra.combinations import MOST_COLUMNS
from tearless.linear_algebra.facts import SAMPLE_CELLS, SAMPLE_ROWS
from tearless.readers.parts.dask import FAN_IN
from tearless.readers.parts.engine import ROUNDS
from tearless.readers.parts.files import ROWS_OF_A_PART
from tearless.readers.source import MOST_ROWS_PER_BATCH
from tearless.report.markdown import table
from tearless.statistics.facts import DISTINCT_KEPT, TAIL_KEPT
from tearless.statistics.profile.categories import MOST_CATEGORIES
from tearless.statistics.row_hashes import HASHES_KEPT

DOCS = Path(__file__).parent.parent / "docs"
PAGE, WORDS = DOCS / "scale.md", DOCS / "templates" / "scale.txt"
ALL = 10**12
ROUNDOFF = 2.0**-53
USD = 0.05
"""What a core is taken to cost an hour: an assumption, said on the page."""
HASH_BYTES = 32
"""Of one entry of ``RowHashes``: two hashes, a row number, a count."""
MISSING = "*Not measured yet.*"

Found = Mapping[str, Any]


def count(x: float, digits: int = 2) -> str:
    """A number in so many digits, with commas.

    >>> count(123456), count(0.01234), count(3.14)
    ('120,000', '0.012', '3.1')
    """
    if x == 0:
        return "0"
    rounded = round(x, digits - 1 - math.floor(math.log10(abs(x))))
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def power(x: float) -> str:
    """A small or large number as a multiple of a power of ten.

    >>> power(3.2e-14), power(27105)
    ('3·10⁻¹⁴', '3·10⁴')
    """
    tens = math.floor(math.log10(x))
    return f"{x / 10**tens:.0f}·10{str(tens).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def of_rows(found: Sequence[Found]) -> dict[str, str]:
    """The section on rows."""
    head = ["rows", "CPU of reading, ns a row", "CPU of all, s", "wall, s", "peak, MB"]
    lines = [
        [
            f"{r['rows']:,}",
            f"{r['reading'] / r['rows'] * 1e9:.0f}",
            f"{r['cpu']:.1f}",
            f"{r['wall']:.1f}",
            f"{r['peak']:.0f}",
        ]
        for r in found
    ]
    longest = found[-1]
    spans = [s for s in longest["spans"] if s["to"] - s["from"] > longest["rows"] / 200]
    rates = [s["cpu_ns"] for s in spans]
    rising = max((b / min(rates[: i + 1]) for i, b in enumerate(rates[1:])), default=1.0) - 1
    said = f"from the first rows to the last no stretch costs over {max(0.0, rising):.0%} more than one before it"
    ratio = f"a row of the last stretch costs {rates[-1] / rates[0]:.2f} of one of the first"
    return {
        "rows": table(head, lines),
        "spans": table(
            ["rows", "CPU, ns a row"], [[f"{s['from']:,} to {s['to']:,}", f"{s['cpu_ns']:.0f}"] for s in spans]
        ),
        "flat": f"The time per row does not grow: {said}, and {ratio}.",
        "fixed": f"{sum(r['cpu'] - r['reading'] for r in found) / len(found):.1f}",
    }


def of_columns(found: Found) -> dict[str, str]:
    """The section on columns."""
    head = ["columns", "rows", "form", "CPU, s", "ns a cell", "peak, MB", "text, kB", "page, kB"]
    lines = [
        [
            f"{r['columns']:,}",
            f"{r['rows']:,}",
            r["form"],
            f"{r['cpu']:.0f}",
            f"{r['cpu'] / r['rows'] / r['columns'] * 1e9:.0f}",
            f"{r['peak']:.0f}",
            *(f"{r['sizes'][kind] / 1e3:.1f}" for kind in ("text", "html")),
        ]
        for r in found["clean"]
    ]
    untold = {reason: [] for r in found["clean"] for reason in r["untold"].values()}  # type: ignore[var-annotated]
    for r in found["clean"]:
        for name, reason in r["untold"].items():
            untold[reason] += [name] if name not in untold[reason] else []
    said = [f"- {', '.join(f'`{n}`' for n in names)}: {reason}" for reason, names in untold.items()]
    dirty = [
        [
            f"{r['columns']:,}",
            f"{r['findings']:,}",
            f"{r['cpu']:.0f}",
            f"{r['peak']:.0f}",
            *(f"{r['sizes'][kind] / 1e3:,.0f}" for kind in ("text", "markdown", "html", "json")),
        ]
        for r in found["dirty"]
    ]
    named = ["text, kB", "Markdown, kB", "page, kB", "JSON, kB"]
    return {
        "columns": table(head, lines),
        "untold": "\n".join(["What cannot be told of them, in the words of the report:", "", *said]) if said else "",
        "dirty": table(["columns", "findings", "CPU, s", "peak, MB", *named], dirty),
    }


def of_engines(found: Found) -> dict[str, str]:
    """The section on engines, and the bytes that travel."""
    one = next(w for w in found["ways"] if w["way"] == "one process")
    lines = [
        [
            w["way"],
            f"{w['start']:.1f}" if w["start"] > 0.05 else "",
            *(f"{w[time]:.1f} ({w[time] / one[time]:.1f} ×)" for time in ("first", "second")),
        ]
        for w in found["ways"]
    ]
    b = found["bytes"]
    facts = [[f"`{name}`", f"{size / 1e3:,.1f}"] for name, size in sorted(b["facts"].items(), key=lambda f: -f[1])]
    parts = f"{b['rows']:,} rows in {b['parts']} files, two workers of one thread each on this machine; wall seconds."
    return {
        "engine_words": parts,
        "engines": table(["way", "start of the cluster, s", "first check, s", "second check, s"], lines),
        "bytes": table(["fact", "kB"], [*facts, ["all", f"{sum(b['facts'].values()) / 1e3:,.1f}"]]),
        "part_rows": f"{b['rows'] / b['parts']:,.0f}",
        "part_mb": f"{b['disk'] / b['parts'] / 1e6:.0f}",
        "disk": f"{b['disk'] / b['rows']:.0f}",
    }


def limits() -> dict[str, str]:
    """What the code's own limits come to."""
    rows_kept = ALL / 2 ** ((ALL - 1) // HASHES_KEPT).bit_length()
    batches, levels = -(-ROWS_OF_A_PART // MOST_ROWS_PER_BATCH), math.ceil(math.log(ALL / ROWS_OF_A_PART, FAN_IN))
    merges, streamed = batches + levels * (FAN_IN - 1), -(-ALL // MOST_ROWS_PER_BATCH)
    return {
        "sample_rows": f"{SAMPLE_ROWS:,}",
        "sample_cells": f"{SAMPLE_CELLS:,}",
        "sample_error": f"{50 / SAMPLE_ROWS**0.5:.2f}",
        "dkw": f"{(math.log(2 / 0.05) / 2 / SAMPLE_ROWS) ** 0.5:.1%}",
        "hashes": f"{HASHES_KEPT:,}",
        "distinct": f"{DISTINCT_KEPT - 1:,}",
        "kmv_error": f"{(DISTINCT_KEPT - 2) ** -0.5:.1%}",
        "categories": f"{MOST_CATEGORIES:,}",
        "most_columns": f"{MOST_COLUMNS:,}",
        "column_kb": f"{(8 * DISTINCT_KEPT + 32 * TAIL_KEPT) / 1e3:.0f}",
        "share": f"{ALL / rows_kept:,.0f}",
        "kept": f"{count(rows_kept)}",
        "rarest": count(rows_kept / 3),
        "collisions": count(ALL**2 / 2**65),
        "kept_collisions": count(ALL * rows_kept / 2**65),
        "rounds": f"{ROUNDS}",
        "part_full": f"{ROWS_OF_A_PART:,}",
        "part_batches": f"{batches}",
        "levels": f"{levels}",
        "merges": f"{merges}",
        "tree_error": power((4 * merges + 25) * ROUNDOFF),
        "stream_merges": count(streamed),
        "stream_error": power(4 * streamed * ROUNDOFF),
        "stream_likely": power(4 * streamed**0.5 * ROUNDOFF),
    }


def plan(rows: Found, engines: Found) -> str:
    """The table of what 10¹² rows would take."""
    b, rate = engines["bytes"], rows["reading"] / rows["rows"]
    parts, hours = ALL / ROWS_OF_A_PART, rate * ALL / 3600
    disk = b["disk"] / b["rows"] * ALL
    leaf = sum(size for name, size in b["facts"].items() if name not in ("RowHashes", "Sample"))
    moved = parts * (leaf + HASHES_KEPT // 8 * HASH_BYTES) * FAN_IN / (FAN_IN - 1)
    return table(
        ["what", "how much"],
        [
            ["read", f"{disk / 1e12:.0f} TB of Parquet, once"],
            ["core hours", f"{hours:,.0f} at {rate * 1e9:.0f} ns a row (as many times more as there are more columns)"],
            ["on 100 cores", f"{hours / 100:.1f} hours, if the store gives {disk / hours / 36 / 1e9:.1f} GB a second"],
            [
                "cost",
                f"{hours * USD:,.0f} USD at {USD} USD a core and hour, an assumption; the store's reads come on top",
            ],
            ["parts", f"{parts:,.0f} of {ROWS_OF_A_PART:,} rows"],
            [
                "travels",
                f"at most {moved / 1e9:,.0f} GB among the workers, {moved / disk:.1%} of the table",
            ],
            ["arrives", f"some MB: {FAN_IN} results at most"],
        ],
    )


def text(kept: Found) -> str:
    """The page of what was measured; what was not says so."""
    words: dict[str, str] = {}
    for name, make in {"rows": of_rows, "columns": of_columns, "engines": of_engines}.items():
        if name in kept:
            words |= make(kept[name]["found"])
    both = "rows" in kept and "engines" in kept
    words["plan"] = plan(kept["rows"]["found"][-1], kept["engines"]["found"]) if both else MISSING
    on = {kept[name]["on"]: [n for n in kept if kept[n]["on"] == kept[name]["on"]] for name in kept}
    loads = ", ".join(f"{kept[name]['load']:.0f} while {name} were measured" for name in kept)
    words["machines"] = (
        f"{'; '.join(on)}. Other programs used the machine at the same time (load: {loads}): CPU seconds are little "
        "touched by that, wall seconds much."
    )
    template = Template(WORDS.read_text(encoding="utf-8"))
    every = dict.fromkeys(template.get_identifiers(), MISSING)
    return template.substitute(every | limits() | words)


def write(kept: Found) -> None:
    """Write the page."""
    PAGE.write_text(text(kept), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE.relative_to(DOCS.parent)}")
