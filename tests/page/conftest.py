from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import SAMPLES, Tab, browser

import graphlab as gl


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def sample_pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A sample's page, made once."""
    folder = tmp_path_factory.mktemp("pages")

    def made(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            gl.view(gl.load(SAMPLES[name])).save(path)
        return path

    return made


@pytest.fixture
def open_tab(chromium: Any) -> Iterator[Callable[..., Tab]]:
    """Opens pages; at the end none of them may have complained or asked for anything."""
    tabs: list[Tab] = []

    def opened(path: Path, fragment: str = "", **settings: Any) -> Tab:
        tabs.append(Tab(chromium, path, fragment, **settings))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()
        assert tab.said == []
        assert [url for url in tab.asked if not url.startswith("file:")] == []
