"""The language of shapes: it agrees with NumPy and PyTorch, marks what clashes, and answers hostile text at once."""

from __future__ import annotations

import time

import pytest

from tearless.core import InputError
from tearless.doctor.shapes import shape_of
from tearless.linear_algebra.shapes import Named, written
from tearless.linear_algebra.shapes.expression import evaluated

from .hostile import HOSTILE
from .random_expressions import Grammar, Made

EXPRESSIONS = 10_000


def told(made: Made) -> object:
    """What the library says: shapes, or None where it refuses."""
    if made.error is not None:
        return None
    return tuple(made.value.shape)


def read(text: str, library: str) -> object:
    """What the language says of it."""
    try:
        found = evaluated(text, library)
    except InputError:
        return None
    return found.shapes[0] if found.goes_through else None


def agree(ours: object, theirs: object) -> bool:
    if not isinstance(ours, tuple) or not isinstance(theirs, tuple):
        return ours == theirs
    fits = (isinstance(a, Named) or a == b for a, b in zip(ours, theirs, strict=True))
    return len(ours) == len(theirs) and all(fits)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_random_expressions_agree_with_the_library(library):
    grammar = Grammar(library, seed=7)
    apart, refused = [], 0
    for i in range(EXPRESSIONS):
        made = grammar.expression(depth=1 + i % 3)
        theirs = told(made)
        refused += theirs is None
        ours = read(made.text, library)
        if not agree(ours, theirs):
            apart.append(f"{made.text}\n    {library}: {theirs or made.error}; here: {ours}")
    assert not apart, f"{len(apart)} of {EXPRESSIONS}:\n" + "\n".join(apart[:20])
    assert 0.1 < refused / EXPRESSIONS < 0.7


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_answered_at_once(text):
    began = time.process_time()  # of this process: how busy the machine is does not count
    try:
        found = evaluated(text)
    except InputError as refusal:
        said = str(refusal)
    else:
        assert found.shapes or found.said or found.clash
        said = f"expression: {len(list(found.entries()))}"
    assert said.startswith("expression: ")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("text", "says", "caret"),
    [
        ("A(2,3", "is a `)` missing", 5),
        ("A(2,3) @@ B", "expected an array", 8),
        ("A(2,3) B", "is an operator missing", 7),
        ("A(2,3) @ w", "`w` has no shape", 9),
        ("A(2,3).tranpose(0, 1)", "`transpose`", 0),
        ("softmx(A(2,3))", "`softmax`", 0),
        ("A(2,3).sum(axi=1)", "no argument `axi`", 15),
        ("A(2,3) + A(3,2)", "has the shape (2, 3)", 9),
        ("x(2,3) | Linear", "`Linear` needs `in_features` and `out_features`", 9),
        ("x(2,3) -> nn.PixelShuffle", "`PixelShuffle` needs `factor`", 10),
    ],
)
def test_a_refusal_marks_the_place(text, says, caret):
    with pytest.raises(InputError, match="expression") as refused:
        evaluated(text)
    first, line, mark = str(refused.value).split("\n")
    assert says in first
    assert line == f"  {text}"
    assert mark.index("^") - 2 == caret


GIVES = {
    "A(100,50) @ B(50,30) + c(30)": "(100, 30)",
    "x(n, 784) @ w(784, 10) + b(10)": "(n, 10)",
    "x(n,1,28,28) -> Conv2d(1,8,3) -> relu -> MaxPool2d(2) -> Flatten() -> Linear(1352, 10)": "(n, 10)",
    "x(n,1,28,28) | Conv2d(1,8,3) | ReLU | Flatten | Linear(5408, 64) | nn.Softmax": "(n, 64)",
    "x(n,1,28,28) -> Conv2d(1,8,3) -> nn.ReLU -> Flatten -> Linear(5408, 64) -> Softmax": "(n, 64)",
    "f = ReLU; x(2,3) | f | Sequential | (Dropout)": "(2, 3)",
    "h = x(32, 100) @ w(100, 50); h + b(50)": "(32, 50)",
    "B, T, C = x(8, 16, 64).shape; x.view(B, T, 4, C // 4).transpose(1, 2)": "(8, 4, 16, 16)",
    "q, k, v = Linear(64, 192)(x(8, 16, 64)).chunk(3, dim=-1); q @ k.mT @ v": "(8, 16, 64)",
    "out, (h, c) = LSTM(10, 20, num_layers=2)(x(7, 5, 10)); h": "(2, 5, 20)",
    "(x(32,10) - mean(10)) / std(10)": "(32, 10)",
    "q(8,64) @ k(8,64).T / sqrt(64)": "(8, 8)",
    "x(5,4)[x > 0]": "(count(x > 0),)",
    "x(2,3,4).mean(dim=(1, 2), keepdim=True)": "(2, 1, 1)",
    "Embedding(1000, 64)(ids(32, 20))": "(32, 20, 64)",
    "nn.MultiheadAttention(64, 8, batch_first=True)(x(4,10,64), x, x)[0]": "(4, 10, 64)",
    "x(n, 28, 28).reshape(n, -1)": "(n, 784)",
    "np.concatenate([a(2,3), b(4,3)], axis=0)": "(6, 3)",
    "x(4, 5)[1:, None, ..., -1]": "(3, 1)",
    "(32, 784) @ (784, 10) + (10,)": "(32, 10)",
    "A = (32, 784); A @ (784, 10)": "(32, 10)",
    "F.cross_entropy(logits(32, 10), labels(32))": "()",
    "jnp.einsum('bij,bjk->bik', A(2,3,4), B(2,4,5))": "(2, 3, 5)",
}


@pytest.mark.parametrize(("text", "shape"), GIVES.items())
def test_what_people_write(text, shape):
    found = evaluated(text)
    assert found.clash is None
    assert written(found.shapes[0]) == shape


MENDED = {
    "x(32,784) @ w(10,784)": "x(32,784) @ w(10,784).T",
    "h = x(32,100) @ w(100,50); h + b(32)": "h = x(32,100) @ w(100,50); h + b(32)[:, None]",
    "(a(3,4) + b(4,3)) @ c(4,2)": "(a(3,4) + b(4,3).T) @ c(4,2)",
    "Linear(784,10)(x(32,1,28,28))": "Linear(784,10)(x(32,1,28,28).flatten(1))",
    "x(n,8,26,26) -> Flatten() -> Linear(4608, 10)": "x(n,8,26,26) -> Flatten() -> Linear(5408, 10)",
    "x(n,8,26,26) | ReLU | Flatten | Linear(4608, 10)": "x(n,8,26,26) | ReLU | Flatten | Linear(5408, 10)",
    "f = Linear(10, 5); f(x(3,11))": "f = Linear(11, 5); f(x(3,11))",
    "a(3,4) @ 5": "a(3,4) * 5",
    "y(8,4,16).transpose(1, 2).view(8, 64)": "y(8,4,16).transpose(1, 2).reshape((8, 64))",
    "softmax(x(3,4), dim=2)": "softmax(x(3,4), dim=-1)",
    "CrossEntropyLoss()(o(32,10), y(32,1))": "CrossEntropyLoss()(o(32,10), y(32,1).squeeze(1))",
}


@pytest.mark.parametrize(("text", "code"), MENDED.items())
def test_the_first_repair_is_whole_code_that_goes_through(text, code):
    found = evaluated(text)
    assert found.clash is not None
    assert found.mends[0].code == code
    for mend in found.mends:
        after = evaluated(mend.code, found.library or None)
        assert (after.clash is None) == bool(mend.gives)
        assert after.clash is not None or ", ".join(map(written, after.shapes)) == mend.gives


def test_where_the_libraries_differ_both_are_told():
    assert "NumPy refuses it" in evaluated("A(2,3,4).transpose(0,1)").note
    assert "PyTorch" in evaluated("np.ones((2,3)) + x(4,3)").note or evaluated("np.ones((2,3))").library == "numpy"
    assert evaluated("A(2,3) + b(3)").library == ""
    with pytest.raises(InputError, match="library: expected numpy, torch or jax"):
        evaluated("A(2,3)", "tensorflow")


@pytest.mark.parametrize("sign", ["|", "->"])
def test_each_step_of_a_pipe_is_taken_once(sign):
    found = evaluated("x(2,3)" + f" {sign} ReLU" * 40)
    assert len(found.steps) == 40
    assert found.shapes == ((2, 3),)


def test_pipes_of_either_sign_name_layers_alike():
    arrow, bar = (
        evaluated(f"x(n,1,28,28) {sign} Conv2d(1,8,3) {sign} ReLU {sign} Flatten {sign} Linear(4608,64)")
        for sign in ("->", "|")
    )
    assert bar.origins == arrow.origins
    assert "8 channels of Conv2d(1,8,3)" in bar.origins[0]


COUNTED = {
    "vstack((a(2,3,4), b(5)))": "a (2, 3, 4) has 3 axes, b (5,) counts as one row, (1, 5), of 2 axes",
    "vstack((b(5), a(2,3,4)))": "b (5,) counts as one row, (1, 5), of 2 axes; a (2, 3, 4) has 3 axes",
    "column_stack((a(2,3,4), b(4)))": "a (2, 3, 4) has 3 axes, b (4,) counts as one column, (4, 1), of 2 axes",
    "dstack((a(2,3), b(4)))": "a (2, 3) has 2 on axis 0, b (4,) counts as (1, 4, 1), with 1 on axis 0",
    "hstack((a(2,3), b(4)))": "a (2, 3) has 2 axes, b (4,) has one axis",
}


@pytest.mark.parametrize(("text", "says"), COUNTED.items())
def test_an_array_that_counts_as_another_shape_is_told_as_that(text, says):
    clash = evaluated(text).clash
    assert clash is not None
    assert clash.says.startswith(f"{says}: ")


def test_a_layer_that_refuses_is_told_where_its_numbers_come_from():
    found = evaluated("x(n,1,28,28) -> Conv2d(1,8,3) -> relu -> Flatten() -> Linear(4608, 10)")
    first, *guesses = found.origins
    assert first.startswith("5408 = 8·26·26")
    assert "4608 = 8·24·24: that would be two valid 3×3 convolutions, there is one" in guesses[0]
    assert found.stopped_at == "-> Linear(4608, 10)"
    assert next(one for one in found.entries() if one["clash"])["origins"] == list(found.origins)
    assert evaluated("x(32,784) @ w(10,784)").origins == ()


@pytest.mark.parametrize("text", ["F.l1_loss(p(k, 1), q(k))", "A(2*m) * b(2*m, 1)", "(x(r, c) @ w(c, 1) - y(r)).sum()"])
def test_pairs_by_accident_are_found_where_sizes_have_names(text):
    (finding,) = shape_of(text).findings
    assert finding.name == "accidental-broadcast"


@pytest.mark.parametrize("text", ["a(k, 1) - b(1, k)", "a(k, m) + b(m)", "a(k, 1) * b(m)", "a(k, 1) - b(k)[:, None]"])
def test_what_is_no_pair_of_names_is_left_alone(text):
    assert not shape_of(text).findings


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x(b, t, d).reshape(b * t, d)", "(b·t, d)"),
        ("q(t, dim) @ k(2 * t, dim).T", "(t, 2·t)"),
        ("torch.relu(x(size, mode))", "(size, mode)"),
        ("x(3, bool)", "(3,)"),
        ("sum(t(4, 5), dim=0)", "(5,)"),
    ],
)
def test_names_of_functions_may_be_names_of_sizes(text, shape):
    assert [written(one) for one in evaluated(text).shapes] == [shape]


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("np.vdot(a(4, 6), b(8, 3))", ["()"]),
        ("np.linalg.lstsq(A(9, 4), b(9, 2))", ["(4, 2)", "(2,)", "()", "(4,)"]),
        ("torch.linalg.lstsq(A(6, 9, 4), b(6, 9, 2)).solution", ["(6, 4, 2)"]),
        ("np.identity(6)", ["(6, 6)"]),
        ("torch.svd(A(4, 7))", ["(4, 4)", "(4,)", "(7, 4)"]),
        ("np.linalg.svd(A(7, 4), full_matrices=False)", ["(7, 4)", "(4,)", "(4, 4)"]),
        ("np.full((4, 6), 0)", ["(4, 6)"]),
        ("torch.full((4, 6), 0.5)", ["(4, 6)"]),
        ("np.ones((4, 6), np.float32)", ["(4, 6)"]),
        ("np.random.normal(0, 1, (4, 6))", ["(4, 6)"]),
        ("jax.random.normal(key, (4, 6))", ["(4, 6)"]),
        ("F.unfold(x(2, 4, 9, 9), kernel_size=2, stride=2)", ["(2, 16, 16)"]),
        ("x(9).unfold(0, 3, 3)", ["(3, 3)"]),
        ("np.average(a(5, 6), axis=1, weights=w(6))", ["(5,)"]),
        ("nn.EmbeddingBag(50, 8)(i(12), offsets(5))", ["(5, 8)"]),
        ("F.scaled_dot_product_attention(q(3, 6, 5, 4), k(3, 2, 7, 4), v(3, 2, 7, 9), enable_gqa=1)", ["(3, 6, 5, 9)"]),
        ("m = nn.BatchNorm1d(5); m.eval(); m(x(1, 5))", ["(1, 5)"]),
        ("nn.Sequential(nn.BatchNorm1d(5)).eval()(x(1, 5))", ["(1, 5)"]),
    ],
)  # fmt: skip
def test_functions_that_give_other_shapes_than_their_neighbours(text, shapes):
    assert [written(one) for one in evaluated(text).shapes] == shapes


@pytest.mark.parametrize(
    "text", ["np.vdot(a(4, 6), b(5, 5))", "nn.BatchNorm2d(5)(x(1, 5, 1, 1))", "torch.vdot(a(2, 2), b(4))"]
)
def test_what_clashes_there(text):
    assert not evaluated(text).goes_through


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("np.zeros(4, 6)", "one shape such as"),
        ("torch.full(4, 1.0)", "in brackets"),
        ("W(4, -2)", "a size of 0 or more, got -2"),
        ("torch.randn(10 ** 8).split(2)", "at most 1,000 pieces, got 50,000,000"),
    ],
)
def test_what_is_refused_there_says_what_was_expected(text, says):
    with pytest.raises(InputError, match=says):
        evaluated(text)


def test_one_number_is_no_numbers():
    clash = evaluated("a(1, 1).reshape(3)").clash
    assert clash is not None
    assert "holds 1 number, " in clash.says
