"""Drawn command lines of every verb of both programs, taken from the programs themselves: a new verb is among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz import words
from tests.fuzz.outcome import command

Draw = Callable[..., Any]
# Verbs that may be given good words alone: what they do with them takes milliseconds. Of others at least one word is refused.
CHEAP: Final = frozenset((
    "theory-sim list", "theory-sim preset", "theory-sim show", "theory-sim resume", "theory-sim sweep status",
    "theory-sim sweep gc", "theory-sim sweep compare", "proofs-check list", "proofs-check evaluate",
))  # fmt: skip
_COMMON: Final = (["--nonesuch"], ["--nonesuch=3"], ["-x"], ["--format", "xml"])


@cache
def verbs() -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Each verb with its parameters, those that an engine brings included."""
    return tuple((line, tuple(found)) for program in ("theory-sim", "proofs-check")
                 for line, found in _below(program, command(program), None))


def _below(line: str, found: Any, above: Any) -> Iterator[tuple[str, list[Any]]]:
    context = found.context_class(found, info_name=line, parent=above)
    names = found.list_commands(context) if hasattr(found, "list_commands") else []
    if not names:
        yield line, [each for each in found.get_params(context) if each.name != "help"]
    for name in names:
        yield from _below(f"{line} {name}", found.get_command(context, name), context)


@st.composite
def command_lines(draw: Draw) -> tuple[str, ...]:
    """Program and words."""
    line, parameters = draw(st.sampled_from(verbs()))
    options: list[str] = []
    arguments: list[str] = []
    refused = False
    for parameter in parameters:
        given, sure = draw(_given(parameter))
        refused = refused or sure
        (arguments if parameter.param_type_name == "argument" else options).extend(given)
    if not refused and (line not in CHEAP or draw(st.integers(0, 9)) == 0):
        options += draw(_surely_refused(parameters))
    return (*line.split(), *options, *arguments)


@st.composite
def _given(draw: Draw, parameter: Any) -> tuple[list[str], bool]:
    """What is typed for a parameter, and whether it is surely refused."""
    required = parameter.required or parameter.param_type_name == "argument"
    how = draw(st.sampled_from(["good"] * 5 + ["refused", "odd"] if required else ["absent"] * 9 + ["good", "refused", "odd"]))
    flag = [] if parameter.param_type_name == "argument" else [parameter.opts[0]]
    if how == "absent":
        return [], False
    if getattr(parameter, "is_flag", False):
        return flag, False
    lists = {"good": words.GOOD, "refused": words.REFUSED}.get(how, {})
    chosen = lists.get(parameter.name)
    word = draw(st.sampled_from(chosen if chosen is not None else words.of_type(parameter)))
    if flag and word and draw(st.booleans()) and flag[0].startswith("--"):
        return [f"{flag[0]}={word}"], how == "refused" and chosen is not None
    return [*flag, word], how == "refused" and chosen is not None


@st.composite
def _surely_refused(draw: Draw, parameters: tuple[Any, ...]) -> list[str]:
    """Words of options that the verb refuses."""
    known = [each for each in parameters if each.name in words.REFUSED and each.param_type_name == "option"]
    if not known or draw(st.integers(0, 3)) == 0:
        return list(draw(st.sampled_from(_COMMON)))
    parameter = draw(st.sampled_from(known))
    return [f"{parameter.opts[0]}={draw(st.sampled_from(words.REFUSED[parameter.name]))}"]
