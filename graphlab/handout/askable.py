"""What a worksheet may ask for: results that can be worked out from what stands on its pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphlab.explain.rules import formula_of, rule_of
from graphlab.handout.content import Origin
from graphlab.handout.equations import WHOLE
from graphlab.trace import Trace

GIVEN = 200  # numbers of an array that is given, up to which it is printed whole
Need = tuple[str, int]  # "value" or "gradient", and the node


@dataclass(frozen=True, slots=True)
class Asking:
    """A worksheet's steps. forward, backward: the nodes whose steps of either direction are on it."""

    trace: Trace
    forward: Collection[int]
    backward: Collection[int]

    def may(self, origin: Origin) -> bool:
        """Whether all that a result needs is on the page in full: given, in a step or an answer to one."""
        if origin.what == "sum":
            return all(c in self.backward for c, _ in self._terms(origin.node))
        return all(self._size(need) <= (WHOLE if self._in_a_step(need) else GIVEN) for need in self._needs(origin))

    def wanted(self, kinds: Collection[str]) -> list[Need]:
        """What no step shows and a result of these kinds needs; it is to be given."""
        origins = (origin for origin in self._origins(kinds) if self.may(origin))
        needs = {need for origin in origins for need in self._needs(origin)}
        leaf = [node.is_leaf for node in self.trace.graph.nodes]
        return sorted((n for n in needs if not self._in_a_step(n) and not (n[0] == "value" and leaf[n[1]])), key=_place)

    def _origins(self, kinds: Collection[str]) -> Iterator[Origin]:
        """Every result of the steps that is small enough to be asked for; sums need nothing but the steps."""
        trace = self.trace
        if "value" in kinds:
            yield from (Origin("value", i) for i in self.forward if np.size(trace.values[i]) <= WHOLE)
        for i in self.backward if "gradient" in kinds else ():
            parts = trace.contributions[i]  # type: ignore[index]
            yield from (Origin("sent", i, k) for k, p in enumerate(parts) if p is not None and np.size(p) <= WHOLE)

    def _needs(self, origin: Origin) -> set[Need]:
        """The arrays in a result's formula or rule; all operands where it has none, or speaks of what they make."""
        trace, i = self.trace, origin.node
        node, sent = trace.graph.nodes[i], origin.what == "sent"
        operands = dict(zip(node.slots, trace.plan.operands[i], strict=True))
        formula = rule_of(trace, i, origin.slot) if sent else formula_of(trace, i)
        names = formula.names if formula is not None else {"y", "what is kept"}
        if names - operands.keys() - node.attrs.keys() - {"y", "upstream", "none"}:
            names |= operands.keys()
        needs = {("value", j) for slot, j in operands.items() if slot in names and j < len(trace.graph)}
        return needs | ({("gradient", i)} | ({("value", i)} if "y" in names else set()) if sent else set())

    def _in_a_step(self, need: Need) -> bool:
        """Whether a step says it; a gradient is said by those who send it, or by its own sum."""
        what, i = need
        if what == "value":
            return i in self.forward
        terms = self._terms(i)
        return not terms or (len(terms) > 1 and i in self.backward) or all(c in self.backward for c, _ in terms)

    def _terms(self, i: int) -> list[tuple[int, int]]:
        """The edges through which node i has received a gradient."""
        sent: Any = self.trace.contributions
        return [(c, k) for c, k in self.trace.graph.consumers[i] if sent[c] is not None and sent[c][k] is not None]

    def _size(self, need: Need) -> int:
        what, i = need
        return int(np.size(self.trace.values[i] if what == "value" else self.trace.cotangents[i]))  # type: ignore[index]


def _place(need: Need) -> tuple[bool, int]:
    """Values in the order of the run, then gradients against it."""
    what, i = need
    return what == "gradient", i if what == "value" else -i
