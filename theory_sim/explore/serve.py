"""The server of the page: Bokeh's, on the loopback device of this machine, below a path that nobody can guess.

Whoever does not know the path gets 404, for scripts and sockets too. A socket must come from the page's own origin, so that no
other page in the browser can open one.
"""

from __future__ import annotations

import logging
import secrets
import socket
import traceback
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.explore.saving import Target
from theory_sim.report.extra import library

__all__ = ["HOST", "Server"]

HOST: Final = "127.0.0.1"
_LOGS: Final = ("bokeh", "tornado.access", "tornado.general")
_ERRORS: Final = "tornado.application"


def _is_of_the_program(record: logging.LogRecord) -> bool:
    """Whether a logged error is one of this program: what the token of a stranger's socket is refused for is none."""
    traced = traceback.walk_tb(record.exc_info[2] if record.exc_info else None)
    return not any(frame.f_code.co_name == "open" and frame.f_globals.get("__name__") == "bokeh.server.views.ws"
                   for frame, _ in traced)


def _answering_at_once(tornado: Any) -> Any:
    """Bokeh's application, with a socket that does not wait: a message is sent in parts, and TCP holds the second back until
    the browser has confirmed the first, which it may do 40 ms later."""
    handlers = library("bokeh.server.views.ws", "explore")

    class Socket(handlers.WSHandler):  # type: ignore[misc, name-defined]
        def open(self) -> None:
            self.set_nodelay(True)
            super().open()

    class Application(tornado.BokehTornado):  # type: ignore[misc]
        def get_handler_delegate(self, request: Any, target_class: Any, *others: Any, **named: Any) -> Any:
            chosen = Socket if target_class is handlers.WSHandler else target_class
            return super().get_handler_delegate(request, chosen, *others, **named)

    return Application


class Server:
    """The server; it answers once `run` is called.

    Parameters
    ----------
    start : Experiment
        Where the sliders start.
    target : Target, optional
        File that the page may write.
    note : str
        What the page says at its top.
    port : int
        0 for any that is free.

    Attributes
    ----------
    address : str
    port : int
    loop : tornado.ioloop.IOLoop
        Stopping it ends `run`.

    Raises
    ------
    InputError
        If a library of the extra is missing, the port is taken, or the closure cannot compute the experiment.
    """

    def __init__(self, start: Experiment, target: Target | None = None, *, note: str = "", port: int = 0) -> None:
        tornado = library("bokeh.server.tornado", "explore")
        ioloop, httpserver = library("tornado.ioloop", "explore"), library("tornado.httpserver", "explore")
        library("jinja2", "explore")
        from theory_sim.explore.page import Page

        Page(library("bokeh.document", "explore").Document(), start, target, note, "")  # is refused, or compiles what is slow
        for name in _LOGS:  # the terminal belongs to the program
            logging.getLogger(name).setLevel(logging.ERROR)
        logging.getLogger(_ERRORS).addFilter(_is_of_the_program)
        try:
            listening = socket.create_server((HOST, port))
        except OSError as error:
            raise InputError(f"--port {port}: {error.strerror or error}", "a port of this machine that is free",
                             "choose another, or leave it out") from error
        listening.setblocking(False)
        self.port: int = listening.getsockname()[1]
        token = secrets.token_urlsafe(32)
        self.address = f"http://{HOST}:{self.port}/{token}/"
        self._pages: WeakSet[Page] = WeakSet()
        policy = (f"default-src 'none'; script-src 'self' 'nonce-NONCE'; style-src 'unsafe-inline'; img-src data: blob:; "
                  f"font-src data:; connect-src 'self' ws://{HOST}:{self.port}; base-uri 'none'; form-action 'none'")

        def make(document: Any) -> None:
            self._pages.add(Page(document, start, target, note, policy))

        application = _answering_at_once(tornado)({"/": make}, prefix=token, extra_websocket_origins=[f"{HOST}:{self.port}"],
                                                  absolute_url=f"http://{HOST}:{self.port}", use_index=False)
        http = httpserver.HTTPServer(application)
        http.add_socket(listening)
        self.loop = ioloop.IOLoop.current()
        self._server = library("bokeh.server.server", "explore").BaseServer(self.loop, application, http)

    def run(self, begun: Callable[[str], None]) -> None:
        """Answer until interrupted.

        Parameters
        ----------
        begun : callable
            Called with the page's address, at which connections wait already.
        """
        try:
            self._server.start()
            begun(self.address)
            self.loop.start()
        finally:
            self._server.stop()
            for page in list(self._pages):
                page.close()
