"""What every op must keep: each check returns the problems it found, so that planted bugs can prove its worth."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphlab import builder
from graphlab.engine import autodiff
from graphlab.engine.doubts import DoubtWarning
from graphlab.engine.expand import expand
from graphlab.errors import GraphlabError
from graphlab.formula import evaluate, names, parse, show
from graphlab.formula.evaluate import sum_to
from graphlab.ops import Context, Op, check_attrs, mode_of
from graphlab.trace import Trace


@dataclass(frozen=True)
class Case:
    """One call of an op."""

    op: type[Op]
    primals: tuple[Any, ...]
    attrs: dict[str, Any]
    mode: str = "train"
    label: str = ""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [np.shape(x) for x in self.primals]

    @property
    def slots(self) -> tuple[str, ...]:
        return self.op.slot_names(len(self.primals))

    def context(self) -> Context:
        return Context(mode_of(self.attrs, self.mode), np.random.default_rng(5) if self.op.random else None)

    def forward(self, primals: Sequence[Any] | None = None) -> tuple[Any, tuple[Any, ...]]:
        return self.op.forward(self.context(), *(self.primals if primals is None else primals), **self.attrs)

    def vjp(self, g: Any, value: Any, residuals: tuple[Any, ...]) -> tuple[Any, ...]:
        return self.op.vjp(self.context(), g, self.primals, value, residuals, **self.attrs)

    def names(self, value: Any, residuals: tuple[Any, ...]) -> dict[str, Any]:
        """What a formula may speak of."""
        kept = dict(zip(self.op.residuals, residuals, strict=True)) if self.op.residuals else {}
        return {**self.attrs, **kept, **dict(zip(self.slots, self.primals, strict=True)), "y": value}

    def key(self, slot: str) -> str:
        """Under which the slot's rule stands: its own name, or *xs for all of them."""
        texts = self.local_texts()
        return slot if slot in texts or not self.op.variadic() else self.op.slots[-1]

    def rule(self, slot: str) -> str | None:
        return self.local_texts().get(self.key(slot))

    def formula_text(self) -> str | None:
        return self.op.formula_text(self.shapes, self.attrs, self.mode)

    def local_texts(self) -> Mapping[str, str]:
        return self.op.local_texts(self.shapes, self.attrs, self.mode)


def case_of(
    op: type[Op], primals: Sequence[Any] | None = None, attrs: dict[str, Any] | None = None, mode: str = "train"
) -> Case:
    """The op's own example, or another call of it, with its attributes checked and filled in."""
    label = f"{op.name}-{mode}" if attrs is None else f"{op.name}-{mode}-{attrs}"
    if primals is None:
        primals, attrs = op.example(np.random.default_rng(3))
    return Case(op, tuple(primals), check_attrs(op, attrs or {}), mode, label)


def upstream(value: Any) -> Any:
    """A random gradient, no two elements alike."""
    return np.random.default_rng(11).normal(size=np.shape(value))[()]


def differ(what: str, got: Any, want: Any, tolerance: float) -> list[str]:
    """A problem, unless got is want to within the tolerance, relative to the largest element."""
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return [f"{what}: shape {got.shape}, not {want.shape}"]
    if got.size == 0:
        return []
    got, want = got.astype(float), want.astype(float)
    if not np.array_equal(np.isnan(got), np.isnan(want)):
        return [f"{what}: NaN on one side only"]
    finite = np.isfinite(want) & (got != want)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0, where=np.isfinite(want))))
    worst = float(np.max(np.abs(got - want), initial=0.0, where=finite))
    if not np.array_equal(got[np.isinf(want)], want[np.isinf(want)]):
        return [f"{what}: Inf on one side only"]
    return [] if worst <= tolerance * scale else [f"{what}: differs by {worst:.3g}"]


def check_formula(case: Case) -> list[str]:
    """The formula, evaluated, is forward's value."""
    value, residuals = case.forward()
    text = case.formula_text()
    if text is None:
        return []
    return differ("formula", evaluate(parse(text), case.names(value, residuals)), value, 1e-12)


def check_local(case: Case) -> list[str]:
    """Each local rule, evaluated, is vjp's cotangent, before it is summed over broadcast axes."""
    value, residuals = case.forward()
    g = upstream(value)
    known = {**case.names(value, residuals), "upstream": g}
    problems = []
    for slot, x, part in zip(case.slots, case.primals, case.vjp(g, value, residuals), strict=True):
        text = case.rule(slot)
        if part is None or text is None:
            if (part is None) != (text is None):
                problems.append(f"local {slot}: rule {text!r}, but the cotangent is {part!r}")
            continue
        if case.key(slot) != slot:
            known = {**known, case.op.slots[-1][1:].removesuffix("s"): x}
        problems += differ(f"local {slot}", evaluate(parse(text), known), part, 1e-12)
    return problems


def check_numeric(case: Case) -> list[str]:
    """vjp is what central differences, extrapolated to step 0 (Richardson), say of Σ g y."""
    value, residuals = case.forward()
    g = upstream(value)
    problems = []
    for k, part in enumerate(case.vjp(g, value, residuals)):
        slot, x = case.slots[k], case.primals[k]
        labels = slot in case.op.as_is and case.rule(slot) is None
        if slot in case.op.nograd or labels:
            problems += [] if part is None else [f"vjp {slot}: has a cotangent, but is declared to have none"]
            continue
        if part is None:
            problems.append(f"vjp {slot}: has no cotangent")
            continue
        sent = sum_to(part, x) if case.op.elementwise else part
        problems += differ(f"vjp {slot}", sent, _differences(case, k, g), 1e-8)
    return problems


def _differences(case: Case, k: int, g: Any) -> np.ndarray:
    x = np.asarray(case.primals[k])
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):

        def total(step: float, at: tuple[int, ...] = at) -> float:
            moved = x.copy()
            moved[at] += step
            if case.op.held is not None:
                moved = case.op.held(moved, x, **case.attrs)
            value, _ = case.forward((*case.primals[:k], moved[()], *case.primals[k + 1 :]))
            return float(np.sum(g * value))

        wide, narrow = ((total(h) - total(-h)) / (2 * h) for h in (2e-3, 1e-3))
        out[at] = (4 * narrow - wide) / 3
    return out


def check_float32(case: Case) -> list[str]:
    """float32 in, float32 out: the value and every cotangent, close to those of float64."""
    wide, _ = case.forward()
    small = replace(case, primals=tuple(_narrow(x) for x in case.primals))
    value, residuals = small.forward()
    want = "float32" if np.asarray(wide).dtype == "float64" else np.asarray(wide).dtype.name
    problems = [] if np.asarray(value).dtype.name == want else [f"float32: the value is {np.asarray(value).dtype}"]
    problems += differ("float32", value, wide, 1e-4)
    g = np.asarray(upstream(value), "float32")[()]
    for slot, part in zip(small.slots, small.vjp(g, value, residuals), strict=True):
        if part is not None and np.asarray(part).dtype != "float32":
            problems.append(f"float32: the cotangent of {slot} is {np.asarray(part).dtype}")
    return problems


def _narrow(x: Any) -> Any:
    x = np.asarray(x)
    return x.astype("float32")[()] if x.dtype == "float64" else x[()]


def check_untouched(case: Case) -> list[str]:
    """forward writes into no input, vjp into nothing it is given."""
    for x in case.primals:
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    try:
        value, residuals = case.forward()
        g = np.array(upstream(value))
        for array in (g, value, *residuals):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        case.vjp(g, value, residuals)
    except ValueError as error:
        return [f"writes into what it is given: {error}"]
    return []


def check_shape(case: Case) -> list[str]:
    """shape() says what forward makes, and each cotangent has its input's shape."""
    value, residuals = case.forward()
    problems = []
    if case.op.shape(*case.shapes, **case.attrs) != np.shape(value):
        problems.append(f"shape() says {case.op.shape(*case.shapes, **case.attrs)}, forward gave {np.shape(value)}")
    for slot, x, part in zip(case.slots, case.primals, case.vjp(upstream(value), value, residuals), strict=True):
        sent = sum_to(part, x) if part is not None and case.op.elementwise else part
        if sent is not None and np.shape(sent) != np.shape(x):
            problems.append(f"shape: the cotangent of {slot} is {np.shape(sent)}, its input {np.shape(x)}")
    return problems


def check_documented(case: Case) -> list[str]:
    """Shapes and an example that runs; a formula or the reason why not; texts of known names that can be shown."""
    op, doc = case.op, case.op.__doc__ or ""
    problems = [f"docstring: no {part!r}" for part in (">>>", "→") if part not in doc]
    formula = case.formula_text()
    if formula is None and "formula" not in doc:
        problems.append("docstring: no formula, and no reason why")
    if (op.eval_formula is None) != (op.eval_local is None):
        problems.append("eval mode: a formula without local rules of its own, or rules without a formula")
    texts = dict(case.local_texts())
    known = {*case.slots, *case.attrs, *op.residuals, "y", "upstream", "none", "true", "false", "pi"}
    known |= {op.slots[-1][1:].removesuffix("s")} if op.variadic() else set()
    for text in [*texts.values(), *([formula] if formula else [])]:
        strange = names(parse(text)) - known
        problems += [f"text {text!r}: unknown names {sorted(strange)}"] if strange else []
        problems += [] if show(parse(text), attrs=case.attrs) else [f"text {text!r}: shows nothing"]
    problems += [f"attribute {name}: no help" for name, attr in op.attrs.items() if not attr.help]
    return problems


def _like(x: np.ndarray, base: np.ndarray, key: Any) -> np.ndarray:
    """x as a view of a larger array or of one in another order."""
    base[key] = x
    return base[key]


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "F-ordered": np.asfortranarray,
    "transposed": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0),
    "sliced": lambda x: _like(x, np.zeros([2 * n for n in x.shape], x.dtype), (slice(None, None, 2),) * x.ndim),
    "reversed": lambda x: _like(x, np.zeros(x.shape, x.dtype), (slice(None, None, -1),) * x.ndim),
    "in the middle": lambda x: _like(x, np.zeros([n + 2 for n in x.shape], x.dtype), (slice(1, -1),) * x.ndim),
    "repeated along the first axis": lambda x: np.broadcast_to(x[:1], x.shape),
    "repeated along the last axis": lambda x: np.broadcast_to(x[..., :1], x.shape),
}  # by which an array may lie in memory otherwise than its shape says


def _laid(x: Any, layout: str) -> Any:
    """An array in this layout, not to be written to; anything else as it is."""
    if not isinstance(x, np.ndarray) or x.ndim == 0:
        return x
    out = LAYOUTS[layout](x)
    out.flags.writeable = False
    return out


def _plain(x: Any) -> Any:
    return np.array(x, order="C") if isinstance(x, np.ndarray) and x.ndim else x


def check_layouts(case: Case) -> list[str]:
    """However an argument, the upstream gradient or what was kept lies in memory, value and cotangents are the same."""
    kept = case.forward()[1]
    places = [f"input {slot}" for slot in case.slots] + ["upstream", "value", *(f"kept {n}" for n in range(len(kept)))]
    problems = []
    for layout in LAYOUTS:
        for place in [*places, "all"]:
            problems += [f"{place} {layout}: {text}" for text in _otherwise(case, layout, place)]
    return problems


def _otherwise(case: Case, layout: str, place: str) -> list[str]:
    """How forward and vjp differ with one thing laid out otherwise from the same numbers in C order."""

    def laid(name: str, x: Any) -> tuple[Any, Any]:
        x = _laid(x, layout) if place in (name, "all") else x
        return x, _plain(x)  # where the layout repeats elements, the plain run has the repeated ones too

    inputs = [laid(f"input {slot}", x) for slot, x in zip(case.slots, case.primals, strict=True)]
    mine, plain = (replace(case, primals=tuple(pair[k] for pair in inputs)) for k in (0, 1))
    try:
        (value, kept), (want, also) = mine.forward(), plain.forward()
        problems = _unlike("forward", [value, *kept], [want, *also])
        g, g0 = laid("upstream", upstream(want))
        y, y0 = laid("value", want)
        rest = [laid(f"kept {n}", x) for n, x in enumerate(also)]
        parts = mine.vjp(g, y, tuple(pair[0] for pair in rest))
        return problems + _unlike("vjp", parts, plain.vjp(g0, y0, tuple(pair[1] for pair in rest)))
    except (ValueError, IndexError) as error:
        return [f"{type(error).__name__}: {error}"]


def _unlike(what: str, got: Sequence[Any], want: Sequence[Any]) -> list[str]:
    problems = []
    for n, (a, b) in enumerate(zip(got, want, strict=True)):
        if (a is None) != (b is None):
            problems.append(f"{what} {n}: there on one side only")
        elif a is not None:
            if np.asarray(a).dtype != np.asarray(b).dtype:
                problems.append(f"{what} {n}: {np.asarray(a).dtype}, not {np.asarray(b).dtype}")
            problems += differ(f"{what} {n}", a, b, 1e-14)
    return problems


def resized(case: Case) -> list[Case]:
    """The same call with all axes of one length cut to 0 or to 1, and with no axes at all: those that the op takes."""
    lengths = sorted({n for shape in case.shapes for n in shape if n > 1})
    cut = [tuple(_cut(x, length, n) for x in case.primals) for length in lengths for n in (0, 1)]
    cut.append(tuple(np.asarray(x).reshape(-1)[0] for x in case.primals))
    return [made for primals in cut if takes(made := replace(case, primals=primals))]


def _cut(x: Any, length: int, n: int) -> Any:
    return x[tuple(slice(n) if size == length else slice(None) for size in np.shape(x))] if np.ndim(x) else x


def takes(case: Case) -> bool:
    """Whether these shapes and values make a call of the op; it says so itself."""
    try:
        with np.errstate(all="ignore"):
            case.op.shape(*case.shapes, **case.attrs)
            case.forward()
    except GraphlabError:
        return False
    return True


CHECKS: tuple[Callable[[Case], list[str]], ...] = (
    check_formula, check_local, check_numeric, check_float32, check_untouched, check_shape, check_documented,
)  # fmt: skip


def problems(case: Case) -> list[str]:
    """What all the checks find."""
    with np.errstate(all="ignore"):
        return [problem for check in CHECKS for problem in check(case)]


def run(case: Case, names_to_expand: Sequence[str] = ()) -> Trace:
    """The call as a graph of its own, forward and backward, with these names unfolded."""
    g = builder.Graph()
    refs = [
        g.input(f"in{k}", np.asarray(x), grad=slot not in case.op.nograd)
        for k, (slot, x) in enumerate(zip(case.slots, case.primals, strict=True))
    ]
    y = g.op(case.op.name, *refs, name="y", **case.attrs)
    g.backward_from(y, upstream(case.forward()[0]))
    graph = expand(g, names_to_expand, case.mode) if names_to_expand else g.freeze()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtWarning)  # probabilities that do not add up to 1, say
        return autodiff.backward(autodiff.forward(graph, mode=case.mode))


def check_expansion(case: Case, depth: str = "y") -> list[str]:
    """Fused and unfolded, the value and every gradient agree to within 1e-12 of the sum of their terms' magnitudes."""
    fused, steps = run(case), run(case, [depth])
    before = [steps[i].value for i in steps.graph["y"].inputs if isinstance(i, str)]
    terms = sum((np.max(np.abs(v), initial=0.0) for v in before), np.abs(fused["y"].value))
    found = _apart("expanded value", fused["y"].value, steps["y"].value, terms)
    for k in range(len(case.primals)):
        a, b = fused[f"in{k}"], steps[f"in{k}"]
        if a.grad is None or b.grad is None:
            if a.grad is not None or b.grad is not None:
                found.append(f"expanded gradient of {case.slots[k]}: there on one side only")
            continue
        magnitudes = [np.abs(c.value) for c in (*a.contributions, *b.contributions)]
        found += _apart(f"expanded gradient of {case.slots[k]}", a.grad, b.grad, sum(magnitudes))
    return found


def _apart(what: str, a: Any, b: Any, terms: Any) -> list[str]:
    far = np.abs(a - b) > 1e-12 * terms
    same = ~far & (np.isnan(a) == np.isnan(b))
    return [] if np.all(same) else [f"{what}: {a} but {b}"]
