"""The file itself: one, whole, inert, the same bytes each time, and not too large."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

import graphlab as gl
from graphlab.export.theme import THEMES
from graphlab.export.web.page import MODULES, problem_page, program, stylesheet

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/*.yaml"))
WEB = Path(gl.__file__).parent / "export" / "web"
SMALL = "graphlab: 1\nparams: {a: 3, b: 2}\nnodes: {c: a * b, d: a + c, L: c * d}"
LARGE = ("digits", "mlp784")  # few nodes, large arrays


def page(text=SMALL, **options):
    return gl.view(gl.loads(text), **options).html


def data_of(html):
    packed = re.search(r'id="data">([^<]*)</script>', html)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_small_enough(path):
    graph = gl.load(path)
    work = sum(not node.is_leaf for node in graph.nodes)
    small = work <= 10 and path.stem not in LARGE
    assert len(gl.view(graph).html.encode()) < (200_000 if small else 1_000_000)


def test_the_same_run_gives_the_same_bytes():
    assert page() == page()


def test_nothing_is_fetched_and_only_its_own_script_runs():
    html = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    script = re.search(r'<script type="module">(.*?)</script>', html, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    for what, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{what} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    places = set(re.findall(r"https?://[^\s\"'<>)]+", html))
    assert places <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert not re.search(r"\b(src|href)=|@import|url\(", html)
    assert not re.search(r"\son\w+=|style=", html)


def test_a_page_that_is_served_may_ask_its_server_alone():
    from graphlab.export.web.page import to_html

    html = to_html(gl.view(gl.loads(SMALL)).board, live="/version")
    assert "connect-src 'self'" in html
    assert 'data-live="/version"' in html


def test_hostile_texts_stay_texts():
    nasty = "</script><script>alert(1)</script><!--"
    html = page(f"graphlab: 1\nname: '{nasty}'\nparams: {{a: 3}}\nnodes: {{L: a * a}}")
    assert html.count("<script") == 2
    assert "alert(1)" not in html.replace("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "")
    assert data_of(html)["texts"]["en"]["title"] == nasty
    assert nasty not in problem_page(nasty, "/version")


def test_modules_are_joined_in_an_order_in_which_they_know_one_another():
    known: set[str] = set()
    for name in MODULES:
        source = (WEB / name).read_text("utf-8")
        for names, module in re.findall(r'^import \{([^}]*)\} from "\./([^"]+)";', source, re.MULTILINE):
            assert module in known, f"{name} imports {module}, which comes later"
            exported = (WEB / module).read_text("utf-8")
            for one in names.split(","):
                assert re.search(
                    rf"^export (async )?(function|const|class|let) {one.strip()}\b", exported, re.MULTILINE
                )
        known.add(name)
    assert known == {path.name for path in WEB.glob("*.js")}
    tops = re.findall(r"^(?:async )?(?:function|const|class|let) (\w+)", program(), re.MULTILINE)
    assert sorted({name for name in tops if tops.count(name) > 1}) == []
    assert not re.search(r"^(import|export) ", program(), re.MULTILINE)


def test_scripts_make_no_markup_of_texts():
    for path in WEB.glob("*.js"):
        source = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", source), (
            path
        )


def test_the_style_has_every_role_of_the_pictures():
    style = stylesheet()
    for role in THEMES["light"].inks:
        assert f".text-{role}" in style
    for family in THEMES["light"].families:
        assert f".family-{family}" in style
    for role in THEMES["light"].roles:
        assert f".role-{role}" in style
    used = set(re.findall(r"var\(--([\w-]+)", style))
    made = set(re.findall(r"--([\w-]+):", style)) | {"size", "at", "width"}  # set by the scripts
    assert used <= made


def test_gl_view_saves_and_shows_itself(tmp_path):
    shown = gl.view(gl.loads(SMALL), hide="gradients", title="Other")
    shown.save(tmp_path / "p.html")
    assert (tmp_path / "p.html").read_text("utf-8") == shown.html
    bundle = shown._repr_mimebundle_()
    assert set(bundle) - {"image/png"} == {"text/html", "image/svg+xml", "text/plain"}
    html = bundle["text/html"]
    assert 'title="Other"' in html
    assert 'sandbox="allow-scripts allow-forms"' in html
    frame = html[html.index("<iframe") :]
    assert frame.count('"') == 12  # what is in the page's own quotes is written as &quot;
    picture = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)[1]).decode()
    assert picture == bundle["image/svg+xml"]  # where a notebook is not trusted the frame goes, and this stays


def test_the_file_reads_as_json_of_its_format():
    data = data_of(page())
    assert data["format"] == "graphlab.page/1"
    assert {node["name"] for node in data["nodes"]} == {"a", "b", "c", "d", "L"}
    numbers = page("graphlab: 1\nparams: {a: .inf}\nnodes: {L: a * 0}")
    assert "NaN" in json.dumps(data_of(numbers)["arrays"])


def test_what_is_hidden_is_not_in_findings_and_local_derivatives():
    vanishing = gl.load(next(path for path in SAMPLES if path.stem == "mazur_units"))
    assert data_of(gl.view(vanishing).html)["findings"]
    assert data_of(gl.view(vanishing, hide="gradients").html)["findings"] == []
    hidden = json.dumps(data_of(gl.view(vanishing, hide="values").html), ensure_ascii=False)
    assert "∂net#1/∂w5 = " in hidden
    assert "0.5933" not in hidden  # h1.out, which is that derivative


def test_an_empty_gradient_is_no_finding():
    assert data_of(page("graphlab: 1\ninputs: {x: []}\nnodes: {y: x * 2, L: sum(y)}"))["findings"] == []
