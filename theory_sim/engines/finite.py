"""Finite width: noisy gradient descent on the network itself (THEORY §2-§5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from theory_sim.engines.registry import register
from theory_sim.engines.solver import Solver
from theory_sim.errors import Fault

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.loop import Progress, UnfinishedRun
    from theory_sim.memory import Bytes
    from theory_sim.network import FiniteNetwork
    from theory_sim.network.given import Given
    from theory_sim.observe.base import Observer
    from theory_sim.trajectory import Trajectory

__all__ = ["Finite"]


@register
class Finite(Solver):
    """Networks of m_W and m_V neurons, or m_W of one filter bank."""

    name = "finite"
    summary = "finite width"
    given = ("data", "initial", "noise")
    loaded = 100 * 2**20

    def unsupported(
        self, experiment: Experiment, options: Mapping[str, Any], observers: Sequence[Observer] = ()
    ) -> Fault | None:
        from theory_sim.precision import precision_fault

        found = [*_of_general(experiment), *filter(None, [precision_fault(experiment)])]
        return next(iter(found), None)

    def require_resources(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int | None, observers: Sequence[Observer] = ()
    ) -> None:
        from theory_sim.experiment import require_steps

        require_steps(experiment)
        super().require_resources(experiment, options, threads, observers)

    def run(
        self, experiment: Experiment, options: Mapping[str, Any], unfinished: UnfinishedRun | None, *,
        observers: Sequence[Observer], threads: int | None, progress: Progress | None, seconds: float,
        given: Given | None = None,
    ) -> Trajectory:
        import numpy as np

        from theory_sim.loop import Run, deferred_interrupt
        from theory_sim.network.given import NOTHING
        from theory_sim.numeric.pool import BlockPool
        from theory_sim.observe.builtin import make_observers
        from theory_sim.observe.decomposition import Decomposition
        from theory_sim.observe.generalisation import PError
        from theory_sim.observe.losses import Losses
        from theory_sim.observe.separation import Separation

        with (BlockPool(threads) as pool, np.errstate(over="ignore", invalid="ignore"), deferred_interrupt() as interrupted):
            parts = given or NOTHING
            train, test = parts.data(experiment)
            standard = (Losses(), PError(experiment.g0), Decomposition(), Separation())
            watching = (*standard, *make_observers(experiment), *observers)
            network = _network_class(experiment)(experiment, train, pool, parts.initial)
            if parts.noise is not None:
                parts.noise.attach(network.layers)
            run: Run[FiniteNetwork] = Run(
                experiment, train, test, network, watching, engine=self.name, layers=list(network.layers), progress=progress,
                interrupted=interrupted, unfinished=unfinished, checkpoint_seconds=seconds, noise=parts.noise,
            )
            return run.complete(parts.attributes)

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]:
        from theory_sim.network.memory import general_parts, network_parts
        from theory_sim.observe.memory import run_parts

        e = experiment
        neurons = {"P": e.m_W, "Q": e.m_W if e.shared_filters else e.m_V}
        network = general_parts(e, threads) if _needs_general(e) else network_parts(e, threads)
        return {**run_parts(e, e.most_steps, neurons, observers), **network}

    def estimated_seconds(self, experiment: Experiment, options: Mapping[str, Any], threads: int) -> float:
        from theory_sim.engines.expected import expected
        from theory_sim.network.duration import general_seconds, network_seconds
        from theory_sim.observe.memory import observer_seconds, record_count

        e = expected(experiment)
        neurons = {"P": e.m_W, "Q": e.m_W if e.shared_filters else e.m_V}
        network = (general_seconds if _needs_general(e) else network_seconds)(e, threads, record_count(e, e.most_steps))
        return network + observer_seconds(e, e.most_steps, neurons)


def _needs_general(e: Experiment) -> bool:
    """Whether the networks that are compiled for ReLU on the P/Q mixture, and on one training set, do not compute it."""
    from theory_sim.experiment.choices import SAMPLINGS

    return not (e.of_theory and e.has_pq) or SAMPLINGS[e.sampling].fresh


def _of_general(e: Experiment) -> Iterator[Fault]:
    """What the general network does not do."""
    from theory_sim.experiment.choices import OBSERVERS, OPTIMISERS
    from theory_sim.observe.base import Observer
    from theory_sim.train.noise import LabelNoise, make_placement

    if not _needs_general(e):
        return
    beyond = [field for field, within in (("data_law", e.has_pq), ("activation", e.of_theory or bool(e.beyond_theory())))
              if not within] + e.beyond_theory()
    fields = beyond or ["sampling"]
    what = " and ".join(f"{field} = {getattr(e, field)!r}" for field in fields)
    elsewhere = not isinstance(make_placement(e), LabelNoise | None)
    placed = "noise_placement" if elsewhere else "patterns"
    if elsewhere or not e.moving_patterns:
        yield Fault(f"{placed} = {getattr(e, placed)!r} with {what}", "noise in other places and patterns that do not "
                    "follow the weights are those of ReLU networks on the P/Q mixture (THEORY §12), and on one training set",
                    f"leave {placed} out", (placed, *fields))
    if e.train_second_layer and not OPTIMISERS[e.optimiser].in_theory:
        yield Fault(f"optimiser = {e.optimiser!r} with train_second_layer = True",
                    "the second layer is trained by gradient descent alone", "use optimiser = 'gradient-descent'",
                    ("optimiser", "train_second_layer"))
    for name in e.observe:
        chosen = OBSERVERS[name]
        if issubclass(chosen, Observer) and chosen.needs_theory and beyond:
            yield Fault(f"the observer {name!r} with {what}", "it looks at patterns and directions of a ReLU network on the "
                        "P/Q mixture (THEORY §2)", f"do not observe {name}", (f"observe.{name}", *fields))


def _network_class(experiment: Experiment) -> type[FiniteNetwork]:
    from theory_sim.network import GeneralNetwork, PlacedNetwork, SharedNetwork, SplitNetwork
    from theory_sim.train.noise import LabelNoise, make_placement

    if _needs_general(experiment):
        return GeneralNetwork

    placement = make_placement(experiment)
    if (placement is not None and not isinstance(placement, LabelNoise)) or not experiment.moving_patterns:
        return PlacedNetwork
    return SharedNetwork if experiment.shared_filters else SplitNetwork
