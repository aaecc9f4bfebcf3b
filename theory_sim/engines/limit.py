"""Infinite width: the dynamics as the widths go to infinity (THEORY §7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from theory_sim.engines.registry import register
from theory_sim.engines.solver import Option, Purpose, Solver
from theory_sim.errors import Fault

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.limit.options import LimitOptions
    from theory_sim.loop import Progress, UnfinishedRun
    from theory_sim.memory import Bytes
    from theory_sim.network.given import Given
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["Limit"]


@register
class Limit(Solver):
    """Kernels in place of neurons; the data set is the experiment's own."""

    name = "limit"
    summary = "infinite width"
    infinite_width = True
    given = ("data",)
    nothing_given = "the limit has no neurons: U_0 and xi act through their law alone (THEORY §7)"
    unread = frozenset({"m_W", "m_V"})
    loaded = 105 * 2**20
    options = (
        Option("kernel", "moving", "patterns moving (default), frozen (NTK), independent (redrawn at each step)",
               ("moving", "frozen", "independent")),
        Option("noise", "vanishing", "noise output vanishing (default, exact for paired neurons), sampled (a Gaussian process)",
               ("vanishing", "sampled")),
        Option("time", "steps", "the run's own steps (default), flow (gradient flow with adaptive steps)", ("steps", "flow")),
        Option("spatial", "exact", "exact (default), every pair of patches; mean, O(N d) a step", ("exact", "mean")),
        Option("tolerance", 1e-8, "largest error of the compressed kernel (default 1e-8)", least=1e-13, most=0.1),
        Option("time_tolerance", 1e-4, "flow: largest error of an output in a step (default 1e-4)", least=1e-9, most=1.0),
    )

    def draws(self, options: Mapping[str, Any]) -> tuple[Purpose, ...]:
        return ("data", "noise") if _read(options).sampled_noise else ("data",)

    def as_described(self, options: Mapping[str, Any]) -> bool:
        return _read(options).moving_kernel

    def unbranchable(self, options: Mapping[str, Any]) -> str:
        return "its steps in continuous time look ahead to the next change of the rate" if _read(options).flow else ""

    def prepared_for(self, experiment: Experiment, options: Mapping[str, Any]) -> object:
        from theory_sim.train.clock import ages

        return ages(experiment)  # of which the history's exponents are made, and by the largest level erf's powers

    def unsupported(
        self, experiment: Experiment, options: Mapping[str, Any], observers: Sequence[Observer] = ()
    ) -> Fault | None:
        chosen = _read(options)
        found = (
            *_of_data(experiment), *_of_sampling(experiment), *_of_network(experiment, chosen),
            *_of_optimiser(experiment, chosen),
            *_of_placement(experiment, chosen), *_of_noise_output(experiment, chosen), *_of_observers(experiment),
            *_of_loss(experiment, chosen), *_of_flow(experiment, chosen, observers),
        )
        return next(iter(found), None)

    def require_resources(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int | None, observers: Sequence[Observer] = ()
    ) -> None:
        from theory_sim.experiment import require_steps

        if not _read(options).flow:
            require_steps(experiment)
        super().require_resources(experiment, options, threads, observers)

    def run(
        self, experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *,
        observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
        given: Given | None = None,
    ) -> Trajectory:
        from theory_sim.limit.solve import run_limit

        return run_limit(experiment, options, unfinished, engine=self.name, observers=observers, threads=threads,
                         progress=progress, seconds=seconds, given=given)

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]:
        from theory_sim.limit.memory import limit_parts

        return limit_parts(experiment, _read(options), observers)

    def leaner(self, options: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        chosen = _read(options)
        return [("spatial", "mean")] if chosen.every_pair and not chosen.sampled_noise else []

    def estimated_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        from theory_sim.engines.expected import expected
        from theory_sim.limit.duration import steps_seconds

        set_up = self.set_up_seconds(experiment, options, threads)
        chosen = _read(options)
        return set_up + steps_seconds(experiment if chosen.flow else expected(experiment), threads, chosen)

    def set_up_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        from theory_sim.limit.duration import set_up_seconds

        return set_up_seconds(experiment, threads, _read(options))


def _read(options: Mapping[str, Any]) -> LimitOptions:
    from theory_sim.limit.options import LimitOptions

    return LimitOptions(**options)


def _of_optimiser(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    """Rules of the step that have no equation in the limit, or none under these options."""
    from theory_sim.experiment.choices import OPTIMISERS

    named, fields, chosen = f"optimiser = {e.optimiser!r}", ("optimiser",), OPTIMISERS[e.optimiser]
    if not chosen.in_limit:
        possible = [each.name for each in OPTIMISERS if each.in_limit]
        yield Fault(f"{named} in the limit",
                    "a rule that is linear in the gradients, whatever the run: only then has the noise a law of its own",
                    f"use the engine finite, or optimiser = {' or '.join(map(repr, possible))}", fields)
    elif not chosen.in_theory and options.flow:
        yield Fault(f"{named} with time = 'flow'", "continuous time is that of gradient descent", "use time = 'steps'", fields)
    elif not chosen.in_theory and options.sampled_noise:
        yield Fault(f"{named} with noise = 'sampled'",
                    "paths of the noise output are drawn step by step, which needs noise that is a Markov chain by itself",
                    "use noise = 'vanishing'", fields)


def _of_data(e: Experiment) -> Iterator[Fault]:
    if not e.has_pq:
        yield Fault(f"data_law = {e.data_law!r} in the limit", "its equations use the mixture's three directions (THEORY §7)",
                    "use the engine finite, or data_law = 'pq-mixture'", ("data_law",))


def _of_sampling(e: Experiment) -> Iterator[Fault]:
    from theory_sim.experiment.choices import SAMPLINGS

    if SAMPLINGS[e.sampling].fresh:
        other = [each.name for each in SAMPLINGS if not each.fresh]
        yield Fault(f"sampling = {e.sampling!r} in the limit", "its memories are those of N training examples; fresh ones "
                    "would add to them at each step (THEORY §7)",
                    f"use the engine finite, or sampling = {' or '.join(map(repr, other))}", ("sampling",))


def _of_network(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    from theory_sim.experiment.choices import ACTIVATIONS

    chosen = ACTIVATIONS[e.activation]
    if chosen.error_function:
        yield from _of_error_function(e, options)
    elif chosen.slopes(e) is None:
        within = ", ".join(repr(each.name) for each in ACTIVATIONS if each.two_lines or each.error_function)
        yield Fault(f"activation = {e.activation!r} in the limit", "it has the two-time kernels of activations of two straight "
                    f"lines and of erf, {within} (THEORY §6)", "use the engine finite, or one of these", ("activation",))
    elif not e.of_theory and e.tau_0_value == 0:
        yield Fault(f"tau_0 = 0 with activation = {e.activation!r} in the limit", "phi' at 0 is that of neither line",
                    "give a small tau_0", ("tau_0", "activation"))
    for field in e.beyond_theory():
        yield Fault(f"{field} = {getattr(e, field)!r} in the limit", "its equations are those of THEORY §2: no biases, "
                    "a fixed second layer, output scale 1", f"use the engine finite, or leave {field} out", (field,))


def _of_error_function(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    """What the kernel of erf is not derived for."""
    from theory_sim.experiment.choices import OPTIMISERS
    from theory_sim.train.noise import LabelNoise, make_placement

    named = f"activation = {e.activation!r} in the limit"
    if not e.paired:
        yield Fault(f"neurons = {e.neurons!r} with {named}",
                    "the noise output of other neurons does not vanish: erf is not homogeneous",
                    "set neurons = 'paired', or use the engine finite", ("neurons", "activation"))
    plain = (
        ("network", not e.shared_filters, "its kernel between x_1 and x_2 is not written down"),
        ("optimiser", OPTIMISERS[e.optimiser].in_theory, "momentum gives past gradients weights of its own, and erf's kernel "
         "changes with the noise level: memories of both at once are not written down"),
        ("patterns", e.moving_patterns, "it has slopes, and no patterns that could be held"),
        ("noise_placement", isinstance(make_placement(e), LabelNoise | None), "its kernel is that of the accumulated noise"),
    )
    for field, holds, reason in plain:
        if not holds:
            yield Fault(f"{field} = {getattr(e, field)!r} with {named}", reason,
                        f"leave {field} out, or use the engine finite", (field, "activation"))
    for option, needed in (("kernel", "moving"), ("time", "steps"), ("spatial", "exact")):
        if getattr(options, option) != needed:
            yield Fault(f"{option} = {getattr(options, option)!r} with {named}",
                        f"{option} = {needed!r}: its kernel depends on the noise level of both times", f"leave {option} out",
                        ("activation",))


def _of_placement(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    """Placed noise and patterns that have no equation in the limit, or none under these options."""
    from theory_sim.experiment.choices import PLACEMENTS
    from theory_sim.train.noise import PreActivationNoise, make_placement

    placement, named = make_placement(e), f"noise_placement = {e.noise_placement!r}"
    fields = ("noise_placement",)
    if isinstance(placement, PreActivationNoise) and not placement.in_limit:
        other = [each.name for each in PLACEMENTS if issubclass(each, PreActivationNoise) and each.in_limit]
        yield Fault(f"{named} in the limit", "noise that each example has of its own has no limit equation in THEORY §7",
                    f"use the engine finite, or noise_placement = {' or '.join(map(repr, other))}", fields)
    if placement is not None and options.flow:
        yield Fault(f"{named} with time = 'flow'", "placed noise is drawn anew at each step, and continuous time has none",
                    "use time = 'steps'", fields)
    if isinstance(placement, PreActivationNoise) and not options.moving_kernel:
        yield Fault(f"{named} with kernel = {options.kernel!r}",
                    "noise on pre-activations acts through patterns that follow them", "use kernel = 'moving'", fields)
    if isinstance(placement, PreActivationNoise) and options.sampled_noise:
        yield Fault(f"{named} with noise = 'sampled'", "the sampled noise output is that of the accumulated noise alone",
                    "use noise = 'vanishing'", fields)
    if not e.moving_patterns and not options.moving_kernel:
        yield Fault(f"patterns = {e.patterns!r} with kernel = {options.kernel!r}", "patterns set the kernel of the limit",
                    "leave one of the two out", ("patterns",))
    if not e.moving_patterns and options.sampled_noise:
        yield Fault(f"patterns = {e.patterns!r} with noise = 'sampled'",
                    "the sampled noise output is that of patterns that follow the noise", "use noise = 'vanishing'",
                    ("patterns",))


def _of_noise_output(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    if not options.sampled_noise:
        return
    if e.paired:
        yield Fault("noise = 'sampled' with neurons = 'paired'", "paired neurons have no noise output (THEORY §2)",
                    "set neurons = 'independent' or 'balanced', or noise = 'vanishing'", ("neurons",))
    if e.shared_filters and not options.every_pair:
        yield Fault("noise = 'sampled' with spatial = 'mean' and network = 'shared'",
                    "the mean over pairs holds between patches x_1, not between z and z +- zeta", "use spatial = 'exact'",
                    ("network",))
    if options.flow:
        yield Fault("noise = 'sampled' with time = 'flow'",
                    "paths of the noise are as rough as Brownian motion, on which adaptive steps lose their order",
                    "use time = 'steps'")


def _of_loss(e: Experiment, options: LimitOptions) -> Iterator[Fault]:
    from theory_sim.experiment.choices import LOSSES
    from theory_sim.train.losses import Loss

    chosen = LOSSES[e.loss]
    if options.flow and issubclass(chosen, Loss) and chosen.slope_jumps:
        other = [each.name for each in LOSSES if issubclass(each, Loss) and not each.slope_jumps]
        yield Fault(f"loss = {e.loss!r} with time = 'flow'",
                    "a loss whose slope is continuous: at a jump no step is short enough",
                    f"use time = 'steps', or loss = {' or '.join(map(repr, other))}", ("loss",))


def _of_observers(e: Experiment) -> Iterator[Fault]:
    from theory_sim.experiment.choices import OBSERVERS
    from theory_sim.observe.base import Observer

    for name in e.observe:
        chosen = OBSERVERS[name]
        if issubclass(chosen, Observer) and chosen.needs_weights:
            yield Fault(f"the observer {name!r} in the limit", "it looks at the weights of neurons, of which there are none",
                        f"use the engine finite, or do not observe {name}", (f"observe.{name}",))
        elif issubclass(chosen, Observer) and chosen.needs_theory and not e.of_theory:
            yield Fault(f"the observer {name!r} with activation = {e.activation!r}", "it is of ReLU's kernels (THEORY §6)",
                        f"do not observe {name}, or use activation = 'relu'", (f"observe.{name}", "activation"))


def _of_flow(e: Experiment, options: LimitOptions, observers: Sequence[Observer]) -> Iterator[Fault]:
    """What continuous time does not have."""
    from theory_sim.experiment.choices import SCHEDULES
    from theory_sim.train.schedules import Schedule

    if not options.flow:
        return
    for field in ("batch_size", "max_steps"):
        if getattr(e, field) is not None:
            yield Fault(f"{field} = {getattr(e, field)} with time = 'flow'",
                        "continuous time has neither mini-batches nor gradient steps", f"leave {field} out", (field,))
    if options.moving_kernel and e.tau_0_value == 0:
        yield Fault("tau_0 = 0 with time = 'flow'", "patterns must exist from the start",
                    "give a small tau_0, or use time = 'steps'", ("tau_0",))
    chosen = SCHEDULES[e.schedule]
    if not (issubclass(chosen, Schedule) and chosen.piecewise_constant):
        other = [each.name for each in SCHEDULES if issubclass(each, Schedule) and each.piecewise_constant]
        yield Fault(f"schedule = {e.schedule!r} with time = 'flow'", "rates that are piecewise constant: over a stretch of one "
                    "rate the noise's law is solved exactly", f"use time = 'steps', or schedule = "
                    f"{' or '.join(map(repr, other))}", ("schedule",))
    if e.clock_of_steps and e.schedule in SCHEDULES.readers("schedule_clock"):
        yield Fault("schedule_clock = 'step' with time = 'flow'", "continuous time has no steps to count",
                    "use time = 'steps', or schedule_clock = 'tau'", ("schedule_clock", "schedule"))
    own = [(observer.name, observer.recording) for observer in observers if observer.recording is not None]
    for name, recording in [*e.observe.items(), *own]:
        if recording.counts_steps:
            yield Fault(f"record times of {name!r} counted in steps with time = 'flow'",
                        "continuous time has no gradient steps", "give every_tau or at_tau, or use time = 'steps'",
                        (f"observe.{name}",))
