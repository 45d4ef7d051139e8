"""Storyboard → one HTML file that steps through a run in a browser: no server, no request to anywhere.

The page's scripts and styles are the readable files in web/; here they are put into one file with the data.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib import resources

from graphlab.base.escape import xml_text
from graphlab.export.theme import THEMES, Theme
from graphlab.export.web.board import board_json, shown
from graphlab.messages import language
from graphlab.storyboard import Storyboard

# in the order in which they may use one another
MODULES = (
    "data.js", "format.js", "dom.js", "state.js", "run.js", "arrays.js", "picture.js", "camera.js", "step.js",
    "node.js", "predict.js", "tour.js", "timeline.js", "search.js", "live.js", "folding.js", "header.js", "keys.js",
    "main.js",
)  # fmt: skip
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?://|/\*\*).*\n", re.MULTILINE)  # on lines of their own
_EXPORT = re.compile(r"^export (?=(?:async )?function |const |let |class )", re.MULTILINE)


def to_html(board: Storyboard, live: str = "") -> str:
    """The page. live: where to ask for a newer one, on a page that `--serve` serves; such a page may ask its server."""
    data = base64.b64encode(gzip.compress(board_json(board, THEMES["light"]).encode(), 9, mtime=0)).decode()
    filled = {
        "lang": board.lang,
        "title": xml_text(shown(board.title)) or "graphlab",
        "data": data,
        "noscript": xml_text(board.texts[board.lang]["noscript"]),
    }
    return _filled("page.html", program(), live, filled)


def problem_page(problem: str, live: str) -> str:
    """What is served while there is no page yet: what is wrong with the model, until it is mended."""
    script = _joined(("live.js",)) + 'watch(document.body.dataset.live, document.querySelector(".banner"));\n'
    said = "\n".join(map(xml_text, problem.splitlines()))
    return _filled("problem.html", script, live, {"lang": language(), "problem": said})


def _filled(name: str, script: str, live: str, texts: Mapping[str, str]) -> str:
    """A shell with its script, its style and a policy that allows these alone."""
    style = stylesheet()
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "connect-src": "'self'" if live else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    filled = {
        **texts,
        "policy": "; ".join(f"{what} {value}" for what, value in policy.items()),
        "style": style,
        "script": script,
        "live": xml_text(live),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match[1]], _read(name))


def program() -> str:
    """The modules as one script: they are joined in order, so their imports and exports fall away, as do comments."""
    return _joined(MODULES)


def _joined(names: Iterable[str]) -> str:
    bare = (_COMMENT.sub("", _IMPORT.sub("", _read(name))) for name in names)
    return "\n".join(_EXPORT.sub("", text).strip() for text in bare) + "\n"


def stylesheet() -> str:
    """The page's style, with the pictures' colours as variables."""
    light, dark = (_variables(THEMES[name]) for name in ("light", "dark"))
    return f":root{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n{_read('page.css')}"


def _variables(look: Theme) -> str:
    """The theme's colours by role."""
    out: dict[str, str] = {
        "paper": look.paper, "ink": look.ink, "quiet": look.quiet, "arrow": look.arrow, "arrow-ink": look.arrow_ink,
        "grad-ink": look.grad_ink, "frame": look.group_border, "font": look.font, "mono": look.mono,
        "positive": look.signs[0], "negative": look.signs[1],
    }  # fmt: skip
    for name, band in [*look.families.items(), *look.roles.items(), ("other", look.other)]:
        out |= {f"{name}-fill": band.fill, f"{name}-ink": band.ink, f"{name}-line": band.border}
    out |= {f"text-{role}": ink.color for role, ink in look.inks.items() if ink.color}
    out |= {f"row-{kind}": fill for kind, fill in look.rows.items()}
    out |= {f"mark-{kind}": badge.border for kind, badge in look.marks.items()}
    out |= {f"mark-{kind}-ink": badge.ink for kind, badge in look.marks.items()}
    out |= {f"scale-{n}": color for n, color in enumerate(look.scale)}
    return "".join(f"--{name}:{value};" for name, value in out.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return resources.files("graphlab.export.web").joinpath(name).read_text("utf-8")
