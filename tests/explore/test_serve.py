"""Who is answered: who knows the address, from this machine, and sockets of the page alone; what is refused at the start."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from theory_sim.cli import app
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.explore.serve import HOST, Server
from theory_sim.report import extra

SMALL = Experiment(name="small", d=30, r=0.6, max_tau=50.0)
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "bokeh"}


class Served:
    """A server in a thread of this process."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        assert self.ready.wait(60)

    def _serve(self) -> None:
        import asyncio

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.server = Server(SMALL)
        self.loop: Any = self.server.loop
        self.server.run(lambda address: self.ready.set())
        loop.close()

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers of an answer."""
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=60)
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        text = "" if answer.status == 101 else answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text, dict(answer.getheaders())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    pytest.importorskip("bokeh", reason="the extra 'explore' is not installed")
    served = Served()
    yield served
    served.loop.add_callback(served.loop.stop)
    served.thread.join()


def test_who_does_not_know_the_address_gets_nothing(served: Served) -> None:
    path = urlsplit(served.server.address).path
    assert len(path) > 40
    for wrong in ("/", "/static/js/bokeh.min.js", "/ws", "/autoload.js", "/metadata", "/x" + path, path.swapcase(),
                  path[:-2] + "/"):
        assert served.ask(wrong)[0] == 404, wrong
    status, text, headers = served.ask(path)
    assert status == 200 and "Experiment small" in text
    assert "Set-Cookie" not in headers and "Access-Control-Allow-Origin" not in headers


def test_the_page_asks_for_nothing_elsewhere(served: Served) -> None:
    text = unescape(served.ask(urlsplit(served.server.address).path)[1])
    assert "default-src 'none'" in text and "unsafe-eval" not in text and "script-src 'self' 'nonce-" in text
    assert text.count("<script") == text.count("<script nonce=") + text.count('<script type="application/json" id="settings"')
    assert "cdn." not in text and "https://" not in text


def test_a_socket_must_come_from_the_page(served: Served) -> None:
    path = urlsplit(served.server.address).path + "ws"
    own = f"http://{HOST}:{served.server.port}"
    for origin in ("http://evil.example", f"http://evil.example:{served.server.port}", "null", f"http://{HOST}:1"):
        assert served.ask(path, {**UPGRADE, "Origin": origin})[0] == 403, origin
    assert served.ask(path, {**UPGRADE, "Origin": own})[0] == 101


def test_an_answer_is_not_held_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP_NODELAY at the server's end of a page's socket: without it a move takes 30 to 40 ms more."""
    from tornado.iostream import IOStream

    path, own = urlsplit(served.server.address).path + "ws", f"http://{HOST}:{served.server.port}"
    prompt: list[int] = []
    set_nodelay = IOStream.set_nodelay

    def noted(end: IOStream, value: bool) -> None:
        set_nodelay(end, value)
        prompt.append(end.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(IOStream, "set_nodelay", noted)
    with socket.create_connection((HOST, served.server.port), timeout=60) as client:
        headers = {"Host": own.removeprefix("http://"), "Origin": own, **UPGRADE}
        asked = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        client.sendall("\r\n".join([*asked, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n\x88" not in answer:  # the socket is open, and closed since this is no page
            answer += client.recv(1000) or b"\r\n\r\n\x88"
    assert answer.startswith(b"HTTP/1.1 101") and prompt[-1]


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {HOST}
    for address in (*others, "127.0.0.2"):
        with pytest.raises(OSError), socket.create_connection((address, served.server.port), timeout=5):
            pass


def test_what_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def refused(*words: str) -> str:
        found = CliRunner().invoke(app, ["explore", "--no-browser", *words])
        assert isinstance(found.exception, (InputError, StoreError)), (words, found.output, found.exception)
        return str(found.exception)

    assert "loss = 'squared'" in refused("--set", "loss=squared")
    assert "network = 'shared'" in refused("--set", "network=shared")
    Path("mine.toml").write_text("mine")
    assert "mine.toml exists" in refused("--out", "mine.toml")
    assert "missing.toml" in refused("missing.toml")
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        assert "--port" in refused("--port", str(taken.getsockname()[1]), "--set", "d=30", "--set", "max_tau=50.0")


@pytest.mark.parametrize("missing", ["bokeh", "tornado", "jinja2"])
def test_a_missing_library_is_named_with_what_installs_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = extra.import_module

    def absent(name: str) -> Any:
        if name.partition(".")[0] == missing:
            raise ImportError(f"No module named '{missing}'")
        return found(name)

    monkeypatch.setattr(extra, "import_module", absent)
    with pytest.raises(InputError, match="the explorer without") as refused:
        Server(SMALL)
    assert "pip install 'theory-sim[explore]'" in str(refused.value) and missing in str(refused.value).lower()


def test_what_a_stranger_is_refused_for_is_not_printed(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    path, origin = urlsplit(served.server.address).path, f"http://{HOST}:{served.server.port}"
    headers = {**UPGRADE, "Sec-WebSocket-Protocol": "bokeh, a.wrong-token", "Origin": origin}
    served.ask(f"{path}ws", headers)
    served.ask(f"{path}static/../../setup.cfg")
    assert not [record for record in caplog.records if record.name.startswith("tornado")]
    logging.getLogger("tornado.application").error("mine", exc_info=ValueError("a mistake of the program"))
    assert [record.message for record in caplog.records if record.name == "tornado.application"] == ["mine"]
