"""How a command line ends: every exception becomes one message and one exit status, for both programs.

Exit status: 0 done, 1 a negative finding, 2 bad input or a resource that lacks, 70 a fault of the program itself (with its
traceback), 130 interrupted, 141 whoever read the output has gone.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import traceback
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Final, TextIO

from theory_sim.errors import InputError, TheorySimError, out_of_memory, system_error
from theory_sim.interrupts import INTERRUPTED
from theory_sim.terminal.progress import preparation_progress
from theory_sim.terminal.safe_text import safe_text, with_names_on_one_line
from theory_sim.terminal.wrapping import wrapped

__all__ = ["INTERNAL_ERROR", "READER_GONE", "get_refusal", "run_program"]

INTERNAL_ERROR: Final = 70
READER_GONE: Final = 141
_PLAIN: Final = "theory_sim.plain"
# What a terminal that knows ASCII alone is shown; other letters by their names.
_SPELLED: Final = {"§": "section ", "−": "-", "–": "-", "×": "x", "≤": "<=", "≥": ">=", "±": "+-", "·": "*", "…": "...",
                   "‖": "|", "→": "->", "∞": "infinity"}


class _OutputError(TheorySimError):
    """Standard output or standard error that cannot be written to.

    No OSError, which the libraries that print would take for their own.
    """

    def __init__(self, error: OSError) -> None:
        self.errno = error.errno
        super().__init__(f"the output cannot be written: {error.strerror or error}", "a terminal, file or pipe with room",
                         "make room, or send the output elsewhere; what was saved stays saved")


class _Closed(io.TextIOBase):
    """A standard stream that the caller has closed. Output would be lost; of messages, the status says as much as is needed."""

    def __init__(self, *, refuse: bool) -> None:
        self._refuse = refuse

    def write(self, text: str) -> int:
        if self._refuse:
            raise OSError(errno.EBADF, "it is closed")
        return len(text)


class _Stream:
    """A text stream whose failures to write are `_OutputError`."""

    def __init__(self, stream: TextIO | _Closed) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        written: int = self._guarded(self._stream.write, text)
        return written

    def writelines(self, lines: list[str]) -> None:
        self._guarded(self._stream.writelines, lines)

    def flush(self) -> None:
        self._guarded(self._stream.flush)

    @staticmethod
    def _guarded(call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except OSError as error:
            raise _OutputError(error) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def run_program(app: Callable[..., Any], name: str) -> int:
    """Run a command line application.

    Parameters
    ----------
    app : callable
        The application; it ends by SystemExit, or raises.
    name : str
        The program's name, before each message.

    Returns
    -------
    int
        Exit status. What was printed has been written out by then.
    """
    streams = sys.stdout, sys.stderr
    _occupy_closed()
    sys.stdout = _guard(sys.stdout, _Closed(refuse=True))
    sys.stderr = _guard(sys.stderr, _Closed(refuse=False))
    try:
        status = _status(app, name)
        try:
            sys.stdout.flush()
        except TheorySimError as error:
            status = _refused(error, name)
    finally:
        sys.stdout, sys.stderr = streams
    for stream in streams:
        _give_up_unwritten(stream)
    return status


def get_refusal(error: BaseException) -> TheorySimError | None:
    """The refusal that an exception stands for; None if it is a fault of the program."""
    if isinstance(error, TheorySimError):
        return error
    if isinstance(error, MemoryError):
        return out_of_memory("this command", error)
    if isinstance(error, OSError):
        return system_error(error)
    if isinstance(error, RuntimeError) and "new thread" in str(error):
        return InputError(str(error), "memory and a limit on processes that leave room for the threads",
                          "lower --threads or --workers, or raise the limit (ulimit -u, ulimit -v)")
    return None


def _status(app: Callable[..., Any], name: str) -> int:
    try:
        _require_no_empty(sys.argv[1:])
        with preparation_progress():
            app()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        _say(f"{name}: {end.code}")
        return 2
    except KeyboardInterrupt:
        _say(f"{name}: interrupted")
        return INTERRUPTED
    except BaseException as error:
        refusal = get_refusal(error)
        if refusal is not None:
            return _refused(refusal, name)
        _say("".join(traceback.format_exception(error)).rstrip())
        _say(f"{name}: internal error: a fault of the program, not of your input; please report it with the lines above")
        return INTERNAL_ERROR
    return 0


def _require_no_empty(arguments: Sequence[str]) -> None:
    """Refuse an empty argument, which is mostly a variable of the shell that is not set: as a path it would be this folder."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, value = argument.partition("=")
        if not argument or (option.startswith("--") and equals and not value):
            what = option or (before if before.startswith("-") else "an argument")
            raise InputError(f"{what} is empty", "a value for each option, and no empty arguments",
                             f"give {what} a value, or leave it out" if what.startswith("-") else "leave it out")


def _refused(error: TheorySimError, name: str) -> int:
    if isinstance(error, _OutputError) and error.errno == errno.EPIPE:
        return READER_GONE
    _say(wrapped(with_names_on_one_line(f"{name}: {error}")))
    return 2


def _say(text: str) -> None:
    try:
        print(safe_text(text), file=sys.stderr, flush=True)
    except TheorySimError:
        pass  # nobody to tell


def _occupy_closed() -> None:
    """Open the null device as each closed standard stream, or the next file opened would be one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _guard(stream: TextIO | None, closed: _Closed) -> Any:
    """A stream that shows every letter, and reports what it cannot write; ``closed`` stands for one that the caller closed."""
    if stream is None:
        return _Stream(closed)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=_PLAIN)
    return _Stream(stream)


def _give_up_unwritten(stream: TextIO | None) -> None:
    """Drop what cannot be written, or Python would fail on it once more at its end."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        sink = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(sink, stream.fileno() if stream is not None else sink)
        except (OSError, ValueError):
            pass
        finally:
            os.close(sink)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """What stands for letters that a terminal cannot show."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_letter, error.object[error.start : error.end])), error.end


def _letter(letter: str) -> str:
    if letter in _SPELLED:
        return _SPELLED[letter]
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    name = unicodedata.name(letter, "")
    if not plain and name.startswith("GREEK ") and "LETTER" in name:
        return name.rpartition(" ")[2].lower() if "SMALL" in name else name.rpartition(" ")[2].capitalize()
    return plain or "?"


codecs.register_error(_PLAIN, _spelled)
