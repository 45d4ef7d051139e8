import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from judge import call, infer, judge, pull

from graphlab.errors import DataError, ShapeError
from graphlab.formula import parse, show
from graphlab.ops import get

MATMUL = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((4, 3), (3,)),
    ((4, 3), (3, 2)),
    ((3,), (5, 3, 2)),
    ((5, 4, 3), (3,)),
    ((5, 4, 3), (3, 2)),
    ((4, 3), (5, 3, 2)),
    ((5, 4, 3), (5, 3, 2)),
    ((1, 4, 3), (5, 3, 2)),
    ((2, 1, 4, 3), (5, 3, 2)),
    ((0, 3), (3, 2)),
]


@pytest.mark.parametrize("shapes", MATMUL)
def test_matmul_of_every_kind(shapes):
    rng = np.random.default_rng(4)
    judge("matmul", *(rng.normal(size=shape) for shape in shapes))


@settings(max_examples=40, deadline=None)
@given(
    shapes=mutually_broadcastable_shapes(signature="(n?,d),(d,m?)->(n?,m?)", max_dims=2, max_side=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_matmul_has_the_shape_numpy_says(shapes, seed):
    rng = np.random.default_rng(seed)
    assert infer("matmul", *shapes.input_shapes) == shapes.result_shape
    judge("matmul", *(rng.normal(size=shape) for shape in shapes.input_shapes))


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((2, 3), (4, 2), "a is (N=2, D=3) but b is (D=4, M=2); D must agree"),
        ((3,), (4, 2), "a is (D=3) but b is (D=4, M=2); D must agree"),
        ((2, 3), (4,), "a is (N=2, D=3) but b is (D=4); D must agree"),
        ((5, 2, 3), (4, 3, 2), "a is (B=5, N=2, D=3) but b is (B=4, D=3, M=2); B must agree, or be 1"),
        ((7, 5, 2, 3), (4, 3, 2), "a is (B1=7, B2=5, N=2, D=3) but b is (B2=4, D=3, M=2); B2 must agree, or be 1"),
        ((), (3, 2), "matmul: a is a single number; for its product with b write *"),
        ((3,), (), "matmul: b is a single number; for its product with a write *"),
    ],
)
def test_matmul_names_the_axis_and_both_sizes(a, b, text):
    with pytest.raises(ShapeError) as caught:
        infer("matmul", a, b)
    assert str(caught.value) == text


def test_matmul_skips_the_product_nobody_wants():
    a, b = np.ones((4, 3)), np.ones((3, 2))
    assert pull("matmul", a, b, needs=(False, True))[0] is None
    assert pull("matmul", a, b, needs=(True, False))[1] is None


def test_matmul_counts_its_multiply_adds():
    macs = get("matmul").macs
    assert [macs(s, infer("matmul", *s)) for s in (((3,), (3,)), ((4, 3), (3, 2)), ((5, 4, 3), (3, 2)))] == [3, 24, 120]


def test_matmul_rules_as_they_are_read():
    def rules(a, b):
        return {slot: show(parse(text)) for slot, text in get("matmul").local_texts((a, b), {}).items()}

    assert rules((4, 3), (3, 2)) == {"a": "∂L/∂y · bᵀ", "b": "aᵀ · ∂L/∂y"}
    assert rules((4, 3), (3,)) == {"a": "∂L/∂y · bᵀ", "b": "∂L/∂y · a"}
    assert rules((3,), (3, 2)) == {"a": "∂L/∂y · bᵀ", "b": "a · ∂L/∂yᵀ"}


@pytest.mark.parametrize("index", [np.array(2), np.array([2, 0, 2]), np.array([[1, 1], [0, 3]])])
def test_embedding_looks_up_rows_and_adds_their_gradients(index):
    judge("embedding", index, np.random.default_rng(5).normal(size=(4, 3)))


def test_an_index_that_occurs_twice_collects_both_gradients():
    _, gw = pull("embedding", np.array([2, 0, 2]), np.zeros((3, 2)))
    np.testing.assert_array_equal(gw, [[1, 1], [0, 0], [2, 2]])


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (np.array([0, 7]), "embedding: index[1] is 7, but W has rows 0 to 2; correct the data or give W 8 rows"),
        (np.array([[0, 1], [-1, 0]]), "embedding: index[1, 0] is -1, but W has rows 0 to 2; rows count from 0"),
        (np.array(3), "embedding: index is 3, but W has rows 0 to 2; correct the data or give W 4 rows"),
        (np.array([1.0]), "embedding: index holds float64, not whole numbers; give that input dtype: int64"),
    ],
)
def test_an_index_that_is_no_row_is_refused(index, text):
    with pytest.raises(DataError) as caught:
        call("embedding", index, np.zeros((3, 2)))
    assert str(caught.value) == text


def test_embedding_makes_its_table():
    made = get("embedding").parameters({"index": (4,)}, vocab=10, units=3)
    assert (made["W"].shape, made["W"].init) == ((10, 3), "normal")


@pytest.mark.parametrize("lead", [(), (4,), (5, 4)])
def test_affine_on_any_number_of_leading_axes(lead):
    rng = np.random.default_rng(6)
    judge("affine", rng.normal(size=(*lead, 3)), rng.normal(size=(3, 2)), rng.normal(size=2))
