"""Which nodes are drawn, and which of them share a box: folded scopes, and runs of identical neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from graphlab.drawing.options import Options
from graphlab.errors import ModelError
from graphlab.graph import Graph
from graphlab.messages import did_you_mean, tr

ALL = "all"
LONGEST_PERIOD = 8


class Part(NamedTuple):
    """What one box stands for.

    kind: node, scope (folded), run (a pattern of `period` nodes, `times` in a row) or siblings (so many alike
    nodes side by side).
    """

    kind: str
    members: tuple[int, ...]
    scope: str = ""
    times: int = 1
    period: int = 1

    @property
    def first(self) -> int:
        return self.members[0]

    @property
    def last(self) -> int:
        return self.members[-1]

    @property
    def repeats(self) -> bool:
        return self.kind in ("run", "siblings")


def visible_nodes(graph: Graph, options: Options, mode: str) -> list[int]:
    """The nodes to draw. Raises ModelError for an unknown name in `only`."""
    shown = range(len(graph))
    if options.only:
        asked = [graph.position(name) for name in options.only]
        near = _related(graph, asked)
        shown = [i for i in shown if i in near]  # type: ignore[assignment]
    hidden = {"param", "constant", "state"} if not options.params else set()
    return [i for i in shown if graph.nodes[i].op not in hidden and not graph.is_idle(i, mode)]


def _related(graph: Graph, asked: Sequence[int]) -> set[int]:
    """Everything that leads to or from the given nodes, and the leaves that these need."""
    sources = [[graph.index[o] for o in node.inputs if isinstance(o, str)] for node in graph.nodes]
    before, after = set(asked), set(asked)
    for i in range(len(graph) - 1, -1, -1):
        if i in before:
            before.update(sources[i])
    for i in range(len(graph)):
        if any(j in after for j in sources[i]):
            after.add(i)
    leaves = {j for i in after for j in sources[i] if graph.nodes[j].is_leaf}
    return before | after | leaves


def partition(graph: Graph, shown: Sequence[int], options: Options) -> tuple[list[Part], list[str]]:
    """The boxes, in order, and the scopes that were folded because there were too many.

    Raises ModelError for a scope that does not exist.
    """
    asked = _asked_scopes(graph, options.fold)
    parts = _by_scope(graph, shown, asked)
    folded: list[str] = []
    depth = max((_depth(graph.nodes[i].scope) for i in shown), default=0)
    while len(parts) > options.max_nodes and depth > 0:
        deepest = {graph.nodes[i].scope for i in shown if _depth(graph.nodes[i].scope) >= depth}
        cut = {_prefix(scope, depth) for scope in deepest}
        asked |= cut
        folded = [*[s for s in folded if _depth(s) < depth], *sorted(cut)]
        parts = _by_scope(graph, shown, asked)
        depth -= 1
    if len(parts) > options.max_nodes:
        parts = _fold_siblings(graph, parts)
    if len(parts) > options.max_nodes:
        parts = _fold_runs(graph, parts)
    kept = {part.scope for part in parts if part.kind == "scope"}
    return parts, [scope for scope in folded if scope in kept]


def _asked_scopes(graph: Graph, fold: Sequence[str]) -> set[str]:
    scopes = {prefix for node in graph.nodes for prefix in prefixes(node.scope)}
    for name in fold:
        if name != ALL and name not in scopes:
            hint = did_you_mean(name, scopes)
            listed = ", ".join(sorted(scopes)[:20]) or tr("none")
            message = tr(
                "there is no scope '{name}'{hint}; the scopes are: {listed}", name=name, hint=hint, listed=listed
            )
            raise ModelError(message)
    return {scope for scope in scopes if "." not in scope} if ALL in fold else set(fold)


@lru_cache(maxsize=4096)
def prefixes(scope: str) -> tuple[str, ...]:
    """A scope and those around it, outermost first.

    >>> prefixes("a.b.c")
    ('a', 'a.b', 'a.b.c')
    """
    names = scope.split(".") if scope else []
    return tuple(".".join(names[: k + 1]) for k in range(len(names)))


def _depth(scope: str) -> int:
    return scope.count(".") + 1 if scope else 0


def _prefix(scope: str, depth: int) -> str:
    return ".".join(scope.split(".")[:depth])


def _by_scope(graph: Graph, shown: Sequence[int], folded: set[str]) -> list[Part]:
    """A part a node, and one for each folded scope at the place of its last member."""
    members: dict[str, list[int]] = {}
    where: list[str | None] = []
    cache: dict[str, str | None] = {}
    for i in shown:
        scope = graph.nodes[i].scope
        if scope not in cache:
            cache[scope] = next((p for p in prefixes(scope) if p in folded), None)
        where.append(cache[scope])
        if cache[scope] is not None:
            members.setdefault(str(cache[scope]), []).append(i)
    parts = []
    for i, fold in zip(shown, where, strict=True):
        if fold is None:
            parts.append(Part("node", (i,)))
        elif members[fold][-1] == i:
            parts.append(Part("scope", tuple(members[fold]), fold))
    return parts


def _own_leaves(graph: Graph, parts: Sequence[Part], owner: dict[int, int]) -> tuple[dict[int, list[int]], set[int]]:
    """Per box that is no leaf the leaves only it uses; and the other leaves. An input always stands by itself."""
    leaves: dict[int, list[int]] = {
        p: [] for p, part in enumerate(parts) if not (part.kind == "node" and graph.nodes[part.first].is_leaf)
    }
    free = set()
    for p, part in enumerate(parts):
        if p in leaves:
            continue
        users = {owner[c] for c, _ in graph.consumers[part.first] if c in owner}
        if len(users) == 1 and graph.nodes[part.first].op != "input":
            leaves[users.pop()].append(p)
        else:
            free.add(p)
    return leaves, free


def _fold_siblings(graph: Graph, parts: list[Part]) -> list[Part]:
    """Fold nodes of one op between the same boxes into one box with a count; the leaves only they use go with them."""
    owner = {i: p for p, part in enumerate(parts) for i in part.members}
    leaves, _ = _own_leaves(graph, parts, owner)
    alike: dict[object, list[int]] = {}
    for p, own in leaves.items():
        if parts[p].kind == "node":
            alike.setdefault(_between(graph, parts[p].first, owner, set(own)), []).append(p)
    gone: set[int] = set()
    folded = []
    for same in alike.values():
        if len(same) > 1:
            gone.update(q for p in same for q in (p, *leaves[p]))
            inside = sorted(i for p in same for q in (p, *leaves[p]) for i in parts[q].members)
            folded.append(Part("siblings", tuple(inside), _common_scope(graph, inside), len(same)))
    return sorted([*(part for p, part in enumerate(parts) if p not in gone), *folded], key=lambda part: part.last)


def _between(graph: Graph, i: int, owner: dict[int, int], own: set[int]) -> tuple[object, ...]:
    """A node's op, with the boxes before and after it: equal for nodes that a picture need not tell apart.

    own: the boxes of the leaves that only it uses, of which the shape alone counts.
    """
    node = graph.nodes[i]
    inputs: list[object] = []
    for operand in node.inputs:
        if not isinstance(operand, str):
            inputs.append("number")
            continue
        j = graph.index[operand]
        box = owner.get(j)
        leaf = graph.nodes[j]
        inputs.append((leaf.op, str(leaf.attrs.get("shape"))) if box is None or box in own else box)
    users = frozenset(owner[c] for c, _ in graph.consumers[i] if c in owner)
    return (node.op, str(sorted(node.attrs.items())), tuple(inputs), users)


def _fold_runs(graph: Graph, parts: list[Part]) -> list[Part]:
    """Fold a pattern that repeats along a chain (affine, relu, affine, relu …) into one box with a count.

    A leaf that only one box uses goes with it.
    """
    owner = {i: p for p, part in enumerate(parts) for i in part.members}
    leaves, free = _own_leaves(graph, parts, owner)
    chain = sorted(leaves)
    signatures = [(*_signature(graph, parts[p]), len(leaves[p])) for p in chain]
    follows = [_follows(graph, parts[a], parts[b], owner, a) for a, b in pairwise(chain)]
    out = [parts[p] for p in sorted(free)]
    at = 0
    while at < len(chain):
        period, count = _repeats(signatures, follows, at)
        run = chain[at : at + period * count] if count > 1 else chain[at : at + 1]
        inside = sorted(i for p in run for q in (p, *leaves[p]) for i in parts[q].members)
        if count > 1:
            out.append(Part("run", tuple(inside), _common_scope(graph, inside), count, period))
        else:
            out += [*(parts[q] for q in leaves[run[0]]), parts[run[0]]]
        at += len(run)
    return sorted(out, key=lambda part: part.last)


def _signature(graph: Graph, part: Part) -> tuple[object, ...]:
    if part.kind == "siblings":
        return (part.first,)
    if part.kind == "scope":
        return tuple(graph.nodes[i].op for i in part.members)
    node = graph.nodes[part.first]
    return (node.op, len(node.inputs))


def _follows(graph: Graph, a: Part, b: Part, owner: dict[int, int], position: int) -> bool:
    """Whether b takes what a makes, and nothing else does."""
    users = {owner[c] for i in a.members for c, _ in graph.consumers[i] if c in owner} - {position}
    return len(users) == 1 and any(
        graph.index[o] in a.members for i in b.members for o in graph.nodes[i].inputs if isinstance(o, str)
    )


def _repeats(signatures: Sequence[object], follows: Sequence[bool], at: int) -> tuple[int, int]:
    """The pattern from here that covers most boxes: its length and how often it comes."""
    best = (1, 1)
    for period in range(1, LONGEST_PERIOD + 1):
        end = at + period
        while end < len(signatures) and follows[end - 1] and signatures[end] == signatures[end - period]:
            end += 1
        if not all(follows[at : at + period - 1]):
            break
        count = (end - at) // period
        if count > 1 and period * count > best[0] * best[1]:
            best = (period, count)
    return best


def _common_scope(graph: Graph, members: Sequence[int]) -> str:
    common = list(prefixes(graph.nodes[members[0]].scope))
    for i in members:
        here = set(prefixes(graph.nodes[i].scope))
        common = [p for p in common if p in here]
    return common[-1] if common else ""
