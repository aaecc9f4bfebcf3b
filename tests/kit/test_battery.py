"""The battery finds twelve mistakes in a NumPy and in a PyTorch simulator, names them, and finds none where there are none."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.kit import numpy_simulator
from tests.replay import Rate
from theory_sim import Experiment
from theory_sim.errors import InputError
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.pytest_plugin import load_simulator
from theory_sim.testing import Declined, Initial, Report, Task, check_simulator
from theory_sim.testing.simulator.answer import Answer, Examples
from theory_sim.testing.simulator.battery import LAWS, find_law
from theory_sim.testing.simulator.kinds import KINDS, member_is_right
from theory_sim.testing.simulator.mistakes import MISTAKES
from theory_sim.testing.simulator.mistakes.rates import IN_RATES
from theory_sim.testing.simulator.mistakes.steps import IN_STEPS
from theory_sim.testing.simulator.rule import Rule, training_loss
from theory_sim.testing.simulator.runs import Runs
from theory_sim.testing.simulator.search import StepBroken
from theory_sim.testing.simulator.settings import placed_level
from theory_sim.testing.simulator.task import EXTENSIONS
from theory_sim.train.schedules import make_schedule

TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None,
                           reason="PyTorch is not installed: pip install torch==2.13.0")
# The law that a planted mistake breaks, and how the report names it.
BUGS = {
    "noise times root of rate": ("step", "noise multiplied by the square root of the rate"),
    "decay after the step": ("step", "weight decay after the step"),
    "wrong sign of decay": ("step", "weight decay with the wrong sign"),
    "gradient without 1/N": ("step", "without 1/N"),
    "label flipped": ("step", "labels flipped"),
    "slope at the output": ("step", "slope of the loss at the output f"),
    "squared loss": ("step", "slope of the squared loss"),
    "alpha squared": ("step", "alpha squared"),
    "switch a step late": ("step", "changes a step late"),
    "one stream for both layers": ("noise-independent", "one stream of noise for both layers"),
    "the same noise at every step": ("noise-independent", "the same noise at every step"),
    "pair partner unshared": ("noise-shared", "the partner of a pair has noise of its own"),
    "momentum buffer decayed twice": ("step", "the momentum buffer is multiplied by mu twice"),
    "test data of the training stream": ("test-fresh", "test data from the stream of the training data"),
}


HEAVY_BALL = {"optimiser": "heavy-ball", "momentum": 0.8}


# Mistakes that show only in experiments of a kind, and in which member of it.
WHERE = {
    "_LogisticLoss": ("losses", 0), "_UnflippedLabels": ("data-laws", 3),
    "_VelocityTwice": ("optimisers", 0), "_NoMomentum": ("optimisers", 0), "_Dampened": ("optimisers", 0),
    "_NoLookAhead": ("optimisers", 2), "_RateInVelocity": ("optimisers", 2), "_NoCorrection": ("optimisers", 7),
    "_NoFirstCorrection": ("optimisers", 7), "_NoSecondCorrection": ("optimisers", 8), "_LateCorrection": ("optimisers", 7),
    "_EpsilonInside": ("optimisers", 4), "_EpsilonBeforeCorrection": ("optimisers", 7), "_NoRoot": ("optimisers", 5),
    "_SwappedBetas": ("optimisers", 6), "_NeuronsForPairs": ("optimisers", 9), "_NoiseBeside": ("optimisers", 6),
    "_OtherDecay": ("optimisers", 8), "_DecayOfFirstRate": ("optimisers", 1),
    "_MeanOverAll": ("mini-batches", 0), "_WholeSet": ("mini-batches", 0), "_CountsDropped": ("mini-batches", 1),
    "_DistinctExamples": ("mini-batches", 1), "_FullBatchSize": ("mini-batches", 2), "_FirstBatch": ("mini-batches", 2),
    "_NextBatch": ("mini-batches", 0),
    "_NoPlacedNoise": ("placed-noise", 0), "_NeverAnnealed": ("placed-noise", 3), "_AnnealedLate": ("placed-noise", 1),
    "_Variance": ("placed-noise", 5), "_OtherScale": ("placed-noise", 0), "_Added": ("placed-noise", 7),
    "_Kept": ("placed-noise", 2), "_AfterActivation": ("placed-noise", 3), "_OutputsAlone": ("placed-noise", 4),
    "_PatternsAlone": ("placed-noise", 3), "_WithoutNorm": ("placed-noise", 5), "_GradientNoise": ("placed-noise", 2),
    "_RightLabels": ("placed-noise", 6),
    "_OnePatch": ("shared-network", 0), "_FirstPatchInGradient": ("shared-network", 1), "_MeanOfPatches": ("shared-network", 0),
    "_NoScale": ("networks", 8), "_ScaleTwice": ("networks", 8), "_ScaleOfOutputs": ("networks", 8),
    "_FixedBias": ("networks", 6), "_BiasWithoutDecay": ("networks", 6), "_BiasWithoutNoise": ("networks", 6),
    "_FixedSecondLayer": ("networks", 7), "_SecondWithoutDecay": ("networks", 7), "_SecondAfterFirst": ("networks", 7),
    "_ReLU": ("networks", 4), "_RoughGELU": ("networks", 4), "_OtherLeak": ("networks", 0), "_SlopeAtValue": ("networks", 2),
}
ELSEWHERE = ("_LogisticLoss", "_UnflippedLabels")


def fields_of(bug: str) -> dict[str, Any]:
    return HEAVY_BALL if "momentum" in bug else {}


def outcomes(report: Report) -> dict[str, str]:
    return {finding.law: finding.outcome for finding in report.findings}


def torch_adapter(task: Any, bug: str = "") -> dict[str, Any]:
    from tests.kit import torch_simulator

    return torch_simulator.adapter(task, bug)


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize("bug", BUGS)
def test_a_mistake_in_a_numpy_simulator_is_found_and_named(bug: str) -> None:
    law, words = BUGS[bug]
    finding = find_law(law, Runs(partial(numpy_simulator.adapter, bug=bug), fields_of(bug)))
    assert finding.outcome == "broken" and len(finding.mistakes) == 1 and words in finding.mistakes[0], str(finding)


@pytest.mark.tier2
@pytest.mark.parametrize("adapter", [numpy_simulator.adapter, pytest.param(torch_adapter, marks=TORCH)], ids=["numpy", "torch"])
@pytest.mark.parametrize("bug", BUGS)
def test_the_whole_battery_finds_a_mistake(bug: str, adapter: Any) -> None:
    law, words = BUGS[bug]
    began = time.process_time()
    report = check_simulator(partial(adapter, bug=bug), **fields_of(bug))
    seconds = time.process_time() - began
    assert not report.ok and seconds < 60
    (finding,) = (each for each in report.findings if each.law == law)
    assert len(finding.mistakes) == 1 and words in finding.mistakes[0], str(finding)
    # Laws that build on a broken one say nothing, so that one mistake has few names.
    allowed = {"pair partner unshared": {"the partner of a pair has a start of its own"}}.get(bug, set())
    assert set(report.mistakes) - allowed == {finding.mistakes[0]}, str(report)


@pytest.mark.alternating
def test_a_right_simulator_is_covered_by_every_law() -> None:
    report = check_simulator(numpy_simulator.adapter)
    assert outcomes(report) == {law: "not covered" if law in KINDS else "holds" for law in LAWS}, str(report)
    report.require()


def test_a_right_simulator_in_single_precision() -> None:
    """As JAX has it unless told otherwise: rounding allows more; of whole runs nothing is said."""
    single = partial(numpy_simulator.adapter, dtype=np.float32)
    runs = Runs(single)
    found = {law: find_law(law, runs).outcome for law in ("step", "agreement", "noise-shared")}
    assert found == {**dict.fromkeys(found, "holds"), "agreement": "not covered"}
    law, words = BUGS["decay after the step"]
    assert words in find_law(law, Runs(partial(single, bug="decay after the step"))).mistakes[0]


@pytest.mark.tier2
def test_a_right_simulator_in_single_precision_passes_the_battery() -> None:
    check_simulator(partial(numpy_simulator.adapter, dtype=np.float32)).require()


@pytest.mark.tier2
def test_a_right_simulator_with_momentum() -> None:
    """Its accumulated noise has its own correlations, which those of gradient descent would not explain."""
    runs = Runs(numpy_simulator.adapter, HEAVY_BALL)
    found = {law: find_law(law, runs).outcome for law in ("step", "agreement", "noise-level", "noise-correlation")}
    assert found == dict.fromkeys(found, "holds")


@pytest.mark.alternating
@pytest.mark.parametrize("seed", range(1, 20))
def test_a_right_simulator_passes_under_other_seeds(seed: int) -> None:
    check_simulator(numpy_simulator.adapter, seed=1000 * seed).require()


@TORCH
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_right_torch_simulator_passes(seed: int) -> None:
    check_simulator(torch_adapter, seed=1000 * seed).require()


@pytest.mark.parametrize("loss", ["squared", "exponential", "hinge"])
def test_other_losses(loss: str) -> None:
    """The step follows the experiment's loss: the logistic one is then a mistake, and is named."""
    step = find_law("step", Runs(given_only, {"loss": loss, "schedule": "S"}))
    assert step.outcome == "broken" and "slope of the logistic loss" in step.mistakes, str(step)


def given_only(task: Task) -> dict[str, Any]:
    """An adapter of a few lines: it draws nothing itself, and leaves the outputs out."""
    simulator = numpy_simulator.Simulator(task.experiment, task.seed)
    data, noise = (task.data.x1, task.data.x2, task.data.y), zip(*task.noise, strict=True)
    W, V, _ = simulator.run(data, tuple(task.initial), noise, task.steps)
    return {"W": W, "V": V}


def in_place(task: Task) -> dict[str, Any]:
    """As a simulator that takes the arrays without a copy, as torch.as_tensor does, and changes them in place."""
    parts = task.initial, task.noise, (task.data.x1, task.data.x2, task.data.y)
    found = given_only(task)
    for part in (array for arrays in parts for array in arrays):
        part *= 2.0
    return found


def test_arrays_of_a_task_may_be_changed_in_place() -> None:
    runs = Runs(in_place, {"schedule": "constant"})
    assert [find_law(law, runs).outcome for law in ("step", "agreement")] == ["holds", "holds"]


def any_schedule(task: Task, off: float = 1.0) -> dict[str, Any]:
    """As `given_only`, with the rates of the reference's own schedules, which know nothing of the package's; or off ones."""
    simulator = numpy_simulator.Simulator(task.experiment, task.seed)
    schedule, steps = Rate(task.experiment, float(np.mean(task.data.kind == 1))), iter(range(task.steps))
    simulator.rate = lambda tau, loss, q_hat: off * schedule(next(steps), tau, loss)  # type: ignore[method-assign]
    data, noise = (task.data.x1, task.data.x2, task.data.y), zip(*task.noise, strict=True)
    W, V, _ = simulator.run(data, tuple(task.initial), noise, task.steps)
    return {"W": W, "V": V}


@pytest.mark.alternating  # seconds, all cases together
@pytest.mark.parametrize(("schedule", "clock"), [*((name, "tau") for name in SCHEDULES.names()), ("cyclic", "step")])
def test_every_schedule(schedule: str, clock: str) -> None:
    held = {"schedule": schedule, "schedule_clock": clock}
    found = find_law("step", Runs(any_schedule, held))
    assert found.outcome == "holds" and f"schedule {schedule};" in found.detail, str(found)
    assert find_law("step", Runs(partial(any_schedule, off=1.0001), held)).outcome == "broken"


@pytest.mark.tier2
def test_what_cannot_be_tested_is_not_said_to_hold() -> None:
    report = check_simulator(given_only)
    found = outcomes(report)
    assert {law for law, outcome in found.items() if outcome == "holds"} == {"step", "agreement"}
    assert all(outcome == "not covered" for law, outcome in found.items() if law not in ("step", "agreement"))
    assert report.ok and "outputs compared in 0" in str(report) and "without asking task.gives('noise')" in str(report)

    def refuses(task: Task) -> dict[str, Any]:
        raise Declined("it is not ready")

    assert not check_simulator(refuses).ok, "nothing was tested"


@pytest.mark.tier2
def test_a_simulator_that_draws_its_own_noise_is_run_without_it() -> None:
    def own_noise(task: Task) -> Mapping[str, Any]:
        simulator = numpy_simulator.Simulator(task.experiment, task.seed)
        data = task.data.x1, task.data.x2, task.data.y
        W, V, f = simulator.run(data, tuple(task.initial), simulator.draw_noise(), task.steps)
        return {"W": W, "V": V, "f": f}

    report = check_simulator(own_noise)
    found = outcomes(report)
    assert report.ok and found["step"] == found["noise-level"] == found["noise-correlation"] == "holds"
    assert found["agreement"] == found["start"] == found["data"] == "not covered"
    assert "0 with noise" in report.findings[0].detail


@pytest.mark.parametrize(("answer", "words"), [
    ({}, "returned no W"), ({"W": [[0.0]]}, "W of shape"), ({"weights": 1}, "returned dict"), (None, "returned NoneType"),
])
def test_an_answer_of_another_form_is_refused(answer: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_simulator(lambda task: answer)


@pytest.mark.parametrize(("fields", "words"), [
    ({"patterns": "frozen"}, "the battery knows the step with patterns = 'moving'"),
    ({"seed_noise": 3}, "the battery knows the step with seed_noise = None"),
    ({"optimiser": "of a plug-in"}, "the battery knows the step of gradient-descent"), ({"nonesuch": 3}, "nonesuch held fixed"),
], ids=str)
def test_fields_without_a_step_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_simulator(given_only, **fields)


def test_an_error_of_the_simulator_says_at_which_experiment() -> None:
    def fails(task: Task) -> dict[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        check_simulator(fails)
    assert "Experiment(" in caught.value.__notes__[0]


def with_mistake(mistake: type[Rule], task: Task) -> dict[str, Any]:
    """A simulator whose step is that of a known mistake."""
    task.follows(*EXTENSIONS)
    e, steps, initial = task.experiment, task.steps, Initial(*(np.asarray(part, float) for part in task.initial))
    data, noise, batches, placed = task.data, task.noise, task.batches, task.placed
    examples = Examples(*(np.asarray(part, float) for part in (
        data.x1, data.x2, data.y, np.zeros(e.d) if data.pq is None else data.w_star)))
    states, rates, levels = [tuple(initial)], np.ones(steps), np.zeros(steps)
    schedule, tau = make_schedule(e, data.q_hat), 0.0
    for t in range(steps):
        W, V, w, v = (np.array([state[i] for state in [*states, states[-1]]]) for i in range(4))
        answer = Answer(W, V, None, examples, None, initial, noise, (w, v), batches, placed, 0.0)
        schedule.step = t
        rates[t] = schedule.rate(tau, training_loss(right := mistake(e, answer, rates[:t], levels[:t]), right.forward(
            t, (W[t], V[t]), None)[0]))
        levels[t] = placed_level(e, tau, schedule.annealed_tau)
        rule = mistake(e, answer, rates[: t + 1], levels[: t + 1])
        tau += rule.rate(t)
        step = rule.step(t)
        states.append((*step.layers, *step.second))
    found = {name: [state[i] for state in states] for i, name in enumerate("WVwv")}
    return found if e.train_second_layer else {name: found[name] for name in "WV"}


@pytest.mark.alternating
@pytest.mark.parametrize("mistake", [each for each in (*IN_STEPS, *IN_RATES) if each.__name__ not in ELSEWHERE],
                         ids=lambda mistake: mistake.__name__)
def test_every_known_mistake_is_named(mistake: type[Rule]) -> None:
    step = find_law("step", Runs(partial(with_mistake, mistake)))
    assert step.outcome == "broken" and step.mistakes == (mistake.says,), str(step)


@pytest.mark.slow
@pytest.mark.parametrize("name", WHERE)
def test_every_known_mistake_of_a_kind_is_named(name: str) -> None:
    (mistake,) = (each for each in MISTAKES if each.__name__ == name)
    kind, number = WHERE[name]
    with pytest.raises(StepBroken) as caught:
        member_is_right(Runs(partial(with_mistake, mistake)).with_fields(KINDS[kind][number]))
    assert caught.value.mistakes == (mistake.says,), str(caught.value)


def test_there_is_a_place_for_every_known_mistake() -> None:
    named = [each.__name__ for each in MISTAKES]
    assert len(set(named)) == len(named) == len({each.says for each in MISTAKES})
    assert set(named) == {each.__name__ for each in (*IN_STEPS, *IN_RATES)} - set(ELSEWHERE) | set(WHERE)


def test_the_smallest_experiment_is_small() -> None:
    broken = partial(numpy_simulator.adapter, bug="gradient without 1/N")
    finding = find_law("step", Runs(broken))
    smallest = finding.experiment
    assert isinstance(smallest, Experiment)
    assert (smallest.n_examples, smallest.d, smallest.max_steps, smallest.tau_xi, smallest.lambda_) == (2, 1, 1, 0.0, 0.0)
    assert "N=2" in str(finding) and "2 x gradient" in str(finding)
    assert find_law("step", Runs(broken)) == finding


@pytest.mark.tier2
@pytest.mark.parametrize(("option", "expected"), [
    (["--simulator", "tests.kit.numpy_simulator:adapter"], {"passed": len(LAWS) - len(KINDS), "skipped": len(KINDS)}),
    (["--simulator", "tests.kit.test_battery:given_only", "--simulator-field", "neurons=paired"],
     {"passed": 2, "skipped": len(LAWS) - 2}),
])
def test_the_plug_in(option: list[str], expected: dict[str, int], tmp_path: Path) -> None:
    done = run_pytest(tmp_path, *option)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"{number} {word}" in done.stdout for word, number in expected.items()), done.stdout


MINE = """
from tests.kit.numpy_simulator import adapter
rate = 0.5

def run(task):
    return adapter(task, 'alpha squared')
"""


@pytest.mark.tier2
def test_the_plug_in_fails_with_the_mistake(tmp_path: Path) -> None:
    """From a folder of its own, which is on no path: the module is found where pytest was started."""
    (tmp_path / "mine.py").write_text(MINE)
    done = run_pytest(tmp_path, "--simulator", "mine:run", "-k", "step")
    assert done.returncode == 1 and "likely mistake: alpha squared in the second patch" in done.stdout, done.stdout


@pytest.mark.parametrize(("place", "words"), [
    ("mine", "expected module:function"), ("mine.py:run", "expected module:function"),
    ("mine:nonesuch", "has no attribute 'nonesuch'"),
    ("nonesuch:run", "No module named 'nonesuch'; looked for in"), ("mine:rate", "float 'rate' cannot be called"),
    ("wrong:run", "importing wrong raised ZeroDivisionError"), ("lacks:run", "No module named 'nonesuch', which lacks imports"),
])
def test_a_bad_name_is_refused_in_words(place: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, text in {"mine": MINE, "wrong": "1 / 0\n", "lacks": "import nonesuch\n"}.items():
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(pytest.UsageError) as caught:
        load_simulator(place, str(tmp_path))
    assert str(caught.value).startswith(f"--simulator {place}: ") and words in str(caught.value)
    for name in ("mine", "wrong", "lacks"):
        sys.modules.pop(name, None)


@pytest.mark.tier2
def test_a_bad_name_is_no_traceback(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--simulator", "nonesuch:run")
    assert done.returncode == 4 and "Traceback" not in done.stderr and "No module named" in done.stderr, done.stderr


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    installed = any(point.value == "theory_sim.pytest_plugin" for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "theory_sim.pytest_plugin"]
    root = Path(__file__).resolve().parents[2]
    # -P: as the command pytest, which does not put the folder on the path.
    return subprocess.run([sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options], cwd=folder,
                          text=True, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(root)})


def test_the_readme_says_how_many_laws_there_are() -> None:
    assert f", {len(LAWS)} tests, " in " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
