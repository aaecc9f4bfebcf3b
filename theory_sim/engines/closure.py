"""The limit's finite-d closure: means over data sets in about 0.1 s (THEORY §8, §16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from theory_sim.closure.names import IN_WORDS
from theory_sim.engines.registry import or_engines, register
from theory_sim.engines.solver import Purpose, Solver
from theory_sim.errors import Fault, InputError

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress, UnfinishedRun
    from theory_sim.memory import Bytes
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["Closure", "outside_of_averages", "with_other_engines"]

# Of some 200 blocks; of 1000, the most that there are, five times as much.
_BYTES: Final = 6 * 2**20


@register
class Closure(Solver):
    """Split network, activations of two straight lines, the theory's own choices else, full batches, no placed noise; any
    schedule, any patterns.

    A record is one block of the time grid.

    What it says nothing of is NaN: losses and accuracies on fresh examples, and the signal's norm. P_overlap and P_error it
    gives, with the accuracy of `theory_sim.theory.closure.ACCURACY`.
    """

    name = "closure"
    summary = "the limit's closure, means over data sets in about 0.1 s"
    infinite_width = True
    nothing_given = "the closure averages over data sets, and has neither neurons nor noise increments (THEORY §8)"
    resumable = False
    loaded = 49 * 2**20
    unread = frozenset({"m_W", "m_V", "seed", "seed_data", "seed_init", "seed_noise", "seed_batch"})

    def draws(self, options: Mapping[str, Any]) -> tuple[Purpose, ...]:
        return ()

    def note(self) -> str:
        from theory_sim.theory.closure.accuracy import briefly

        return briefly()

    def caution(self, experiment: Experiment) -> str:
        from theory_sim.theory.closure.grid import longest_run

        d, longest = experiment.d, longest_run(experiment.d, experiment.lambda_)
        if experiment.most_tau <= longest:
            return ""
        return (f"tau up to {experiment.most_tau / d:.0f} d: beyond {longest / d:.0f} d the closure's blocks of time are too "
                "long for the run's end, where losses may be off by some per cent and P errors by tens; the mean field states "
                "its own error")

    def unsupported(
        self, experiment: Experiment, options: Mapping[str, Any], observers: Sequence[Observer] = ()
    ) -> Fault | None:
        return outside_of_averages(self, experiment, observers)

    def run(
        self, experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *,
        observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
    ) -> Trajectory:
        from theory_sim.closure.trajectory import run_closure

        with with_other_engines(self, experiment, observers):
            run = run_closure(experiment, engine=self.name)
        self.report(run, progress)
        return run

    def report(self, run: Trajectory, progress: Progress | None) -> None:
        """Tell the progress of a run that is over."""
        if progress is not None:
            values = (run.dataset[name].values.tolist() for name in ("step", "tau", "train_loss"))
            for step, tau, loss in zip(*values, strict=True):
                progress(step, tau, loss)

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]:
        from theory_sim.memory import Bytes

        return {"history": Bytes(_BYTES)}

    def estimated_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        from theory_sim.closure.duration import closure_seconds

        return closure_seconds(experiment)


@contextmanager
def with_other_engines(solver: Solver, experiment: Experiment, observers: Sequence[Observer]) -> Iterator[None]:
    """Name the engines that may solve a run where the equations of one are refused inside."""
    try:
        yield
    except InputError as error:
        raise InputError(error.found, error.rule, f"{error.fix}{or_engines(experiment, solver, observers)}") from None


def outside_of_averages(
    solver: Solver, experiment: Experiment, observers: Sequence[Observer], more: Iterable[Fault] = (), *, squared: bool = False
) -> Fault | None:
    """What an engine of means over data sets cannot compute; ``more`` are faults of its options.

    ``squared`` says whether it knows squared loss.
    """
    faults = [*more, *_faults(experiment, observers, squared, IN_WORDS.get(solver.name, solver.name))]
    if not faults:
        return None
    found, rule, fix = ("; ".join(dict.fromkeys(texts)) for texts in zip(*(fault[:3] for fault in faults), strict=True))
    return Fault(found, rule, f"{fix}{or_engines(experiment, solver, observers)}",
                 tuple(field for fault in faults for field in fault.fields))


def _faults(e: Experiment, observers: Sequence[Observer], squared: bool, by: str) -> Iterator[Fault]:
    """All that the closure says nothing of; ``by`` is the engine in words."""
    from theory_sim.scope import outside_of_closure

    yield from outside_of_closure(e, squared=squared)
    if e.shared_filters:
        yield Fault(f"network = {e.network!r}", f"the {by} is of the split network (THEORY §8)", "set network = 'split'",
                    ("network",))
    if e.batch_size is not None:
        yield Fault(f"batch_size = {e.batch_size}", f"the {by} has no mini-batch noise", "leave batch_size out",
                    ("batch_size",))
    if e.label_flips > 0:
        yield Fault(f"label_flips = {e.label_flips:g}", f"the {by} is of labels that are right", "leave label_flips out",
                    ("label_flips",))
    if e.has_placed_noise:
        yield Fault(f"noise_placement = {e.noise_placement!r}", f"the {by} knows no noise but xi",
                    "leave noise_placement out", ("noise_placement",))
    if e.observe:
        yield Fault(f"observe = {sorted(e.observe)}", f"the {by} has neither examples nor neurons to look at",
                    "leave observe out", ("observe",))
    if observers:
        yield Fault(f"observers {[type(observer).__name__ for observer in observers]}",
                    f"the {by} has neither examples nor neurons to look at", "leave them out")
