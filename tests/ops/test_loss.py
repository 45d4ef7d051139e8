"""The losses' conventions, their behaviour far out, and what they say of labels that cannot be right."""

import numpy as np
import pytest
from contract import case_of, check_expansion, run

from graphlab import builder
from graphlab.engine import autodiff
from graphlab.errors import DataError, ModelError, ShapeError
from graphlab.ops import Context, check_attrs, get

X = np.random.default_rng(2).normal(size=(4, 3))
P = np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)
LABELS = np.array([2, 0, 1, 2])
ONE_HOT = np.eye(3)[LABELS]
CLASS_LOSSES = {"softmax_cross_entropy": X, "cross_entropy": P, "nll": np.log(P)}


def loss(name, *primals, **given):
    op = get(name)
    return op.forward(Context(), *primals, **check_attrs(op, given))[0]


def gradients(name, *primals, **given):
    op = get(name)
    attrs = check_attrs(op, given)
    value, residuals = op.forward(Context(), *primals, **attrs)
    return op.vjp(Context(), np.float64(1.0), primals, value, residuals, **attrs)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "bce", "bce_with_logits", "hinge"])
def test_sum_is_mean_times_the_number_of_elements(name):
    case = case_of(get(name))
    mean, total = (loss(name, *case.primals, reduction=r) for r in ("mean", "sum"))
    assert total == pytest.approx(mean * 12, rel=1e-14)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_class_losses_average_over_the_batch(name):
    mean, total = (loss(name, CLASS_LOSSES[name], LABELS, reduction=r) for r in ("mean", "sum"))
    assert total == pytest.approx(mean * 4, rel=1e-14)


@pytest.mark.parametrize("dtype", [float, int, "float32"])
@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_class_numbers_and_one_hot_labels_are_the_same_loss(name, dtype):
    x = CLASS_LOSSES[name]
    assert loss(name, x, LABELS) == pytest.approx(loss(name, x, ONE_HOT.astype(dtype)), rel=1e-14)
    np.testing.assert_allclose(
        gradients(name, x, LABELS)[0], gradients(name, x, ONE_HOT.astype(dtype))[0], rtol=1e-13, atol=1e-16
    )


def test_the_three_class_losses_agree():
    values = [loss(name, x, LABELS) for name, x in CLASS_LOSSES.items()]
    np.testing.assert_allclose(values, values[0], rtol=1e-14)


def test_softmax_cross_entropy_of_integer_labels_has_the_textbook_gradient():
    np.testing.assert_allclose(gradients("softmax_cross_entropy", X, LABELS)[0], (P - ONE_HOT) / 4, rtol=1e-13)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_whole_numbers_may_come_as_floats(name):
    x = CLASS_LOSSES[name]
    assert loss(name, x, LABELS.astype(float)) == loss(name, x, LABELS)


@pytest.mark.parametrize("t", [LABELS[:2] % 2, np.eye(2)[LABELS[:2] % 2]], ids=["numbers", "one-hot"])
def test_huge_logits(t):
    x = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    assert loss("softmax_cross_entropy", x, t) == 1000.0  # one right, one wrong by 2000
    assert np.isfinite(gradients("softmax_cross_entropy", x, t)[0]).all()
    assert check_expansion(case_of(get("softmax_cross_entropy"), (x, t), {}), "all") == []


@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_huge_logits_of_two_classes(t):
    x, t = np.array([-1000.0, -40.0, 0.0, 40.0, 1000.0]), np.full(5, t)
    values = np.array([float(loss("bce_with_logits", x[i], t[i])) for i in range(5)])
    np.testing.assert_allclose(values, np.logaddexp(0, x) - x * t, rtol=1e-14, atol=1e-14)
    assert check_expansion(case_of(get("bce_with_logits"), (x, t), {}), "all") == []
    assert np.isfinite(run(case_of(get("bce_with_logits"), (x, t), {}), ["all"])["in0"].grad).all()


def test_zero_times_log_zero_is_zero():
    assert loss("bce", np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0.0
    assert gradients("bce", np.array([0.5]), np.array([0.0]))[0].tolist() == [2.0]
    assert gradients_of_sure_probabilities("bce", np.array([0.0, 1.0])).tolist() == [0.5, -0.5]
    p = np.array([[1.0, 0.0]])
    assert loss("cross_entropy", p, p) == 0.0
    assert gradients_of_sure_probabilities("cross_entropy", p).tolist() == [[-1.0, 0.0]]
    assert loss("nll", np.array([[0.0, -np.inf]]), p) == 0.0


def gradients_of_sure_probabilities(name, p):
    with np.errstate(divide="ignore"):  # of the labels' own gradient, log 0
        return gradients(name, p, p)[0]


def test_an_impossible_label_costs_infinitely_much_unless_clipped():
    p, t = np.array([0.0]), np.array([1.0])
    with np.errstate(divide="ignore"):
        assert loss("bce", p, t) == np.inf
    assert loss("bce", p, t, clip=1e-7) == pytest.approx(-np.log(1e-7), rel=1e-12)
    assert gradients("bce", p, t, clip=1e-7)[0].tolist() == [0.0]


def test_huber_is_half_a_square_near_and_a_line_far():
    for d, value, slope in [(0.5, 0.125, 0.5), (2.0, 2.0, 2.0), (-5.0, 8.0, -2.0)]:
        x = np.array([d])
        assert loss("huber", x, np.zeros(1), delta=2.0) == value
        assert gradients("huber", x, np.zeros(1), delta=2.0)[0].tolist() == [slope]


def test_smooth_l1_is_huber_over_beta_and_mae_for_beta_0():
    x, t = np.array([0.5, -3.0, 2.0]), np.array([0.0, 0.0, 0.5])
    for beta in (0.25, 1.0, 4.0):
        assert loss("smooth_l1", x, t, beta=beta) == pytest.approx(loss("huber", x, t, delta=beta) / beta, rel=1e-14)
    assert loss("smooth_l1", x, t, beta=0) == loss("mae", x, t)
    assert gradients("smooth_l1", x, t, beta=0)[0].tolist() == gradients("mae", x, t)[0].tolist()
    assert gradients("smooth_l1", t, t, beta=0)[0].tolist() == [0.0, 0.0, 0.0]
    near = loss("smooth_l1", np.array([1e-200]), np.zeros(1), beta=1e-300)
    assert near == pytest.approx(1e-200) and np.isfinite(gradients("smooth_l1", x, t, beta=1e-300)[0]).all()


def test_at_the_kinks_the_derivative_is_zero():
    assert gradients("mae", np.zeros(2), np.zeros(2))[0].tolist() == [0.0, 0.0]
    assert gradients("hinge", np.array([1.0, -1.0]), np.array([1, -1]))[0].tolist() == [0.0, 0.0]


def test_mse_has_no_factor_of_a_half():
    assert loss("mse", np.array([1.0, 3.0]), np.zeros(2)) == 5.0


def test_l2_penalty_with_and_without_its_half():
    w, v = np.array([[1.0, 2.0]]), np.array([3.0])
    assert loss("l2_penalty", w, v, rate=0.1) == pytest.approx(0.7, rel=1e-15)
    assert loss("l2_penalty", w, v, rate=0.1, half=False) == pytest.approx(1.4, rel=1e-15)
    assert [g.tolist() for g in gradients("l2_penalty", w, v, rate=0.5)] == [[[0.5, 1.0]], [1.5]]
    assert [g.tolist() for g in gradients("l2_penalty", w, v, rate=0.5, half=False)] == [[[1.0, 2.0]], [3.0]]


OUTSIDE = (
    "label {label} at {position} is outside 0 … 2; the last axis has 3 classes, counted from 0: "
    "renumber the labels, or make that axis longer"
)
NOT_WHOLE = (
    "label {label} at {position} is not a whole number; give class numbers 0 … 2, or 3 numbers for each row, "
    "one for each class"
)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([2, 0, 3, 7], OUTSIDE.format(label=3, position="t[2]")),
        ([2, -1, 1, 0], OUTSIDE.format(label=-1, position="t[1]")),
        ([2.0, 0.0, 1.0, 3.0], OUTSIDE.format(label=3, position="t[3]")),
        ([0.0, 0.5, 1.0, 2.0], NOT_WHOLE.format(label=0.5, position="t[1]")),
        ([0.0, 1.0, np.nan, 2.0], NOT_WHOLE.format(label="nan", position="t[2]")),
        ([np.inf, 1.0, 1.0, 2.0], NOT_WHOLE.format(label="inf", position="t[0]")),
    ],
)
@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_labels_out_of_range_are_named(name, labels, message):
    with pytest.raises(DataError) as error:
        loss(name, CLASS_LOSSES[name], np.array(labels))
    assert str(error.value) == message


def test_the_position_of_a_label_has_all_its_axes():
    with pytest.raises(DataError, match=r"label 4 at t\[1, 0\] is outside 0 … 3"):
        loss("softmax_cross_entropy", np.zeros((2, 2, 4)), np.array([[0, 1], [4, 2]]))
    with pytest.raises(DataError, match="label 4 at t is outside 0 … 3"):
        loss("softmax_cross_entropy", np.zeros(4), np.array(4))


def test_a_run_says_which_node_the_label_belongs_to():
    g = builder.Graph()
    g.op("softmax_cross_entropy", g.input("x", X), g.input("t", np.array([0, 1, 2, 3])), name="E")
    with pytest.raises(DataError, match=r"E.*label 3 at t\[3\] is outside 0 … 2"):
        autodiff.forward(g)


def test_hinge_takes_only_its_own_labels():
    with pytest.raises(DataError) as error:
        loss("hinge", np.zeros((2, 2)), np.array([[1, -1], [0, 1]]))
    assert str(error.value) == "label 0 at t[1, 0] is neither -1 nor 1; of labels 0 and 1 make 2*t - 1"


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "bce", "bce_with_logits", "hinge"])
@pytest.mark.parametrize("t", [(3,), (4, 1), (), (4, 3, 1)])
def test_targets_are_never_broadcast(name, t):
    op = get(name)
    with pytest.raises(ShapeError, match=r"is .* but t is"):
        op.shape((4, 3), t, **check_attrs(op, {}))


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_class_losses_say_which_labels_fit(name):
    op = get(name)
    slot = op.slots[0]
    with pytest.raises(ShapeError) as error:
        op.shape((4, 3), (3,), reduction="mean")
    assert str(error.value) == (
        f"{slot} is (4, 3) but t is (3,); "
        "t must be (4,) (a class number for each row) or (4, 3) (a number for each class)"
    )
    for shape in ((), (4, 0)):
        with pytest.raises(ShapeError) as error:
            op.shape(shape, (), reduction="mean")
        assert str(error.value) == f"{slot} is {shape} but needs a last axis of one class or more"


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("huber", {"delta": 0}, "huber: delta is 0 but must be more than 0"),
        ("smooth_l1", {"beta": -0.5}, "smooth_l1: beta is -0.5 but must be 0 or more"),
        ("bce", {"clip": 0.5}, "bce: clip is 0.5 but must be at least 0 and below 0.5"),
        ("bce", {"clip": -1e-7}, "bce: clip is -1e-07 but must be at least 0 and below 0.5"),
    ],
)
def test_attributes_that_make_no_sense(name, given, message):
    op = get(name)
    with pytest.raises(ModelError) as error:
        op.shape((3,), (3,), **check_attrs(op, given))
    assert str(error.value) == message
