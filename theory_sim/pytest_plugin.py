"""A pytest plug-in: ``pytest --simulator module:function`` tests a simulator of yours, a test item for each law.

Registered as an entry point, so that it is there wherever the package is installed; without the option it does nothing
and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from theory_sim.testing.simulator.report import Finding

__all__ = ["LawItem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--simulator module:function``, any number of times; ``--simulator-field name=value`` holds a field fixed."""
    group = parser.getgroup("theory-sim", "laws for a simulator of your own")
    group.addoption("--simulator", action="append", default=[], metavar="MODULE:FUNCTION",
                    help="adapter of a simulator, as theory_sim.testing.check_simulator takes it; each law is a test item")
    group.addoption("--simulator-field", action="append", default=[], metavar="NAME=VALUE",
                    help="hold a field of its experiments at a value, such as neurons=paired")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items that the option asks for."""
    for place in config.getoption("--simulator"):
        items.extend(_items(session, place, config.getoption("--simulator-field")))


def _items(session: pytest.Session, place: str, fields: list[str]) -> Iterator[LawItem]:
    from theory_sim.errors import TheorySimError
    from theory_sim.testing.simulator.battery import LAWS, findings
    from theory_sim.testing.simulator.runs import Runs

    try:
        found = findings(Runs(_load(place), dict(_field(each) for each in fields)))
    except TheorySimError as error:
        raise pytest.UsageError(str(error)) from error
    known: dict[str, Finding] = {}

    def find(law: str) -> Finding:
        while law not in known:
            finding = next(found)
            known[finding.law] = finding
        return known[law]

    for law in LAWS:
        yield LawItem.from_parent(session, name=f"{place}[{law}]", law=law, find=find)


def _load(place: str) -> Any:
    from importlib import import_module

    module, colon, name = place.partition(":")
    try:
        simulator = getattr(import_module(module), name) if colon else None
    except (ImportError, AttributeError) as error:
        raise pytest.UsageError(f"--simulator {place}: {error}") from error
    if not callable(simulator):
        raise pytest.UsageError(f"--simulator {place}: expected module:function, with a function that takes a task")
    return simulator


def _field(text: str) -> tuple[str, Any]:
    import ast

    name, equals, value = text.partition("=")
    if not equals:
        raise pytest.UsageError(f"--simulator-field {text}: expected name=value")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


class LawItem(pytest.Item):
    """One law: passes if it holds, is skipped if it cannot be tested, and fails with the likely mistake."""

    def __init__(self, *, law: str, find: Callable[[str], Finding], **rest: Any) -> None:
        super().__init__(**rest)
        self.law, self.find = law, find

    def runtest(self) -> None:
        """Test it."""
        finding = self.find(self.law)
        if finding.outcome == "not covered":
            pytest.skip(finding.detail)
        if finding.outcome == "broken":
            pytest.fail(str(finding), pytrace=False)

    def reportinfo(self) -> tuple[str, None, str]:
        """What a failure's headline says."""
        return "simulator", None, self.name
