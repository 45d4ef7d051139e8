"""Completion at the prompt of `graphlab step`: commands first, then names of nodes."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from graphlab.graph import Graph

from ..console.verbs import HELP

_MOST = 50


class Words(Completer):
    """The command at the beginning of the line; behind it what the model calls its nodes."""

    def __init__(self, graph: Graph) -> None:
        self.names = sorted([*graph.index, *{f"op:{node.op}" for node in graph.nodes if not node.is_leaf}])

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        word = before.rpartition(" ")[2]
        known = self.names if " " in before.lstrip() else list(HELP)
        found = [name for name in known if name.startswith(word)]
        return [Completion(name, -len(word)) for name in found[:_MOST]]
