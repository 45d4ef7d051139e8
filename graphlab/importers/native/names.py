"""Names in a model file: which are allowed, how a key gives one, and which node a name in an expression means."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping

from graphlab.errors import ModelError
from graphlab.formula.signs import NO_NAME, is_raised
from graphlab.graph import last_inside, parent_of
from graphlab.messages import did_you_mean, tr
from graphlab.ops.foreign import MODULES

RESERVED = ("grad", "value", "shape")
MAX_COMPARED = 2000  # names among which a similar one is looked for
CONSTANTS = {"π": "3.141592653589793", "pi": "3.141592653589793", "e": "2.718281828459045"}
NOT_FINITE = ("inf", "nan")
_ASCII = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_plain(name: str) -> bool:
    """Whether a full name can be written without backquotes.

    >>> is_plain("hidden.fc"), is_plain("layers.0.weight"), is_plain("x.grad"), is_plain("γ")
    (True, False, False, True)
    """
    return all(
        (part.isascii() or (unicodedata.normalize("NFKC", part) == part and not set(part) & set(NO_NAME)))
        and part.isidentifier()
        and part not in RESERVED
        and not keyword.iskeyword(part)
        for part in name.split(".")
    )


def name_of(key: str) -> str:
    """The name that a key stands for. Raises ModelError where it is none.

    >>> name_of("W1"), name_of("`layers.0.weight`")
    ('W1', 'layers.0.weight')
    """
    if len(key) > 1 and key[0] == key[-1] == "`":
        if len(key) == 2:
            raise ModelError(tr("a name is empty; write one between the backquotes"))
        return key[1:-1]
    if _ASCII.fullmatch(key) and key not in RESERVED and not keyword.iskeyword(key):
        return key
    sign = next((c for c in key if c in NO_NAME or is_raised(c)), None)
    if sign is not None:
        message = tr("'{name}' cannot be a name: {sign} is a sign; such a name goes in backquotes", name=key, sign=sign)
        raise ModelError(message)
    name = unicodedata.normalize("NFKC", key)
    for part in name.split("."):
        if part in RESERVED:
            message = tr("'{name}' is reserved for what a node has; choose another name", name=part)
        elif keyword.iskeyword(part):
            message = tr("'{name}' is a keyword of Python; choose another name", name=part)
        elif not part.isidentifier():
            message = tr(
                "'{name}' cannot be a name: it takes letters, digits and _, and starts with no digit; any other name "
                "goes in backquotes",
                name=key,
            )  # fmt: skip
        else:
            continue
        raise ModelError(message)
    return name


def scopes_outwards(scope: str) -> Iterator[str]:
    """A scope and those around it.

    >>> list(scopes_outwards("a.b"))
    ['a.b', 'a', '']
    """
    while scope:
        yield scope
        scope = parent_of(scope)
    yield ""


def candidates(name: str, scope: str, quoted: bool) -> Iterator[str]:
    """The full names that a name in this scope may mean, innermost first; in backquotes also itself."""
    if quoted:
        yield name
    for outer in scopes_outwards(scope):
        yield f"{outer}.{name}" if outer else name


def look_up(name: str, scope: str, quoted: bool, known: Mapping[str, object]) -> str:
    """The full name of the node meant. Raises ModelError with what is in scope."""
    for full in candidates(name, scope, quoted):
        if full in known:
            return full
    near = _in_scope(scope, known)
    listed = ", ".join(near[:12]) + (", …" if len(near) > 12 else "")
    message = tr(
        "there is no node '{name}'{hint}; in scope are: {listed}",
        name=name, hint=_hint(name, scope, near, known), listed=listed or tr("none"),
    )  # fmt: skip
    if "." in name and not quoted and any(n in known for n in candidates(name.partition(".")[0], scope, False)):
        message += tr("; a dot joins a scope and a name, and nothing else")
    raise ModelError(message)


def _hint(name: str, scope: str, near: list[str], known: Mapping[str, object]) -> str:
    """What may be meant: the last node of a scope, a transpose, a constant of mathematics, a name much like it."""
    owner, _, last = name.rpartition(".")
    if last in ("T", "mT", "H") and owner:
        return tr("; write transpose({x})", x=owner)
    if last in CONSTANTS and owner.casefold() in ("", *MODULES):
        return tr("; write {number}", number=CONSTANTS[last])
    if last in NOT_FINITE and owner.casefold() in ("", *MODULES):
        return tr("; {name} stands in a node or an input of its own: {name}: .{name}", name=last)
    if len(known) > MAX_COMPARED:
        return ""
    for full in candidates(name, scope, False):
        computed = [other for other, one in known.items() if getattr(one, "role", "node") == "node"]
        inside = last_inside(full, computed) or last_inside(full, known)
        if inside is not None:
            return tr(": it is a scope, whose last node is '{last}'", last=f"{name}{inside.removeprefix(full)}")
    return did_you_mean(name, [*near, *(n for n in known if "#" not in n)])


def _in_scope(scope: str, known: Mapping[str, object]) -> list[str]:
    """The names that need no dots here, sub-expressions aside."""
    scopes = set(scopes_outwards(scope))
    return list(dict.fromkeys(n.rpartition(".")[2] for n in known if "#" not in n and parent_of(n) in scopes))
