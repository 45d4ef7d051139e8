"""The page's own words, by key: what its buttons, headings and questions say."""

from __future__ import annotations

from graphlab.messages import in_language, tr


def texts(lang: str) -> dict[str, str]:
    """Every text of the page in a language; {names} are filled in by the page.

    >>> texts("ko")["forward"]
    '순전파'
    """
    with in_language(lang):
        return _controls() | _steps() | _nodes() | _games()


def _controls() -> dict[str, str]:
    return {
        "forward": tr("forward"),
        "backward": tr("backward"),
        "both": tr("both"),
        "seed": tr("seed"),
        "view": tr("view"),
        "search": tr("search"),
        "search a node by name, op or shape": tr("search a node by name, op or shape"),
        "found": tr("found"),
        "nothing found": tr("nothing found"),
        "zoom in": tr("zoom in"),
        "zoom out": tr("zoom out"),
        "fit": tr("fit"),
        "fit the picture": tr("fit the picture"),
        "the other language": tr("in Korean"),
        "light or dark": tr("light or dark"),
        "this help": tr("this help"),
        "the computational graph": tr("the computational graph"),
        "« First": tr("« First"),
        "‹ Back": tr("‹ Back"),
        "Forward ›": tr("Forward ›"),
        "Last »": tr("Last »"),
        "play": tr("play"),
        "pause": tr("pause"),
        "speed": tr("speed"),
        "step": tr("step"),
        "step {k} of {n}": tr("step {k} of {n}"),
        "the loss": tr("the loss"),
        "keys": tr("keys"),
        "legend": tr("legend"),
        "lit": tr("orange, heavy"),
        "legend lit": tr(": the arrows of this step"),
        "coming": tr("blue, broad and pale"),
        "legend coming": tr(": those of the next"),
        "close": tr("close"),
        "mouse help": tr(
            "Drag to move the picture, turn the wheel to zoom. Click a card to choose it, twice to fold or unfold it. "
            "Point at an entry of a result to see what it was computed from."
        ),
        "noscript": tr("This page needs JavaScript; it sends nothing and asks nothing of any other place."),
    } | _keys()  # fmt: skip


def _keys() -> dict[str, str]:
    return {
        "step back, step on": tr("step back, step on"),
        "node by node": tr("node by node"),
        "first, last": tr("first, last"),
        "choose the node before, after": tr("choose the node before, after"),
        "fold or unfold the chosen node": tr("fold or unfold the chosen node"),
        "zoom": tr("zoom"),
        "forward, backward, both": tr("forward, backward, both"),
        "breakpoint at the chosen node": tr("breakpoint at the chosen node"),
        "on to the next breakpoint": tr("on to the next breakpoint"),
        "play, pause": tr("play, pause"),
    }


def _steps() -> dict[str, str]:
    return {
        "before the first step": tr("before the first step"),
        "start help": tr(
            "Forward › or → takes one step: first every node's value, then, from the loss backwards, every gradient. "
            "? shows all keys."
        ),
        "start help, no loss": tr(
            "Forward › or → takes one step: every node's value in turn. There is no loss, so no gradients. "
            "? shows all keys."
        ),
        "{node} · {op}, forward": tr("{node} · {op}, forward"),
        "the seed: ∂L/∂{node}": tr("the seed: ∂L/∂{node}"),
        "seed help": tr("Here the way back begins: the loss changes one to one with itself."),
        "given help": tr("Here the way back begins, with the gradient that the model gives to this node."),
        "add up ∂L/∂{to}": tr("add up ∂L/∂{to}"),
        "{node} sends to {to}": tr("a gradient from {node} to {to}"),
        "next: {what}": tr("next: {what}"),
        "the end": tr("the end"),
        "the seed": tr("the seed"),
        "from {node}": tr("from {node}"),
        "term {k}": tr("term {k}"),
        "gradient ×{ratio} over this edge": tr("gradient ×{ratio} over this edge"),
        "entry help": tr("Point at an entry of the result to see what it was computed from."),
        "scalar": tr("scalar"),
        "empty": tr("empty"),
        "not on this page": tr("not on this page"),
        "numbers of {name}": tr("numbers of {name}"),
        "histogram from {low} to {high}": tr("histogram from {low} to {high}"),
    }


def _nodes() -> dict[str, str]:
    return {
        "choose a node": tr("Click a card, or press ↑ or ↓, to see a node's value and gradient."),
        "in {scope}": tr("in {scope}"),
        "value": tr("value"),
        "made from": tr("made from"),
        "used by": tr("used by"),
        "breakpoint": tr("breakpoint"),
        "fold it": tr("fold"),
        "unfold it": tr("unfold"),
        "fold {name}": tr("fold {name}"),
        "Enter unfolds it": tr("Enter unfolds it"),
        "not all terms have arrived": tr("not all terms have arrived yet"),
        "why {target} is {value}": tr("why {target} = {value}: its paths from the loss"),
        "{more} more paths: {rest} together": tr("{more} more paths: {rest} together"),
    }


def _games() -> dict[str, str]:
    return {
        "predict first": tr("predict first"),
        "what comes next?": tr("What comes next?"),
        "{from} sends {name}: its sign, or its value?": tr("{from} sends {name}. What is its sign, or its value?"),
        "value of {name}": tr("value of {name}"),
        "check": tr("check"),
        "show it": tr("show it"),
        "right": tr("right"),
        "not quite": tr("not quite"),
        "score: {right} of {asked}": tr("score: {right} of {asked}"),
        "guided tour": tr("guided tour"),
        "tour: {k} of {n}": tr("tour: {k} of {n}"),
        "tour back": tr("‹ before"),
        "tour on": tr("after ›"),
        "end the tour": tr("end the tour"),
    }
