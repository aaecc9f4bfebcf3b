"""Every public function has an example in its docstring, stands in the reference, and does what the example says."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from theory_sim.experiment.choices import SCHEDULES

REFERENCE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "functions.md"
# Packages whose public names are listed by hand: each stands in the reference.
LISTED: Final = ("theory_sim", "theory_sim.testing", "proofs_check", "proofs_check.problem")
# What only holds what a function gives, or is no class or function: their example is that function's.
RESULTS: Final = frozenset("""
    theory_sim.Finding theory_sim.LearningOrder theory_sim.NTKRegression theory_sim.Regime theory_sim.Snapshot
    theory_sim.StudyResult theory_sim.StudyVerdict theory_sim.Summary theory_sim.testing.Finding
    theory_sim.testing.Report theory_sim.testing.Initial theory_sim.testing.Task theory_sim.testing.Declined
    theory_sim.MeanField theory_sim.testing.Simulator proofs_check.CertifiedOrder proofs_check.Claim
    proofs_check.ConstantsReport proofs_check.Counterexample proofs_check.RecheckReport proofs_check.Verdict
    proofs_check.problem.Domain
""".split())
# Bases of a user's own classes; how they are used is a page of its own.
BASES: Final = {
    "theory_sim.Loss": "loss", "theory_sim.Placement": "noise_placement", "theory_sim.Schedule": "schedule",
    "theory_sim.Study": "study", "proofs_check.problem.Problem": "kind_of_problem",
}
# Draw, simulate or prove, which takes a second or more each.
LONG: Final = frozenset("""
    proofs_check.certify_order
    proofs_check.check_constants proofs_check.load proofs_check.recheck proofs_check.save proofs_check.verify
    theory_sim.Observer theory_sim.SweepStore theory_sim.Trajectory theory_sim.branch theory_sim.collect
    theory_sim.compare_sweep theory_sim.learning_order theory_sim.observe.equal_loss.error_at_loss
    theory_sim.phase_diagram theory_sim.regime theory_sim.run_sweep theory_sim.schedule_from theory_sim.simulate
    theory_sim.solve_mean_field theory_sim.statistics.power_laws.median_slope theory_sim.sweeps.integrity.check_sweep
    theory_sim.testing.check_simulator theory_sim.testing.decomposition_adds_up theory_sim.testing.experiments
    theory_sim.testing.noise_follows_recursion theory_sim.testing.schedules
""".split())


def documented() -> list[str]:
    """Dotted names in the tables of the reference."""
    text = REFERENCE.read_text(encoding="utf-8")
    tables = re.findall(r"\.\. autosummary::\n(?:   :.*\n)*\n((?:   \S+\n)+)", text)
    return [name for table in tables for name in table.split()]


def resolve(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def examples(name: str) -> list[doctest.Example]:
    found = resolve(name)
    text = inspect.getdoc(found) or ""
    return doctest.DocTestParser().get_examples(text) if "Examples\n--------" in text else []


def needing() -> Iterator[str]:
    """What has to have an example of its own."""
    for name in documented():
        found = resolve(name)
        if (not inspect.isclass(found) or name.rpartition(".")[0] in LISTED) and name not in RESULTS and name not in BASES:
            yield name


def test_every_listed_name_stands_in_the_reference() -> None:
    names = documented()
    listed = [f"{package}.{name}" for package in LISTED for name in importlib.import_module(package).__all__
              if not name.isupper()]
    assert len(listed) > 80 and set(listed) <= set(names) and len(names) == len(set(names))
    assert RESULTS | set(BASES) | LONG <= set(names), "no name is left that is gone"


def test_every_public_function_has_an_example() -> None:
    names = list(needing())
    assert len(names) > 120 and [name for name in names if not examples(name)] == []


@pytest.fixture
def registries() -> Iterator[None]:
    """What an example registers is gone after it."""
    importlib.import_module("proofs_check.claims").load()
    SCHEDULES.names()
    registered = [importlib.import_module("proofs_check.claim")._REGISTRY, SCHEDULES._things]
    before = [dict(each) for each in registered]
    yield
    for each, kept in zip(registered, before, strict=True):
        each.clear()
        each.update(kept)


def run_examples(name: str) -> None:
    found = resolve(name)
    module = inspect.getmodule(found)
    test = doctest.DocTest(examples(name), dict(vars(module)), name, None, None, None)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.alternating) if name in LONG else name for name in documented() if examples(name)
])
def test_the_example_does_what_it_says(name: str, registries: None) -> None:
    run_examples(name)


@pytest.mark.parametrize("doc", ["", "No example.", "Examples\n--------\nIn words alone."])
def test_a_docstring_without_an_example_is_found(doc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve("theory_sim.theory.noise_law.decay"), "__doc__", doc)
    assert not examples("theory_sim.theory.noise_law.decay")
    assert "theory_sim.theory.noise_law.decay" in set(needing())


def test_an_example_that_says_another_number_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    decay = resolve("theory_sim.theory.noise_law.decay")
    monkeypatch.setattr(decay, "__doc__", decay.__doc__.replace("0.4515", "0.4615"))
    with pytest.raises(AssertionError, match=r"0\.4515"):
        run_examples("theory_sim.theory.noise_law.decay")
