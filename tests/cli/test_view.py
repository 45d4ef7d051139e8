"""graphlab view: the file, the browser, the tour beside the model, a server that reloads, refusals."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commandline import Run, command, environment


def test_a_page_is_written_and_its_name_said(run: Run, folder: Path) -> None:
    result = run("view", "model.yaml", "-o", "page.html")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "page.html\n", "")
    assert (folder / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_without_o_it_is_opened_from_a_temporary_file(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    result = run("view", "model.yaml")
    path = Path(result.stdout.strip())
    assert opened == [path.as_uri()]
    assert path.parent == folder
    assert path.name.startswith("graphlab-model-")
    assert path.stat().st_size > 50_000
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    assert "no browser could be opened here" in run("view", "-e", "w*x", "w=2", "x=3").stderr


def test_the_tour_beside_the_model_is_part_of_it(run: Run, folder: Path) -> None:
    stops = [{"node": "E", "text": "The loss."}]
    (folder / "model.tour.json").write_text(json.dumps({"format": "graphlab.tour/1", "stops": stops}))
    assert run("view", "model.yaml", "-o", "page.html").exit_code == 0
    (folder / "model.tour.json").write_text(json.dumps({"format": "graphlab.tour/1", "stops": [{"node": "Z"}]}))
    result = run("view", "model.yaml", "-o", "other.html")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: model.tour.json: stop 1: ")
    assert not (folder / "other.html").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("model.yaml", "-o", "page.pdf"), 2, "'page.pdf' must end in one of .html .htm"),
        (("model.yaml", "-o", "no/page.html"), 2, "there is no folder 'no'"),
        (("model.yaml", "--hide", "grads", "-o", "p.html"), 2, "'grads' is not one of"),
        (("model.yaml", "--only", "zz", "-o", "p.html"), 1, "zz"),
        (("model.yaml", "--expand", "zz", "-o", "p.html"), 1, "there is no node or op 'zz' to expand"),
        (("model.yaml", "--fold", "zz", "-o", "p.html"), 1, "zz"),
        (("model.yaml", "--tour", "no.json", "-o", "p.html"), 1, "no.json: cannot be read"),
        (("model.yaml", "--serve", "-o", "p.html"), 2, "--serve watches one model file"),
        (("-e", "w*w", "w=1", "--serve"), 2, "--serve watches one model file"),
        (("model.yaml", "--port", "80", "-o", "p.html"), 2, "--port goes with --serve"),
        (("none.yaml", "-o", "p.html"), 2, "none.yaml"),
        ((), 2, "give a MODEL"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, folder: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:  # fmt: skip
    result = run("view", *arguments)
    assert result.exit_code == status
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(folder.glob("*.html"))


def test_a_trace_file_can_be_looked_at(run: Run, folder: Path) -> None:
    assert run("trace", "model.yaml", "-o", "trace.json").exit_code == 0
    assert run("view", "trace.json", "-o", "page.html").exit_code == 0
    assert run("trace", "model.yaml", "--max-elements", "2", "-o", "short.json").exit_code == 0
    assert run("view", "short.json", "-o", "short.html").exit_code == 0


# --serve


class Server:
    def __init__(self, folder: Path, *arguments: str) -> None:
        env = environment({"BROWSER": "true", "GRAPHLAB_LANG": "en"})
        self.process = subprocess.Popen(
            command("view", "model.yaml", "--serve", *arguments), cwd=folder, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = int(self.address.rstrip("/").rpartition(":")[2])

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{self.port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")

    def version(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.get("/version")[1])
        return found

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@pytest.fixture
def server(folder: Path):  # type: ignore[no-untyped-def]
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        started.append(Server(folder, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def write(path: Path, text: str) -> None:
    """Save a model at another time than it was saved before."""
    path.write_text(text, encoding="utf-8")
    now = time.time_ns() + 1_000_000_000
    os.utime(path, ns=(now, now))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_server_shows_the_page_and_what_becomes_of_it(server, folder: Path) -> None:  # type: ignore[no-untyped-def]
    serving = server()
    assert serving.address == f"http://127.0.0.1:{serving.port}/"
    status, page = serving.get("/")
    assert status == 200
    assert "connect-src 'self'" in page
    assert serving.version() == {"version": 1, "error": ""}
    good = (folder / "model.yaml").read_text(encoding="utf-8")
    write(folder / "model.yaml", good.replace("relu(fc)", "relo(fc)"))
    broken = serving.version()
    assert broken["version"] == 1
    assert "unknown op 'relo' (did you mean 'relu'?)" in str(broken["error"])
    assert serving.get("/")[1] == page  # the last one that was right
    time.sleep(0.01)
    write(folder / "model.yaml", good.replace("Two layers", "Two new layers"))
    assert serving.version() == {"version": 2, "error": ""}
    assert "Two new layers" in serving.get("/")[1]
    status, said = serving.end()
    assert status == 130
    assert "interrupted" in said
    assert "Traceback" not in said


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_model_that_is_wrong_from_the_start_is_said_on_the_page(server, folder: Path) -> None:  # type: ignore[no-untyped-def]
    good = (folder / "model.yaml").read_text(encoding="utf-8")
    write(folder / "model.yaml", "graphlab: 1\nnodes: {y: <b>}")
    serving = server()
    status, page = serving.get("/")
    assert status == 200
    assert 'class="banner">model.yaml:2:' in page
    assert "<b>" not in page
    time.sleep(0.01)
    write(folder / "model.yaml", good)
    assert serving.version() == {"version": 1, "error": ""}
    assert "data-live" in serving.get("/")[1]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_server_answers_this_machine_alone(server) -> None:  # type: ignore[no-untyped-def]
    serving = server()
    assert serving.get("/", host="evil.example:80")[0] == 403
    assert serving.get("/", host=f"localhost:{serving.port}")[0] == 200
    assert serving.get("/model.yaml")[0] == 404
    assert serving.get("/../setup.cfg")[0] == 404


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_port_that_is_taken_is_said(server, run: Run) -> None:  # type: ignore[no-untyped-def]
    serving = server()
    result = run("view", "model.yaml", "--serve", "--port", str(serving.port))
    assert result.exit_code == 1
    assert f"port {serving.port} cannot be used" in result.stderr
