"""Trace → Handout: what the page says, section by section."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from graphlab import ops
from graphlab.base.numbers import number, shape_text
from graphlab.check.gradients import check_node
from graphlab.debug.breakpoints import matching
from graphlab.debug.session import Experiments
from graphlab.engine.doubts import DoubtWarning
from graphlab.errors import GraphlabError, UsageError
from graphlab.explain.barriers import unreached
from graphlab.explain.cancelling import notes
from graphlab.explain.rounding import without_noise
from graphlab.explain.worked import convention_of, for_rounding
from graphlab.formula.show import symbol
from graphlab.handout.askable import GIVEN, Asking
from graphlab.handout.blanks import with_blanks
from graphlab.handout.content import Block, Equation, Figure, Handout, Heading, Paragraph, Step, Table, Value, plain
from graphlab.handout.equations import (
    WHOLE,
    backward_equation,
    entry_equation,
    forward_equation,
    sum_equation,
    value_of,
)
from graphlab.handout.figures import HIGH, fitted
from graphlab.handout.givens import has_large, rows_given
from graphlab.messages import LANGUAGES, did_you_mean, in_language, tr
from graphlab.trace import Trace

SECTIONS = (
    "given",
    "picture",
    "forward",
    "backward-picture",
    "backward",
    "gradients",
    "update",
    "check",
    "conventions",
)
PAGE, ABOVE, ROW, LEAST = 700.0, 240.0, 17.0, 260.0  # points: a page, what stands above a table, its rows, a figure
STEPS = 40  # of each direction that are shown unless nodes are named
NOISE = 1e-12  # a derivative below it is what rounding left of a 0
LISTED = 32  # numbers of an array in a table of them, up to which it is printed whole
CHECKED = 200  # elements of a parameter up to which it is checked on the page


@dataclass(frozen=True, slots=True)
class HandoutOptions:
    """What a handout shows.

    sections: which of SECTIONS, in their order; () is all that the run has. nodes: names, patterns or op:NAME whose
    steps are shown. lr: the learning rate η of the update. paper: a4 or letter. theme: light or print. blanks: the
    share of answers left blank, 0 to 1; kinds: of value, gradient, rule, shape; seed: which. answers: with the key.
    varied: the numbers are not the model's own, of which its description may speak. lang: en or ko.
    """

    sections: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    precision: int = 4
    lr: float = 0.1
    title: str = ""
    question: str = ""
    paper: str = "a4"
    theme: str = "light"
    blanks: float = 0.0
    kinds: tuple[str, ...] = ("value", "gradient")
    seed: int = 0
    answers: bool = False
    varied: bool = False
    lang: str = "en"

    def __post_init__(self) -> None:
        for section in self.sections:
            if section not in SECTIONS:
                hint, known = did_you_mean(section, SECTIONS), ", ".join(SECTIONS)
                text = "there is no section '{section}'{hint}; there are: {known}"
                raise UsageError(tr(text, section=section, hint=hint, known=known))
        if self.lang not in LANGUAGES:
            text = "there is no language '{lang}'; there are: {known}"
            raise UsageError(tr(text, lang=self.lang, known=", ".join(LANGUAGES)))
        if not 0 <= self.blanks <= 1:
            raise UsageError(tr("the share of blanks is {share} but must be from 0 to 1", share=self.blanks))


def compose(trace: Trace, options: HandoutOptions | None = None) -> Handout:
    """The handout of a run.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}")))
    >>> [block.text for block in compose(trace).blocks if isinstance(block, Heading)][:2]
    ['What is given', 'The graph']

    Raises TraceError where a trace file left arrays out, ModelError for nodes that are not there.
    """
    options = options or HandoutOptions()
    with in_language(options.lang):
        return _composed(trace, options)


def _composed(trace: Trace, options: HandoutOptions) -> Handout:
    wanted = options.sections or SECTIONS
    if options.blanks:  # these tell the answers
        wanted = tuple(section for section in wanted if section not in ("gradients", "update", "check"))
    if not wanted:
        raise UsageError(
            tr("on a worksheet these sections would tell the answers: {names}", names=", ".join(options.sections))
        )
    composer = _Composer(without_noise(trace.check_whole()), options, wanted)
    blocks: list[Block] = []
    for section in SECTIONS:
        if section in wanted:
            blocks += getattr(composer, section.replace("-", "_"))()
    title = options.title or tr(symbol(trace.graph.name)) or tr("A computational graph")
    page = Handout(title, tuple(blocks), options.paper, options.theme, lang=options.lang)
    if not options.blanks:
        return page
    page = with_blanks(page, options.blanks, options.kinds, options.seed, options.answers, composer.asking.may)
    if not page.key:
        text = "nothing on this page can be left blank: its arrays are too large, or no result was chosen to be on it"
        raise UsageError(tr(text))
    return page


class _Composer:
    def __init__(self, trace: Trace, options: HandoutOptions, sections: Collection[str]) -> None:
        self.trace = trace
        self.options = options
        graph = trace.graph
        asked = sorted({i for name in options.nodes for i in matching(graph, name)}) if options.nodes else None
        self.order = [i for i in trace.plan.order if asked is None or i in asked]
        self.back = [i for i in reversed(trace.plan.order) if self._sent(i) and (asked is None or i in asked)]
        self.shown = len(trace.graph) if asked is not None else STEPS
        steps = (("forward", self.order), ("backward", self.back))
        of = [{i for _, i in self._numbered(order)} if section in sections else set() for section, order in steps]
        self.asking = Asking(trace, *of)
        wanted = self.asking.wanted(options.kinds) if options.blanks else []
        self.given_rows = rows_given(trace, wanted, options.precision, GIVEN if options.blanks else WHOLE)

    def _sent(self, i: int) -> bool:
        parts = self.trace.contributions[i] if self.trace.contributions is not None else None
        return parts is not None and any(part is not None for part in parts)

    def given(self) -> Iterator[Block]:
        """The question, and every leaf with its value."""
        graph, options = self.trace.graph, self.options
        yield Heading(tr("What is given"))
        if graph.description and not options.varied:
            yield Paragraph(tr(graph.description))
        yield Paragraph(options.question or self._question())
        yield Table((tr("name"), tr("role"), tr("shape"), tr("value")), self.given_rows, (False, False, False, False))
        if options.blanks and has_large(self.trace):
            text = (
                "Of a large array the page has only its mean μ, standard deviation σ and extremes; results that need "
                "all of it are printed, not asked for."
            )
            yield Paragraph(tr(text), quiet=True)
        if self.trace.mode == "eval":
            yield Paragraph(tr("This is a run in inference mode."))

    def _question(self) -> str:
        target = self.trace.graph.target
        params = [f"∂L/∂{symbol(node.name)}" for node in self.trace.graph.leaves("param")]
        if target is None or not self.trace.has_gradients:
            return tr("Compute every node of the graph.")
        some = ", ".join(params[:6]) + (" …" if len(params) > 6 else "")
        if not some:
            return tr(
                "Compute {loss} forward; then, by the chain rule, the gradient of every input.", loss=symbol(target)
            )
        return tr("Compute {loss} forward; then, by the chain rule, {wanted}.", loss=symbol(target), wanted=some)

    def picture(self) -> Iterator[Block]:
        yield Heading(tr("The graph"))
        lines = sum(max(cell.height if isinstance(cell, Value) else 1 for cell in row) for row in self.given_rows)
        beside = PAGE - ABOVE - ROW * lines  # what the table of what is given leaves of its page
        yield self._figure("forward", beside if beside >= LEAST else HIGH)

    def backward_picture(self) -> Iterator[Block]:
        if self.trace.has_gradients and not self.options.blanks:
            yield Heading(tr("The graph backward"))
            yield self._figure("backward", HIGH)

    def _figure(self, view: str, high: float) -> Figure:
        """As much in the picture as can be read on paper; on a worksheet nothing that is asked for."""
        details = ("shapes", "names") if self.options.blanks else ("values", "stats", "shapes", "names")
        detail, diagram = fitted(self.trace, view, self.options.precision, details, high)
        caption = tr("The graph: each card is a node.")
        if view == "backward":
            caption = tr("The same graph backward: from the loss to the leaves; a wider arrow, a larger gradient.")
        elif detail in ("values", "stats"):
            caption = tr("The graph with its values: each card is a node, each arrow carries its value on.")
        return Figure(diagram, view, caption)

    def forward(self) -> Iterator[Block]:
        yield Heading(tr("Forward, step by step"))
        yield from self._steps(self.order, self._forward_step)

    def _forward_step(self, n: int, i: int) -> Step:
        node = self.trace.graph.nodes[i]
        equation = forward_equation(self.trace, i, self.options.precision)
        return Step(n, symbol(node.name), node.op, tuple(self._with_entry(equation, i, None)))

    def backward(self) -> Iterator[Block]:
        """From the loss: where contributions meet their sum, then what the node sends on."""
        trace, precision = self.trace, self.options.precision
        if not trace.has_gradients:
            return
        yield Heading(tr("Backward, step by step"))
        target = trace.graph.target
        if target is not None:
            seed = plain(value_of(trace[target].grad, precision))
            text = "The chain rule starts at {node} with ∂L/∂{node} = {seed}."
            yield Paragraph(tr(text, node=symbol(target), seed=seed), lead=True)
        yield from self._steps(self.back, self._backward_step)
        for j, node in enumerate(trace.graph.nodes):
            total = sum_equation(trace, j, precision) if node.is_leaf else None
            if total is not None and not self.options.nodes:
                yield Step(0, symbol(node.name), tr(node.op), (total,))
        if not self.options.blanks:  # they tell the answers
            for name, said in notes(trace):
                yield Paragraph(f"∂L/∂{symbol(name)}: {said}.")

    def _backward_step(self, n: int, i: int) -> Step:
        trace, precision = self.trace, self.options.precision
        total = sum_equation(trace, i, precision)
        parts = trace.contributions[i]  # type: ignore[index]
        numbered = [(k, backward_equation(trace, i, k, precision)) for k, p in enumerate(parts) if p is not None]
        sent = [one for k, equation in numbered for one in self._with_entry(equation, i, k)]
        node = trace.graph.nodes[i]
        return Step(n, symbol(node.name), node.op, (*((total,) if total else ()), *sent))

    def _with_entry(self, equation: Equation, i: int, k: int | None) -> Iterator[Equation]:
        """An equation; where an array has a NaN or Inf and no numbers are put in, how the first of them came about."""
        yield equation
        if not equation.numbers and not self.options.blanks:  # on a worksheet it would tell
            entry = entry_equation(self.trace, i, k, self.options.precision)
            if entry is not None:
                yield entry

    def _steps(self, order: Sequence[int], step: Callable[[int, int], Step]) -> Iterator[Block]:
        """The steps of these nodes, and where steps are left out how many."""
        last, left_out = 0, len(order) - self.shown
        for n, i in self._numbered(order):
            if n > last + 1:
                yield Paragraph(tr("Steps not shown here: {n}; --nodes chooses which are.", n=left_out), quiet=True)
            yield step(n, i)
            yield from self._conventions(i, back=step == self._backward_step)
            last = n

    def _conventions(self, i: int, back: bool) -> Iterator[Paragraph]:
        """What the formulas of a step count something as that is no number."""
        sent = self.trace.contributions[i] if back and self.trace.contributions is not None else ()
        slots = [k for k, part in enumerate(sent) if part is not None] if back else [None]
        for said in dict.fromkeys(convention_of(self.trace, i, k) for k in slots):
            if said:
                yield Paragraph(tr("Here {convention}.", convention=said), quiet=True)

    def _numbered(self, order: Sequence[int]) -> list[tuple[int, int]]:
        """The nodes whose steps are shown, numbered from 1; of too many the first and the last."""
        numbered = list(enumerate(order, 1))
        half, left_out = self.shown // 2, max(0, len(numbered) - self.shown)
        return numbered[:half] + numbered[half + left_out :]

    def gradients(self) -> Iterator[Block]:
        """Every leaf's gradient."""
        if not self.trace.has_gradients:
            return
        rows = [
            (
                f"∂L/∂{symbol(r.name)}",
                shape_text(r.shape),
                plain(value_of(r.grad, self.options.precision, LISTED)) + for_rounding(self.trace, r.position),
            )
            for r in self.trace if r.node.op in ("input", "param") and r.grad is not None
        ]  # fmt: skip
        if rows:
            yield Heading(tr("All gradients"))
            yield Table((tr("gradient"), tr("shape"), tr("value")), tuple(rows), (False, False, False))
        for name, why in unreached(self.trace):
            yield Paragraph(tr("'{name}' has no gradient: {why}", name=symbol(name), why=why))

    def update(self) -> Iterator[Block]:
        """θ ← θ − η ∂L/∂θ, and the loss after it."""
        trace, precision, lr = self.trace, self.options.precision, self.options.lr
        moved = [n for n in trace.graph.leaves("param") if trace.has_gradients and trace[n.name].grad is not None]
        if not moved or trace.loss is None:
            return
        runs = Experiments(trace)
        yield Heading(tr("One step of gradient descent"))
        try:
            with warnings.catch_warnings():  # what is said of the run after the step is not said of the model
                warnings.simplefilter("ignore", DoubtWarning)
                runs.update(lr)
        except GraphlabError as error:
            text = "With η = {lr} the step leads where the model cannot be run: {why}"
            yield Paragraph(tr(text, lr=number(lr), why=error.message), lead=True)
            return
        said = tr("Each parameter moves against its gradient: θ ← θ − η ∂L/∂θ, with η = {lr}.", lr=number(lr))
        yield Paragraph(said, lead=True)
        pairs = [(n.name, trace[n.name].value, runs.now[n.name].value) for n in moved]
        rows = tuple(
            (symbol(name), *(plain(value_of(x, precision, LISTED)) for x in (old, new))) for name, old, new in pairs
        )
        yield Table((tr("parameter"), tr("before"), tr("after")), rows, (False, False, False))
        before, after = number(trace.loss, precision + 1), number(runs.now.loss or 0.0, precision + 1)
        yield Paragraph(tr("The loss goes from {before} to {after}.", before=before, after=after))

    def check(self) -> Iterator[Block]:
        """Numeric beside analytic, for each small parameter (or input)."""
        trace, graph = self.trace, self.trace.graph
        leaves = graph.leaves("param") or graph.leaves("input")
        few = [n.name for n in leaves if trace.has_gradients and trace[n.name].grad is not None]
        rows: list[tuple[str, str, str]] = []
        for name in few:
            if trace[name].value.size > CHECKED or len(rows) >= 12:
                continue
            found = check_node(trace, name, samples=8)[0]
            if found.worst is None or max(abs(found.worst.analytic), abs(found.worst.numeric)) < NOISE:
                continue
            if found.status in ("ok", "kink"):
                index = "[" + ",".join(map(str, found.worst.index)) + "]" if found.worst.index else ""
                digits = self.options.precision
                rows.append(
                    (
                        f"∂L/∂{symbol(name)}{index}",
                        number(found.worst.numeric, digits),
                        number(found.worst.analytic, digits),
                    )
                )
        if rows:
            yield Heading(tr("Is it right?"))
            said = tr("The same derivatives from differences of the loss itself, (L(θ + h) − L(θ − h)) / 2h:")
            yield Paragraph(said, lead=True)
            yield Table((tr("gradient"), tr("numeric"), tr("analytic")), tuple(rows), (False, True, True))

    def conventions(self) -> Iterator[Block]:
        """What the ops compute, in a sentence each."""
        used = dict.fromkeys(self.trace.graph.nodes[i].op for i in self.order)
        texts = [(name, inspect.cleandoc(ops.get(name).__doc__ or "").partition("\n")[0]) for name in used]
        rows = tuple((name, tr(text)) for name, text in texts if text)
        if rows:
            yield Heading(tr("What the operations mean"))
            yield Table((tr("op"), tr("meaning")), rows, (False, False))


def equations_of(blocks: Sequence[Block]) -> list[Equation]:
    """Every equation on the page."""
    return [equation for block in blocks if isinstance(block, Step) for equation in block.equations]
