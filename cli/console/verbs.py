"""The commands that `graphlab step` knows: their names, short forms and help, and what stands behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphlab.errors import ModelError
from graphlab.lines import Line, Styled
from graphlab.lines.table import words
from graphlab.messages import did_you_mean, tr

_BESIDE = 34  # so many columns have a command and what it takes, with its help beside them
ALIASES = {
    "b": "break", "bt": "where", "c": "continue", "g": "goto", "h": "help", "l": "list", "n": "next", "p": "print",
    "q": "quit", "r": "run", "rs": "back", "rn": "rnext", "s": "step", "tb": "tbreak", "u": "until", "w": "watch",
}  # fmt: skip
HELP = {
    "step": ("[N]", tr("one moment on, into a node's edges (s)")),
    "next": ("[N]", tr("to the end of the next node's work (n)")),
    "finish": ("", tr("to the end of the node, the scope or the phase")),
    "back": ("[N]", tr("one moment back (rs)")),
    "rnext": ("[N]", tr("back to the end of the node before (rn)")),
    "rfinish": ("", tr("back to the beginning of the node, the scope or the phase")),
    "continue": ("", tr("on to the next breakpoint or watch (c)")),
    "rc": ("", tr("back to the breakpoint or watch before")),
    "run": ("", tr("from the start to the first breakpoint (r)")),
    "until": ("NODE", tr("on to NODE (u)")),
    "goto": ("K|NODE|NODE.grad|loss|start|end", tr("to a position (g)")),
    "break": ("NODE|GLOB|op:NAME|PHASE [if CONDITION]", tr("stop there; value and grad are the node's own (b)")),
    "tbreak": ("NODE… [if CONDITION]", tr("stop there once (tb)")),
    "watch": ("NODE[.grad][[i,j]]", tr("stop where it changes (w)")),
    "ignore": ("NUMBER TIMES", tr("do not stop there the next TIMES times")),
    "condition": ("NUMBER [CONDITION]", tr("give a breakpoint another condition, or none")),
    "clear": ("[NUMBER]", tr("remove a breakpoint or a watch, or all")),
    "breakpoints": ("", tr("list them")),
    "where": ("", tr("where we are, with the nodes around (bt)")),
    "list": ("[N]", tr("what happened and what comes, N nodes each way (l)")),
    "print": ("EXPRESSION", tr("fc.W.grad[0,1], norm(h), argmax(y.grad), nan(E) … (p)")),
    "display": ("[EXPRESSION]", tr("print it at every stop; without one: no more")),
    "info": ("NODE", tr("all about a node as it is here")),
    "element": ("[[i,j]]", tr("the arithmetic of one entry; without an index the next (step element)")),
    "why": ("[NODE.grad[i,j]] [K]", tr("the gradient as a sum over K paths, and who carries it")),
    "blame": ("[NODE]", tr("where the gradient of NODE vanished, exploded or turned NaN")),
    "check": ("[NODE]", tr("the numeric derivative beside the analytic one")),
    "jacobian": ("NODE [SLOT]", tr("the full local Jacobian, and upstream · J")),
    "set": ("W[0,2] = 0.5 | attr bn.eps = 1e-3", tr("what if: only what depends on it is computed again")),
    "nudge": ("W[0,2] 1e-3", tr("the loss moves by gradient × nudge, and a difference")),
    "changes": ("", tr("what was changed, and all that is different for it")),
    "undo": ("", tr("take the last change back")),
    "reset": ("", tr("take all changes back")),
    "update": ("lr=0.5 [sgd|momentum|adam]", tr("one optimiser step: the next iteration")),
    "iteration": ("[K]", tr("to another iteration; without K: list them")),
    "expand": ("NODE", tr("unfold a node into its steps")),
    "fold": ("NODE", tr("fold it again")),
    "assert": ("EXPRESSION", tr("exit status 1 in the end unless it holds")),
    "draw": ("[FILE]", tr("the picture as it is here (step.svg)")),
    "save": ("FILE", tr("where we are and the breakpoints")),
    "load": ("FILE", tr("go there again")),
    "help": ("[COMMAND]", tr("this, or one command (h)")),
    "quit": ("", tr("leave (q)")),
}


def verb(word: str) -> str:
    """The command that a word or its beginning means. Raises ModelError for none or several."""
    if word in HELP or word in ALIASES:
        return ALIASES.get(word, word)
    found = [name for name in HELP if name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ModelError(tr("'{word}' may be {names}", word=word, names=", ".join(found)))
    raise ModelError(tr("there is no command '{word}'{hint}; see: help", word=word, hint=did_you_mean(word, HELP)))


def explained(name: str, width: int) -> Iterator[Line]:
    """A command and what it does; below it where the command leaves no room beside it."""
    text = f"{name} {HELP[name][0]}".rstrip()
    if len(text) > _BESIDE:
        yield Styled(text, "strong")
        text = ""
    for line in words(HELP[name][1], max(width - _BESIDE - 1, 20)):
        yield [Styled(text.ljust(_BESIDE), "strong"), " ", line]
        text = ""


def cut(text: str, at: str) -> tuple[str, str, str]:
    """The text before and behind the first `at` that is in no backquotes.

    >>> cut("`a = b` = 3", "=")
    ('`a = b` ', '=', ' 3')
    """
    inside = False
    for k, char in enumerate(text):
        inside ^= char == "`"
        if not inside and text.startswith(at, k):
            return text[:k], at, text[k + len(at) :]
    return text, "", ""


def names_in(text: str) -> list[str]:
    """Names with blanks between them, in backquotes or not.

    >>> names_in("fc `a b`")
    ['fc', 'a b']
    """
    return [word.replace("`", "") for word in re.findall(r"`[^`]*`\S*|\S+", text)]


def needed(rest: str, name: str) -> str:
    """What stands behind a command. Raises ModelError where it is missing."""
    if not rest:
        raise ModelError(tr("{name} needs more: {name} {words}", name=name, words=HELP[name][0]))
    return rest


def whole(text: str) -> int:
    """A whole number. Raises ModelError for anything else."""
    if not text.isdecimal() or len(text) > 12:
        raise ModelError(tr("'{text}' is no whole number", text=text))
    return int(text)
