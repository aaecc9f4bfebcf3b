"""The infinitely wide network as a run steps it: its memories, its clock, and the outputs that follow (THEORY §7)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.compression import Compression
from theory_sim.limit.evaluation import Evaluation, Evaluator, NoiseValues
from theory_sim.limit.geometry import Geometry, Patches
from theory_sim.limit.history import History
from theory_sim.limit.memories import Memories, Residuals
from theory_sim.limit.noise_output import NoiseOutput
from theory_sim.limit.spatial import ExactPairs, MeanPairs, Pairs
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.theory.arc_cosine import KernelConstants
from theory_sim.train.clock import AnyClock, Clock, Instant, Kernel, Tick, ages, make_clock
from theory_sim.train.linear_clock import LinearClock
from theory_sim.train.losses import make_loss
from theory_sim.train.noise import OutputNoise, PreActivationNoise, WeightNoise, make_placement
from theory_sim.train.optimisers import LinearOptimiser, make_optimiser

__all__ = ["LimitNetwork", "Perturbed", "Start"]

# The continuous limit has ages down to zero; what is younger than this has moved no output.
_YOUNGEST_FLOW: Final = 1e-9


@dataclass(frozen=True)
class Perturbed:
    """What a step with placed noise takes its residuals of.

    Attributes
    ----------
    f : (N,) array
        Outputs.
    level : float
        Level of the noise.
    evaluation : Evaluation
        The outputs' evaluation, without noise that is added to the outputs themselves.
    """

    f: Array
    level: float
    evaluation: Evaluation

    @property
    def plain(self) -> bool:
        """Whether nothing was added to the outputs."""
        return self.f is self.evaluation.f


class Start(NamedTuple):
    """State at the start of a stretch of continuous time."""

    memories: Memories
    now: Instant


class LimitNetwork:
    """Outputs of the infinitely wide network and the memories that carry them.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; widths are not read.
    train, test : Data
        Training set, N examples, and the fresh examples on which `outputs` can be asked.
    pool : BlockPool
        Open pool of threads.
    kernel : {"moving", "frozen", "frozen-at-annealing", "independent"}
        Correlation of patterns between times.
    spatial : {"exact", "mean"}
        Treatment of the arcsin term between different patches x_1.
    noise : {"vanishing", "sampled"}
        Noise output: zero, or a Gaussian process.
    tolerance : float
        Largest error of the compressed arcsin(rho cos theta).
    continuous : bool
        Whether ages down to zero occur.

    Attributes
    ----------
    clock : Clock
        Level and age of the accumulated noise.
    compression : Compression
        Exponents of the history.
    """

    def __init__(
        self, experiment: Experiment, train: Data, test: Data, pool: BlockPool, *, kernel: Kernel,
        spatial: Literal["exact", "mean"], noise: Literal["vanishing", "sampled"], tolerance: float, continuous: bool,
    ) -> None:
        e = experiment
        self._train, self._test, self._lambda = train, test, e.lambda_
        patches = Patches(train, test)
        pairs: Pairs = (ExactPairs if spatial == "exact" else MeanPairs)(patches, tolerance, pool)
        youngest, equal_times = _ages(e, kernel, continuous)
        self.compression = Compression(pairs.powers, youngest, tolerance, equal_times=equal_times)
        pairs.fit(self.compression)
        self.clock: AnyClock = make_clock(e, kernel)
        self._placement = make_placement(e)
        self._loss = make_loss(e)
        self._output_noise = StepStream(e.seed_of("noise"), "placed noise")
        self._geometry = Geometry.of(e, train, patches, self.compression)
        self._evaluator = Evaluator(self._geometry, train, patches, pairs, pool, self._loss)
        self._noise = None if noise == "vanishing" else _NoiseOutputs(e, patches, self._geometry, spatial)
        layers = 1 if self._geometry.shared else 2
        exponents = self.compression.exponents
        self._memories = Memories.start(len(exponents), len(patches.x), e.d, layers)
        self._history: History | None = None
        if isinstance(self.clock, LinearClock):
            rule = make_optimiser(e)
            assert isinstance(rule, LinearOptimiser), "a clock of linear rules"
            self._history = History(rule, self.clock, exponents, len(patches.x), e.d, layers, pool)
            self._memories = self._history.memories()
        self._now = self._evaluated()

    def _evaluated(self, past: Residuals | None = None) -> Evaluation:
        seen = self._memories.patches, self._memories.directions
        return self._evaluator.evaluate(self._memories, seen, past, self._noise_values())

    def _noise_values(self) -> NoiseValues | None:
        return None if self._noise is None else self._noise.values(self.clock.level)

    @property
    def kernel_error(self) -> float:
        """Largest error of the compressed kernel."""
        return self.compression.error

    # -- outputs ----------------------------------------------------------------------------------

    @property
    def f(self) -> Array:
        """Outputs on the training set, (N,)."""
        return self._now.f

    @property
    def g(self) -> Array:
        """Outputs at z - zeta, z, z + zeta, (3,)."""
        return self._now.g

    @property
    def g_signal(self) -> Array:
        """Their signal part, (3,)."""
        return self._now.g_signal

    @property
    def directions(self) -> Array:
        """z - zeta, z, z + zeta as the filters see them, (3, k)."""
        return self._geometry.directions

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on the fresh examples given at the start: f and its signal part, both (n,) float64."""
        if data is not self._test:
            raise InputError("other examples than those given at the start", "pairs with the training set are built once",
                             "give them as test")
        return self._evaluator.fresh(self._now, data)

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,)."""
        direction: Array = self._now.linear * self._geometry.linear
        return direction

    def signal_norms(self) -> Array:
        """Frobenius norm of the signal in each layer."""
        if isinstance(self._placement, PreActivationNoise) and self._placement.common:
            # Noise common to all inputs changes which patterns agree at one time, and so the gradient's norm.
            return np.full(len(self._memories.squared_norm), np.nan)
        norms: Array = np.sqrt(np.maximum(self._memories.squared_norm, 0.0))
        return norms

    def spatial_error(self) -> float:
        """Root mean square, over probe patches, of what the spatial mode leaves out of an output."""
        return self._now.terms.error()

    # -- steps ------------------------------------------------------------------------------------

    def perturbed(self, step: int, level: float) -> Perturbed:
        """Outputs of which a step takes its residuals, with placed noise of a level.

        Noise s on pre-activations, fresh at each step and shared in a pair, has no output of its own; patterns seen through it
        at s and t have the correlation rho(s, t) v_s v_t, v = tau / sqrt(tau^2 + s^2), or rho(s, t) v_s if it is off at t. So
        each exponent's memory is read, and written, with its power of v.
        """
        if level > 0 and isinstance(self._placement, OutputNoise):
            noise = level * self._placement.draw(self._output_noise.at(step), self._geometry.norm)
            return Perturbed(self.f + noise, level, self._now)
        if level > 0 and isinstance(self._placement, PreActivationNoise):
            seen = self._memories.seen_through(self._visibility(level))
            noisy = self._evaluator.evaluate(self._memories, seen, None, self._noise_values())
            return Perturbed(noisy.f, level, noisy)
        return Perturbed(self.f, level, self._now)

    def _visibility(self, level: float) -> Array:
        """Power of v for each exponent, (E,), with placed noise of a level."""
        exponents = self.compression.exponents
        if level == 0 or not isinstance(self._placement, PreActivationNoise):
            return np.ones(len(exponents))
        age = self._hidden(level)
        return np.zeros(len(exponents)) if math.isinf(age) else np.asarray(np.exp(-exponents * age))

    def _hidden(self, level: float) -> float:
        """-log v, the age that placed noise of a level adds to patterns."""
        if level == 0 or not isinstance(self._placement, PreActivationNoise):
            return 0.0
        return math.inf if self.clock.level == 0 else float(0.5 * np.log1p((level / self.clock.level) ** 2))

    @property
    def _descent(self) -> Clock:
        """The clock of gradient descent, whose noise has an age."""
        assert isinstance(self.clock, Clock), "continuous time and recursions are of gradient descent"
        return self.clock

    def annealed(self) -> None:
        """The learning rate falls for the first time."""
        self.clock.annealed()

    def step(
        self, residual: Array, rate: float, step: int, *, perturbed: Perturbed | None = None, whole: bool = False
    ) -> None:
        """One step of THEORY §3.

        Parameters
        ----------
        residual : (N,) array
            Derivative of the mean training loss with respect to each output.
        rate : float
            Learning rate.
        step : int
            Step number, the address of the noise.
        perturbed : Perturbed, optional
            Outputs of which the residuals were taken, if not `f`.
        whole : bool
            Whether they are those of the whole training set, not of a mini-batch.
        """
        seen = perturbed or Perturbed(self.f, 0.0, self._now)
        residuals = self._evaluator.gathered(seen.evaluation, residual, whole=whole and seen.plain)
        if self._history is not None:
            self._memories = self._history.step(residuals, rate, self._hidden(seen.level))
            self._now = self._evaluated()
            return
        visible = self._visibility(seen.level)
        increment = self._placement.increment(seen.level, rate) if isinstance(self._placement, WeightNoise) else 0.0
        tick = self._descent.step(rate, increment)
        if not tick.seen:
            residuals = residuals.times(0.0)
        self._memories = self._memories.stepped(residuals, rate, tick, self._fading(tick), visible)
        if self._noise is not None:
            self._noise.advance(tick.rho, step)
        self._now = self._evaluated(residuals)
        self._memories = self._memories.with_gradient(rate, self._now.squared_gradient)

    def _fading(self, tick: Tick) -> Array:
        """Power of the patterns' correlation over a step, for each exponent (E,)."""
        exponents = self.compression.exponents
        fading: Array = np.zeros(len(exponents)) if np.isinf(tick.age) else np.exp(-exponents * tick.age)
        fading *= tick.sign
        return fading

    # -- continuous time --------------------------------------------------------------------------

    def start(self) -> Start:
        """State from which `move` goes."""
        return Start(self._memories, self._descent.now)

    def residuals(self) -> Residuals:
        """Full-batch residuals at the present outputs."""
        residual = self._train.y * self._loss.slope(self._train.y * self.f) / len(self._train)
        return self._evaluator.gathered(self._now, residual, whole=True)

    def move(self, start: Start, first: Residuals, last: Residuals, rate: float, duration: float) -> None:
        """Go from a start on for ``duration``, with residuals linear in time between ``first`` and ``last``."""
        self._descent.now = start.now
        tick = self._descent.flow(rate, duration)
        self._memories = start.memories.flowed(first, last, duration, self._lambda, tick.age, self.compression.exponents)
        self._now = self._evaluated()

    # -- what a limit has not, and storage ----------------------------------------------------------

    def filters(self) -> Mapping[str, Array]:
        """None: the limit has no neurons."""
        return {}

    def pre_activations(self, feature: str, x: Array) -> None:
        """None: the limit has no neurons."""

    def checkpoint(self) -> Mapping[str, Array]:
        """Memories, or the history that makes them, from which the outputs follow, and the noise output's fields."""
        memories = self._memories.arrays() if self._history is None else self._history.arrays()
        return memories | ({} if self._noise is None else self._noise.state())

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self._memories = Memories.from_arrays(state) if self._history is None else self._history.restore(state)
        if self._noise is not None:
            self._noise.restore(state)
        self._now = self._evaluated()

    def state(self) -> Mapping[str, Any]:
        """Linear part of the signal; the limit has no weights."""
        return {"linear_part": (("x1",), self.signal_direction(), {"long_name": "linear part of the signal on x_1"})}


def _ages(e: Experiment, kernel: Kernel, continuous: bool) -> tuple[float, bool]:
    """Smallest age above 0 of two patterns, and whether age 0 occurs beside it."""
    if kernel == "independent":
        return np.inf, False
    if kernel == "frozen":
        return 0.0, False
    youngest, equal_times = ages(e)
    return (_YOUNGEST_FLOW if continuous and youngest > 0 else youngest), equal_times


class _NoiseOutputs:
    """Noise outputs of the filter banks: one of patches x_1 and one of directions, or of all where one bank sees both."""

    def __init__(self, e: Experiment, patches: Patches, geometry: Geometry, spatial: Literal["exact", "mean"]) -> None:
        if e.paired:
            raise InputError("noise = 'sampled' with neurons = 'paired'", "paired neurons have no noise output (THEORY §2)",
                             "set neurons = 'independent' or 'balanced', or noise = 'vanishing'")
        constants = KernelConstants(geometry.linear, geometry.arcsine)
        law: dict[str, Any] = {"law": e.neurons, "seed": e.seed_of("noise"), "constants": constants}
        inputs, self._n = [patches.x, patches.x_test], len(patches.x)
        if geometry.shared:  # one filter bank: the three directions are inputs like the others
            inputs.append(geometry.directions.astype(patches.x.dtype))
        self._banks = {"x": NoiseOutput(np.concatenate(inputs), spatial=spatial, address=0, **law)}
        if not geometry.shared:
            self._banks["q"] = NoiseOutput(geometry.directions, spatial="exact", address=1, **law)

    def values(self, level: float) -> NoiseValues:
        """n_t at noise of standard deviation ``level``."""
        of_x = level * self._banks["x"].values
        of_q = level * self._banks["q"].values if "q" in self._banks else of_x[-3:]
        end = len(of_x) - (0 if "q" in self._banks else 3)
        return NoiseValues(of_x[: self._n], of_x[self._n : end], of_q)

    def advance(self, rho: float, step: int) -> None:
        """Go from a step to the next."""
        for bank in self._banks.values():
            bank.advance(rho, step)

    def state(self) -> dict[str, Array]:
        """What changes from step to step."""
        return {f"noise {name} {part}": value for name, bank in self._banks.items() for part, value in bank.state().items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `state` gave."""
        for name, bank in self._banks.items():
            bank.restore({part: state[f"noise {name} {part}"] for part in bank.state()})
