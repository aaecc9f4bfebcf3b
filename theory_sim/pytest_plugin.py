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

__all__ = ["LawItem", "load_simulator"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--simulator module:function``, any number of times; ``--simulator-field name=value`` holds a field fixed."""
    group = parser.getgroup("theory-sim", "laws for a simulator of your own")
    group.addoption("--simulator", action="append", default=[], metavar="MODULE:FUNCTION",
                    help="adapter of a simulator, as theory_sim.testing.check_simulator takes it; each law is a test item")
    group.addoption("--simulator-field", action="append", default=[], metavar="NAME=VALUE",
                    help="hold a field of its experiments at a value, such as neurons=paired")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items that the option asks for."""
    if config.getoption("--simulator-field") and not config.getoption("--simulator"):
        raise pytest.UsageError("--simulator-field without --simulator: expected --simulator module:function beside it")
    for place in config.getoption("--simulator"):
        items.extend(_items(session, place, config.getoption("--simulator-field")))


def _items(session: pytest.Session, place: str, fields: list[str]) -> Iterator[LawItem]:
    from theory_sim.errors import TheorySimError
    from theory_sim.testing.simulator.battery import LAWS, findings
    from theory_sim.testing.simulator.runs import Runs
    from theory_sim.testing.simulator.search import require_experiment

    try:
        folder = str(session.config.invocation_params.dir)
        runs = Runs(load_simulator(place, folder), dict(_field(each) for each in fields))
        require_experiment(runs)
    except TheorySimError as error:
        raise pytest.UsageError(str(error)) from error
    known: dict[str, Finding] = {}
    found, stopped = findings(runs), list[str]()

    def find(law: str) -> Finding:
        while law not in known:
            if stopped:
                pytest.skip(f"the battery stopped at an error: {stopped[0]}")
            try:
                finding = next(found)
            except Exception as error:
                stopped.append(f"{type(error).__name__}: {error}")
                raise
            known[finding.law] = finding
        return known[law]

    for law in LAWS:
        yield LawItem.from_parent(session, name=f"{place}[{law}]", law=law, find=find)


def load_simulator(place: str, folder: str) -> Any:
    """The function; its module is looked for where pytest was started too, as ``python -m`` does."""
    import sys
    from importlib import import_module

    module, colon, name = place.partition(":")
    expected = "expected module:function, as in my_package.my_module:my_run, with a function that takes a task"
    if not colon or "/" in module or module.endswith(".py"):
        raise pytest.UsageError(f"--simulator {place}: {expected}")
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        simulator = import_module(module)
        for part in name.split("."):
            simulator = getattr(simulator, part)
    except ModuleNotFoundError as error:
        missing = error.name is not None and (module == error.name or module.startswith(f"{error.name}."))
        looked = f"; looked for in {folder} and on the Python path" if missing else f", which {module} imports"
        raise pytest.UsageError(f"--simulator {place}: {error}{looked}") from error
    except AttributeError as error:
        raise pytest.UsageError(f"--simulator {place}: {error}; {expected}") from error
    except Exception as error:
        raise pytest.UsageError(f"--simulator {place}: importing {module} raised {type(error).__name__}: {error}") from error
    if not callable(simulator):
        raise pytest.UsageError(f"--simulator {place}: {type(simulator).__name__} {name!r} cannot be called; {expected}")
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
    """One law: passes if it holds, is skipped if it says nothing of the simulator, and fails otherwise."""

    def __init__(self, *, law: str, find: Callable[[str], Finding], **rest: Any) -> None:
        super().__init__(**rest)
        self.law, self.find = law, find

    def runtest(self) -> None:
        """Test it."""
        finding = self.find(self.law)
        if finding.outcome == "not covered":
            pytest.skip(finding.detail)
        if finding.outcome in ("broken", "declined"):
            pytest.fail(str(finding), pytrace=False)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """An answer of the wrong form, or fields without an experiment, in words; other errors with their traceback."""
        from theory_sim.errors import TheorySimError

        return str(excinfo.value) if isinstance(excinfo.value, TheorySimError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        """What a failure's headline says."""
        return "simulator", None, self.name
