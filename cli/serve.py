"""graphlab view --serve: the page on this machine alone, made anew when the model file is saved."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from graphlab.errors import GraphlabError
from graphlab.messages import tr

from .commands.view import open_page
from .terminal.screen import note, say

if TYPE_CHECKING:
    from graphlab.storyboard import Storyboard

HOST = "127.0.0.1"
VERSION = "/version"


class Served:
    """The page as it is now: its bytes, a number that grows with each change, and what is wrong with the model."""

    def __init__(self, make: Callable[[], Storyboard], files: Sequence[Path]) -> None:
        self.make = make
        self.files = files
        self.lock = threading.Lock()
        self.version, self.error, self.page = 0, "", b""
        self.seen: tuple[object, ...] = ()
        self.update()

    def update(self) -> None:
        """Makes the page again if a file is not what it was. A model that is wrong leaves the last page there."""
        with self.lock:
            seen = tuple(map(_stamp, self.files))
            if seen == self.seen:
                return
            self.seen = seen
            from graphlab.export.web.page import problem_page, to_html

            try:
                self.page, self.error = to_html(self.make(), live=VERSION).encode(), ""
                self.version += 1
            except (GraphlabError, OSError) as error:
                self.error = str(error)
                if not self.version:
                    self.page = problem_page(self.error, VERSION).encode()
            note(self.error or tr("page {n} is there", n=self.version))

    def state(self) -> bytes:
        """What a page that asks is told."""
        return json.dumps({"version": self.version, "error": self.error}, ensure_ascii=False).encode()


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def server(served: Served, port: int) -> ThreadingHTTPServer:
    """A server of this one page, for this machine alone. Raises OSError where the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host not in (HOST, "localhost"):  # a page elsewhere whose name was made to mean this machine
                self.send_error(403)
                return
            served.update()
            if self.path.split("?")[0] == "/":
                self.answer(served.page, "text/html; charset=utf-8")
            elif self.path == VERSION:
                self.answer(served.state(), "application/json")
            else:
                self.send_error(404)

        def answer(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            for name, value in (
                ("Content-Type", kind), ("Content-Length", str(len(content))), ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ):  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what matters is said when the page changes."""

    return ThreadingHTTPServer((HOST, port), Handler)


def serve_page(make: Callable[[], Storyboard], files: Sequence[Path], tour: Path | None, port: int) -> None:
    """Serve until Ctrl-C."""
    served = Served(make, [*files, *([tour] if tour else [])])
    try:
        serving = server(served, port)
    except OSError as error:
        raise GraphlabError(tr("port {port} cannot be used: {why}", port=port, why=error.strerror or error)) from None
    address = f"http://{HOST}:{serving.server_address[1]}/"
    say(address)
    note(tr("Ctrl-C ends it"))
    open_page(address)
    with serving:
        serving.serve_forever(poll_interval=0.2)
