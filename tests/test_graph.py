"""Structure: order, scopes, cycles, and what a graph says of itself."""

import numpy as np
import pytest

import graphlab as gl
from graphlab.errors import ModelError
from graphlab.graph import Graph, Node, find_cycle, make_graph, scopes_of, sort


def names(nodes):
    return [node.name for node in nodes]


def leaf(name, role="param"):
    return Node(name, role, (), {"shape": (), "dtype": "float64"})


def test_order_inputs_then_parameters_then_as_declared():
    nodes = [
        Node("late", "neg", ("early",)),
        leaf("w"),
        Node("early", "add", ("x", "w")),
        leaf("x", "input"),
        Node("alone", "neg", ("x",)),
    ]
    assert names(sort(nodes)) == ["x", "w", "early", "late", "alone"]


def test_a_layers_own_parameters_stand_before_it():
    g = gl.Graph()
    x, w = g.input("x", [[1.0, 2.0]]), g.param("w", 2.0)
    h = gl.affine(x * w, units=3, name="fc")
    gl.mul(h, np.ones(3), name="scaled")
    assert names(g.freeze().nodes) == ["x", "w", "mul1", "fc.W", "fc.b", "fc", "scaled#1", "scaled"]


def test_a_shared_parameter_is_nobodys_own():
    g = gl.Graph()
    x = g.input("x", [[1.0, 2.0]])
    h = gl.affine(x, units=2, name="fc")
    gl.affine(h, gl.Ref(g, "fc.W"), gl.Ref(g, "fc.b"), name="again")
    assert names(g.freeze().nodes) == ["x", "fc.W", "fc.b", "fc", "again"]


def test_order_does_not_depend_on_the_order_of_names():
    """A layer declared after another keeps its place, whatever its inputs' order of definition."""
    nodes = [leaf("x", "input")] + [Node(f"n{i}", "neg", (f"n{i - 1}" if i else "x",)) for i in range(50)]
    expected = names(nodes)
    rng = np.random.default_rng(0)
    for _ in range(5):
        shuffled = [nodes[i] for i in rng.permutation(len(nodes))]
        assert names(sort(shuffled)) == expected
    assert names(sort(sort(nodes))) == expected


def test_a_cycle_is_shown():
    nodes = [leaf("x"), Node("a", "add", ("x", "c")), Node("b", "neg", ("a",)), Node("c", "neg", ("b",))]
    with pytest.raises(ModelError) as error:
        make_graph(nodes, name="")
    assert str(error.value) == "the graph has a cycle: a → b → c → a; a node cannot depend on itself"
    with pytest.raises(ModelError, match="a → a"):
        sort([Node("a", "neg", ("a",))])


def test_cycles_are_found_without_recursion():
    n = 50_000
    ring = {str(i): [str((i + 1) % n)] for i in range(n)}
    assert len(find_cycle(ring)) == n + 1
    assert find_cycle({str(i): [str(i + 1)] for i in range(n)}) == []


def test_long_and_wide_graphs_are_sorted():
    n = 50_000
    nodes = [leaf("x", "input")] + [Node(str(i), "neg", (str(i - 1) if i else "x",)) for i in range(n)]
    assert names(sort(list(reversed(nodes))))[-1] == str(n - 1)
    wide = [leaf("x", "input"), *(Node(str(i), "neg", ("x",)) for i in range(n))]
    assert names(sort(wide)) == names(wide)


def test_scopes():
    assert scopes_of([("a.b.c", False), ("a.W", True), ("x", True)]) == ["a.b", "a", ""]
    # a layer's own parameters live where the layer lives
    assert scopes_of([("h.fc.W", True), ("h.fc", False)]) == ["h", "h"]
    # an unfolded layer is a scope, and its last step stands in it
    assert scopes_of([("h.bn.mu", False), ("h.bn", False), ("h.bn.gamma", True)]) == ["h.bn"] * 3
    assert scopes_of([("n#1", False), ("n", False)]) == ["", ""]


@pytest.fixture
def small():
    g = gl.Graph("small")
    x = g.param("x", [1.0, 2.0])
    y = gl.mul(x, x, name="y")
    gl.sum(y + 1, name="loss")
    return g.freeze()


def test_looking_up(small):
    assert small["y"].inputs == ("x", "x")
    assert small["y"].slots == ("a", "b")
    assert (len(small), "y" in small, "z" in small) == (4, True, False)
    assert repr(small) == "<Graph 'small': 4 nodes>"
    assert small.consumers[small.position("x")] == [(1, 0), (1, 1)]
    with pytest.raises(ModelError) as error:
        small["los"]
    assert str(error.value) == "there is no node 'los' (did you mean 'loss'?)"


def test_the_loss_is_the_one_unused_node(small):
    assert small.target == "loss"
    g = gl.Graph()
    x = g.param("x", 1.0)
    gl.sin(x, name="a")
    assert g.freeze().target == "a"
    gl.cos(x, name="b")
    assert g.freeze().target is None
    g.loss(gl.Ref(g, "b"))
    assert g.freeze().target == "b"
    unused = gl.Graph()
    unused.param("x", 1.0)
    assert unused.freeze().target is None


def test_networkx_has_every_edge(small):
    out = small.networkx()
    assert sorted((a, b, d["slot"]) for a, b, d in out.edges(data=True)) == [
        ("add1", "loss", "x"), ("x", "y", "a"), ("x", "y", "b"), ("y", "add1", "a"),
    ]  # fmt: skip
    assert out.nodes["y"] == {"op": "mul", "scope": "", "role": "node"}


def test_first_values_come_from_the_seed_and_the_name():
    def first(seed, *others):
        g = gl.Graph(seed=seed)
        for other in others:
            g.param(other, shape=(3,), init="normal")
        g.param("w", shape=(3,), init="normal")
        return g.freeze().initial_state()["w"].tolist()

    assert first(0) == first(0, "before", "another")
    assert first(0) != first(1)


def test_a_graph_cannot_be_changed(small):
    with pytest.raises(AttributeError):
        small.name = "other"
    with pytest.raises(AttributeError):
        small["y"].op = "add"
    assert isinstance(small, Graph)
    with pytest.raises(ValueError, match="read-only"):
        small.initial_state()["x"][0] = 5.0
