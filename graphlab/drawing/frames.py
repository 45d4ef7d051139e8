"""One position of a timeline as a picture: that of the whole run, with what has not happened yet left blank.

Blank texts keep their room, so that nothing moves from one picture to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from graphlab.diagram import HIDDEN, Arrow, Box, Diagram, Line, Mark, Row, Span
from graphlab.drawing.annotate import Options, annotate
from graphlab.drawing.neurons.picture import Neurons
from graphlab.explain.timeline import Timeline
from graphlab.messages import tr

HERE = " ◀"


class Frames:
    """Every position of a run in the same picture.

    >>> import graphlab as gl
    >>> trace = gl.backward(gl.forward(gl.loads("graphlab: 1\\ninputs: {x: 3}\\nnodes: {y: x * x}")))
    >>> frames = Frames(Timeline(trace), Options(view="both"))
    >>> [span.role for row in frames.at(0).boxes[1].rows for line in row.lines for span in line][:2]
    ['hidden formula', 'hidden plain']
    """

    def __init__(self, timeline: Timeline, options: Options) -> None:
        self.timeline = timeline
        self.whole = annotate(timeline.trace, options)
        self.neurons = Neurons(timeline.trace, options) if options.view.startswith("neurons") else None
        self.index = {node.name: i for i, node in enumerate(timeline.trace.graph.nodes)}
        self.sent_at = {(c, k): p for c in range(len(self.index)) for p, k in self._sends(c)}

    def _sends(self, c: int) -> Iterator[tuple[int, int]]:
        """From which position each of node c's contributions is there."""
        start = self.timeline.sent_from[c]
        for p in range(start, self.timeline.stop_after(start)) if start >= 0 else ():
            moment = self.timeline[p]
            if moment.kind == "contribution":
                yield p + 1, moment.slot

    def at(self, p: int) -> Diagram:
        """The picture after the first p moments."""
        whole, now = self.whole, self.timeline[p - 1].node if p else -1
        if self.neurons is not None:  # its places are fixed: it is drawn of what is known
            seen = self.timeline.like(self.neurons.whole).seen(p)
            return self.neurons.diagram(seen, now, self.caption(p))
        return Diagram(
            title=whole.title,
            subtitle=self.caption(p),  # not the whole's, which knows the loss
            view=whole.view,
            boxes=tuple([self._box(box, p, now) for box in whole.boxes]),
            arrows=tuple([self._arrow(arrow, p) for arrow in whole.arrows]),
            groups=whole.groups,
            direction=whole.direction,
            legend=whole.legend,
            notes=whole.notes,
        )

    def caption(self, p: int) -> str:
        """Step 7 of 26 · backward · fc."""
        count = tr("step {k} of {n}", k=p, n=len(self.timeline))
        if p == 0:
            return count
        moment = self.timeline[p - 1]
        phase = "backward" if moment.kind in ("contribution", "add") else moment.kind
        return f"{count} · {tr(phase)} · {self.timeline.trace.graph.nodes[moment.node].name}"

    def _box(self, box: Box, p: int, now: int) -> Box:
        timeline, i = self.timeline, self.index.get(box.name, -1)
        here = (Span(HERE, "strong" if i == now and i >= 0 else HIDDEN + "strong"),)
        marks = (*box.marks, Mark("now", "")) if i == now and i >= 0 else box.marks
        if i < 0:  # a folded box: what it holds is no single node's
            return box._replace(header=box.header + here)
        arrivals = timeline.arrivals(i)
        complete = bool(arrivals) and arrivals[-1][0] <= p
        sent = timeline.sent_from[i] >= 0 and timeline.stop_after(timeline.sent_from[i]) <= p
        seen = {"value": timeline.made_at[i] <= p, "grad": complete, "sum": complete, "local": complete, "scale": sent}
        seen["formula"] = seen["value"]
        rows = tuple([row if seen.get(row.kind, True) or (not arrivals and row.kind == "grad") else _blank(row)
                      for row in box.rows])  # fmt: skip
        return box._replace(header=box.header + here, rows=rows, marks=marks)

    def _arrow(self, arrow: Arrow, p: int) -> Arrow:
        """What is on an arrow once it is made, or sent; until then it is there without."""
        sources = [self.timeline.trace.plan.operands[c][k] for c, k in arrow.edges]
        sent = [self.sent_at[edge] for edge in arrow.edges if edge in self.sent_at]
        if arrow.kind != "backward" or not sent:  # where nothing is ever sent it says so
            made = all(self.timeline.made_at[source] <= p for source in sources)
            return arrow if made else arrow._replace(lines=_hidden(arrow.lines))
        if max(sent) <= p:
            return arrow
        return arrow._replace(lines=_hidden(arrow.lines), weight=None, marks=(Mark("later", ""),))


def _blank(row: Row) -> Row:
    return row._replace(lines=_hidden(row.lines))


def _hidden(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Unseen, and as high as when seen: plain texts side by side are one text to an engine."""
    return tuple([tuple(_unseen(line)) for line in lines])


def _unseen(line: Line) -> Iterator[Span]:
    for role, spans in groupby(line, key=lambda span: span.role):
        texts = [span.text for span in spans]
        yield from [Span(text, HIDDEN + role) for text in (["".join(texts)] if role == "plain" else texts)]
