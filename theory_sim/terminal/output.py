"""Where the result of a command goes, and in which format: the one home of ``--format``, ``--out`` and ``--force``."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from theory_sim.errors import InputError, StoreError, nearest, shown
from theory_sim.storage.folders import make_folder
from theory_sim.terminal.safe_text import SafePart, safe_text, with_names_on_one_line
from theory_sim.terminal.wrapping import filled, say_aside, say_steps, with_commands

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Force", "OutFile", "Output", "Part", "Result", "Table", "TextJson", "TextJsonCsv", "Verbose", "csv_text", "format_option",
    "get_formats", "hanging", "print_parts", "require_free", "require_writable", "with_command",
]

SCHEMA_VERSION: Final = 1
Part = Any
"""What rich prints, or a text, which is printed as it stands."""
Table = Sequence[Mapping[str, Any]]
"""Rows with the same columns."""


def format_option(*formats: str) -> Any:
    """``--format`` with these choices, which help, completion and the message about another one list."""

    def require(form: str) -> str:
        if form not in formats:
            raise InputError(f"--format {shown(form)}", f"one of {', '.join(formats)}", nearest(form, formats))
        return form

    return typer.Option("--format", metavar="|".join(formats), help="Format of what is printed.", callback=require,
                        autocompletion=lambda incomplete: [each for each in formats if each.startswith(incomplete)])


def get_formats(parameter: Any) -> tuple[str, ...]:
    """Choices of a parameter made by `format_option`."""
    return tuple(parameter.metavar.split("|"))


TextJson = Annotated[str, format_option("text", "json")]
TextJsonCsv = Annotated[str, format_option("text", "json", "csv")]
OutFile = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it to this file instead.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Explain what is printed, and print more of it.")]


@dataclass(frozen=True)
class Result:
    """What a command found, in every format that it offers; only the one that is asked for is made.

    Attributes
    ----------
    schema : str
        Name of the JSON document's shape, such as "theory-sim.runs".
    fields : callable
        Gives the document, without its schema.
    text : callable
        Gives what is printed for a reader, besides what was said while the command worked.
    table : callable, optional
        Gives the rows of the CSV, or the whole CSV as text.
    columns : sequence of str
        Header of a table that may have no rows.
    others : mapping
        Further formats, each a callable that gives the text.
    """

    schema: str
    fields: Callable[[], Mapping[str, Any]]
    text: Callable[[], Sequence[Part]] = tuple
    table: Callable[[], Table | str] | None = None
    columns: Sequence[str] = ()
    others: Mapping[str, Callable[[], str]] = field(default_factory=dict)


class Output:
    """Standard output or a file, in one format; made before the work, so that a place that is taken costs none.

    Parameters
    ----------
    form : str
        Format.
    out : Path, optional
        File in place of standard output; written whole or not at all.
    force : bool
        Replace a file that is there.
    quiet : bool
        Leave out what is meant for a reader: text on standard output, and notes.

    Raises
    ------
    StoreError
        If something has the file's name, unless ``force`` replaces it, or the file cannot be written there.
    """

    def __init__(self, form: str, out: Path | None = None, *, force: bool = False, quiet: bool = False) -> None:
        self._form, self._out, self._force = form, out, force
        self.quiet = quiet
        if out is not None:
            require_free(out, force=force)
        self._text = io.StringIO()

    @property
    def shows_text(self) -> bool:
        """Whether anybody reads what `say` is given."""
        return self._form == "text" and (self._out is not None or not self.quiet)

    def say(self, *parts: Part) -> None:
        """Print a part of the text at once; in other formats nothing."""
        if self.shows_text:
            print_parts(*parts, file=self._text if self._out is not None else None)

    def note(self, text: str) -> None:
        """Say something beside the result, on standard error."""
        if not self.quiet:
            say_aside(text)

    def step(self, text: str, command: str) -> None:
        """Say what to type beside the result, on standard error; ``text`` ends in a colon."""
        if not self.quiet:
            say_steps([(text, command)])

    def put(self, result: Result) -> None:
        """Print or write the result; called once, at the end."""
        if self._form == "text":
            if self.shows_text:
                self.say(*result.text())
            text = self._text.getvalue()
        elif self._form == "json":
            text = json.dumps(_document(result), indent=2, allow_nan=False) + "\n"
        elif self._form == "csv":
            assert result.table is not None
            table = result.table()
            text = table if isinstance(table, str) else csv_text(table, result.columns)
        else:
            text = result.others[self._form]()
        if self._out is not None:
            from theory_sim.storage.writing import write_text

            require_free(self._out, force=self._force)  # one may have come while the result was computed
            make_folder(self._out.parent)
            write_text(self._out, text)
        elif self._form != "text":
            typer.echo(text, nl=False)


def print_parts(*parts: Part, file: io.StringIO | None = None) -> None:
    """Print tables and texts, plain where the output is not a terminal. A word that is longer than a line stays whole."""
    from rich.text import Text

    console = _console(file)
    for part in parts:
        if isinstance(part, str):
            lines = (filled(line, console.width) if len(line) > console.width else [line]
                     for line in safe_text(with_names_on_one_line(part)).split("\n"))
            console.print(Text("\n".join(chain.from_iterable(lines))), overflow="ignore", crop=False)
        else:
            console.print(SafePart(part), crop=False)  # a table may be wider


def hanging(head: str, text: str, indent: int = 13) -> str:
    """A text as wide as the terminal, or 80 columns where there is none: a head, and all lines from one column on.

    Parameters
    ----------
    head : str
        Before the first line; where it is too long, the text begins below it.
    text : str
        Its own lines stay lines.
    indent : int
        Column.
    """
    gap = " " * indent
    above = len(head) >= indent > 0
    shown, first = ([head], gap) if above else ([], head.ljust(indent))
    for line in text.split("\n"):
        inner = gap + " " * (len(line) - len(line.lstrip()))
        start = first + inner[indent:]
        shown += filled(line.lstrip(), _console().width, first=start, later=inner) or [start.rstrip()]
        first = gap
    return "\n".join(shown)


def with_command(text: str, command: str) -> str:
    """A text, which ends in a colon, and what to type behind it, in lines of the terminal; see `with_commands`."""
    return with_commands([(text, command)], _console().width)


def _console(file: io.StringIO | None = None) -> Console:
    from rich.console import Console

    return Console(file=file, highlight=False, soft_wrap=False)


def csv_text(rows: Table, columns: Sequence[str] = ()) -> str:
    """Rows as CSV (RFC 4180, lines end in a line feed): a header, numbers in full, an empty cell where there is none.

    ``columns`` is the header where there are no rows.

    Examples
    --------
    >>> print(csv_text([{"tau": 0.1, "order": "P, then Q"}, {"tau": float("nan"), "order": None}]), end="")
    tau,order
    0.1,"P, then Q"
    ,
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else columns)
    writer.writerows([["" if each is None or each != each else each for each in row.values()] for row in rows])
    return text.getvalue()


def _document(result: Result) -> dict[str, Any]:
    from theory_sim.storage.plain import make_plain

    plain: dict[str, Any] = make_plain(result.fields())
    return {"schema": result.schema, "schema_version": SCHEMA_VERSION, **plain}


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a file that is there, or that cannot be written; a folder that is missing is made when it is.

    With ``force`` a regular file is replaced, and nothing else.
    """
    if os.path.lexists(path) and (not force or path.is_dir()):
        nowhere = "" if path.exists() else ", a link to nothing"
        raise StoreError(f"--out {path} exists{nowhere}", "a file, which is never replaced unasked",
                         "choose another name" + ("" if path.is_dir() else " or --force"))
    from theory_sim.storage.writing import require_replaceable_file

    require_replaceable_file(path)
    require_writable(path.parent)


def require_writable(folder: Path) -> None:
    """Refuse a folder that nothing can be written into, before it is worked for; of one that is not there, what is above it.

    Nothing is made: a command that is refused later leaves no empty folder.
    """
    above = folder
    try:
        above = next(each for each in (folder, *folder.absolute().parents) if _is_there(each))
        if above.is_symlink() and not above.exists():
            raise FileNotFoundError(errno.ENOENT, "a link to nothing")
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise InputError(f"--out: {above}: {error.strerror}", "a folder that can be written to", "name another") from error


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
