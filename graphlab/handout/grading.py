"""Keys for machines, and answers marked: right within a tolerance, or wrong by a mistake that is known."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphlab import ops
from graphlab.engine import autodiff
from graphlab.errors import DataError, UsageError
from graphlab.explain.rounding import without_noise
from graphlab.handout.content import Handout, Origin
from graphlab.importers.table import SEPARATORS, Line, lines_of, text_of
from graphlab.messages import tr
from graphlab.storage.tracefile import plain as to_json, unnamed
from graphlab.trace import Trace

FORMAT = "graphlab.key/1"
TOLERANCE = 0.01  # relative: three printed digits are enough
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(e[-+]?\d+)?")
_COMMA_INSIDE = re.compile(r"(?<![\d.])(?<!\d,)(\d+),(\d+)(?![\d.]|,\d)")  # 1,5 but not 1,5,2
_PLACE = re.compile(r"\[\d+(?:,\d+)*\]\s*:")  # before each matrix of an array with more axes
_BRACKETS = str.maketrans("[],", "   ")


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer. verdict: right, wrong or missing. mistake: what was done instead, where it is known; or empty."""

    student: str
    variant: int
    blank: int
    node: str
    verdict: str
    answer: str
    expected: Any
    mistake: str


def key_of(pages: Mapping[int, tuple[Handout, Trace]]) -> str:
    """The key of some variants as JSON: for each blank the answer and what known mistakes would give."""
    variants = {}
    for number, (page, trace) in pages.items():
        printed = without_noise(trace)
        variants[str(number)] = [_entry(printed, blank) for blank in page.key if blank.origin is not None]
    if not any(page.key for page, _ in pages.values()):
        raise UsageError(tr("there is no blank on the page that a key could mark; --worksheet leaves some"))
    words = {str(number): [blank.number for blank in page.key if blank.origin is None]
             for number, (page, _) in pages.items()}  # fmt: skip
    data = {"format": FORMAT, "variants": variants, "unmarked": words}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _entry(trace: Trace, blank: Any) -> dict[str, Any]:
    origin = blank.origin
    answer = answer_of(trace, origin)
    found = [[name, to_json(x)] for name, x in mistakes(trace, origin) if not _near(x, answer, TOLERANCE)]
    return {
        "blank": blank.number, "node": trace.graph.nodes[origin.node].name, "what": origin.what,
        "answer": to_json(answer), "mistakes": found,
    }  # fmt: skip


def answer_of(trace: Trace, origin: Origin) -> Any:
    """The array that a blank stands for."""
    if origin.what == "value":
        return trace.values[origin.node]
    if origin.what == "sum":
        return trace.cotangents[origin.node]  # type: ignore[index]
    return trace.contributions[origin.node][origin.slot]  # type: ignore[index]


def mistakes(trace: Trace, origin: Origin) -> Iterator[tuple[str, Any]]:
    """(name, what it gives) of the mistakes that students make here."""
    answer, i = np.asarray(answer_of(trace, origin)), origin.node
    yield "sign", -answer
    if origin.what == "sum":
        yield from _partial_sums(trace, i)
        return
    node = trace.graph.nodes[i]
    values = [trace.values[j] for j in trace.plan.operands[i]]
    if ops.get(node.op).family == "activation" and np.shape(values[0]) == answer.shape:
        name = "forgotten activation" if origin.what == "value" else "forgotten activation derivative"
        yield name, values[0] if origin.what == "value" else trace.cotangents[i]  # type: ignore[index]
    if origin.what == "value":
        return
    yield from _wrong_products(trace, i, origin.slot, answer)


def _partial_sums(trace: Trace, j: int) -> Iterator[tuple[str, Any]]:
    """A fan-out's terms without one of them, and one alone."""
    terms = [term.value for term in trace[trace.graph.nodes[j].name].contributions]
    for k in range(len(terms)):
        rest = terms[:k] + terms[k + 1 :]
        yield "forgotten fan-out term", sum(rest[1:], start=rest[0])
        yield "forgotten fan-out term", terms[k]


def _wrong_products(trace: Trace, i: int, k: int, answer: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Without the upstream gradient, without the local derivative, without a transpose."""
    g = np.asarray(trace.cotangents[i])  # type: ignore[index]
    yield "forgotten upstream gradient", autodiff.sent(trace, i, np.ones_like(g)[()], k)[k]
    if g.shape == answer.shape:
        yield "forgotten local derivative", g
    if answer.ndim == 2 and ops.get(trace.graph.nodes[i].op).family == "linear":
        yield "missing transpose", answer.T
        others = [np.asarray(trace.values[j]) for n, j in enumerate(trace.plan.operands[i]) if n != k]
        for other in others:
            if other.ndim == 2 and g.ndim == 2:
                for left, right in ((g, other), (other, g)):
                    if left.shape[1] == right.shape[0] and (left.shape[0], right.shape[1]) == answer.shape:
                        yield "missing transpose", left @ right


def grade(key: str | Path, answers: str | Path, tolerance: float = TOLERANCE) -> list[Mark]:
    """Mark a CSV of answers (columns blank and answer; student and variant where there are several) with a key.

    Raises DataError for a file that is none.
    """
    if not math.isfinite(tolerance):
        raise UsageError(tr("the tolerance is {tolerance} but must be a finite number", tolerance=tolerance))
    variants = _read_key(Path(key))
    rows = _read_answers(Path(answers))
    out = []
    for (student, number), given in rows.items():
        if number not in variants:
            known = ", ".join(map(str, sorted(variants)))
            text = "the key has no variant {n}; it has: {known}"
            raise DataError(tr(text, n=number, known=known), where=str(answers))
        entries, words = variants[number]
        odd = next((blank for blank in given if blank not in {entry.blank for entry in entries} | words), None)
        if odd is not None:
            raise DataError(
                tr("the key has no blank {n} in variant {variant}", n=odd, variant=number), where=str(answers)
            )
        out += [_mark(student, number, entry, given.get(entry.blank, ""), tolerance) for entry in entries]
    return out


def _mark(student: str, variant: int, entry: _Entry, text: str, tolerance: float) -> Mark:
    given = parsed(text, entry.answer.size)
    verdict, mistake = "missing", ""
    if text.strip():
        verdict = "right" if given is not None and _near(given, entry.answer, tolerance) else "wrong"
    if verdict == "wrong":
        known = (name for name, x in entry.mistakes if given is not None and _near(given, x, tolerance))
        mistake = next(known, tr("not a number") if given is None else "")
    return Mark(student, variant, entry.blank, entry.node, verdict, text, to_json(entry.answer), mistake)


def parsed(text: str, size: int | None = None) -> np.ndarray | None:
    """A number, or a vector or matrix: as it is printed, as in a model file, or without brackets.

    size: how many numbers are asked for; where that many are there only with decimal commas, those are meant.

    >>> parsed("[1 2; 3 4]").tolist(), parsed("[[1, 2], [3, 4]]").tolist(), parsed("1 2").tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0])
    >>> parsed("-0,5"), parsed("abc")
    (array(-0.5), None)
    >>> parsed("0,5 1,25", 2).tolist(), parsed("[0,5 1; 2 1,25]", 4).tolist(), parsed("1,2", 2).tolist()
    ([0.5, 1.25], [[0.5, 1.0], [2.0, 1.25]], [1.0, 2.0])
    >>> parsed("[0]: [1 2; 3 4], [1]: [5 6; 7 8]").tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    """
    text = _PLACE.sub("", text.strip().replace("−", "-"))
    if size in (None, 1) and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    found = _numbers_of(text)
    if size is not None and (found is None or found.size != size):
        other = _numbers_of(_COMMA_INSIDE.sub(r"\1.\2", text))
        return other if other is not None and other.size == size else found
    return found


def _numbers_of(text: str) -> np.ndarray | None:
    """The numbers between brackets, blanks, commas and semicolons; None where something else is there."""
    lines = re.sub(r"\]\s*,", ";", text).translate(_BRACKETS).split(";")
    try:
        rows = [[float(x) for x in line.split()] for line in lines if line.strip()]
        if not rows:
            return None
        found = np.array(rows if len(rows) > 1 else rows[0])
    except ValueError:
        return None
    return found.reshape(()) if found.size == 1 and "[" not in text else found


def _near(given: Any, expected: Any, tolerance: float) -> bool:
    """Whether two arrays agree, element by element, up to a share of each element's size; NaN is itself."""
    a, b = np.asarray(given, dtype=float), np.asarray(expected, dtype=float)
    if a.size != b.size:
        return False
    if a.ndim == b.ndim == 2 and a.shape != b.shape and 1 not in a.shape + b.shape:
        return False
    a, b = a.ravel(), b.ravel()
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    noise = 1e-9 * largest if largest else 1e-12
    with np.errstate(all="ignore"):
        same = (np.abs(a - b) <= tolerance * np.abs(b) + noise) & np.isfinite(b)
    return bool(np.all(same | (a == b) | (np.isnan(a) & np.isnan(b))))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One blank of a key."""

    blank: int
    node: str
    answer: np.ndarray
    mistakes: tuple[tuple[str, np.ndarray], ...]


def _entry_of(row: Mapping[str, Any]) -> _Entry:
    """Raises ValueError, KeyError or TypeError for what `key_of` did not write."""
    mistakes = tuple((str(name), _array(x)) for name, x in row["mistakes"])
    return _Entry(int(row["blank"]), str(row["node"]), _array(row["answer"]), mistakes)


def _array(value: Any) -> np.ndarray:
    if value is None:
        raise ValueError(value)
    return np.asarray(unnamed(value), dtype=float)


def _read_key(path: Path) -> dict[int, tuple[list[_Entry], set[int]]]:
    """For each variant its blanks, and the numbers of those that are words and not marked."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        words = data.get("unmarked", {})
        return {
            int(number): ([_entry_of(row) for row in rows], {int(n) for n in words.get(number, ())})
            for number, rows in data["variants"].items()
        }
    except OSError as error:
        raise DataError(tr("cannot be read: {why}", why=error.strerror or error), where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        text = "this is no key that `graphlab handout --key` wrote ({why})"
        raise DataError(tr(text, why=type(error).__name__), where=str(path)) from None


def _read_answers(path: Path) -> dict[tuple[str, int], dict[int, str]]:
    out: dict[tuple[str, int], dict[int, str]] = {}
    header, lines = _answer_lines(path)
    for line, cells in lines:
        if len(cells) > len(header):
            said = tr("there are more values than columns; put an answer with commas in quotes")
            raise DataError(said, where=f"{path}:{line}")
        row = dict(zip(header, cells, strict=False))
        try:
            place = row.get("student", ""), int(row.get("variant") or 0)
            blank, answers = int(row.get("blank", "")), out.setdefault(place, {})
        except ValueError:
            text = "blank and variant are whole numbers; got '{blank}' and '{variant}'"
            said = tr(text, blank=row.get("blank"), variant=row.get("variant") or "")
            raise DataError(said, where=f"{path}:{line}") from None
        if blank in answers:
            raise DataError(tr("blank {n} is answered twice", n=blank), where=f"{path}:{line}")
        answers[blank] = row.get("answer", "")
    if not out:
        raise DataError(tr("there are no answers in it"), where=str(path))
    return out


def _answer_lines(path: Path) -> tuple[list[str], list[Line]]:
    """The names of the columns, and the rows: under the separator with which the columns blank and answer are there."""
    try:
        text = text_of(path)
        for separator in SEPARATORS:
            lines = lines_of(text, separator, path.name)
            header = [name.strip().casefold() for name in lines[0][1]] if lines else []
            if {"blank", "answer"} <= set(header):
                return header, lines[1:]
        found = ", ".join(name.strip() for name in text.splitlines()[0].split(",")) if text.strip() else tr("none")
        text = "the columns are {found} but must have blank and answer, with a comma, a semicolon or a tab between them"
        raise DataError(tr(text, found=found), where=f"{path}:1")
    except OSError as error:
        raise DataError(tr("cannot be read: {why}", why=error.strerror or error), where=str(path)) from None
    except DataError as error:
        raise error.at(str(path)) from None


def score(marks: Sequence[Mark]) -> tuple[int, int]:
    """How many are right, of how many."""
    return sum(mark.verdict == "right" for mark in marks), len(marks)
