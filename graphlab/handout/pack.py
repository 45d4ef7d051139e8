"""Course packs: many handouts from one file, in parallel, and only those that changed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from graphlab import __version__
from graphlab.base.files import write_file
from graphlab.errors import DataError, GraphlabError, UsageError
from graphlab.handout.compose import HandoutOptions
from graphlab.messages import did_you_mean, tr

FORMAT = "graphlab-pack"
VERSION = 1
MOST_BYTES = 1_000_000  # of a pack file
RECORD = ".graphlab-pack.json"  # in the output folder: what each handout was made from
_DATA = (".npz", ".npy", ".csv")
_OWN = {"name", "model", "expand", "format", "variants", "worksheet"}
_OPTIONS = {field.name for field in fields(HandoutOptions)} - {"varied"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One handout of a pack. name: of its file, without the ending. options: of HandoutOptions."""

    name: str
    model: Path
    format: str
    expand: tuple[str, ...]
    variants: int
    options: Mapping[str, Any]

    def target(self, folder: Path) -> Path:
        return folder / f"{self.name}.{self.format}"


def read_pack(path: str | Path, lang: str = "en") -> list[Entry]:
    """The handouts that a pack file asks for. lang: of those that name no language of their own.

    A pack is YAML: `graphlab-pack: 1`, `defaults:` for all of them, and `handouts:`, a list of {name, model, …} with
    the options of HandoutOptions, expand, variants, worksheet (all results blank) and format (pdf). Models are named
    from the pack's folder. Raises DataError for anything else.
    """
    import yaml

    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(tr("a pack file has at most {n} bytes", n=MOST_BYTES), where=str(path))
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(tr("cannot be read: {why}", why=error.strerror or error), where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise DataError(tr("this is no YAML: {why}", why=getattr(error, "problem", error)), where=place) from None
    if not isinstance(data, dict) or data.get(FORMAT) != VERSION or not isinstance(data.get("handouts"), list):
        text = "a pack has '{format}: {version}' and a list of 'handouts'"
        raise DataError(tr(text, format=FORMAT, version=VERSION), where=str(path))
    defaults = data.get("defaults") or {}
    defaults = {"lang": lang, **defaults} if isinstance(defaults, dict) else defaults
    entries = [_entry(path, n, defaults, item) for n, item in enumerate(data["handouts"], 1)]
    names = [entry.name for entry in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(tr("two handouts are called '{name}'; names must differ", name=twice), where=str(path))
    return entries


def _entry(path: Path, n: int, defaults: Any, item: Any) -> Entry:
    where = tr("{path}, handout {n}", path=path, n=n)
    if not isinstance(item, dict) or not isinstance(defaults, dict) or not isinstance(item.get("model"), str):
        raise DataError(tr("a handout has at least a model: {example}", example="{model: net.yaml}"), where=where)
    given = {**defaults, **item}
    for key in given:
        if key not in _OWN | _OPTIONS:
            hint, known = did_you_mean(str(key), _OWN | _OPTIONS), ", ".join(sorted(_OWN | _OPTIONS))
            raise DataError(
                tr("unknown key '{key}'{hint}; there are: {known}", key=key, hint=hint, known=known), where=where
            )
    model = path.parent / given["model"]
    name = str(given.get("name") or model.stem)
    if not name.replace("-", "").replace("_", "").isalnum():
        raise DataError(tr("'{name}' is no name for a file: letters, digits, - and _", name=name), where=where)
    options: dict[str, Any] = {}
    for key in ("title", "question"):  # {en: …, ko: …}, or one for all
        if isinstance(given.get(key), dict):
            given[key] = given[key].get(given["lang"], "")
    for key in sorted(given.keys() & _OPTIONS):
        options[key] = tuple(map(str, given[key])) if isinstance(given[key], list) else given[key]
    if given.get("worksheet"):
        options.setdefault("blanks", 1.0)
    try:
        HandoutOptions(**options)
        expand = tuple(map(str, given.get("expand") or ()))
        return Entry(name, model, str(given.get("format", "pdf")), expand, int(given.get("variants") or 0), options)
    except UsageError as error:
        raise DataError(error.message, where=where) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(tr("a value is of the wrong kind: {why}", why=error), where=where) from None


def build(
    entries: list[Entry], folder: Path, done: Callable[[str], None] = lambda name: None, workers: int | None = None
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """Make what changed since it was made last; what was written, and what was left as it is.

    Raises the first GraphlabError, with the handout's name; those that were made before it stay.
    """
    record = _record(folder)
    marks = {entry.name: fingerprint(entry) for entry in entries}
    stale = [e for e in entries if record.get(e.name) != marks[e.name] or not e.target(folder).exists()]
    written: list[Path] = []
    try:
        with ProcessPoolExecutor(workers or os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
            jobs = {pool.submit(make, entry, folder): entry for entry in stale}
            try:
                for job in as_completed(jobs):
                    entry = jobs[job]
                    message = job.result()
                    if message is not None:
                        raise DataError(message, where=entry.name)
                    record[entry.name] = marks[entry.name]
                    written.append(entry.target(folder))
                    done(entry.name)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        if written:
            write_file(folder / RECORD, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
    kept = [entry.target(folder) for entry in entries if entry not in stale]
    return sorted(written), kept


def make(entry: Entry, folder: Path) -> str | None:
    """Make one handout; what went wrong, or None."""
    from graphlab.engine import autodiff
    from graphlab.engine.expand import expand_trace
    from graphlab.handout.many import joined, variants_of
    from graphlab.handout.save import save
    from graphlab.importers import load

    try:
        trace = autodiff.forward(load(str(entry.model)))
        trace = autodiff.backward(trace)
        if entry.expand:
            trace = expand_trace(trace, entry.expand)
        pages = variants_of(trace, HandoutOptions(**entry.options), entry.variants)
        save(joined({number: page for number, (page, _) in pages.items()}), entry.target(folder))
    except GraphlabError as error:
        return str(error)
    return None


def fingerprint(entry: Entry) -> str:
    """What a handout is made from: the entry, the model and its data, and this version."""
    digest = hashlib.sha256(f"{__version__} {entry}".encode())
    if entry.model.is_file():
        beside = sorted(path for path in entry.model.parent.iterdir() if path.suffix in _DATA)
        for path in (entry.model, *beside):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _record(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
