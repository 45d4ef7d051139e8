"""What PyTorch, Keras, JAX and ONNX call an op, and what it is called here; names are compared without case and _.

A name in OURS is another name of that op, one in WRITE an expression. An op of the name itself comes before all of
these, so that one that is added is found at once, though it still stands in NONE_YET.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from graphlab.messages import did_you_mean, tr

MODULES = (
    "np", "numpy", "jnp", "jax.numpy", "jax.nn", "jax.lax", "lax", "jax", "torch", "torch.nn",
    "torch.nn.functional", "nn",
    "nn.functional", "f", "functional", "tf", "tf.nn", "tf.math", "tf.keras.layers", "tf.keras.activations",
    "keras.ops",
    "keras.layers", "keras.activations", "keras.losses", "tf.keras.losses", "layers", "activations", "losses", "k",
    "math",
    "self", "scipy.special", "optax", "flax.linen", "onnx", "gl", "graphlab", "ops",
)  # fmt: skip
TORCH = ("f", "functional", "nn.functional", "torch.nn.functional", "nn", "torch.nn")
TENSORFLOW = ("tf", "onnx", "keras.ops")
OURS_IN_TORCH = {"crossentropy": "softmax_cross_entropy"}  # which takes logits, unlike the op of its name here
OURS_IN_TENSORFLOW = {"gather": "embedding"}  # which takes whole rows, as ONNX's Gather; PyTorch's takes entries
WRITTEN = {
    "reshape": "{op}({x}, shape=[…])", "transpose": "{op}({x}, axes=[…])", "broadcast_to": "{op}({x}, shape=[…])",
    "clip": "{op}({x}, min=…, max=…)",
    **dict.fromkeys(("matmul", "maximum", "minimum", "add", "sub", "mul", "div", "pow"), "{op}({x}, …)"),
}  # fmt: skip
OURS = {
    "add": "addition plus",
    "sub": "subtract minus",
    "mul": "multiply times product hadamard",
    "div": "divide truedivide truediv",
    "neg": "negative negate",
    "pow": "power floatpower",
    "matmul": "mm bmm mv dot gemv linalgmatmul batchmatmul",
    "affine": "linear dense fc fullyconnected gemm denselayer addmm innerproduct",
    "exp": "exponential",
    "log": "ln logn naturallog",
    "sqrt": "squareroot",
    "square": "sqr",
    "reciprocal": "inv inverse rcp",
    "abs": "absolute fabs absval",
    "sign": "signum sgn",
    "erf": "errorfunction",
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "relu": "rectifier rectifiedlinear",
    "leaky_relu": "lrelu leakyrectify",
    "elu": "exponentiallinear",
    "selu": "scaledelu",
    "gelu": "gaussianerrorlinear fastgelu",
    "silu": "swish",
    "sigmoid": "logistic expit σ",
    "hard_sigmoid": "hardsigmoidactivation",
    "tanh": "hyperbolictangent",
    "softplus": "softplusactivation",
    "softmax": "softmaxactivation",
    "log_softmax": "logsoftmaxactivation",
    "mse": "mseloss meansquarederror l2loss squarederror squareloss meansquared",
    "mae": "l1loss meanabsoluteerror absoluteerror",
    "huber": "huberloss",
    "hinge": "hingeloss",
    "nll": "nllloss negativeloglikelihoodloss negativeloglikelihood",
    "softmax_cross_entropy": "crossentropyloss softmaxcrossentropyloss softmaxcrossentropywithlogits "
    "sparsesoftmaxcrossentropywithlogits softmaxcrossentropywithintegerlabels logitscrossentropy",
    "bce": "bceloss",
    "bce_with_logits": "bcewithlogitsloss sigmoidcrossentropywithlogits sigmoidbinarycrossentropy "
    "binarycrossentropywithlogits sigmoidcrossentropy",
    "batchnorm": "batchnorm1d batchnorm2d batchnorm3d batchnormalization batchnormalisation bn",
    "layernorm": "layernormalization layernormalisation",
    "dropout": "dropout1d droplayer",
    "embedding": "embeddinglayer embeddinglookup lookuptable take",
    "gather": "takealongaxis gatherelements",
    "max": "amax reducemax",
    "min": "amin reducemin",
    "sum": "reducesum addn",
    "mean": "average avg reducemean",
    "var": "variance reducevar",
    "maximum": "elementwisemax fmax",
    "minimum": "elementwisemin fmin",
    "clip": "clamp clipbyvalue",
    "where": "select ifelse cond ternary",
    "concat": "concatenate cat hstack vstack",
    "stack": "pack",
    "reshape": "view resize unflatten viewas",
    "flatten": "ravel",
    "transpose": "permute swapaxes swapdims movedim moveaxis",
    "broadcast_to": "expand expandas",
    "stop_gradient": "detach lockgradient nograd",
    "greater": "gt greaterthan",
    "greater_equal": "ge gte greaterorequal",
    "less": "lt lessthan",
    "less_equal": "le lte lessorequal",
    "equal": "eq equals",
    "not_equal": "ne unequal",
    "l2_penalty": "l2 l2regularizer weightdecay",
}  # fmt: skip
WRITE = {
    **dict.fromkeys(("std", "standarddeviation", "stddev"), "sqrt(var(x))"),
    **dict.fromkeys(("norm", "linalgnorm", "frobeniusnorm", "l2norm"), "sqrt(sum(x ** 2))"),
    **dict.fromkeys(("squeeze", "unsqueeze", "expanddims"), "reshape(x, shape=[…])"),
    **dict.fromkeys(("slice", "getitem", "indexselect", "narrow"), "x[0], x[1:3]"),
    **dict.fromkeys(("constant", "tensor", "array", "asarray"), "[1, 2]"),
    **dict.fromkeys(("addbias", "biasadd"), "x + b"),
    **dict.fromkeys(("log10", "lg"), "log(x) / log(10)"),
    **dict.fromkeys(("t", "adjoint"), "transpose(x)"),
    "exp2": "2 ** x", "hardtanh": "clip(x, min=-1, max=1)", "tile": "concat(x, x, axis=0)",
    "logsigmoid": "-softplus(-x)", "identity": "x + 0", "rsqrt": "x ** -0.5", "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1", "log2": "log(x) / log(2)", "logsumexp": "log(sum(exp(x)))", "tanhshrink": "x - tanh(x)",
    "softsign": "x / (1 + abs(x))", "zeroslike": "0 * x", "oneslike": "0 * x + 1",
    "logicaland": "a * b", "logicalor": "maximum(a, b)", "logicalnot": "1 - a",
}  # fmt: skip
LEAVES = ("input", "parameter", "variable", "placeholder")
CLASSES = ("categoricalcrossentropy", "sparsecategoricalcrossentropy", "ce", "xent")
TWO_CLASSES = ("binarycrossentropy", "logloss")
_NONE_YET = """
conv conv1d conv2d conv3d convtranspose convtranspose2d conv2dtranspose depthwiseconv2d separableconv2d convolution
lstm lstmcell gru grucell rnn rnncell simplernn attention multiheadattention multiheadselfattention
scaleddotproductattention transformer transformerencoderlayer transformerencoder maxpool maxpool1d maxpool2d maxpool3d
maxpooling1d maxpooling2d avgpool avgpool1d avgpool2d averagepooling2d averagepool globalaveragepool
globalaveragepooling2d globalmaxpool adaptiveavgpool2d unfold pad zeropad2d groupnorm groupnormalization instancenorm
instancenorm2d instancenormalization rmsnorm lrn localresponsenorm scatter scatteradd embeddingbag onehot topk sort
argsort cumsum cumprod prod argmax argmin kldivloss kldivergence kldiv kullbackleiblerdivergence cosinesimilarity
cosineembeddingloss tripletmarginloss tripletmargin ctcloss poisson poissonnllloss gaussiannllloss focalloss prelu
rrelu celu glu swiglu mish hardshrink softshrink hardsilu threshold softmin softmax2d maxout dropout2d
spatialdropout2d gaussiannoise gaussiandropout sinh cosh asin acos atan arcsin arccos arctan atan2 asinh acosh atanh
floor ceil round mod remainder fmod trunc einsum outer kron cross trace det linalginv cholesky svd eig solve diag triu
tril upsample upsampling2d interpolate pixelshuffle randn rand lgamma gamma digamma erfc erfinv bilinear nonzero isnan
isinf any all flip roll split chunk tensordot hingeembeddingloss multimarginloss alphadropout repeat nansum len size
numel shape int float bool range heaviside step sequential timedistributed bidirectional activation normalize
"""
NONE_YET = frozenset(_NONE_YET.split())


ATTRIBUTES = {
    **dict.fromkeys(("dim", "axes", "reductionindices", "perm", "dims"), ("axis", "axes")),
    **dict.fromkeys(("size", "newshape", "targetshape"), ("shape",)),
    **dict.fromkeys(("p", "prob", "dropoutprob"), ("rate",)),
    **dict.fromkeys(("negativeslope", "leakiness"), ("slope",)),
    **dict.fromkeys(("epsilon", "eps", "variancepsilon"), ("eps", "clip")),
    **dict.fromkeys(("amin", "minvalue", "clipvaluemin", "low"), ("min",)),
    **dict.fromkeys(("amax", "maxvalue", "clipvaluemax", "high"), ("max",)),
    **dict.fromkeys(("outfeatures", "outputdim", "embeddingdim", "features", "hiddenunits"), ("units",)),
    **dict.fromkeys(("numembeddings", "inputdim", "vocabsize"), ("vocab",)),
    **dict.fromkeys(("kernelinitializer", "initializer"), ("init",)),
    **dict.fromkeys(("classweight", "classweights"), ("weight",)),
    **dict.fromkeys(("training", "train"), ("mode",)),
    "alpha": ("slope",), "smoothing": ("label_smoothing",), "ignoreclass": ("ignore_index",), "keepdim": ("keepdims",),
}  # fmt: skip


def attribute_hint(name: str, known: Iterable[str]) -> str:
    """What to say behind an attribute that an op does not have.

    >>> attribute_hint("dim", ["axis", "keepdims"]), attribute_hint("negative_slope", ["slope"])
    (" (did you mean 'axis'?)", " (did you mean 'slope'?)")
    """
    known = list(known)
    found = next((other for other in ATTRIBUTES.get(_folded(name), ()) if other in known), None)
    return tr(" (did you mean '{word}'?)", word=found) if found else did_you_mean(name, known)


def meant(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that a name from elsewhere means; None where there is no one such.

    >>> meant("CrossEntropyLoss", ["softmax_cross_entropy"]), meant("nn.ReLU", ["relu"]), meant("conv2d", ["relu"])
    ('softmax_cross_entropy', 'relu', None)
    """
    module, bare = _parts(name)
    same = {_folded(op): op for op in known}
    wanted = _folded(bare)
    other = OURS_IN_TORCH.get(wanted) if module in TORCH else None
    other = OURS_IN_TENSORFLOW.get(wanted) if module in TENSORFLOW else other
    other = other or (
        wanted if wanted in same else _TABLE.get(wanted) or wanted.removesuffix("loss").removesuffix("layer")
    )
    return same.get(_folded(other))


def hint_for(name: str, known: Iterable[str]) -> str:
    """What to say behind an unknown op: its name here, how it is written here, or that there is none."""
    known = list(known)
    found = meant(name, known)
    if found is not None:
        return tr(" (did you mean '{word}'?)", word=found)
    bare = _parts(name)[1]
    wanted = _folded(bare)
    if said := _advice(wanted):
        return said
    owner, _, method = bare.rpartition(".")
    if owner:  # x.sum(), x.reshape(…): a method
        found = meant(method, known)
        owner = f"transpose({owner[:-2]})" if owner.endswith(".T") else owner
        if found is None and (method in ("T", "mT") or _folded(method) in WRITE):
            return tr(" (write {written})", written=re.sub(r"\bx\b", owner, WRITE.get(_folded(method), "transpose(x)")))
        written = WRITTEN.get(found or "", "{op}({x})").format(op=found, x=owner)
        return tr(" (write {written})", written=written) if found else hint_for(method, known)
    if len(name) <= 2:
        return tr(" (a product is written with *: {name} * (…))", name=name)
    return did_you_mean(bare, known)


def _advice(wanted: str) -> str:
    """What to say of a name that means no one op here."""
    if wanted in CLASSES:
        return tr(" (of probabilities it is cross_entropy, of logits softmax_cross_entropy; the target comes last)")
    if wanted in TWO_CLASSES:
        return tr(" (of probabilities it is bce, of logits bce_with_logits; the target comes last)")
    if wanted in LEAVES:
        return tr(" (inputs and params have sections of their own)")
    if wanted in WRITE:
        return tr(" (write {written})", written=WRITE[wanted])
    return tr(" (graphlab has none yet)") if wanted in NONE_YET else ""


def _folded(name: str) -> str:
    return name.replace("_", "").casefold() if name != "Σ" else "sum"


def _parts(name: str) -> tuple[str, str]:
    """The library's module that a name is written with, and the rest: np and exp of np.exp; none of x.exp."""
    owner, _, last = name.rpartition(".")
    return (owner.casefold(), last) if owner.casefold() in MODULES else ("", name)


_TABLE = {other: ours for ours, others in OURS.items() for other in others.split()}
