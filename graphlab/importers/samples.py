"""The sample models that come with graphlab: where they are, what they are, and how to copy one out."""

from __future__ import annotations

import shutil
from pathlib import Path

from graphlab.errors import ExportError, UsageError
from graphlab.messages import did_you_mean, tr


def samples_folder() -> Path:
    """The folder of the samples: in the installed package, or in the checkout it is run from."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "samples", package.parent / "samples"):
        if folder.is_dir():
            return folder
    raise ExportError(tr("the samples are not part of this installation; install graphlab again with pip"))


def sample_names() -> list[str]:
    """The samples, by name.

    >>> "mazur" in sample_names()
    True
    """
    return sorted(path.parent.name for path in samples_folder().glob("*/*.yaml") if path.stem == path.parent.name)


def sample_model(name: str) -> Path:
    """A sample's model file. Raises UsageError for an unknown name."""
    names = sample_names()
    if name not in names:
        listed = ", ".join(names)
        hint = did_you_mean(name, names)
        message = tr("there is no sample '{name}'{hint}; there are: {listed}", name=name, hint=hint, listed=listed)
        raise UsageError(message)
    return samples_folder() / name / f"{name}.yaml"


def sample_titles() -> dict[str, tuple[str, str]]:
    """Each sample's title and description, as its model file has them."""
    import yaml

    out = {}
    for name in sample_names():
        about = yaml.safe_load(sample_model(name).read_text(encoding="utf-8"))
        out[name] = (about.get("name", name), " ".join(about.get("description", "").split()))
    return out


def copy_sample(name: str, folder: Path, overwrite: bool = False) -> list[Path]:
    """Copy a sample's files into `folder`; the files written, the model first.

    Raises UsageError where the name is unknown or files would be overwritten, ExportError where they cannot be written.
    """
    model = sample_model(name)
    sources = sorted(path for path in model.parent.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    targets = [folder / path.relative_to(model.parent) for path in sources]
    there = [str(path) for path in targets if path.exists()]
    if there and not overwrite:
        message = tr(
            "{path} is there already{more}; choose another folder with -o, or overwrite with --force",
            path=there[0], more=tr(" (and {n} more)", n=len(there) - 1) if there[1:] else "",
        )  # fmt: skip
        raise UsageError(message)
    try:
        for source, target in zip(sources, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        raise UsageError(tr("{path} cannot be written: {why}", path=error.filename, why=error.strerror)) from None
    return sorted(targets, key=lambda path: path.name != model.name)
