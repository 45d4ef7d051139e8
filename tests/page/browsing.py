"""A real browser with a page in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import graphlab as gl

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
SAMPLES = {path.stem: path for path in (Path(__file__).parents[2] / "samples").glob("*/*.yaml")}


def need_a_browser() -> None:
    """Skips the module where there is no browser; the named CI step fails on that."""
    pytest.importorskip("playwright", reason="playwright is not here")
    pytest.importorskip("axe_playwright_python", reason="axe is not here")
    if BROWSER is None:
        pytest.skip("a browser is not here", allow_module_level=True)


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield started
        started.close()


class Tab:
    """A page that is open, with all that it said and asked for."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", **settings: Any) -> None:
        settings = {"viewport": {"width": 1280, "height": 800}, **settings}
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{path.as_uri()}{fragment}")
        self.wait("window.graphlab !== undefined")

    def js(self, expression: str, argument: Any = None) -> Any:
        return self.page.evaluate(expression, argument)

    def wait(self, condition: str, seconds: float = 10.0) -> None:
        """Until it holds. (The page's policy forbids what Playwright's own waiting does.)"""
        end = time.monotonic() + seconds
        while not self.js(condition):
            assert time.monotonic() < end, f"still not: {condition}"
            self.page.wait_for_timeout(20)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def step(self) -> int:
        return int(self.js("graphlab.state.get('step')"))

    @property
    def length(self) -> int:
        return int(self.js("graphlab.run.length"))

    @property
    def node(self) -> str | None:
        return self.js(  # type: ignore[no-any-return]
            "graphlab.state.get('node') === null ? null : graphlab.data.nodes[graphlab.state.get('node')].name"
        )

    def close(self) -> None:
        self.context.close()


def page_of(model: str, folder: Path, **options: Any) -> Path:
    """The page of a model's text, in a file."""
    path = folder / "page.html"
    gl.view(gl.loads(model), **options).save(path)
    return path
