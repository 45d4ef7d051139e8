"""Trace → Storyboard: what a page that steps through a run holds."""

from __future__ import annotations

from graphlab.page.compose import HIDE, PageOptions, storyboard
from graphlab.page.tour import read_tour, with_tour

__all__ = ["HIDE", "PageOptions", "read_tour", "storyboard", "with_tour"]
