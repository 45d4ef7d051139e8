"""The native model file (format 1): its sections → a builder → a Graph."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphlab import builder, graph
from graphlab.base.gcpause import collection_paused
from graphlab.errors import GraphlabError, LossError, ModelError
from graphlab.formula.parse import FormulaError
from graphlab.graph import find_cycle, parent_of
from graphlab.importers.native.document import Value, compose
from graphlab.importers.native.expressions import ALIAS, Part, Reference, Step, steps_of
from graphlab.importers.native.leaves import add_leaf, numbers
from graphlab.importers.native.names import look_up, name_of
from graphlab.importers.native.source import File, Place, in_braces
from graphlab.losses import check_scalar, sum_of
from graphlab.messages import did_you_mean, tr

FORMAT = 1
SECTIONS = {"inputs": "input", "params": "param", "state": "state"}
KEYS = ("graphlab", "name", "description", "dtype", "seed", *SECTIONS, "nodes", "loss", "backward")


@dataclass(slots=True)
class Declaration:
    """One entry of a section. steps: the nodes that its expression is made of; needs: entries they take values from."""

    name: str
    role: str
    key: Value
    value: Value
    steps: list[Step] = field(default_factory=list)
    needs: dict[str, Place] = field(default_factory=dict)


def read(text: str, path: str, folder: str, source: str | None = None) -> graph.Graph:
    """The graph in a model file's text.

    path: what to call it in errors; folder: where its data files are. Raises GraphlabError with path:line:column.
    """
    file = File(path, text)
    with collection_paused():
        return Reader(compose(text, file), file, folder).graph(source)


class Reader:
    """Goes through a model file section by section."""

    def __init__(self, root: Value, file: File, folder: str) -> None:
        self.root = root
        self.file = file
        self.folder = folder
        self.declared: dict[str, Declaration] = {}
        self.known: dict[str, Declaration] = {}
        self.full: dict[tuple[str, int], str] = {}
        self.locations: dict[str, str] = {}

    def fail(self, value: Value, message: str, kind: type[GraphlabError] = ModelError) -> GraphlabError:
        return self.file.error(kind, value.place, message)

    def graph(self, source: str | None = None) -> graph.Graph:
        """The whole file."""
        self.check_keys()
        self.builder = self.header()
        for section, role in SECTIONS.items():
            for key, value in self.section(section).values():
                self.declare(name_at(key, self.file), role, key, value)
        self.declare_nodes("", self.section("nodes"))
        self.find_names()
        for declaration in self.in_order():
            self.build(declaration)
        target = self.target()
        return self.builder.freeze(locations=self.locations, source=source, **target)

    def check_keys(self) -> None:
        root = self.root
        if not isinstance(root.data, dict):
            found = root.shown()
            raise self.fail(
                root, tr("expected a mapping that starts with `graphlab: 1` but found {found}", found=found)
            )
        if "graphlab" not in root.data:
            message = tr("the key `graphlab` is missing, which says the format; write `graphlab: 1` as the first line")
            raise self.fail(root, message)
        version = root.data["graphlab"][1]
        if isinstance(version.data, int | float) and version.data > FORMAT:
            message = tr(
                "this file is of format {found}, and this program reads format {known}; update graphlab",
                found=version.text, known=FORMAT,
            )  # fmt: skip
            raise self.fail(version, message)
        if version.data != FORMAT or isinstance(version.data, bool):
            message = tr("the format is {found} but must be {known}: `graphlab: {known}`",
                         found=version.shown(), known=FORMAT)  # fmt: skip
            raise self.fail(version, message)
        for name, (key, _) in root.data.items():
            if name not in KEYS:
                hint, listed = did_you_mean(name, KEYS), ", ".join(KEYS)
                message = tr("unknown key '{name}'{hint}; there are: {listed}", name=name, hint=hint, listed=listed)
                raise self.fail(key, message)

    def header(self) -> builder.Graph:
        texts = {key: self.root.data[key][1] for key in ("name", "description", "dtype") if key in self.root.data}
        for key, value in texts.items():
            if isinstance(value.data, list | dict):
                raise self.fail(value, tr("`{key}` must be a text, not {found}", key=key, found=value.shown()))
        about: dict[str, Any] = {key: value.text for key, value in texts.items()}
        if "seed" in self.root.data:
            about["seed"] = self.root.data["seed"][1].data
        try:
            return builder.Graph(about.pop("name", ""), **about)
        except GraphlabError as error:
            at = "dtype" if error.message.startswith("dtype") else "seed"
            raise error.at(self.file.where(self.root.data[at][1].place)) from None

    def section(self, name: str) -> dict[str, tuple[Value, Value]]:
        value = self.root.data[name][1] if name in self.root.data else None
        if value is None or value.data is None:
            return {}
        if not isinstance(value.data, dict):
            message = tr("`{name}` must be a mapping, name: …, not {found}", name=name, found=value.shown())
            raise self.fail(value, message)
        return value.data

    def declare(self, name: str, role: str, key: Value, value: Value) -> None:
        if name in self.declared:
            first = self.file.where(self.declared[name].key.place)
            message = tr("'{name}' is defined twice, first at {first}; every node needs its own name",
                         name=name, first=first)  # fmt: skip
            raise self.fail(key, message)
        self.declared[name] = Declaration(name, role, key, value)
        self.locations[name] = self.file.where(key.place)

    def declare_nodes(self, scope: str, entries: dict[str, tuple[Value, Value]]) -> None:
        """The nodes of a scope; a mapping in it is a scope of its own, or a constant spelled out."""
        for key, value in entries.values():
            name = name_at(key, self.file)
            full = f"{scope}.{name}" if scope else name
            data = value.data
            if isinstance(data, dict) and "value" not in data:
                self.declare_nodes(full, data)
            elif isinstance(data, str):
                self.declare(full, "node", key, value)
                self.parse(self.declared[full])
            elif data is None or isinstance(data, bool):
                message = tr("'{name}' is {found} but must be an expression", name=full, found=value.shown())
                raise self.fail(value, message)
            else:
                self.declare(full, "constant", key, value)

    def parse(self, declaration: Declaration) -> None:
        value = declaration.value
        try:
            declaration.steps = steps_of(declaration.name, value.text)
        except FormulaError as error:
            message = error.message + (in_braces(value, self.file) if error.column == len(value.text) else "")
            raise self.file.error(ModelError, self.file.inside(value, error.column), message) from None

    def place(self, declaration: Declaration, column: int) -> Place:
        return self.file.inside(declaration.value, column)

    def find_names(self) -> None:
        """Every node's full name, also of those that expressions and layers make; then what each name means."""
        self.known = dict(self.declared)
        for declaration in self.declared.values():
            for step in declaration.steps:
                made = [f"{step.name}.{slot}" for slot in step.made]
                for name in made if step.name == declaration.name else [step.name, *made]:
                    if name in self.known:
                        self.refuse_twice(name, declaration, step)
                    self.known[name] = declaration
        for declaration in self.declared.values():
            for step in declaration.steps:
                for operand in step.operands:
                    if isinstance(operand, Reference):
                        self.resolve(declaration, operand)
                if step.op == ALIAS:
                    message = tr("'{name}' would only be another name for '{other}'; use '{other}' itself",
                                 name=step.name, other=step.operands[0].name)  # fmt: skip
                    raise self.file.error(ModelError, self.place(declaration, step.column), message)

    def refuse_twice(self, name: str, declaration: Declaration, step: Step) -> None:
        first = self.locations.get(name) or self.locations[self.known[name].name]
        message = tr(
            "'{name}' is made here, but is defined at {first}; pass it as an input instead, or rename it",
            name=name, first=first,
        )  # fmt: skip
        raise self.file.error(ModelError, self.place(declaration, step.column), message)

    def resolve(self, declaration: Declaration, reference: Reference) -> None:
        try:
            full = look_up(reference.name, parent_of(declaration.name), reference.quoted, self.known)
        except ModelError as error:
            raise error.at(self.file.where(self.place(declaration, reference.column))) from None
        self.full[declaration.name, reference.column] = full
        owner = self.known[full]
        if owner is declaration:
            message = tr("'{name}' depends on itself: {name} → {name}; use another node", name=declaration.name)
            raise self.file.error(ModelError, self.place(declaration, reference.column), message)
        if owner.role in ("node", "constant"):  # the leaves of the other sections are built before any node
            declaration.needs.setdefault(owner.name, (0, reference.column))

    def in_order(self) -> list[Declaration]:
        """The declarations, each after what it needs, otherwise as the file has them. Raises ModelError for a cycle."""
        all_of = list(self.declared.values())
        position = {declaration.name: i for i, declaration in enumerate(all_of)}
        waiting = [len(declaration.needs) for declaration in all_of]
        feeds: list[list[int]] = [[] for _ in all_of]
        for i, declaration in enumerate(all_of):
            for name in declaration.needs:
                feeds[position[name]].append(i)
        ready = [i for i, count in enumerate(waiting) if not count]
        out = []
        while ready:
            i = heapq.heappop(ready)
            out.append(all_of[i])
            for consumer in feeds[i]:
                waiting[consumer] -= 1
                if not waiting[consumer]:
                    heapq.heappush(ready, consumer)
        if len(out) < len(all_of):
            cycle = find_cycle({d.name: list(d.needs) for d in all_of})
            closing = self.declared[cycle[1]]
            message = tr("the nodes form a cycle: {cycle}; a node cannot depend on itself", cycle=" → ".join(cycle))
            place = self.place(closing, closing.needs[cycle[0]][1])
            raise self.file.error(ModelError, place, message)
        return out

    def build(self, declaration: Declaration) -> None:
        if declaration.role != "node":
            add_leaf(self.builder, declaration.role, declaration.name, declaration.value, self.file, self.folder)
            return
        for step in declaration.steps:
            where = self.file.where(self.place(declaration, step.column))
            self.locations[step.name] = where
            for slot in step.made:
                self.locations[f"{step.name}.{slot}"] = where
            try:
                if step.op == "constant":
                    self.builder.constant(step.operands[0], step.name)
                else:
                    operands = [self.operand(declaration, operand) for operand in step.operands]
                    self.builder.op(step.op, *operands, name=step.name, **step.attrs)
            except GraphlabError as error:
                raise error.at(where) from None

    def operand(self, declaration: Declaration, operand: Any) -> Any:
        if isinstance(operand, Reference):
            return builder.Ref(self.builder, self.full[declaration.name, operand.column])
        return builder.Ref(self.builder, operand.name) if isinstance(operand, Part) else operand

    def target(self) -> dict[str, Any]:
        """loss or backward, as freeze takes them."""
        data = self.root.data
        if "loss" in data and "backward" in data:
            message = tr("both `loss` and `backward` are given; keep one of them")
            raise self.fail(max(data["loss"][0], data["backward"][0], key=lambda v: v.place), message)
        if "loss" in data:
            self.loss(data["loss"][1])
        if "backward" in data:
            self.backward(data["backward"][1])
        return {}

    def loss(self, value: Value) -> None:
        """A scalar's name, or a list of them."""
        several = isinstance(value.data, list)
        entries = value.data if several else [value]
        refs = []
        for entry in entries:
            name = self.node_named(entry, tr("`loss` must name a node, or be a list of names"))
            try:
                dtype = self.builder.dtypes[name] if several else self.builder.dtype  # one alone may still be drawn
                check_scalar(name, self.builder.shapes[name], dtype)
            except LossError as error:
                raise error.at(self.file.where(entry.place)) from None
            refs.append(builder.Ref(self.builder, name))
        try:
            self.builder.loss(refs if several else refs[0])
        except ModelError as error:
            raise error.at(self.file.where(value.place)) from None
        if len(refs) > 1:
            total = sum_of([ref.name for ref in refs], self.builder.loss_name())
            self.locations |= {node.name: self.file.where(value.place) for node in total}

    def backward(self, value: Value) -> None:
        entries = value.data if isinstance(value.data, dict) else {}
        if set(entries) != {"node", "gradient"}:
            raise self.fail(value, tr("`backward` must be {form}", form="{node: NAME, gradient: [...]}"))
        name = self.node_named(entries["node"][1], tr("`node` must name a node"))
        gradient = entries["gradient"][1]
        array = numbers(gradient, self.file, "gradient", self.builder.dtype)
        self.locations["backward:"] = self.file.where(gradient.place)
        try:
            self.builder.backward_from(builder.Ref(self.builder, name), array)
        except GraphlabError as error:
            raise error.at(self.file.where(gradient.place)) from None

    def node_named(self, value: Value, expected: str) -> str:
        if isinstance(value.data, list | dict) or not value.text:
            raise self.fail(value, tr("{expected}, not {found}", expected=expected, found=value.shown()))
        quoted = len(value.text) > 1 and value.text[0] == value.text[-1] == "`"
        name = value.text[1:-1] if quoted else value.text
        if name not in self.builder.nodes and not quoted:
            try:
                name = name_of(name)
            except ModelError:
                message = tr("{expected}, not {found}; give the expression a name under nodes",
                             expected=expected, found=value.shown())  # fmt: skip
                raise self.fail(value, message) from None
        try:
            return look_up(name, "", quoted, self.builder.nodes)
        except ModelError as error:
            raise error.at(self.file.where(value.place)) from None


def name_at(key: Value, file: File) -> str:
    """The name that a key stands for. Raises ModelError with its place."""
    try:
        return name_of(key.text)
    except ModelError as error:
        raise file.error(ModelError, key.place, error.message) from None


def folder_of(path: str) -> str:
    """The folder that a model's data files are in."""
    return str(Path(path).parent)
