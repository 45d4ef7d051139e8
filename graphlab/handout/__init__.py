"""Trace → a printed page that teaches: content.py says what is on it, compose.py writes it, the others typeset it."""

from graphlab.handout.compose import SECTIONS, HandoutOptions, compose
from graphlab.handout.content import Handout
from graphlab.handout.save import EXTENSIONS, save

__all__ = ["EXTENSIONS", "SECTIONS", "Handout", "HandoutOptions", "compose", "save"]
