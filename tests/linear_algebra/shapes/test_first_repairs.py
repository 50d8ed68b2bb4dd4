"""What people mean as a rule is offered first; slips as they are made, each with the one change that mends it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Place, drawn, named, results, written

MASKS, WHOLE = {"mask", "keep", "chosen"}, {"labels", "rows", "columns", "index"}


def operation(code: str, rule: str, library: str, **settings: Any) -> Operation:
    """An operation written as code: ``<x|3,4>`` is an operand and its shape, ``{axis}`` a setting."""
    parts: list[str | Place] = []
    operands: list[Operand] = []
    for piece in filter(None, re.split(r"(<[^>]*>|\{\w+\})", code)):
        if piece.startswith("<"):
            name, sizes = piece[1:-1].split("|")
            shape = tuple(int(size) if size.isdigit() else named(size) for size in sizes.split(",") if size)
            dtype = "bool" if name in MASKS else "int64" if name in WHOLE else "float32"
            operands.append(Operand(name, shape, dtype, "cpu", library))
            parts.append(Place(len(operands) - 1))
        else:
            parts.append(Place(piece[1:-1]) if piece.startswith("{") else piece)
    return Operation(rule, tuple(operands), settings, tuple(parts))


def clash_of(one: Operation) -> Clash:
    with pytest.raises(Clash) as caught:
        results(one)
    return caught.value


def slip(code: str, rule: str, first: str, gives: str, library: str = "torch", **settings: Any) -> Any:
    return pytest.param(code, rule, first, gives, library, settings, id=f"{library} {code}")


ALL = slice(None)
SLIPS = [
    # products
    slip("<x|32,784> @ <w|10,784>", "matmul", "x @ w.T", "(32, 10)"),
    slip("<X|784,200> @ <W|784,100>", "matmul", "X.T @ W", "(200, 100)", "numpy"),
    slip("<W|784,10> @ <x|32,784>", "matmul", "x @ W", "(32, 10)", "numpy"),
    slip("<x|n,784> @ <w|10,784>", "matmul", "x @ w.T", "(n, 10)", ""),
    slip("<q|2,8,10,64> @ <k|2,8,12,64>", "matmul", "q @ k.swapaxes(-1, -2)", "(2, 8, 10, 12)"),
    slip("torch.bmm(<q|8,10,64>, <k|8,12,64>)", "bmm", "torch.bmm(q, k.swapaxes(-1, -2))", "(8, 10, 12)"),
    slip("torch.mm(<x|8,10,64>, <w|64,12>)", "mm", "x @ w", "(8, 10, 12)"),
    slip("<x|32,8,26,26> @ <w|5408,64>", "matmul", "x.flatten(1) @ w", "(32, 64)"),
    slip("<x|32,28,28> @ <w|784,10>", "matmul", "x.reshape(len(x), -1) @ w", "(32, 10)", "jax"),
    slip("np.dot(<X|50,3>, <w|1,3>)", "dot", "np.dot(X, w.T)", "(50, 1)", "numpy"),
    slip("<x|5,1> @ <y|4>", "matmul", "x @ y[None]", "(5, 4)", "numpy"),
    slip("torch.mv(<A|8,10>, <x|10,1>)", "mv", "torch.mv(A, x.squeeze(-1))", "(8,)"),
    slip("torch.addmm(<b|64>, <x|32,10>, <w|64,10>)", "addmm", "torch.addmm(b, x, w.T)", "(32, 64)"),
    slip("<x|32,10> @ <y|>", "matmul", "x * y", "(32, 10)", "numpy"),
    slip("np.linalg.solve(<A|5,3>, <b|5>)", "solve", "np.linalg.pinv(A).dot(b)", "(3,)", "numpy"),
    slip("np.linalg.inv(<X|100,5>)", "inv", "np.linalg.pinv(X)", "(5, 100)", "numpy"),
    slip("torch.cdist(<a|10,3>, <b|3>)", "cdist", "torch.cdist(a, b[None])", "(10, 1)"),
    # entry by entry
    slip("<X|100,5> - <X.mean(axis=1)|100>", "broadcast", "X - X.mean(axis=1, keepdims=True)", "(100, 5)", "numpy"),
    slip("<X|100,5> / <X.sum(1)|100>", "broadcast", "X / X.sum(1, keepdim=True)", "(100, 5)"),
    slip(
        "<X|9,5> / <np.linalg.norm(X, axis=1)|9>",
        "broadcast",
        "X / np.linalg.norm(X, axis=1, keepdims=True)",
        "(9, 5)",
        "numpy",
    ),
    slip("<x|9,5> - <x.max(1).values|9>", "broadcast", "x - x.max(1, keepdim=True).values", "(9, 5)"),
    slip("<x|9,5> / <(x ** 2).sum(-1)|9>", "broadcast", "x / (x ** 2).sum(-1, keepdims=True)", "(9, 5)", "jax"),
    slip("<x|9,5> - <x.mean(axis=1) * 2|9>", "broadcast", "x - (x.mean(axis=1) * 2)[:, None]", "(9, 5)", "numpy"),
    slip("<x|n,10> - <m|n>", "broadcast", "x - m[:, None]", "(n, 10)", ""),
    slip("<errors ** 2|100,3> * <weights|100>", "broadcast", "errors ** 2 * weights[:, None]", "(100, 3)", "numpy"),
    slip("<x|32,10,64> * <mask|32,10>", "broadcast", "x * mask[..., None]", "(32, 10, 64)"),
    slip("<x|8,3,32,32> - <mean|3>", "broadcast", "x - mean[:, None, None]", "(8, 3, 32, 32)"),
    slip("<s|2,8,10,10> + <mask|2,10>", "broadcast", "s + mask[:, None, None]", "(2, 8, 10, 10)"),
    slip("<x|8,32,32,3> * <y|8,3,32,32>", "broadcast", "x * y.permute(0, 2, 3, 1)", "(8, 32, 32, 3)"),
    slip("<a|3,4> + <b|4,3>", "broadcast", "a + b.T", "(3, 4)", "numpy"),
    slip("<image|28,28> - <row|784>", "broadcast", "image - row.reshape(28, 28)", "(28, 28)", "numpy"),
    slip("<prices[1:]|364> / <prices|365>", "broadcast", "prices[1:] / prices[:-1]", "(364,)", "numpy"),
    slip("<pred|64,3> - <target|64,4>", "broadcast", "pred - target[:, :pred.shape[1]]", "(64, 3)"),
    slip("<x|2,16,8,8> + <conv(x)|2,16,6,6>", "broadcast", "x[..., 1:-1, 1:-1] + conv(x)", "(2, 16, 6, 6)"),
    slip("np.where(<mask|5,4>, <a|5,4>, <b|5>)", "broadcast", "np.where(mask, a, b[:, None])", "(5, 4)", "numpy"),
    slip("<scores|64,10> == <labels|64>", "broadcast", "scores.argmax(1) == labels", "(64,)", symbol="=="),
    # into something
    slip("<total|10> += <part|3,10>", "assign", "total += part.sum(0)", "(10,)", "numpy", symbol="+="),
    slip("<out[:, 0]|4> = <col|4,1>", "assign", "out[:, 0] = col.squeeze(-1)", "(4,)", "numpy", symbol="="),
    slip("<w|10>.expand({shape})", "expand", "w[:, None].expand((10, 4))", "(10, 4)", shape=(10, 4)),
    slip("<pos|10,16>.expand({shape})", "expand", "pos.expand((4, 10, 16))", "(4, 10, 16)", shape=(4, 12, 16)),
    # other shapes
    slip("<x|4,16,6,6>.view({shape})", "view", "x.view((x.shape[0], -1))", "(4, 576)", shape=(-1, 400)),
    slip(
        "<x|2,10,512>.view({shape})", "view", "x.view((x.shape[0], 10, 8, -1))", "(2, 10, 8, 64)", shape=(2, 10, 8, 60)
    ),
    slip(
        "<x|60,28,28>.reshape({shape})", "reshape", "x.reshape((x.shape[0], -1))", "(60, 784)", "jax", shape=(60, 748)
    ),
    slip("<v|10>.reshape({shape})", "reshape", "v[:-1].reshape((-1, 3))", "(3, 3)", "numpy", shape=(-1, 3)),
    slip("<x|3,32,32>.permute({axes})", "permute", "x.permute((1, 2, 0))", "(32, 32, 3)", axes=(0, 2, 3, 1)),
    slip("<x|32,10>.transpose({axis0}, {axis1})", "swapaxes", "x.transpose(-2, -1)", "(10, 32)", axis0=1, axis1=2),
    slip("<x|4,6,8>.view({shape})", "view", "x.reshape((4, -1))", "(4, 48)", shape=(4, -1), contiguous=False),
    slip("np.squeeze(<x|3,1,4>, axis={axis})", "squeeze", "np.squeeze(x, axis=1)", "(3, 4)", "numpy", axis=0),
    # joined
    slip("torch.cat((<a|32,128>, <b|32,64>))", "cat", "torch.cat((a, b), dim=1)", "(32, 192)"),
    slip("np.concatenate([<a|9,3>, <b|9,4>])", "cat", "np.concatenate([a, b], axis=1)", "(9, 7)", "numpy"),
    slip(
        "np.concatenate([<X|9,3>, <y|9>], axis={axis})",
        "cat",
        "np.concatenate([X, y[:, None]], axis=1)",
        "(9, 4)",
        "numpy",
        axis=1,
    ),
    slip(
        "torch.cat([<cls|1,1,64>, <x|8,16,64>], dim={axis})",
        "cat",
        "torch.cat([cls.expand(x.shape[0], -1, -1), x], dim=1)",
        "(8, 17, 64)",
        axis=1,
    ),
    slip("np.vstack([<a|10,3>, <b|10>])", "vstack", "np.column_stack([a, b])", "(10, 4)", "numpy"),
    slip("np.stack([<a|5>, <b|7>])", "stack", "np.concatenate([a, b])", "(12,)", "numpy"),
    # axes and entries
    slip("<x|32,10>.softmax(dim={axis})", "along", "x.softmax(dim=-1)", "(32, 10)", axis=2),
    slip("<x|32>.sum({axis})", "reduce", "x.sum(0)", "()", axis=1),
    slip("<z|8,10>.gather({axis}, <labels|8>)", "gather", "z.gather(1, labels[:, None])", "(8, 1)", axis=1),
    slip("<X|100,4>[<chosen|4>]", "boolean_index", "X[:, chosen]", "(100, count(chosen))", "numpy"),
    slip("<h|4,10,16>[<keep|10,4>]", "boolean_index", "h[keep.T]", "(count(keep), 16)"),
    slip(
        "<X|9,4>[<rows|5>, <columns|2>]",
        "index",
        "X[rows[:, None], columns]",
        "(5, 2)",
        "numpy",
        key=(Place(1), Place(2)),
    ),
    slip("<x|100>[:, 0]", "index", "x", "(100,)", "numpy", key=(ALL, 0)),
    slip("<x|32,10>[::-1]", "index", "x.flip(0)", "(32, 10)", key=(slice(None, None, -1),)),
    # einsum
    slip(
        "torch.einsum({equation}, <q|8,10,5>, <k|8,7,5>)",
        "einsum",
        'torch.einsum("bij,bkj->bik", q, k)',
        "(8, 10, 7)",
        equation="bij,bjk->bik",
    ),
    slip(
        "np.einsum({equation}, <A|8,10,5>, <B|5,7>)",
        "einsum",
        'np.einsum("bij,jk->bik", A, B)',
        "(8, 10, 7)",
        "numpy",
        equation="bij,bjk->bik",
    ),
]


@pytest.mark.parametrize(("code", "rule", "first", "gives", "library", "settings"), SLIPS)
def test_what_is_meant_comes_first(
    code: str, rule: str, first: str, gives: str, library: str, settings: dict[str, Any]
) -> None:
    one = operation(code, rule, library, **settings)
    clash = clash_of(one)
    assert one.mended(clash.repairs[0]) == first
    assert written(clash.repairs[0].gives or ()) == gives
    assert drawn(clash)
    assert all(one.name in drawn(clash) for one in one.operands)


def test_says_names_operands_and_sizes() -> None:
    clash = clash_of(operation("<x|32,784> @ <w|10,784>", "matmul", "torch"))
    assert clash.says.startswith("x (32, 784) has 784 on axis 1, w (10, 784) has 10 on axis 0")
    assert clash.marks == ((0, 1), (1, 0))
    assert clash_of(operation("<x|7>.reshape({shape})", "reshape", "numpy", shape=(2, 4))).says == (
        "x (7,) holds 7 numbers, (2, 4) needs 8"
    )


PICTURES = {
    ("<x|8,3,20,20> - <mean|3>", "broadcast"): """
x     (8, 3, 20, 20)  float32  cpu
                 ^^
mean             (3,)  float32  cpu
                  ^
""",
    ("<image|28,28> - <row|784>", "broadcast"): """
image  (28,  28)  float32  cpu
             ^^
row        (784,)  float32  cpu
            ^^^
""",
    ("np.einsum({equation}, <A|8,10,5>, <B|8,7,5>)", "einsum"): """
    b   i  j
A  (8, 10, 5)  float32  cpu
           ^
    b  j  k
B  (8, 7, 5)  float32  cpu
       ^
""",
    ("np.concatenate([<a|100,3>, <b|7,44>])", "cat"): """
a  (100,  3)  float32  cpu
          ^
b  (  7, 44)  float32  cpu
         ^^
""",
    ("<x|7>.reshape({shape})", "reshape"): """
x          (7,)  float32  cpu
            ^
asked for  (2, 4)  8 numbers
""",
}


@pytest.mark.parametrize(("said", "picture"), PICTURES.items(), ids=str)
def test_pictures(said: tuple[str, str], picture: str) -> None:
    code, rule = said
    clash = clash_of(operation(code, rule, "numpy", equation="bij,bjk->bik", shape=(2, 4)))
    assert drawn(clash) == picture.strip("\n")
