"""Names from PyTorch, Keras, JAX and ONNX: what they are called here, checked against the ops that there are."""

from __future__ import annotations

import pytest

import graphlab as gl
from graphlab.formula import parse
from graphlab.formula.tree import Call, postorder
from graphlab.graph import LEAVES as LEAF_OPS
from graphlab.ops import REGISTRY, foreign
from graphlab.ops.foreign import CLASSES, LEAVES, NONE_YET, OURS, TWO_CLASSES, WRITE, hint_for, meant

OPS = [op for op in REGISTRY if op not in LEAF_OPS]


def test_every_op_that_the_table_points_at_is_there() -> None:
    assert set(OURS) <= set(OPS)
    assert set(foreign.OURS_IN_TORCH.values()) <= set(OPS)
    assert set(foreign.WRITTEN) <= set(OPS)


def test_no_name_is_in_the_table_twice_and_all_are_folded() -> None:
    names = [name for others in OURS.values() for name in others.split()]
    names += [*WRITE, *LEAVES, *CLASSES, *TWO_CLASSES, *NONE_YET]
    assert len(names) == len(set(names)) > 300
    assert [name for name in names if name != foreign._folded(name)] == []


def test_no_name_in_the_table_is_already_an_ops_own() -> None:
    """A table that goes on saying "none yet" of an op that there is would lie; the op itself is found first."""
    own = {foreign._folded(op) for op in OPS}
    stale = {name for others in OURS.values() for name in others.split() if name in own}
    stale |= {name for name in (*NONE_YET, *WRITE) if name in own}
    assert stale == set()


@pytest.mark.parametrize("name", sorted(NONE_YET))
def test_what_there_is_none_of_is_said_only_until_there_is_one(name: str) -> None:
    if meant(name, OPS) is None:
        assert hint_for(name, OPS) == hint_for(name.upper(), OPS) == " (graphlab has none yet)"
        with pytest.raises(gl.GraphlabError, match="graphlab has none yet"):
            gl.loads(f"graphlab: 1\ninputs: {{x: 2}}\nnodes: {{y: {name}(x)}}")
    assert hint_for(name, [*OPS, name]) == f" (did you mean '{name}'?)"


@pytest.mark.parametrize(("name", "written"), WRITE.items())
def test_every_expression_that_is_offered_is_one(name: str, written: str) -> None:
    for text in written.replace("…", "1").split(", ") if "[0]" in written else [written.replace("…", "1")]:
        calls = [part.function for part in postorder(parse(text)) if isinstance(part, Call)]
        assert set(calls) <= set(OPS)
        gl.loads(f"graphlab: 1\ninputs: {{x: [2, 3], a: 1, b: 1}}\nnodes: {{y: '{text.replace('[1]', '[2]')}'}}")


@pytest.mark.parametrize(
    ("names", "op"),
    [
        ("CrossEntropyLoss SoftmaxCrossEntropyLoss nn.CrossEntropyLoss torch.nn.CrossEntropyLoss F.cross_entropy "
         "nn.functional.cross_entropy tf.nn.softmax_cross_entropy_with_logits "
         "optax.softmax_cross_entropy_with_integer_labels", "softmax_cross_entropy"),
        ("BCELoss nn.BCELoss", "bce"),
        ("BCEWithLogitsLoss binary_cross_entropy_with_logits F.binary_cross_entropy_with_logits "
         "tf.nn.sigmoid_cross_entropy_with_logits optax.sigmoid_binary_cross_entropy", "bce_with_logits"),
        ("NLLLoss NegativeLogLikelihoodLoss F.nll_loss", "nll"),
        ("ReLU Relu RELU relu_ jax.nn.relu tf.nn.relu torch.relu keras.activations.relu", "relu"),
        ("LeakyReLU LeakyRelu leakyrelu", "leaky_relu"), ("SiLU swish Swish", "silu"), ("GELU Gelu", "gelu"),
        ("Linear nn.Linear Dense dense fc FC Gemm FullyConnected layers.Dense flax.linen.Dense", "affine"),
        ("MatMul mm bmm np.dot jnp.matmul torch.matmul", "matmul"), ("LogSoftmax F.log_softmax", "log_softmax"),
        ("MSELoss MeanSquaredError mean_squared_error F.mse_loss", "mse"), ("L1Loss MeanAbsoluteError", "mae"),
        ("HuberLoss Huber", "huber"),
        ("BatchNorm1d BatchNorm2d BatchNormalization nn.BatchNorm1d", "batchnorm"),
        ("LayerNorm LayerNormalization", "layernorm"), ("Dropout nn.Dropout", "dropout"), ("Embedding", "embedding"),
        ("ReduceSum np.sum jnp.sum", "sum"), ("ReduceMean", "mean"), ("Concat torch.cat np.concatenate", "concat"),
        ("clamp Clip np.clip", "clip"), ("permute Transpose", "transpose"), ("np.exp torch.exp math.exp EXP", "exp"),
        ("np.log tf.math.log", "log"), ("Softplus", "softplus"), ("HardSigmoid hardsigmoid", "hard_sigmoid"),
        ("detach StopGradient jax.lax.stop_gradient", "stop_gradient"), ("absolute np.abs", "abs"),
        ("np.where", "where"), ("view", "reshape"), ("Reshape", "reshape"), ("Flatten nn.Flatten", "flatten"),
        ("relo", "relu"), ("sigmod", "sigmoid"), ("softmaxx", "softmax"),
    ],
)  # fmt: skip
def test_a_name_from_elsewhere_is_told_its_name_here(names: str, op: str) -> None:
    for name in names.split():
        assert hint_for(name, OPS) == f" (did you mean '{op}'?)", name
        with pytest.raises(gl.GraphlabError, match=f"unknown op '{name}' .*'{op}'"):
            gl.loads(f"graphlab: 1\ninputs: {{x: 2}}\nnodes: {{y: {name}(x)}}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("categorical_crossentropy", "of probabilities it is cross_entropy, of logits softmax_cross_entropy"),
        ("SparseCategoricalCrossentropy", "of probabilities it is cross_entropy, of logits softmax_cross_entropy"),
        ("keras.losses.sparse_categorical_crossentropy", "of logits softmax_cross_entropy"),
        ("binary_crossentropy", "of probabilities it is bce, of logits bce_with_logits"),
        ("BinaryCrossentropy", "of probabilities it is bce, of logits bce_with_logits"),
        ("tf.keras.losses.BinaryCrossentropy", "the target comes last"),
        ("CE", "of probabilities it is cross_entropy, of logits softmax_cross_entropy; the target comes last"),
        ("σ", "did you mean 'sigmoid'?"),
        ("Σ", "did you mean 'sum'?"),
        ("lg", "write log(x) / log(10)"),
        ("exp2", "write 2 ** x"),
        ("hardtanh", "write clip(x, min=-1, max=1)"),
        ("F.logsigmoid", "write -softplus(-x)"),
        ("nn.Identity", "write x + 0"),
        ("tf.gather", "did you mean 'embedding'?"),
        ("np.take", "did you mean 'embedding'?"),
        ("torch.gather", "did you mean 'gather'?"),
        ("np.take_along_axis", "did you mean 'gather'?"),
        ("self.relu", "did you mean 'relu'?"),
        ("x.t", "write transpose(x)"),
        ("W.T", "write transpose(W)"),
        ("h.act.t", "write transpose(h.act)"),
        ("h.act.std", "write sqrt(var(h.act))"),
        ("W.T.sum", "write sum(transpose(W))"),
        ("x.permute", "write transpose(x, axes=[…])"),
        ("F.hinge_embedding_loss", "graphlab has none yet"),
        ("nn.AlphaDropout", "graphlab has none yet"),
        ("len", "graphlab has none yet"),
        ("float", "graphlab has none yet"),
        ("jnp.tensordot", "graphlab has none yet"),
        ("x.sum", "write sum(x)"),
        ("h.act.mean", "write mean(h.act)"),
        ("x.reshape", "write reshape(x, shape=[…])"),
        ("x.clamp", "write clip(x, min=…, max=…)"),
        ("x.detach", "write stop_gradient(x)"),
        ("x.cumsum", "graphlab has none yet"),
        ("np.std", "write sqrt(var(x))"),
        ("nn.Conv2d", "graphlab has none yet"),
        ("nn.LSTM", "graphlab has none yet"),
        ("Input", "inputs and params have sections of their own"),
        ("w", "a product is written with *: w * (…)"),
    ],
)
def test_what_needs_more_than_a_name(name: str, said: str) -> None:
    assert said in hint_for(name, OPS)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("mean(x, dim=0)", "did you mean 'axis'?"), ("softmax(x, dim=-1)", "did you mean 'axis'?"),
        ("transpose(x, perm=[1, 0])", "did you mean 'axes'?"), ("transpose(x, dims=[1, 0])", "did you mean 'axes'?"),
        ("sum(x, keepdim=true)", "did you mean 'keepdims'?"), ("dropout(x, p=0.5)", "did you mean 'rate'?"),
        ("leaky_relu(x, negative_slope=0.1)", "did you mean 'slope'?"),
        ("leaky_relu(x, alpha=0.1)", "did you mean 'slope'?"), ("clip(x, clip_value_min=0)", "did you mean 'min'?"),
        ("batchnorm(x, epsilon=1)", "did you mean 'eps'?"), ("affine(x, out_features=3)", "did you mean 'units'?"),
        ("reshape(x, newshape=[2])", "did you mean 'shape'?"),
    ],
)  # fmt: skip
def test_an_attribute_from_elsewhere_is_told_its_name_here(call: str, said: str) -> None:
    with pytest.raises(gl.GraphlabError, match=r"has no attribute .*it takes: ") as caught:
        gl.loads(f"graphlab: 1\ninputs: {{x: [[1, 2]]}}\nnodes:\n  y: {call}\n")
    assert said in str(caught.value)


def test_every_attribute_that_is_offered_is_one_of_an_op() -> None:
    known = {attr for op in REGISTRY.values() for attr in (*op.attrs, *op.layer_attrs)}
    assert {attr for others in foreign.ATTRIBUTES.values() for attr in others} <= known
    assert [name for name in foreign.ATTRIBUTES if name != foreign._folded(name)] == []
    assert foreign.attribute_hint("quux", known) == foreign.attribute_hint("inplace", ["slope"]) == ""


def test_a_text_does_not_hide_that_there_is_no_such_op() -> None:
    with pytest.raises(gl.GraphlabError, match=r"unknown op 'jnp.einsum' \(graphlab has none yet\)"):
        gl.loads("graphlab: 1\ninputs: {x: 2}\nnodes:\n  y: jnp.einsum('ij,jk->ik', x, x)\n")


def test_the_larger_of_two_is_no_max() -> None:
    for op, other in (("max", "maximum"), ("min", "minimum")):
        for call in (f"{op}(0, x)", f"{op}(x, 0)"):
            with pytest.raises(gl.GraphlabError, match=rf"the {op} of two is {other}\(a, b\)"):
                gl.loads(f"graphlab: 1\ninputs: {{x: 2}}\nnodes: {{y: '{call}'}}")


@pytest.mark.parametrize("name", ["quux", "exec", "os.system", "x.quux", "import_module"])
def test_it_is_silent_where_nobody_knows(name: str) -> None:
    assert hint_for(name, OPS) == ""


HEAD = (
    "graphlab: 1\ninputs: {x: [[1, 2]]}\nparams: {W: [[1], [2]]}\nnodes:\n  block: {fc: x @ W, act: relu(fc), k: 3}\n"
)
HEAD += "  other: {fc: 'affine(x, units=2)'}\n"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("block + 1", "there is no node 'block': it is a scope, whose last node is 'block.act'"),
        ("tanh(block)", "it is a scope, whose last node is 'block.act'"),
        ("other * 2", "there is no node 'other': it is a scope, whose last node is 'other.fc'"),
        ("W.T @ W", "write transpose(W)"),
        ("block.fc.T", "write transpose(block.fc)"),
        ("π * x", "write 3.141592653589793"),
        ("np.pi * x", "write 3.141592653589793"),
        ("x * inf", "inf stands in a node or an input of its own: inf: .inf"),
        ("x * np.nan", "nan stands in a node or an input of its own: nan: .nan"),
        ("Block.fc", "did you mean 'block.fc'?"),
        ("block.fcc", "did you mean 'block.fc'?"),
    ],
)
def test_a_name_that_is_no_node(expression: str, said: str) -> None:
    with pytest.raises(gl.GraphlabError) as caught:
        gl.loads(f"{HEAD}  y: {expression}\n")
    assert said in str(caught.value)


def test_a_scope_inside_a_scope_is_named_as_it_is_written_there() -> None:
    text = "graphlab: 1\ninputs: {x: 2}\nnodes:\n  a:\n    b: {c: x * x, d: c + 1}\n    y: b * 2\n"
    with pytest.raises(gl.GraphlabError, match=r"whose last node is 'b\.d'"):
        gl.loads(text)
    assert gl.loads(text.replace("b * 2", "b.d * 2"))
    with pytest.raises(gl.GraphlabError, match=r"whose last node is 'a\.y'"):
        gl.loads(text.replace("b * 2", "b.d * 2") + "loss: a\n")
