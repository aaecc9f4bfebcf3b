"""What ``pytest --simulator`` says of wrong options, of declined tasks, and of a simulator that raises."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.test_battery import run_pytest
from theory_sim.pytest_plugin import pytest_collection_modifyitems
from theory_sim.testing.simulator.battery import LAWS

GIVEN_ONLY = "tests.kit.test_battery:given_only"


@pytest.mark.parametrize(("simulators", "fields", "words"), [
    ([], ["schedule=S"], "--simulator-field without --simulator"),
    ([GIVEN_ONLY], ["schedul=S"], "schedul held fixed"), ([GIVEN_ONLY], ["schedule"], "expected name=value"),
    ([GIVEN_ONLY], ["schedule=nonesuch"], "schedule = 'nonesuch'"), ([GIVEN_ONLY], ["m_W=-3"], "m_W"),
    ([GIVEN_ONLY], ["N=5", "kappa=0.5"], "kappa"), ([GIVEN_ONLY], ["patterns=frozen"], "patterns = 'frozen'"),
], ids=str)
def test_a_bad_option_is_one_usage_error(simulators: list[str], fields: list[str], words: str) -> None:
    """Before any item is made, as `check_simulator` refuses it."""
    config: Any = SimpleNamespace(getoption={"--simulator": simulators, "--simulator-field": fields}.__getitem__,
                                  invocation_params=SimpleNamespace(dir="."))
    items: list[pytest.Item] = []
    with pytest.raises(pytest.UsageError) as caught:
        pytest_collection_modifyitems(SimpleNamespace(config=config), config, items)  # type: ignore[arg-type]
    assert words in str(caught.value) and not items


MINE = """
from tests.kit.numpy_simulator import adapter
from theory_sim.testing import Declined

def few(task):
    if task.experiment.m_W > 30:
        raise Declined("it is small")
    return adapter(task)

def raises(task):
    raise ZeroDivisionError("of mine")

def wrong(task):
    return 3
"""


@pytest.mark.tier2
def test_declined_tasks_fail(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    done = run_pytest(tmp_path, "--simulator", "mine:few", "-k", "step or noise-level")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout, done.stdout
    assert "noise-level: declined; too few of its tasks were run: it is small" in done.stdout


@pytest.mark.tier2
@pytest.mark.parametrize(("function", "words"), [("raises", "ZeroDivisionError"), ("wrong", "the simulator returned int")])
def test_an_error_of_the_simulator_is_told_once(function: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    done = run_pytest(tmp_path, "--simulator", f"mine:{function}", "-rs")
    assert done.returncode == 1 and f"1 failed, {len(LAWS) - 1} skipped" in done.stdout, done.stdout
    assert words in done.stdout and "E   StopIteration" not in done.stdout and "the battery stopped at an error" in done.stdout


@pytest.mark.tier2
def test_a_usage_error_has_no_traceback(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--simulator", GIVEN_ONLY, "--simulator-field", "schedul=S")
    assert done.returncode == 4 and "Traceback" not in done.stdout + done.stderr and "schedul held fixed" in done.stderr
