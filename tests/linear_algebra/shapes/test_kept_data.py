"""Repairs that keep the data whole: what is cut, what is paired, and which operand is changed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tearless.linear_algebra.shapes import Place, written
from tearless.linear_algebra.shapes.operation import filled

from .test_first_repairs import clash_of, operation, slip

WHOLE = [
    slip("torch.bmm(<scores|6,9>, <values|6,9,32>)", "bmm", "torch.bmm(scores[:, None], values)", "(6, 1, 32)"),
    slip("<q|3,5,4,16> @ <k.T|16,9,5,3>", "matmul", "q @ k.swapaxes(-1, -2)", "", "numpy"),
    slip("<grad|20,6>.mm(<weight.t()|9,6>)", "mm", "grad.mm(weight)", "", "torch"),
    slip(
        "torch.einsum({equation}, <q|2,7,4,8>, <k|2,9,4,8>)",
        "einsum",
        'torch.einsum("bihd,bjhd->bhij", q, k)',
        "(2, 4, 7, 9)",
        equation="bhid,bhjd->bhij",
    ),
    slip("<X|90,5>.dot(<self.beta|6>)", "dot", "np.column_stack([np.ones(len(X)), X]).dot(self.beta)", "", "numpy"),
    slip("<M|3,3> @ <v|2>", "matmul", "M @ np.append(v, 1)", "(3,)", "numpy"),
    slip("<points|40,3> @ <T|4,4>", "matmul", "np.column_stack([points, np.ones(len(points))]) @ T", "", "numpy"),
    slip("<A|3,3> @ <state|1,3>", "matmul", "A @ state.reshape(-1, 1)", "(3, 1)", "numpy"),
    slip("<bias|1,4> += <delta|12,4>", "assign", "bias += delta.sum(axis=0, keepdims=True)", "(1, 4)", "numpy"),
    slip("<bias|4,1> -= <delta|4,12>", "assign", "bias -= delta.sum(dim=1, keepdim=True)", "(4, 1)", "torch"),
    slip("<images|9,4,20,20> / <spread|4>", "broadcast", "images / spread[:, None, None]", "", "numpy"),
    slip("<table|30,4> - <means|30>", "broadcast", "table - means[:, None]", "(30, 4)", "numpy"),
    slip("<A|50,3> - <B|7,3>", "broadcast", "A - B[:, None]", "(7, 50, 3)", "numpy"),
    slip("<noise|128,6> * <scale|90,6>", "broadcast", "noise[:scale.shape[0]] * scale", "(90, 6)", "torch"),
    slip("<A[:, None]|20,1,3> - <B[:, None]|6,1,3>", "broadcast", "A[:, None] - B", "(20, 6, 3)", "numpy"),
    slip("<out[i:i + n]|5,2> = <block|16,2>", "assign", "out[i:i + n] = block[:len(out[i:i + n])]", "(5, 2)", "numpy"),
    slip(
        "<grid|9,9>[<[0, 3]|2>, <[1, 2, 5]|3>]",
        "index",
        "grid[np.ix_([0, 3], [1, 2, 5])]",
        "(2, 3)",
        "numpy",
        key=(Place(1), Place(2)),
    ),
    slip("<h|3,12,5>[<mask|3,11>]", "boolean_index", "h[:, :mask.shape[1]][mask]", "", "torch"),
    slip(
        "np.average(<marks|7,20>, weights=<share|7>)",
        "average",
        "np.average(marks, weights=share, axis=0)",
        "(20,)",
        "numpy",
    ),
    slip("np.clip(<z|8,3>, <low|8>, <high|8>)", "broadcast", "np.clip(z, low[:, None], high[:, None])", "", "numpy"),
    slip("<y[keep]|count(keep)> = <values|30>", "assign", "y[keep] = values[keep]", "", "numpy"),
    slip("<old|5,2> - <new|4,2>", "broadcast", "old[:new.shape[0]] - new", "", "numpy"),
    slip(
        "torch.cat([<a|1,4,20,20>, <b|1,8,26,26>], dim=1)",
        "cat",
        "torch.cat([a, b[..., 3:-3, 3:-3]], dim=1)",
        "(1, 12, 20, 20)",
        "torch",
        axis=1,
    ),
    slip(
        "torch.cat([<kinds|5,2,6>, <prices|5,3>], dim=1)",
        "cat",
        "torch.cat([kinds.flatten(1), prices], dim=1)",
        "(5, 15)",
        "torch",
        axis=1,
    ),
    slip("np.split(<a|50>, {sections})", "split", "np.array_split(a, 4)", "(13,)", "numpy", sections=4),
]
NONE = [
    # features, weights, classes or other samples are left out by the last offer alone, which says so
    slip("<h|20,24> @ <w|16,1>", "matmul", "", "", "jax"),
    slip("<a|9> - <b|30>", "broadcast", "", "", "numpy"),
    slip("<mu|12> - <X|50,3>", "broadcast", "", "", "numpy"),
    slip("<losses|32> * <class_weights|5>", "broadcast", "", "", "torch"),
    slip("<(-alpha)|4> * <(1 - p) ** 2|16>", "broadcast", "", "", "torch"),
    slip("<row|4> = <targets|10>", "assign", "", "", "numpy"),
    slip("torch.cat([<past|1,4,6,64>, <k|1,4,1,48>], dim={axis})", "cat", "", "", axis=2),
    slip("<body|2,8,5,5> + <short|2,8,10,10>", "broadcast", "", ""),
    slip("np.column_stack([<t|40>, <s|33>])", "column_stack", "", "", "numpy"),
    slip("np.einsum({equation}, <a|6,5>, <b|7,4>)", "einsum", "", "", "numpy", equation="ij,jk->ik"),
]


@pytest.mark.parametrize(("code", "rule", "first", "gives", "library", "settings"), [*WHOLE, *NONE])
def test_the_first_repair_keeps_the_data(
    code: str, rule: str, first: str, gives: str, library: str, settings: dict[str, Any]
) -> None:
    sign = re.search(r"> (\S+) <", code)
    symbol = {"symbol": sign[1]} if sign and rule in ("broadcast", "assign") else {}
    one = operation(code, rule, library, **settings, **symbol)
    repairs = clash_of(one).repairs
    kept = [repair for repair in repairs if not repair.loses]
    assert kept == list(repairs) or len(repairs) == 1
    assert (one.mended(kept[0]) if kept else "") == first
    assert not gives or written(kept[0].gives or ()) == gives


def test_the_table_is_not_turned_where_the_smaller_one_fits() -> None:
    one = operation("<images|9,4,20,20> - <mean|4>", "broadcast", "numpy", symbol="-")
    assert all("images" in one.mended(repair).split(" - ") for repair in clash_of(one).repairs)


@pytest.mark.parametrize(
    ("template", "name", "code"),
    [
        ("{}.T", "weight.t()", "weight"),
        ("{}.T", "a.T", "a"),
        ("{}.squeeze(1)", "means[:, None]", "means"),
        ("{}.squeeze(1)", "means[None]", "means[None].squeeze(1)"),
        ("{}.T", "a + b.T", "(a + b.T).T"),
        ("{0} / {1}", "255", "255 / 255"),
        ("{}[:2]", 'p["w"]', 'p["w"][:2]'),
        ("{}.T", "3", "(3).T"),
    ],
)
def test_what_is_taken_back_is_not_written(template: str, name: str, code: str) -> None:
    assert filled(template, [name, name]) == code
