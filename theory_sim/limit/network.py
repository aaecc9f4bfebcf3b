"""State of the infinite-width limit and one step of it (THEORY §7).

Sites are the points at which filters are evaluated: the patches x_1 of the training examples and the three directions of x_2.
For each site a memory holds the decayed sum of its residuals, once for each exponent of the compressed history; the
linear part of the kernel, 1/4, needs one d-vector. Outputs follow from these, and nothing has a width.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np

from theory_sim.data import Data, shared_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.limit.compression import Compression
from theory_sim.limit.noise_output import NoiseOutput
from theory_sim.limit.spatial import ExactPairs, MeanPairs, Pairs, Sites
from theory_sim.numeric.limit_kernels import advance_memory, own_terms
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.train.clock import Clock, Kernel, Tick, ages
from theory_sim.train.logistic import slope
from theory_sim.train.noise import OutputNoise, PreActivationNoise, WeightNoise, make_placement

__all__ = ["LimitNetwork"]

Array = np.ndarray[Any, Any]
_TWO_PI: Final = 2.0 * np.pi
# A block of patches stays in cache between the product that gives outputs and the one that gives the gradient.
_BLOCK_BYTES: Final = 2**21
# The continuous limit has ages down to zero; what is younger than this has moved no output.
_YOUNGEST_FLOW: Final = 1e-9


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
    f, g : (N,), (3,) float64 arrays
        Outputs on the training set and at z - zeta, z, z + zeta.
    directions : (3, k) array
        z - zeta, z, z + zeta as the filters see them.
    clock : Clock
        Level and age of the accumulated noise.
    """

    def __init__(
        self, experiment: Experiment, train: Data, test: Data, pool: BlockPool, *, kernel: Kernel,
        spatial: Literal["exact", "mean"], noise: Literal["vanishing", "sampled"], tolerance: float, continuous: bool,
    ) -> None:
        e = experiment
        self._train, self._test, self._pool = train, test, pool
        self._seen, self._seen_test = np.flatnonzero(train.kind != 1), np.flatnonzero(test.kind != 1)
        self._sites = Sites(np.ascontiguousarray(train.x1[self._seen]), np.ascontiguousarray(test.x1[self._seen_test]))
        x = self._sites.x
        self.pairs: Pairs = (ExactPairs if spatial == "exact" else MeanPairs)(self._sites, tolerance, pool)
        youngest, still = 0.0, False
        if kernel == "independent":
            youngest = np.inf
        elif kernel != "frozen":
            youngest, still = ages(e)
            if continuous and youngest > 0:
                youngest = _YOUNGEST_FLOW
        self.compression = Compression(self.pairs.powers, youngest, tolerance, still=still)
        self.pairs.fit(self.compression)
        self.clock = Clock(e, kernel)
        self._placement, self._noise_level = make_placement(e), 0.0
        self._output_noise = StepStream(e.seed_of("noise"), "placed noise")
        exponents, n = len(self.compression.exponents), len(x)

        self._shared = e.network == "shared"
        directions = shared_directions(e, train.w_star) if self._shared else np.array([[1.0, s * e.r] for s in (-1, 0, 1)])
        self.directions = directions
        gram = directions @ directions.T
        lengths = np.sqrt(np.diag(gram))
        cosines = np.clip(gram / np.outer(lengths, lengths), -1.0, 1.0)
        np.fill_diagonal(cosines, 1.0)
        self._q_linear = gram / 4.0
        self._q_weights = (self.compression.weights(cosines.ravel()) * gram.ravel() / _TWO_PI).reshape(exponents, 3, 3)
        self._q_still = gram * np.arcsin(cosines) / _TWO_PI
        self._own_weights = self.compression.weights(np.ones(1))[:, 0] / _TWO_PI
        if self._shared:
            self._cross, self._cross_still = self._between(x, self._sites.norm, lengths)
            self._cross_test, _ = self._between(self._sites.x_test, self._sites.norm_test, lengths)

        self._memory = np.zeros((exponents, n))
        self._q_memory = np.zeros((exponents, 3))
        self._linear = np.zeros(e.d)
        self._q_direct = np.zeros(3)
        self._squared_norm = np.zeros(1 if self._shared else 2)
        self._pending = np.zeros(n), np.zeros(3), np.zeros(e.d), 0.0
        self._rows = max(8, min(1024, _BLOCK_BYTES // max(1, e.d * x.itemsize)))
        self._blocks = -(-n // self._rows)
        self._pulls = np.zeros((self._blocks, e.d), x.dtype)
        norm_Q = train.alpha * lengths[train.direction]
        self._norm = np.sqrt((train.x1.astype(np.float64) ** 2).sum(axis=1) + norm_Q**2)
        self._alpha, self._direction = train.alpha[self._seen], train.direction[self._seen]
        self._y = train.y[self._seen]
        self._noise_x, self._noise_q = self._noise_outputs(e, noise)
        self.f: Array = np.zeros(len(train))
        self.g: Array = np.zeros(3)
        self.g_signal: Array = np.zeros(3)
        self._forward()

    @property
    def level(self) -> float:
        return self.clock.level

    def _between(self, x: Array, norm: Array, lengths: Array) -> tuple[Array, Array]:
        """Weights (E, 3, n) between the directions and patches x_1, and their values at equal times, (3, n)."""
        inner = self.directions @ x.T.astype(np.float64)
        cosine = np.clip(inner / np.outer(lengths, norm), -1.0, 1.0)
        weights = self.compression.weights(cosine.ravel()).reshape(len(self.compression.exponents), *inner.shape)
        weights *= inner / _TWO_PI
        return weights, inner * np.arcsin(cosine) / _TWO_PI

    def _noise_outputs(self, e: Experiment, noise: str) -> tuple[NoiseOutput | None, NoiseOutput | None]:
        if noise == "vanishing":
            return None, None
        if e.neurons == "paired":
            raise InputError("noise = 'sampled' with neurons = 'paired'", "paired neurons have no noise output (THEORY §2)",
                             "set neurons = 'independent' or 'balanced', or noise = 'vanishing'")
        law: dict[str, Any] = {"law": e.neurons, "seed": e.seed_of("noise")}
        spatial: Literal["exact", "mean"] = "exact" if isinstance(self.pairs, ExactPairs) else "mean"
        patches = [self._sites.x, self._sites.x_test]
        if self._shared:  # one filter bank: the three directions are sites like the others
            patches.append(self.directions.astype(self._sites.x.dtype))
            return NoiseOutput(np.concatenate(patches), spatial=spatial, address=0, **law), None
        return (NoiseOutput(np.concatenate(patches), spatial=spatial, address=0, **law),
                NoiseOutput(self.directions, spatial="exact", address=1, **law))

    # -- outputs ----------------------------------------------------------------------------------

    def _forward(self) -> None:
        """Outputs from the memories; beside them, for a full batch, the pull of these outputs' residuals."""
        n, count = len(self._seen), len(self._train)
        residual, _, pull_linear, factor = self._pending
        self.pairs.prepare(self._memory, residual)
        linear = self._linear_total() / 4.0
        g = self._q_weights_dot(self._q_memory)
        if self._shared:
            g += self.directions @ linear + np.einsum("edn,en->d", self._cross, self._memory)
            cross = np.einsum("edn,ed->n", self._cross, self._q_memory)
        else:
            g += self._q_linear @ self._q_direct
            cross = None
        self.g_signal = g
        noise = noise_g = None
        if self._noise_x is not None:
            values = self.level * self._noise_x.values
            noise = values[:n]
            noise_g = values[-3:] if self._noise_q is None else self.level * self._noise_q.values
        self.g = g if noise_g is None else g + noise_g
        add = self._alpha * self.g[self._direction]
        if noise is not None:
            add += noise
        signal, still = np.empty(n), np.empty(n)
        outputs = np.empty(n)
        weights = linear.astype(self._sites.x.dtype)

        def work(block: int, worker: int) -> None:
            rows = slice(block * self._rows, min((block + 1) * self._rows, n))
            x = self._sites.x[rows]
            own = np.empty(len(x))
            self.pairs.terms(rows, signal[rows], still[rows])
            own_terms(self._memory, self._own_weights, rows.start, own)
            signal[rows] += self._sites.norm[rows] ** 2 * own + np.dot(x, weights)
            if cross is not None:
                signal[rows] += cross[rows]
            outputs[rows] = signal[rows] + add[rows]
            pull = self._y[rows] * slope(self._y[rows] * outputs[rows]) / count
            np.dot(pull.astype(x.dtype), x, out=self._pulls[block])

        self._pool.run(work, self._blocks)
        self._signal = signal
        self.f = self._train.alpha * self.g[self._train.direction]
        self.f[self._seen] = outputs
        self._pull = self._pulls.sum(axis=0, dtype=np.float64)
        self._pull_of = self._y * slope(self._y * outputs) / count
        if factor > 0:
            self._squared_norm += factor * self._squared_gradient(residual, self._pending[1], pull_linear, still)
            self._pending = residual, self._pending[1], pull_linear, 0.0

    def _linear_total(self) -> Array:
        return self._linear + self._q_direct @ self.directions if self._shared else self._linear

    def _q_weights_dot(self, memory: Array) -> Array:
        value: Array = np.einsum("eab,eb->a", self._q_weights, memory)
        return value

    def _squared_gradient(self, residual: Array, q: Array, linear: Array, still: Array) -> Array:
        """Squared norm of the data term's gradient in each layer, at the patterns of its own time."""
        norm = self._sites.norm
        w = float((residual * (still + norm**2 * residual / 4.0)).sum())
        v = float(q @ self._q_still @ q)
        if self._shared:
            total = linear + q @ self.directions
            return np.array([w + v + 2.0 * float(q @ self._cross_still @ residual) + float((total * total).sum()) / 4.0])
        return np.array([w + float((linear * linear).sum()) / 4.0, v + float(q @ self._q_linear @ q)])

    def outputs(self, data: Data) -> tuple[Array, Array]:
        """Outputs on the fresh examples given at the start: f and its signal part, both (n,) float64."""
        if data is not self._test:
            raise InputError("other examples than those given at the start", "pairs with the training set are built once",
                             "give them as test")
        f = data.alpha * self.g[data.direction]
        signal = data.alpha * self.g_signal[data.direction]
        part = self.pairs.test_terms()
        linear = (self._linear_total() / 4.0).astype(self._sites.x.dtype)
        part += np.dot(self._sites.x_test, linear)
        if self._shared:
            part += np.einsum("edn,ed->n", self._cross_test, self._q_memory)
        signal[self._seen_test] += part
        f[self._seen_test] += part
        if self._noise_x is not None:
            n = len(self._seen)
            f[self._seen_test] += self.level * self._noise_x.values[n : n + len(part)]
        return f, signal

    def signal_direction(self) -> Array:
        """Linear part of the signal on x_1, (d,)."""
        return self._linear_total() / 4.0

    def signal_norms(self) -> Array:
        """Frobenius norm of the signal in each layer."""
        if isinstance(self._placement, PreActivationNoise) and self._placement.common:
            # Noise common to all inputs changes which patterns agree at one time, and so the gradient's norm.
            return np.full(len(self._squared_norm), np.nan)
        return np.sqrt(np.maximum(self._squared_norm, 0.0))

    # -- steps ------------------------------------------------------------------------------------

    def perturbed(self, step: int, level: float) -> Array:
        """Outputs (N,) of which a step takes its residuals, with placed noise of a level.

        Noise s on pre-activations, fresh at each step and shared in a pair, has no output of its own; patterns seen through it
        at s and t have the correlation rho(s, t) v_s v_t, v = tau / sqrt(tau^2 + s^2), or rho(s, t) v_s if it is off at t. So
        each exponent's memory is read, and written, with its power of v.
        """
        self._noise_level = level
        if level > 0 and isinstance(self._placement, OutputNoise):
            return self.f + level * self._placement.draw(self._output_noise.at(step), self._norm)
        if level == 0 or not isinstance(self._placement, PreActivationNoise):
            return self.f
        kept = self._memory, self._q_memory, self.f, self.g
        seen = self._visibility()[:, None]
        self._memory, self._q_memory = self._memory * seen, self._q_memory * seen
        self._forward()
        f = self.f
        self._memory, self._q_memory, self.f, self.g = kept  # the noisy signal stays, for the inner product with the gradient
        return f

    def _visibility(self) -> Array:
        """Power of v for each exponent, (E,)."""
        if self._noise_level == 0 or not isinstance(self._placement, PreActivationNoise):
            return np.ones(len(self.compression.exponents))
        if self.level == 0:
            return np.zeros(len(self.compression.exponents))
        age = 0.5 * np.log1p((self._noise_level / self.level) ** 2)
        return np.asarray(np.exp(-self.compression.exponents * age))

    def annealed(self) -> None:
        """The learning rate falls for the first time."""
        self.clock.annealed()

    def step(self, residual: Array, rate: float, step: int) -> None:
        """One step of THEORY §3 with the residuals (N,) of the mean training loss."""
        kick = self._placement.kick(self._noise_level, rate) if isinstance(self._placement, WeightNoise) else 0.0
        visible = self._visibility()
        tick = self.clock.step(rate, kick)
        own, q, pull = self._pulled(residual)
        if not tick.seen:
            own, q, pull = 0.0 * own, 0.0 * q, 0.0 * pull
        descent = self._descent(own, q)
        self._squared_norm *= tick.decay**2
        self._squared_norm += 2.0 * rate * tick.decay * descent
        keep, reach = self._factors(tick)
        reach *= visible
        none = np.zeros(len(keep))
        advance_memory(self._memory, keep, rate * reach, none, own, own)
        self._q_memory = keep[:, None] * self._q_memory - rate * reach[:, None] * q
        self._linear = tick.decay * self._linear - rate * pull
        self._q_direct = tick.decay * self._q_direct - rate * q
        self._pending = own, q, pull, rate * rate
        for process in (self._noise_x, self._noise_q):
            if process is not None:
                process.advance(tick.rho, step)
        self._forward()

    def _pulled(self, residual: Array) -> tuple[Array, Array, Array]:
        """Residuals of the sites (n,), of the directions (3,), and the pull on the linear part (d,)."""
        own = residual[self._seen]
        q = np.bincount(self._train.direction, weights=residual * self._train.alpha, minlength=3)
        if len(own) == 0 or np.abs(own - self._pull_of).max() <= 1e-14 / len(self._train):
            return own, q, self._pull  # the full batch, computed while the patches were in cache
        weights = own.astype(self._sites.x.dtype)

        def work(block: int, worker: int) -> None:
            rows = slice(block * self._rows, min((block + 1) * self._rows, len(own)))
            np.dot(weights[rows], self._sites.x[rows], out=self._pulls[block])

        self._pool.run(work, self._blocks)
        return own, q, self._pulls.sum(axis=0, dtype=np.float64)

    def _descent(self, own: Array, q: Array) -> Array:
        """Inner product of the signal with the negative gradient in each layer: -sum of residual times signal output."""
        w, v = -float((own * self._signal).sum()), -float((q * self.g_signal).sum())
        return np.array([w + v]) if self._shared else np.array([w, v])

    def _factors(self, tick: Tick) -> tuple[Array, Array]:
        """Over one step: what a memory keeps, and what a residual at its start leaves, for each exponent."""
        with np.errstate(invalid="ignore"):
            fading = np.exp(-self.compression.exponents * tick.age)
        if np.isinf(tick.age):
            fading = np.zeros(len(fading))
        fading *= tick.sign
        return tick.decay * fading, fading

    # -- continuous time --------------------------------------------------------------------------

    def snapshot(self) -> tuple[Any, ...]:
        """Copy of what `move` changes."""
        return (self._memory.copy(), self._q_memory, self._linear, self._q_direct, self._squared_norm.copy(),
                self.clock.now)

    def residuals(self) -> tuple[Array, Array, Array, Array]:
        """Full-batch residuals at the present outputs: sites, directions, linear pull, descent of each layer."""
        residual = self._train.y * slope(self._train.y * self.f) / len(self._train)
        own, q, pull = self._pulled(residual)
        return own, q, pull, self._descent(own, q)

    def move(self, start: tuple[Any, ...], first: tuple[Array, ...], last: tuple[Array, ...], rate: float,
             duration: float, decay_rate: float) -> None:
        """State after ``duration``, from a snapshot, for residuals linear in time between ``first`` and ``last``.

        The memories' linear equations are solved exactly for such residuals, with a constant rate of decorrelation.
        """
        memory, q_memory, linear, q_direct, squared, clock = start
        self._memory[:] = memory
        self.clock.now = clock
        tick = self.clock.flow(rate, duration)
        lost = decay_rate * duration
        exponent = lost + (0.0 if tick.age == 0 else 1.0) * self.compression.exponents * min(tick.age, 1e300)
        keep = np.exp(-exponent)
        old, new = _weights_of_line(exponent)
        advance_memory(self._memory, keep, duration * old, duration * new, first[0], last[0])
        self._q_memory = keep[:, None] * q_memory - duration * (old[:, None] * first[1] + new[:, None] * last[1])
        (old_l,), (new_l,) = _weights_of_line(np.array([lost]))
        fade = np.exp(-lost)
        self._linear = fade * linear - duration * (old_l * first[2] + new_l * last[2])
        self._q_direct = fade * q_direct - duration * (old_l * first[1] + new_l * last[1])
        (old_n,), (new_n,) = _weights_of_line(np.array([2.0 * lost]))
        self._squared_norm = fade**2 * squared + 2.0 * duration * (old_n * first[3] + new_n * last[3])
        self._forward()

    def filters(self) -> Mapping[str, Array]:
        """None: the limit has no neurons."""
        return {}

    def pre_activations(self, feature: str, x: Array) -> None:
        """None: the limit has no neurons."""

    def checkpoint(self) -> Mapping[str, Array]:
        """Memories, from which the outputs follow, and the noise output's fields."""
        state = {"memory": self._memory, "q_memory": self._q_memory, "linear": self._linear, "q_direct": self._q_direct,
                 "squared_norm": self._squared_norm}
        for name, process in (("x", self._noise_x), ("q", self._noise_q)):
            if process is not None:
                state |= {f"noise {name} {part}": value for part, value in process.state().items()}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take back what `checkpoint` gave; the clock is the run's to restore."""
        self._memory[:] = state["memory"]
        self._q_memory, self._linear = state["q_memory"], state["linear"]
        self._q_direct, self._squared_norm = state["q_direct"], state["squared_norm"]
        for name, process in (("x", self._noise_x), ("q", self._noise_q)):
            if process is not None:
                process.restore({part: state[f"noise {name} {part}"] for part in process.state()})
        self._forward()

    def state(self) -> Mapping[str, Any]:
        """Linear part of the signal; the limit has no weights."""
        return {"linear_part": (("x1",), self.signal_direction(), {"long_name": "linear part of the signal on x_1"})}


def _weights_of_line(z: Array) -> tuple[Array, Array]:
    """Integrals of e^{-z (1 - x)} (1 - x) and e^{-z (1 - x)} x over x in [0, 1]."""
    small = z < 1e-2
    safe = np.where(small, 1.0, z)
    whole = np.where(small, 1.0 - z / 2.0 + z**2 / 6.0 - z**3 / 24.0 + z**4 / 120.0, -np.expm1(-safe) / safe)
    last = np.where(small, 0.5 - z / 6.0 + z**2 / 24.0 - z**3 / 120.0 + z**4 / 720.0, (1.0 - whole) / safe)
    return whole - last, last
