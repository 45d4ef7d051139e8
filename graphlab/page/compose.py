"""Puts a page together: the run and what unfolds of it as steps and arrays, the pictures, the findings, the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphlab import ops
from graphlab.drawing.annotate import Options
from graphlab.drawing.fold import visible_nodes
from graphlab.engine.expand import check_expandable
from graphlab.errors import UsageError
from graphlab.explain.rounding import read
from graphlab.explain.timeline import Timeline
from graphlab.messages import LANGUAGES, did_you_mean, in_language, language, tr
from graphlab.page.arrays import Arrays
from graphlab.page.findings import findings, reasons, without
from graphlab.page.hiding import hidden
from graphlab.page.scenes import Scenes, expandable
from graphlab.page.steps import Steps, unfolded_nodes
from graphlab.page.texts import texts
from graphlab.storyboard import Block, Node, Storyboard, Unfolding, Why
from graphlab.trace import Trace

HIDE = ("values", "gradients", "rules", "later")


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What a user can choose about a page.

    expand: nodes, ops or "all" to open it with unfolded. fold, max_nodes, only, params, title: as in pictures.
    hide: values, gradients, rules, later. full: large arrays whole. lang: the one it opens in; None: ours.
    """

    precision: int = 4
    expand: tuple[str, ...] = ()
    fold: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    max_nodes: int = 150
    params: bool = True
    title: str | None = None
    hide: tuple[str, ...] = ()
    full: bool = False
    lang: str | None = None

    def __post_init__(self) -> None:
        for word in self.hide:
            if word not in HIDE:
                hint, listed = did_you_mean(word, HIDE), ", ".join(HIDE)
                text = "there is no '{word}' to hide{hint}; choose from {listed}"
                raise UsageError(tr(text, word=word, hint=hint, listed=listed))


def storyboard(trace: Trace, options: PageOptions | None = None) -> Storyboard:
    """Everything a page of this run shows.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}")))
    >>> [step.kind for step in storyboard(trace).steps]
    ['forward', 'contribution', 'contribution', 'add', 'seed']
    """
    return _Page(trace, options or PageOptions()).made()


class _Page:
    def __init__(self, trace: Trace, options: PageOptions) -> None:
        self.trace, self.options = read(trace), options
        self.arrays = Arrays(options.full)
        self.steps = Steps(
            self.arrays, options.precision, rules="rules" not in options.hide,
            numbers=not {"values", "gradients"} & set(options.hide),
        )  # fmt: skip
        self.known = {node.name: i for i, node in enumerate(trace.graph.nodes)}
        self.nodes: list[Node] = []

    def made(self) -> Storyboard:
        trace, options = self.trace, self.options
        for name in options.expand:
            check_expandable(trace.graph, name)
        timeline, names = Timeline(trace), list(range(len(trace.graph)))
        drawn = Options(precision=options.precision, fold=options.fold, only=options.only, max_nodes=options.max_nodes,
                        params=options.params)  # fmt: skip
        shown = set(visible_nodes(trace.graph, Options(only=options.only), trace.mode))
        why = {} if {"gradients", "rules"} & set(options.hide) else reasons(trace)
        self._add_nodes(trace, names, why)
        blocks = tuple([Block(i, *self.steps.block(timeline, i, names)) for i in trace.plan.order if i in shown])
        seed = self.steps.seed(timeline, names)
        scenes = Scenes(trace, drawn, self.known)
        able = [name for name in expandable(trace, options.expand) if self.known[name] in shown and not trace.summaries]
        unfoldings = tuple([self._unfolding(name, scenes) for name in able])
        unfold = [name for name in able if {"all", name, trace.graph[name].op} & set(options.expand)]
        lang = options.lang or language()
        languages = [lang, *(other for other in LANGUAGES if other != lang)]
        board = Storyboard(
            title=trace.graph.name if options.title is None else options.title,
            lang=lang,
            precision=options.precision,
            arrays=tuple(self.arrays.all),
            nodes=tuple(self.nodes),
            steps=tuple(self.steps.all),
            blocks=blocks,
            unfoldings=unfoldings,
            seed=seed,
            loss=trace.plan.target if seed is not None else None,
            scenes=tuple(scenes.make(languages, able, unfold)),
            hide=options.hide,
            texts={language: self._texts(language) for language in languages},
        )
        return hidden(findings(trace, board, languages))

    def _texts(self, lang: str) -> dict[str, str]:
        with in_language(lang):
            none = {_without(i): text for i, text in without(self.trace).items()}
        return texts(lang) | {"title": self._title(lang)} | none

    def _title(self, lang: str) -> str:
        """The model's name, which in the samples has other languages too."""
        if self.options.title is not None:
            return self.options.title
        with in_language(lang):
            return tr(self.trace.graph.name)

    def _add_nodes(self, trace: Trace, places: list[int], why: dict[int, Why], only: Sequence[int] = (),
                   part_of: int | None = None) -> None:  # fmt: skip
        none = {} if part_of is not None else without(trace)
        for i in only or range(len(trace.graph)):
            node = trace.graph.nodes[i]
            inputs = [places[j] if j < len(trace.graph) else None for j in trace.plan.operands[i]]
            grad = trace.cotangents[i] if trace.cotangents is not None else None
            self.nodes.append(
                Node(
                    node.name, node.op, node.role, ops.get(node.op).family, node.scope, trace.plan.shapes[i],
                    tuple(node.slots), tuple(inputs), self.arrays.place(trace.values[i]), self.arrays.place(grad),
                    part_of, why.get(i), _without(i) if i in none else None,
                )
            )  # fmt: skip

    def _unfolding(self, name: str, scenes: Scenes) -> Unfolding:
        """A node's steps, on the page after all that is there."""
        trace = scenes.run(frozenset([name])).trace
        timeline = Timeline(trace)
        inside = dict(unfolded_nodes(timeline, self.known, name))
        start = len(self.nodes)
        scenes.steps_of[name] = {text: start + n for n, text in enumerate(inside.values())}
        places = scenes.places(trace, frozenset([name]))
        self._add_nodes(trace, places, {}, list(inside), part_of=self.known[name])
        work = [self.steps.block(timeline, i, places) for i in inside if not trace.graph.nodes[i].is_leaf]
        forward = tuple([at for made, _ in work for at in made])
        backward = tuple([at for _, sent in reversed(work) for at in sent])
        return Unfolding(self.known[name], forward, backward)


def _without(i: int) -> str:
    """The key of the text that says why a node has no gradient."""
    return f"no gradient {i}"
