"""What PyTorch, Keras, JAX and ONNX call an op, and what it is called here; names are compared without case and _.

A name in OURS is another name of that op, one in WRITE an expression. An op of the name itself comes before all of
these, so that one that is added is found at once, though it still stands in NONE_YET.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphlab.messages import did_you_mean, tr

MODULES = (
    "np", "numpy", "jnp", "jax.numpy", "jax.nn", "jax.lax", "lax", "jax", "torch", "torch.nn",
    "torch.nn.functional", "nn",
    "nn.functional", "f", "functional", "tf", "tf.nn", "tf.math", "tf.keras.layers", "tf.keras.activations",
    "keras.ops",
    "keras.layers", "keras.activations", "keras.losses", "tf.keras.losses", "layers", "activations", "losses", "k",
    "math",
    "scipy.special", "optax", "flax.linen", "onnx", "gl", "graphlab", "ops",
)  # fmt: skip
TORCH = ("f", "functional", "nn.functional", "torch.nn.functional", "nn", "torch.nn")
OURS_IN_TORCH = {"crossentropy": "softmax_cross_entropy"}  # which takes logits, unlike the op of its name here
WRITTEN = {
    "reshape": "{op}({x}, shape=[…])", "broadcast_to": "{op}({x}, shape=[…])", "clip": "{op}({x}, min=…, max=…)",
    **dict.fromkeys(("matmul", "maximum", "minimum", "add", "sub", "mul", "div", "pow"), "{op}({x}, …)"),
}  # fmt: skip
OURS = {
    "add": "addition plus",
    "sub": "subtract minus",
    "mul": "multiply times product hadamard",
    "div": "divide truedivide truediv",
    "neg": "negative negate",
    "pow": "power floatpower",
    "matmul": "mm bmm mv dot gemv linalgmatmul batchmatmul tensordot",
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
    "sigmoid": "logistic expit",
    "hard_sigmoid": "hardsigmoidactivation",
    "tanh": "hyperbolictangent",
    "softplus": "softplusactivation",
    "softmax": "softmaxactivation",
    "log_softmax": "logsoftmaxactivation",
    "mse": "mseloss meansquarederror l2loss squarederror squareloss meansquared",
    "mae": "l1loss meanabsoluteerror absoluteerror",
    "huber": "huberloss",
    "hinge": "hingeloss hingeembeddingloss multimarginloss",
    "nll": "nllloss negativeloglikelihoodloss negativeloglikelihood",
    "softmax_cross_entropy": "crossentropyloss softmaxcrossentropyloss softmaxcrossentropywithlogits "
    "sparsesoftmaxcrossentropywithlogits softmaxcrossentropywithintegerlabels logitscrossentropy",
    "bce": "bceloss",
    "bce_with_logits": "bcewithlogitsloss sigmoidcrossentropywithlogits sigmoidbinarycrossentropy "
    "binarycrossentropywithlogits sigmoidcrossentropy",
    "batchnorm": "batchnorm1d batchnorm2d batchnorm3d batchnormalization batchnormalisation bn",
    "layernorm": "layernormalization layernormalisation",
    "dropout": "dropout1d alphadropout droplayer",
    "embedding": "embeddinglayer embeddinglookup lookuptable",
    "max": "amax reducemax",
    "min": "amin reducemin",
    "sum": "reducesum nansum addn",
    "mean": "average avg reducemean",
    "var": "variance reducevar",
    "maximum": "elementwisemax fmax",
    "minimum": "elementwisemin fmin",
    "clip": "clamp clipbyvalue hardtanh",
    "where": "select ifelse cond ternary",
    "concat": "concatenate cat hstack vstack",
    "stack": "pack",
    "reshape": "view resize unflatten viewas",
    "flatten": "ravel",
    "transpose": "permute swapaxes swapdims movedim moveaxis t",
    "broadcast_to": "expand tile repeat expandas",
    "stop_gradient": "detach lockgradient nograd",
    "greater": "gt greaterthan",
    "greater_equal": "ge gte greaterorequal",
    "less": "lt lessthan",
    "less_equal": "le lte lessorequal",
    "equal": "eq equals",
    "not_equal": "ne unequal",
    "l2_penalty": "l2 l2regularizer weightdecay l2norm",
}  # fmt: skip
WRITE = {
    **dict.fromkeys(("std", "standarddeviation", "stddev"), "sqrt(var(x))"),
    **dict.fromkeys(("norm", "linalgnorm", "frobeniusnorm"), "sqrt(sum(x ** 2))"),
    **dict.fromkeys(("squeeze", "unsqueeze", "expanddims"), "reshape(x, shape=[…])"),
    **dict.fromkeys(("slice", "getitem", "indexselect", "narrow"), "x[0], x[1:3]"),
    **dict.fromkeys(("constant", "tensor", "array", "asarray"), "[1, 2]"),
    **dict.fromkeys(("addbias", "biasadd"), "x + b"),
    "rsqrt": "x ** -0.5", "log1p": "log(1 + x)", "expm1": "exp(x) - 1", "log2": "log(x) / log(2)",
    "log10": "log(x) / log(10)", "logsumexp": "log(sum(exp(x)))", "tanhshrink": "x - tanh(x)",
    "softsign": "x / (1 + abs(x))", "relu6": "clip(x, min=0, max=6)", "zeroslike": "0 * x", "oneslike": "0 * x + 1",
    "logicaland": "a * b", "logicalor": "maximum(a, b)", "logicalnot": "1 - a",
}  # fmt: skip
LEAVES = ("input", "parameter", "variable", "placeholder")
CLASSES = ("categoricalcrossentropy", "sparsecategoricalcrossentropy")
TWO_CLASSES = ("binarycrossentropy", "logloss")
_NONE_YET = """
conv conv1d conv2d conv3d convtranspose convtranspose2d conv2dtranspose depthwiseconv2d separableconv2d convolution
lstm lstmcell gru grucell rnn rnncell simplernn attention multiheadattention multiheadselfattention
scaleddotproductattention transformer transformerencoderlayer transformerencoder maxpool maxpool1d maxpool2d
maxpool3d maxpooling1d maxpooling2d avgpool avgpool1d avgpool2d averagepooling2d averagepool globalaveragepool
globalaveragepooling2d globalmaxpool adaptiveavgpool2d unfold pad zeropad2d groupnorm groupnormalization
instancenorm instancenorm2d instancenormalization rmsnorm lrn localresponsenorm gather take takealongaxis scatter
scatteradd embeddingbag onehot topk sort argsort cumsum cumprod prod argmax argmin smoothl1loss smoothl1 kldivloss
kldivergence kldiv kullbackleiblerdivergence cosinesimilarity cosineembeddingloss tripletmarginloss tripletmargin
ctcloss poisson poissonnllloss gaussiannllloss focalloss prelu rrelu celu glu swiglu mish hardswish hardshrink
softshrink hardsilu threshold logsigmoid softmin softmax2d maxout dropout2d spatialdropout2d gaussiannoise
gaussiandropout sinh cosh asin acos atan arcsin arccos arctan atan2 asinh acosh atanh floor ceil round mod remainder
fmod trunc einsum outer kron cross trace det linalginv cholesky svd eig solve diag triu tril upsample upsampling2d
interpolate pixelshuffle randn rand lgamma gamma digamma erfc erfinv bilinear nonzero isnan isinf any all flip roll
split chunk
"""
NONE_YET = frozenset(_NONE_YET.split())


def meant(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that a name from elsewhere means; None where there is no one such.

    >>> meant("CrossEntropyLoss", ["softmax_cross_entropy"]), meant("nn.ReLU", ["relu"]), meant("conv2d", ["relu"])
    ('softmax_cross_entropy', 'relu', None)
    """
    module, bare = _parts(name)
    same = {_folded(op): op for op in known}
    wanted = _folded(bare)
    other = OURS_IN_TORCH.get(wanted) if module in TORCH else None
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
        written = WRITTEN.get(found or "", "{op}({x})").format(op=found, x=owner)
        return tr(" (write {written})", written=written) if found else hint_for(method, known)
    if len(name) <= 2:
        return tr(" (a product is written with *: {name} * (…))", name=name)
    return did_you_mean(bare, known)


def _advice(wanted: str) -> str:
    """What to say of a name that means no one op here."""
    if wanted in CLASSES:
        return tr(" (of probabilities it is cross_entropy, of logits softmax_cross_entropy)")
    if wanted in TWO_CLASSES:
        return tr(" (of probabilities it is bce, of logits bce_with_logits)")
    if wanted in LEAVES:
        return tr(" (inputs and params have sections of their own)")
    if wanted in WRITE:
        return tr(" (write {written})", written=WRITE[wanted])
    return tr(" (graphlab has none yet)") if wanted in NONE_YET else ""


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()


def _parts(name: str) -> tuple[str, str]:
    """The library's module that a name is written with, and the rest: np and exp of np.exp; none of x.exp."""
    owner, _, last = name.rpartition(".")
    return (owner.casefold(), last) if owner.casefold() in MODULES else ("", name)


_TABLE = {other: ours for ours, others in OURS.items() for other in others.split()}
