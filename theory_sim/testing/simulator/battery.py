"""`check_simulator`: every law, on as many parts as the simulator takes; the simplest experiment found that fails, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from theory_sim.testing.simulator import data_law, noise_law, start_law
from theory_sim.testing.simulator.agreement_law import agrees_with_simulate
from theory_sim.testing.simulator.answer import Simulator
from theory_sim.testing.simulator.draw_laws import LEVEL, POWER, Broken, BrokenAt, smallest_level_found, smallest_share_found
from theory_sim.testing.simulator.kinds import kind_is_right
from theory_sim.testing.simulator.report import Finding, Report
from theory_sim.testing.simulator.runs import SEEDS, STEPS, Case, Runs
from theory_sim.testing.simulator.search import require_experiment, steps_are_right
from theory_sim.testing.simulator.task import Declined, TaskDeclined

__all__ = ["LAWS", "Law", "check_simulator", "find_law", "findings"]


class Law(NamedTuple):
    """A law of the battery.

    Attributes
    ----------
    says : str
        What a right simulator does.
    source : str
        Where the theory says so.
    test : callable
        Takes `Runs`; returns what was tested and how finely; raises `Broken`, or `Declined` where it cannot be tested.
    builds_on : tuple of str
        Laws without which its outcome would say nothing.
    """

    says: str
    source: str
    test: Callable[[Runs], str]
    builds_on: tuple[str, ...] = ()


_Law = Callable[[list[Case], float], None]


def _of_noise(law: _Law, says: str, *gives: str) -> Callable[[Runs], str]:
    def test(runs: Runs) -> str:
        found = runs.wide(*gives)
        if not found[0][0][0].tau_xi:
            raise Declined("tau_xi = 0: there is no noise")
        _judge_all(law, found)
        return says

    return test


def _of_pairs(runs: Runs) -> str:
    found = [cases for cases in runs.wide(*_GIVEN) if cases[0][0].paired]
    if not found:
        raise (Declined if "neurons" in runs.fixed else TaskDeclined)("there are no pairs")
    _judge_all(lambda cases, level: noise_law.partners_share_noise(cases), found)
    return "to rounding"


def _of_start(law: _Law, says: str) -> Callable[[Runs], str]:
    def test(runs: Runs) -> str:
        _judge_all(law, runs.wide("data"))
        return says

    return test


def _of_data(law: Callable[[list[Case]], None], *, test_set: bool) -> Callable[[Runs], str]:
    def test(runs: Runs) -> str:
        found = runs.many()
        if test_set and any(answer.test is None for cases in found for _, answer in cases):
            raise Declined("it gives no test set: return test = {x1, x2, y, w_star}")
        _judge_all(lambda cases, level: law(cases), found)
        return f"3000 examples, {SEEDS} seeds, level 1e-6"

    return test


def _judge_all(law: _Law, found: list[list[Case]]) -> None:
    """Judge the runs of each law of neurons; the level is shared out among them."""
    for cases in found:
        try:
            law(cases, LEVEL / len(found))
        except Broken as broken:
            raise BrokenAt(str(broken), *broken.mistakes, experiment=cases[0][0]) from None


# Draws a layer of paired neurons in `Runs.wide`.
_DRAWS: Final = 80_000
_LEVEL: Final = ("level 1e-6, by layer, step and coordinate; of a layer, "
                 f"{100 * smallest_level_found(_DRAWS, LEVEL / 250):.1f} % off is found with probability {POWER}")
_SHARE: Final = ("level 1e-6, at every distance; "
                 f"{100 * smallest_share_found(2 * _DRAWS // SEEDS, LEVEL / 21):.0f} % of draws that stand twice are found "
                 f"with probability {POWER}")
_GIVEN: Final = ("data", "initial")
LAWS: Final[dict[str, Law]] = {
    "step": Law("One step from the weights and the noise that it had is that of THEORY §3, to rounding.", "THEORY §2, §3",
                steps_are_right),
    "agreement": Law("Runs end where those of `simulate` end, with the same data, start and noise.", "THEORY §3",
                     agrees_with_simulate, ("step",)),
    "noise-shared": Law("Neurons of a pair share their noise.", "THEORY §2", _of_pairs, ("step",)),
    "noise-independent": Law(
        "No draw of the noise stands twice: in both layers, at two steps, in two neurons, under two seeds.", "THEORY §5",
        _of_noise(noise_law.noise_is_independent, _SHARE, *_GIVEN), ("step", "noise-shared")),
    "noise-level": Law("The noise has level tau_xi and mean 0 in each layer, step and coordinate.", "THEORY §3", _of_noise(
        noise_law.noise_has_level, _LEVEL, *_GIVEN), ("step", "noise-shared", "noise-independent")),
    "noise-gaussian": Law("The noise is Gaussian.", "THEORY §3", _of_noise(
        noise_law.noise_is_gaussian, "level 1e-6, by distance from the normal law and the number beyond 1, 2, 3, 4 levels, "
        "of each layer", *_GIVEN),
        ("step", "noise-shared", "noise-independent")),
    "noise-correlation": Law(
        "The accumulated noise has level tau_t, and correlation rho(s, t) between times.", "THEORY §5", _of_noise(
            noise_law.accumulated_noise_correlates, "level 1e-6, at 5 times", *_GIVEN),
        ("step", "noise-shared", "noise-independent", "noise-level")),
    "start": Law("U_0 is N(0, tau_0^2), the same for the neurons of a pair.", "THEORY §2, §3", _of_start(
        start_law.start_is_gaussian, "level 1e-6; of a layer, "
        f"{100 * smallest_level_found(_DRAWS // STEPS, LEVEL / 250):.1f} % off is found with probability {POWER}")),
    "start-independent": Law("U_0 and the noise have no draw in common.", "THEORY §3", _of_noise(
        partial(noise_law.noise_is_independent, with_start=True), _SHARE, "data"),
        ("step", "noise-shared", "noise-independent", "start")),
    "second-layer": Law("Second layers are +-1 / sqrt(m), with the signs of the law of neurons.", "THEORY §2", _of_start(
        start_law.second_layer_is_right, "entries to rounding, signs at level 1e-6")),
    "data": Law("Kinds, labels and patches of the training set have the law of THEORY §1.", "THEORY §1", _of_data(
        data_law.examples_have_law, test_set=False)),
    "test-data": Law("The test set has that law too.", "THEORY §1", _of_data(
        lambda cases: data_law.examples_have_law(cases, test=True), test_set=True), ("data",)),
    "test-fresh": Law("Test and training set have no draw in common, and the same w*.", "THEORY §1", _of_data(
        data_law.fresh_test_set, test_set=True), ("data", "test-data")),
    **{kind: Law(f"Steps, whole runs and noise are right {where}.", source, partial(kind_is_right, kind=kind), ("step",))
       for kind, where, source in (
           ("optimisers", "with momentum, adaptive rules, and decoupled weight decay", "THEORY §15"),
           ("mini-batches", "with mini-batches: without and with replacement, and by passes", "THEORY §12"),
           ("placed-noise", "with noise in other places than the gradient, annealed", "THEORY §12"),
           ("shared-network", "in the shared network", "THEORY §2"),
           ("losses", "with the squared, the exponential and the hinge loss", "THEORY §12"),
           ("networks", "with other activations, biases, a trained second layer, an output scale", "THEORY §2"),
           ("data-laws", "on other data: laws of alpha, flipped labels, the XOR law, a weak and a strong feature", "THEORY §1"),
       )},
}
"""Laws of the battery, by name."""


def findings(runs: Runs) -> Iterator[Finding]:
    """Test every law in turn."""
    broken: set[str] = set()
    for name, law in LAWS.items():
        wrong = [each for each in law.builds_on if each in broken]
        found = find_law(name, runs) if not wrong else Finding(
            name, "not covered", f"it says nothing while {' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} broken")
        if found.outcome == "broken":
            broken.add(name)
        yield found


def find_law(name: str, runs: Runs) -> Finding:
    """Test a law, whatever the outcome of those that it builds on."""
    try:
        return Finding(name, "holds", LAWS[name].test(runs))
    except TaskDeclined as reason:
        return Finding(name, "declined", f"too few of its tasks were run: {reason}; to test it at what the simulator "
                                         'runs, hold fields, such as schedule="S"')
    except Declined as reason:
        return Finding(name, "not covered", str(reason))
    except BrokenAt as broken:
        return Finding(name, "broken", str(broken), broken.experiment, broken.mistakes)


def check_simulator(simulator: Simulator, **fixed: Any) -> Report:
    """Test a simulator of THEORY §1-§5, and of whatever it follows beyond, against every law that it can be tested on.

    Parameters
    ----------
    simulator : callable
        Adapter of your simulator: takes a `Task`, runs it, and returns a dict with ``W``, (steps + 1, m_W, d), and ``V``,
        (steps + 1, m_V, 2): the weights before each step and at the end. It takes data, start and noise from the task; what it
        does not take from there, it draws itself, and then returns: ``w`` and ``v`` with a start, ``data`` and ``test`` (each
        with ``x1``, ``x2``, ``y``, ``w_star``). ``f``, (steps + 1, N), is compared if it is there. It says by `Task.follows`
        what it has beyond the paper's step, such as mini-batches, and raises `Declined` if it cannot run a task.
    **fixed
        Fields of the Experiment to hold at a value, such as ``neurons="independent"``.

    Returns
    -------
    Report
        Its ``ok``, ``findings`` and ``mistakes``; ``require()`` raises AssertionError. The same simulator has the same report.

    Raises
    ------
    InputError
        If an answer has another form, or ``fixed`` asks for what the battery has no step for.

    Examples
    --------
    >>> def stays(task):  # takes everything, does nothing
    ...     start, _, _ = task.initial, task.data, task.noise
    ...     return {"W": [start.W] * (task.steps + 1), "V": [start.V] * (task.steps + 1)}
    >>> check_simulator(stays).ok
    False
    """
    runs = Runs(simulator, fixed)
    require_experiment(runs)
    return Report(tuple(findings(runs)), runs.coverage, runs.fixed, frozenset(runs.without_step()))
