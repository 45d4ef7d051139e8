"""Letters that no font has: written as [U+1F600], never as empty boxes."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

# All but what the fonts that come with typst have, and DejaVu Serif in LaTeX; Korean letters have fonts of their own.
DOUBTFUL = re.compile(
    "[^\0-\u058f\u1100-\u11ff\u1d00-\u22ff\u2422\u2423\u2500-\u25ff\u27c0-\u27ef\u2980-\u2aff\u3130-\u318f"
    "\uac00-\ud7a3\ufe00-\ufe0f\ufffd\U0001d400-\U0001d7ff]"
)


def doubtful(part: Any) -> set[str]:
    """The letters of all texts in a page, a block or a picture that a font may not have.

    >>> sorted(doubtful(("a → b ≈ 2", "한글", "\\u304b\\U0001f600")))
    ['か', '😀']
    """
    found: set[str] = set()

    def noted(text: str) -> str:
        found.update(DOUBTFUL.findall(text))
        return text

    _mapped(part, noted)
    return found


def spelled(part: Any, letters: set[str]) -> Any:
    """The same with these letters as code points.

    >>> spelled(("a\\U0001f600", 2), {"\\U0001f600"})
    ('a[U+1F600]', 2)
    """
    table = {ord(letter): f"[U+{ord(letter):04X}]" for letter in letters}
    return _mapped(part, lambda text: text.translate(table))


def _mapped(part: Any, function: Callable[[str], str]) -> Any:
    """Each text in tuples and dataclasses, however deep, as the function has it."""
    if isinstance(part, str):
        return function(part)
    if isinstance(part, tuple):
        inner = [_mapped(item, function) for item in part]
        return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field.name: _mapped(getattr(part, field.name), function) for field in fields(part)})
    return part


def missing(letters: set[str], fonts: Iterable[tuple[str, int]]) -> set[str]:
    """The letters that none of these font files has; with each its place in the file."""
    left = set(letters)
    for path, place in fonts:
        if not left:
            break
        try:
            left -= _found(Path(path).read_bytes(), place, left)
        except (OSError, struct.error):  # not a font that we can read
            continue
    return left


def _found(font: bytes, place: int, letters: set[str]) -> set[str]:
    """Those of the letters that a TrueType or OpenType font's character map has."""
    start = struct.unpack_from(">I", font, 12 + 4 * place)[0] if font[:4] == b"ttcf" else 0
    tables = [struct.unpack_from(">4sIII", font, start + 12 + 16 * k) for k in range(_short(font, start + 4))]
    maps = [
        at + struct.unpack_from(">I", font, at + 8 + 8 * k)[0]
        for tag, _, at, _ in tables if tag == b"cmap" for k in range(_short(font, at + 2))
    ]  # fmt: skip
    return {letter for letter in letters if any(_maps(font, at, ord(letter)) for at in maps)}


def _maps(font: bytes, at: int, code: int) -> bool:
    """Whether the character map at this place, of format 4 or 12, has the code point."""
    form = _short(font, at)
    if form == 12:
        groups = (struct.unpack_from(">III", font, at + 16 + 12 * k) for k in range(_long(font, at + 12)))
        return any(first <= code <= last for first, last, _ in groups)
    if form != 4 or code > 0xFFFF:
        return False
    size = _short(font, at + 6)
    for k in range(0, size, 2):
        last, first = _short(font, at + 14 + k), _short(font, at + 16 + size + k)
        if first <= code <= last:
            shift, offset_at = _short(font, at + 16 + 2 * size + k), at + 16 + 3 * size + k
            offset = _short(font, offset_at)
            glyph = _short(font, offset_at + offset + 2 * (code - first)) if offset else (code + shift) & 0xFFFF
            return glyph != 0
    return False


def _short(font: bytes, at: int) -> int:
    return int(struct.unpack_from(">H", font, at)[0])


def _long(font: bytes, at: int) -> int:
    return int(struct.unpack_from(">I", font, at)[0])
