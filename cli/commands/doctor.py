"""graphlab doctor: what is installed, and what each format needs."""

from __future__ import annotations

import click

from graphlab.lines import Styled, Text
from graphlab.lines.table import Column, table
from graphlab.messages import tr

from ..terminal.screen import say, say_all, width

REQUIRED = ("numpy", "networkx", "graphviz", "graphviz-pure", "typst", "click", "rich", "PyYAML")
OPTIONAL = ("torch",)
TEXT_FORMATS = (".dot", ".txt")

_HELP = tr("""Show what is installed, what each picture format needs, and whether it works here.

\b
Example:
  graphlab doctor""")


@click.command("doctor", help=_HELP, short_help=tr("Show what is installed and which formats work."))
def command() -> None:
    say(Styled(tr("installed"), "strong"))
    say_all(table([Column(tr("what")), Column(tr("version")), Column(tr("for"), fold=True)], _installed(), width()))
    say("", Styled(tr("layout engines"), "strong"))
    engines, formats = _engines()
    columns = [Column(tr("engine")), Column(tr("works")), Column(tr("version"), fold=True), Column("", fold=True)]
    say_all(table(columns, engines, width()))
    say("", Styled(tr("formats"), "strong"))
    say_all(table([Column(tr("format")), Column(tr("works")), Column(tr("with"), fold=True)], formats, width()))


def _installed() -> list[list[Text]]:
    import platform

    from graphlab import __version__

    uses = {
        "numpy": tr("all numbers"), "networkx": tr("graph algorithms"), "graphviz": tr("writing DOT"),
        "graphviz-pure": tr("layout without the program dot"), "typst": tr("PNG and PDF"),
        "click": tr("this command line"), "rich": tr("progress bars, text widths"), "PyYAML": tr("model files"),
        "torch": tr("optional: the judge in the tests"),
    }  # fmt: skip
    rows: list[list[Text]] = [
        ["graphlab", __version__, ""],
        ["python", platform.python_version(), f"{platform.system()} {platform.machine()}"],
    ]
    for name in (*REQUIRED, *OPTIONAL):
        version = _version(name)
        if version is None:
            missing = tr("pip install {name}", name=name)
            shown: Text = Styled(tr("missing"), "quiet" if name in OPTIONAL else "bad")
            rows.append([name, shown, f"{uses[name]} ({missing})"])
        else:
            rows.append([name, version, uses[name]])
    return rows


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _engines() -> tuple[list[list[Text]], list[list[Text]]]:
    """A line an engine, and a line a format."""
    from graphlab.export.picture import FORMATS, engine_status

    found = engine_status()
    engines: list[list[Text]] = [[one.name, _yes(one.works), one.version, one.install] for one in found]
    formats: list[list[Text]] = [[fmt, _yes(True), tr("nothing else")] for fmt in TEXT_FORMATS]
    able = ", ".join(one.name for one in found if one.works)
    for fmt in FORMATS:
        lacks = fmt != "svg" and _version("typst") is None
        how = tr("pip install {name}", name="typst") if lacks else able if fmt == "svg" else f"{able}; typst"
        formats.append([f".{fmt}", _yes(not lacks), how])
    return engines, formats


def _yes(works: bool) -> Text:
    return Styled(tr("yes"), "good") if works else Styled(tr("no"), "bad")
