"""Every op of the registry keeps the contract, and a bug planted in any of them is found."""

import numpy as np
import pytest
from contract import LAYOUTS, Case, case_of, check_expansion, check_layouts, check_untouched, problems, resized

from graphlab.ops import REGISTRY, get, mode_of
from graphlab.ops.loss_class import batch_share, indices

OPS = [op for op in REGISTRY.values() if op.family != "leaf"]
ELEMENT_LOSSES = ("mse", "mae", "huber", "smooth_l1", "bce", "bce_with_logits")
CLASS_LOSSES = ("softmax_cross_entropy", "cross_entropy", "nll")
RNG = np.random.default_rng(8)
LABELS = np.array([[2, 0, 1], [1, 1, 0]])
SOFT = RNG.uniform(size=(2, 3, 4))
CLIPPED = np.array([[0.05, 0.35, 0.6], [0.1, 0.05, 0.85], [0.25, 0.7, 0.05]])  # away from the kinks at 0.2 and 0.8
GAMMA, BETA, MEAN, VAR = RNG.uniform(0.5, 2.0, size=(4, 3))
VARIANTS = [
    ("dropout", (RNG.normal(size=(2, 3, 4)),), {"rate": 0.25}, "train"),
    ("dropout", (RNG.normal(size=5),), {"rate": 0.5}, "eval"),
    ("batchnorm", (RNG.normal(size=(4, 3)), GAMMA, BETA, MEAN, VAR), {}, "eval"),
    ("batchnorm", (RNG.normal(size=(2, 3, 2, 2)), GAMMA, BETA, MEAN, VAR), {"axis": 1, "eps": 0.1}, "train"),
    ("batchnorm", (RNG.normal(size=(2, 3, 2, 2)), GAMMA, BETA, MEAN, VAR), {"axis": 1}, "eval"),
    ("batchnorm", (RNG.normal(size=(2, 4, 3)), GAMMA, BETA, MEAN, VAR), {"axis": 2}, "train"),
    ("batchnorm", (RNG.normal(size=(3, 4)), GAMMA, BETA, MEAN, VAR), {"axis": 0}, "train"),
    ("batchnorm", (RNG.normal(size=(3, 4)), GAMMA, BETA, MEAN, VAR), {"axis": 0}, "eval"),
    ("batchnorm", (RNG.normal(size=3), GAMMA, BETA, MEAN, VAR), {}, "eval"),
    ("batchnorm", (RNG.normal(size=(4, 3)), GAMMA, BETA, MEAN, VAR), {"mode": "eval"}, "train"),
    ("batchnorm", (RNG.normal(size=(2, 3, 2)), GAMMA, BETA, MEAN, VAR), {"mode": "eval", "axis": 1}, "train"),
    ("batchnorm", (RNG.normal(size=(4, 3)), GAMMA, BETA, MEAN, VAR), {"mode": "train"}, "eval"),
    ("dropout", (RNG.normal(size=(3, 4)),), {"rate": 0.25, "mode": "eval"}, "train"),
    ("dropout", (RNG.normal(size=(3, 4)),), {"rate": 0.25, "mode": "train"}, "eval"),
    ("layernorm", (RNG.normal(size=(2, 4, 3)), GAMMA, BETA), {"eps": 0.1}, "train"),
    ("layernorm", (RNG.normal(size=3), GAMMA, BETA), {}, "train"),
    ("gelu", (RNG.normal(size=(3, 4)),), {"approximate": "tanh"}, "train"),
    ("sigmoid", (np.float64(0.3),), {}, "train"),
    ("relu", (np.float64(-0.3),), {}, "train"),
    ("leaky_relu", (np.array([-0.5, 0.5]),), {"slope": 0.3}, "train"),
    ("elu", (np.array([-0.5, 0.5]),), {"alpha": 1.7}, "train"),
    ("softmax", (RNG.normal(size=(2, 3, 4)),), {"axis": 1}, "train"),
    ("softmax", (RNG.normal(size=4),), {"axis": 0}, "train"),
    ("log_softmax", (RNG.normal(size=(2, 3, 4)),), {"axis": 0}, "train"),
    *(
        (name, (RNG.uniform(0.1, 0.9, size=(2, 3, 4)), t), {"reduction": reduction}, "train")
        for name in CLASS_LOSSES
        for reduction in ("mean", "sum")
        for t in (SOFT, LABELS, LABELS.astype(float))
    ),
    *(
        (name, (RNG.uniform(0.1, 0.9, size=4), t), {}, "train")
        for name in CLASS_LOSSES
        for t in (LABELS[0, 0], SOFT[0, 0])
    ),
    *((name, tuple(RNG.uniform([[[0.3]], [[0.6]]], [[[0.4]], [[0.9]]], size=(2, 3, 4))), {"reduction": "sum"}, "train")
      for name in ELEMENT_LOSSES),
    *((name, (np.float64(0.4), np.float64(0.7)), {}, "train") for name in ELEMENT_LOSSES),
    ("huber", (np.array([-3.0, 0.3, 4.0]), np.zeros(3)), {"delta": 2.0}, "train"),
    ("bce", (np.array([0.05, 0.3, 0.95]), np.array([0.2, 0.5, 0.9])), {"clip": 0.1}, "train"),
    ("hinge", (np.array([0.5, 0.5, 2.0]), np.array([1.0, -1.0, 1.0])), {"reduction": "sum"}, "train"),
    ("l2_penalty", (RNG.normal(size=3),), {"rate": 0.5, "half": False}, "train"),
    *(
        (name, (RNG.uniform(0.1, 0.9, size=(2, 3, 4)), t), {"reduction": reduction, **choices}, "train")
        for name in CLASS_LOSSES
        for reduction in ("mean", "sum")
        for t, choices in (
            (LABELS, {"weight": [0.5, 2.0, 0.0, 1.5]}),
            (LABELS, {"ignore_index": 1}),
            (np.where(LABELS == 1, -100, LABELS), {"ignore_index": -100}),
            (LABELS, {"label_smoothing": 0.1}),
            (LABELS.astype(float), {"label_smoothing": 0.3, "weight": [0.5, 2, 3, 1.5], "ignore_index": 0}),
            (SOFT, {"weight": [0.5, 2.0, 3.0, 1.5]}),
            (SOFT, {"label_smoothing": 0.2}),
            (SOFT, {"label_smoothing": 1, "weight": [0.5, 2.0, 3.0, 1.5]}),
        )
    ),
    *(
        (name, (RNG.uniform(0.1, 0.9, size=4), t), choices, "train")
        for name in CLASS_LOSSES
        for t, choices in (
            (LABELS[0, 0], {"weight": [0.5, 2.0, 3.0, 1.5], "ignore_index": 3}),
            (SOFT[0, 0], {"weight": [0.5, 2.0, 3.0, 1.5], "label_smoothing": 0.25}),
        )
    ),
    *(
        ("cross_entropy", (CLIPPED, t), {"clip": 0.2, **choices}, "train")
        for t, choices in (
            (np.array([0, 2, 1]), {}),
            (np.array([0, 2, 1]), {"ignore_index": 2, "label_smoothing": 0.1}),
            (SOFT[0, :, :3], {}),
            (SOFT[0, :, :3], {"weight": [1, 2, 3]}),
        )
    ),
    ("smooth_l1", (np.array([-3.0, 0.3, 4.0]), np.zeros(3)), {"beta": 2.0, "reduction": "sum"}, "train"),
    ("smooth_l1", (np.array([-3.0, 0.3, 4.0]), np.zeros(3)), {"beta": 0}, "train"),
    ("relu6", (np.float64(7.3),), {}, "train"),
    ("hardswish", (np.float64(-1.3),), {}, "train"),
    ("gather", (RNG.normal(size=(4, 3)), np.array([[1, 1, -4]])), {"axis": 0}, "train"),
    ("gather", (RNG.normal(size=(2, 3, 2)), np.array([[[0], [2], [-1], [0]]])), {"axis": -2}, "train"),
    ("gather", (RNG.normal(size=3), np.array([2.0, 2.0, 0.0, 2.0])), {"axis": 0}, "train"),
    ("pick", (RNG.normal(size=(4, 3)), np.array([2, -3])), {"n": 2}, "train"),
    ("pick", (RNG.normal(size=(3, 2, 4)), np.array([1.0, 0.0, 1.0])), {}, "train"),
    ("embedding", (np.array([[3, 0], [3, 1]]), RNG.normal(size=(4, 2))), {"padding_idx": 3}, "train"),
    ("embedding", (np.array([3, 0, 3, 1]), RNG.normal(size=(4, 2))), {"padding_idx": -4}, "train"),
]  # fmt: skip
MODES = ("train", "eval")
EXAMPLES = [case_of(op, mode=mode) for mode in MODES for op in OPS]
CASES = EXAMPLES + [case_of(get(name), *rest) for name, *rest in VARIANTS]


def ids(cases: list[Case]) -> list[str]:
    return [f"{case.op.name}-{case.mode}-{'-'.join(map(str, case.attrs.values()))}-{case.shapes}" for case in cases]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_contract(case):
    assert problems(case) == []


UNFOLDING = [case for case in CASES if case.op.expand is not None]


@pytest.mark.parametrize("depth", ["y", "all"])
@pytest.mark.parametrize("case", UNFOLDING, ids=ids(UNFOLDING))
def test_steps_give_the_same_values_and_gradients(case, depth):
    assert check_expansion(case, depth) == []


def doctored(op, **methods):
    """The op with something exchanged; it keeps the docstring, so that nothing else is wrong with it."""
    return type("Doctored", (op,), {"__doc__": op.__doc__, **methods})


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_an_op_doctored_in_nothing_is_sound(case):
    assert problems(replaced(case, doctored(case.op))) == []


def wrong(value):
    """1.01 times too large; where that changes nothing, plainly wrong."""
    value = np.asarray(value)
    if value.dtype == bool:
        return np.logical_not(value)
    return (value * 1.01 if np.any(value) else value + 1.0)[()]


def wrong_forward(op):
    def forward(ctx, *primals, **attrs):
        value, residuals = op.forward(ctx, *primals, **attrs)
        return wrong(value), residuals

    return doctored(op, forward=staticmethod(forward))


def wrong_vjp(op, k):
    def vjp(ctx, g, primals, *rest, **attrs):
        parts = list(op.vjp(ctx, g, primals, *rest, **attrs))
        parts[k] = np.ones(np.shape(primals[k])) if parts[k] is None else wrong(parts[k])
        return tuple(parts)

    return doctored(op, vjp=staticmethod(vjp))


def wrong_text(text, value):
    """1.01 times too large; where that changes nothing (the rule of sign is 0), 1 more."""
    return f"({text}) * 1.01" if np.any(value) else f"1 + ({text})"


def shown(case, what):
    """Which of the op's texts it shows in the case's mode."""
    return f"eval_{what}" if mode_of(case.attrs, case.mode) == "eval" and case.op.eval_formula is not None else what


def wrong_formula(case):
    return doctored(case.op, **{shown(case, "formula"): wrong_text(case.formula_text(), case.forward()[0])})


def wrong_rule(case, k):
    slot = case.slots[k]
    value, residuals = case.forward()
    part = case.vjp(np.ones(np.shape(value))[()], value, residuals)[k]
    rules = {**case.local_texts(), case.key(slot): wrong_text(case.rule(slot), part)}
    return doctored(case.op, **{shown(case, "local"): rules})


def replaced(case, op):
    return Case(op, case.primals, case.attrs, case.mode)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_wrong_forward_is_found(case):
    assert problems(replaced(case, wrong_forward(case.op)))


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_wrong_vjp_is_found_in_each_slot(case):
    for k, slot in enumerate(case.slots):
        if is_differentiable(case, k):
            assert problems(replaced(case, wrong_vjp(case.op, k))), slot


def is_differentiable(case, k):
    """A planted cotangent must be noticed, also where there should be none; integer inputs never ask for one."""
    return case.slots[k] in case.op.nograd or np.asarray(case.primals[k]).dtype.kind == "f"


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_wrong_formula_or_rule_is_found(case):
    if case.formula_text() is not None:
        assert problems(replaced(case, wrong_formula(case)))
    for k, slot in enumerate(case.slots):
        if case.rule(slot) is not None:
            assert problems(replaced(case, wrong_rule(case, k))), slot


@pytest.mark.parametrize("case", UNFOLDING, ids=ids(UNFOLDING))
def test_a_wrong_step_is_found(case, monkeypatch):
    right = case.op.expand

    def expand(build, *inputs, **attrs):
        return build("mul", right(build, *inputs, **attrs), 1 + 1e-9, name="wrong")

    monkeypatch.setattr(case.op, "expand", staticmethod(expand))
    assert check_expansion(case)


def test_a_vjp_that_writes_into_its_cotangent_is_found():
    op = get("relu")

    def vjp(ctx, g, primals, value, residuals):
        g *= primals[0] > 0
        return (g,)

    case = case_of(op)
    assert check_untouched(case) == []
    assert check_untouched(replaced(case, doctored(op, vjp=staticmethod(vjp))))


def test_float64_let_in_is_found():
    op = get("relu")
    case = case_of(op)
    widened = doctored(op, forward=staticmethod(lambda ctx, x: (np.maximum(x, np.zeros(1)), ())))
    assert any("float32" in problem for problem in problems(replaced(case, widened)))


def test_a_wrong_shape_and_a_bare_docstring_are_found():
    op = get("relu")
    bad = doctored(op, shape=classmethod(lambda cls, *shapes, **attrs: (*shapes[0], 1)), __doc__="Rectifies.")
    found = problems(replaced(case_of(op), bad))
    assert any("shape()" in problem for problem in found)
    assert any("docstring" in problem for problem in found)


def test_every_slot_without_a_rule_is_declared_to_have_none():
    for case in EXAMPLES:
        for slot, x in zip(case.slots, case.primals, strict=True):
            if case.rule(slot) is None:
                assert slot in case.op.nograd or np.asarray(x).dtype.kind != "f", (case.op.name, slot)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_how_an_array_lies_in_memory_changes_nothing(case):
    with np.errstate(all="ignore"):
        assert check_layouts(case) == []


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_empty_arrays_single_elements_and_plain_numbers(case):
    for other in resized(case):
        assert problems(other) == [], other.shapes
        with np.errstate(all="ignore"):
            assert check_layouts(other) == [], other.shapes


EDGES = [
    ("reshape", np.zeros((0, 3)), {"shape": (3, 0)}), ("reshape", np.float64(2.0), {"shape": (1, 1)}),
    ("broadcast_to", np.zeros((0, 1)), {"shape": (2, 0, 3)}), ("broadcast_to", np.float64(2.0), {"shape": (2, 1)}),
    ("index", np.zeros((0, 3)), {"key": ":, 1"}), ("index", np.ones((1, 1)), {"key": "0"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "given"), EDGES)
def test_the_same_for_ops_whose_examples_name_sizes(name, x, given):
    case = case_of(get(name), (x,), given)
    assert problems(case) == []
    assert check_layouts(case) == []


def test_no_other_op_refuses_an_empty_array_or_a_single_element():
    named = {name for name, *_ in EDGES}
    for op in OPS:
        made = [shape for given in CASES if given.op is op for case in resized(given) for shape in case.shapes]
        assert op.name in named or (any(0 in shape for shape in made) and any(1 in shape for shape in made)), op.name


def flawed(op, vjp=None, forward=None):
    methods = {"vjp": vjp, "forward": forward}
    return doctored(op, **{name: staticmethod(made) for name, made in methods.items() if made is not None})


def test_labels_taken_off_a_copy_are_found():
    """softmax_cross_entropy as it once was: the reshape of logits that lie otherwise is a copy."""
    op = get("softmax_cross_entropy")

    def vjp(ctx, g, primals, value, residuals, reduction, **choices):
        (x, t), (p,) = primals, residuals
        g = batch_share(g, x, reduction)
        gx = p * g
        labels = indices(t)
        gx.reshape(-1, x.shape[-1])[np.arange(len(labels)), labels] -= g
        return gx, None

    case = case_of(op, (RNG.normal(size=(2, 3, 4)), LABELS), {})
    bad = replaced(case, flawed(op, vjp))
    assert problems(bad) == []
    found = check_layouts(bad)
    assert any(text.startswith("kept 0 F-ordered: vjp 0: differs") for text in found)
    assert "all transposed" in {text.split(": ")[0] for text in found}


def test_elements_taken_as_they_lie_are_found():
    op = get("tanh")
    as_they_lie = flawed(op, forward=lambda ctx, x: (np.tanh(x.ravel("K")).reshape(x.shape), ()))
    assert any("forward" in text for text in check_layouts(replaced(case_of(op), as_they_lie)))
    sent = flawed(
        op, lambda ctx, g, primals, value, kept: ((g.ravel("K") * (1 - value.ravel() ** 2)).reshape(g.shape),)
    )
    found = check_layouts(replaced(case_of(op), sent))
    assert found
    assert all("vjp" in text for text in found)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writing_into_what_is_given_is_found_in_every_layout(layout):
    op = get("exp")

    def vjp(ctx, g, primals, value, kept):
        value *= g
        return (value,)

    found = check_layouts(replaced(case_of(op), flawed(op, vjp)))
    assert any(f"value {layout}: ValueError" in text for text in found)
