"""graphlab grade: answers to a worksheet marked, with what each wrong one broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from graphlab.lines import Line, Styled
from graphlab.messages import tr

from ..terminal.screen import say_all, say_json, width

if TYPE_CHECKING:
    from graphlab.handout.grading import Mark

_HELP = tr("""Mark answers to a worksheet. KEY is what `graphlab handout --key` wrote; ANSWERS.csv has the columns
blank and answer, and student and variant where there are several.

A wrong answer is compared with what known mistakes would give: a sign, a forgotten fan-out term, a missing transpose, a
forgotten activation or its derivative, a forgotten upstream gradient or local derivative.

\b
Examples:
  graphlab handout model.yaml --worksheet -o sheet.pdf --key key.json
  graphlab grade key.json answers.csv""")


@click.command("grade", help=_HELP, short_help=tr("Mark answers to a worksheet."))
@click.argument("key", type=click.Path(exists=True, dir_okay=False))
@click.argument("answers", metavar="ANSWERS.csv", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--tolerance", metavar="REL", type=click.FloatRange(0), default=0.01,
    help=tr("Relative difference up to which an answer is right (default 0.01)."),
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
def command(key: str, answers: str, tolerance: float, as_json: bool) -> None:
    from graphlab.handout.grading import grade

    marks = grade(key, answers, tolerance)
    if as_json:
        say_json({"marks": [asdict(mark) for mark in marks]})
    else:
        say_all(_lines(marks, width() or 80))


def _lines(marks: Sequence[Mark], columns: int) -> Iterator[Line]:
    """Each student's score, and below it what was wrong."""
    from graphlab.handout.grading import score
    from graphlab.lines.table import Column, table

    students = dict.fromkeys((mark.student, mark.variant) for mark in marks)
    for k, (student, variant) in enumerate(students):
        own = [mark for mark in marks if (mark.student, mark.variant) == (student, variant)]
        right, all_ = score(own)
        name = student or tr("answers")
        head = tr("{name}, variant {n}", name=name, n=variant) if variant else name
        if k:
            yield ""
        yield [Styled(head, "strong"), f": {right} / {all_}"]
        wrong = [mark for mark in own if mark.verdict != "right"]
        if wrong:
            titles = (Column(tr("blank"), right=True), Column(tr("node"), fold=True), Column(tr("answer"), fold=True),
                      Column(tr("expected"), fold=True), Column(tr("what was broken"), fold=True))  # fmt: skip
            yield from table(titles, [_row(mark) for mark in wrong], columns)


def _row(mark: Mark) -> list[Any]:
    import numpy as np

    from graphlab.explain.worked import inline
    from graphlab.formula.show import symbol

    said = tr("no answer") if mark.verdict == "missing" else tr(mark.mistake) if mark.mistake else tr("unknown")
    expected = inline(np.asarray(mark.expected), None)
    return [str(mark.blank), symbol(mark.node), mark.answer, expected, Styled(said, "bad")]
