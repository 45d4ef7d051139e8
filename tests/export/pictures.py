"""Diagrams made by hand for the tests of the exporters: no Graph, no Trace."""

from __future__ import annotations

import itertools

from graphlab.diagram import Arrow, Box, Diagram, Group, Line, Mark, Row, Span

HOSTILE = (
    'a"b',
    "a\nb",
    "<b>bold</b>",
    "&lt;i&gt;",
    "x & y",
    "\\N\\G\\E\\\\",
    "100%",
    "\x00\x1b[31m",
    "\u202eevil",
    "שלום",
    "</text><script>alert(1)</script>",
    '" URL="javascript:alert(1)',
    "<TABLE HREF='x'>",
    "]]>",
    "<!--",
    "--",
    "&nbsp;",
    "&#x41;",
    "{{}}",
    "한국어 이름",
    "\ud800",
    "\uffff",
    "'",
    "<IMG SRC='/etc/passwd'/>",
    "γ",
    "",
    " ",
    "\\",
)


def text(*parts: str | tuple[str, str]) -> Line:
    """A line: plain texts, or (text, role)."""
    return tuple(Span(part) if isinstance(part, str) else Span(*part) for part in parts)


def row(kind: str, *lines: Line, mono: bool = False) -> Row:
    return Row(kind, lines, mono)


def sigmoid_backward() -> Diagram:
    """The neuron f = sigmoid(w0·x0 + w1·x1 + w2), half way through its backward pass."""

    def leaf(id: str, name: str, role: str, value: str, grad: str) -> Box:
        header = text((name, "strong"), (f" {role} ", "quiet"), "= ", (value, "value"))
        return Box(id, name, header, "leaf", role, (row("grad", text(f"∂L/∂{name} ", (grad, "grad"))),))

    def node(id: str, name: str, op: str, family: str, value: str, grad: str, local: str, *marks: Mark) -> Box:
        rows = (
            row("value", text(("value ", "quiet"), (value, "value"))),
            row("grad", text(f"∂L/∂{name} ", (grad, "grad"))),
            row("local", text(local)),
        )
        return Box(id, name, text((name, "strong"), f" · {op}"), family, "node", rows, marks=marks)

    boxes = (
        leaf("n0", "w0", "param", "2", "-0.1966"),
        leaf("n1", "x0", "input", "-1", "0.3932"),
        leaf("n2", "w1", "param", "-3", "–"),
        leaf("n3", "x1", "input", "-2", "–"),
        leaf("n4", "w2", "param", "-3", "0.1966"),
        node(
            "n5", "m0", "mul", "arithmetic", "-2", "0.1966", "∂m0/∂w0 = x0 = -1   ∂m0/∂x0 = w0 = 2", Mark("now", "now")
        ),
        node("n6", "m1", "mul", "arithmetic", "6", "0.1966", "∂m1/∂w1 = x1 = -2", Mark("later", "not yet visited")),
        node("n7", "s", "add", "arithmetic", "1", "0.1966", "∂s/∂m0 = 1   ∂s/∂m1 = 1   ∂s/∂w2 = 1"),
        node("n8", "f", "sigmoid", "activation", "0.7311", "1", "∂f/∂s = f(1 − f) = 0.1966"),
    )

    def arrow(id: str, tail: str, head: str, factor: str, product: str, weight: float | None) -> Arrow:
        label = (text(factor, (product, "grad")),) if product else ()
        return Arrow(id, tail, head, "backward", label, weight)

    arrows = (
        arrow("e0", "n8", "n7", "1 × 0.1966 = ", "0.1966", 0.9),
        arrow("e1", "n7", "n5", "0.1966 × 1 = ", "0.1966", 0.6),
        arrow("e2", "n7", "n6", "0.1966 × 1 = ", "0.1966", 0.6),
        arrow("e3", "n7", "n4", "0.1966 × 1 = ", "0.1966", 0.6),
        arrow("e4", "n5", "n0", "0.1966 × (-1) = ", "-0.1966", 0.6),
        arrow("e5", "n5", "n1", "0.1966 × 2 = ", "0.3932", 0.75),
        arrow("e6", "n6", "n2", "", "", None),
        arrow("e7", "n6", "n3", "", "", None),
    )
    legend = (
        text(
            ("green", "value"), " a value · ", ("red", "grad"), " a gradient · width, colour: size, 0.1 to 1, log scale"
        ),
    )
    subtitle = "backward · step 7 of 9 · arrows carry ∂L/∂(value)"
    return Diagram(
        "Sigmoid neuron", subtitle, "backward", boxes, arrows, legend=legend, notes=("seeded with ∂L/∂f = 1",)
    )


def mlp_forward(direction: str = "lr") -> Diagram:
    """Affine, BatchNorm, ReLU, softmax cross-entropy, with a scope and 4×3 matrices."""

    def leaf(id: str, name: str, role: str, shape: str, *matrix: str, group: str | None = None) -> Box:
        rows = (
            row("shape", text(shape, (" float64", "quiet"))),
            row("value", *(text((m, "value")) for m in matrix), mono=True),
        )
        return Box(id, name, text((name, "strong"), (f" {role}", "quiet")), "leaf", role, rows, group=group)

    def node(id: str, name: str, op: str, family: str, formula: str, note: str, group: str | None = "g0") -> Box:
        rows = (row("formula", text((formula, "formula"))), row("shape", text("4×2 · ", ("μ 0.11 σ 0.93", "value"))))
        if note:
            rows += (row("warning", text((note, "warning"))),)
        return Box(id, f"hidden.{name}", text((name, "strong"), f" · {op}"), family, "node", rows, group=group)

    boxes = (
        leaf(
            "n0",
            "x",
            "input",
            "4×3",
            "[  1.2  -0.3   0.5  ]",
            "[  0.1   0.8  -1.1  ]",
            "[ -0.25  3     0.01 ]",
            "[ 12    -0.5   2    ]",
        ),
        leaf("n1", "W", "param", "3×2", "[  0.5  -0.25 ]", "[ -1.5   0.75 ]", "[  0.01  2    ]", group="g0"),
        leaf("n2", "b", "param", "2", "[ 0  0 ]", group="g0"),
        leaf("n3", "γ", "param", "2", "[ 1  1 ]", group="g0"),
        leaf("n4", "β", "param", "2", "[ 0  0 ]", group="g0"),
        leaf("n5", "t", "input", "4", "[ 0  1  1  0 ]"),
        node("n6", "fc", "affine", "linear", "y = x · W + b", ""),
        node("n7", "bn", "batchnorm", "norm", "y = γ × (x − μ) / √(σ² + ε) + β", ""),
        node("n8", "relu", "relu", "activation", "y = max(0, x)", "3 NaN"),
        node("n9", "L", "softmax_cross_entropy", "loss", "L = −(1/N) Σ log p[n, tₙ]", "", None),
    )
    edges = ("06:4×3", "16:3×2", "26:2", "67:4×2", "37:2", "47:2", "78:4×2", "89:4×2", "59:4")
    arrows = tuple(Arrow(f"e{k}", f"n{e[0]}", f"n{e[1]}", "forward", (text(e[3:]),)) for k, e in enumerate(edges))
    return Diagram(
        "Affine → BatchNorm → ReLU → softmax cross-entropy",
        "forward · batch 4 · 10 nodes · loss = 1.0397",
        "forward",
        boxes,
        arrows,
        (Group("g0", "hidden"),),
        direction,
        (text(("green", "value"), " a value"),),
        ("2 nodes folded",),
    )


def hostile() -> Diagram:
    """Every hostile text as name, header, row, label, group, title, note."""
    boxes = tuple(
        Box(
            f"n{k}",
            bad,
            text((bad, "strong"), f" · {bad}"),
            bad,
            "node",
            (row("value", text((bad, "value"))), row(bad, text(bad), mono=True)),
            group="g1" if k % 3 == 0 else "g0",
            marks=(Mark("finding", bad),) if k % 5 == 0 else (),
        )
        for k, bad in enumerate(HOSTILE)
    )
    arrows = tuple(
        Arrow(f"e{k}", f"n{k}", f"n{k + 1 + k % 3}", "forward", (text((bad, "grad")),), 0.5)
        for k, bad in enumerate(HOSTILE[:-4])
    )
    every = "".join(HOSTILE)
    groups = (Group("g0", every), Group("g1", "<b>", "g0"))
    return Diagram(every, every, "forward", boxes, arrows, groups, "lr", (text((every, "quiet")),), (every,))


def korean() -> Diagram:
    """Names, notes and values in Korean."""
    a = Box(
        "n0",
        "입력",
        text(("입력 데이터", "strong"), (" 입력", "quiet")),
        "leaf",
        "input",
        (row("value", text("사과 2개, 귤 3개의 값")),),
    )
    b = Box(
        "n1",
        "곱하기",
        text(("곱하기", "strong"), " · mul"),
        "arithmetic",
        "node",
        (row("note", text("아직 계산하지 않았습니다")),),
        marks=(Mark("now", "지금"),),
    )
    return Diagram(
        "사과 사기",
        "순전파 · 노드 2개",
        "forward",
        (a, b),
        (Arrow("e0", "n0", "n1", "forward", (text("사과 값 200"),)),),
        notes=("한국어 설명",),
    )


def grid(columns: int, height: int = 1, rows: int = 2, skip: int = 0) -> Diagram:
    """`columns` layers of `height` boxes, each wired to two of the layer before it (skip: and to one further back)."""
    boxes, arrows = [], []
    for c in range(columns):
        for h in range(height):
            k = c * height + h
            lines = tuple(
                row("value", text(("value ", "quiet"), (f"{k * r * 0.37:.4g}", "value"))) for r in range(rows)
            )
            boxes.append(Box(f"n{k}", f"node{k}", text((f"node{k}", "strong"), " · mul"), "arithmetic", "node", lines))
            back = [(c - 1, h), (c - 1, (h + 1) % height)][: min(height, 2)] + ([(c - skip, h)] if skip else [])
            for pc, ph in back:
                if pc >= 0:
                    label = (text(("4×3", "quiet")),)
                    arrows.append(
                        Arrow(f"e{len(arrows)}", f"n{pc * height + ph}", f"n{k}", "forward", label, (k % 10) / 10)
                    )
    return Diagram("Grid", f"{len(boxes)} nodes", "forward", tuple(boxes), tuple(arrows))


def neurons() -> Diagram:
    """A 2-3-1 network as circles and lines."""
    sizes, boxes, arrows = (2, 3, 1), [], []
    names = iter(range(10))
    layers = []
    for c, size in enumerate(sizes):
        layer = []
        for r in range(size):
            k = next(names)
            role = "input" if c == 0 else "node"
            where = (160.0 * c, 90.0 * ((size - 1) / 2 - r))
            boxes.append(
                Box(
                    f"n{k}",
                    f"h{c}[{r}]",
                    text((f"h{r}", "strong")),
                    "activation",
                    role,
                    (row("value", text((f"{0.1 * k:.4g}", "value"))),),
                    form="circle",
                    position=where,
                )
            )
            layer.append(k)
        layers.append(layer)
    for before, after in itertools.pairwise(layers):
        for i in before:
            for j in after:
                sign = 1 if (i + j) % 2 else -1
                label = (text(f"{sign * 0.1 * (i + j + 1):.2g}"),)
                arrows.append(Arrow(f"e{len(arrows)}", f"n{i}", f"n{j}", "forward", label, (i + j) / 7, sign))
    where = (80.0, 130.0)
    boxes.append(Box("n99", "", text(("⋮ 57 more", "quiet")), "leaf", "fold", form="text", position=where))
    legend = (text("blue: positive · red: negative · width: size of the weight"),)
    return Diagram("2-3-1", "forward · a circle a unit", "neurons", tuple(boxes), tuple(arrows), legend=legend)


PICTURES = {
    "sigmoid": sigmoid_backward,
    "mlp": mlp_forward,
    "mlp_tb": lambda: mlp_forward("tb"),
    "hostile": hostile,
    "korean": korean,
    "grid": lambda: grid(12, 4, skip=3),
    "neurons": neurons,
}
