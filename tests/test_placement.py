"""Placed noise, and patterns that do not follow the weights, against a slow run with the same draws; laws, bits, refusals."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import Array, loss, loss_slope
from tests.replay import Rate, drawn, initial, noise, second_layer
from tests.test_reproducible import assert_identical
from theory_sim import Data, Experiment, draw_data, draw_test_data, resume, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import PLACEMENTS
from theory_sim.loop import unfinished_path
from theory_sim.network import PlacedNetwork, SharedNetwork, SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import StepStream
from theory_sim.testing import decomposition_adds_up, experiments, noise_follows_recursion, noise_level_is_likely
from theory_sim.train.noise import LabelNoise, PreActivationNoise, Sites, make_placement, matched_level
from theory_sim.train.schedules import make_schedule

SMALL = Experiment(
    d=6, N=22, p0=0.25, q0=0.4, r=0.4, m_W=14, m_V=22, n_test=3, eta_1=1.5, eta_2=0.3, lambda_=0.03, tau_xi=0.15,
    max_steps=12, record_every=0.01, seed=3, dtype="float64", schedule="pieces", pieces=[[6.0, 1.5], [9.0, 0.3]],
    tau_0_rate=1.5,
)
# Noise on labels is in test_sampling.py: it adds nothing to what the network computes.
NAMES = [each.name for each in PLACEMENTS if not issubclass(each, LabelNoise)]
PATTERNS = ("frozen", "frozen-at-annealing", "redrawn")


def placed(placement: str, **fields: Any) -> Experiment:
    return SMALL.replace(noise_placement=placement, noise_level=0.7, **{"noise_annealing": "with-rate", **fields})


@dataclasses.dataclass
class Slow:
    """The step of THEORY §3 once more, a neuron and an example at a time, with noise at any place and patterns of any law."""

    e: Experiment
    data: Data

    def run(self) -> dict[str, Any]:
        e, data = self.e, self.data
        rate_of = Rate(e, float(np.mean(data.kind == 1)))
        share = 2 if e.neurons == "paired" else 1
        U = [initial(e, index) for index in range(2)]
        signal, kept = [0 * part for part in U], [part.copy() for part in U]
        u = [second_layer(e, index) for index in range(2)]
        held: list[Array] | None = [part.copy() for part in U] if e.patterns == "frozen" else None
        x = [data.x1.astype(np.float64), data.x2]
        seed, tau, before, annealed, losses = e.seed_of("noise"), 0.0, math.inf, False, []
        norm = np.sqrt(sum((part**2).sum(axis=1) for part in x))
        for t in range(int(e.max_steps or 0) + 1):
            if e.patterns == "redrawn":
                held = [drawn(e, "redrawn patterns", seed, index, t) for index in range(2)]
            f, _ = self.outputs(U, u, x, held, None)
            losses.append(float(np.mean([loss(y * value) for y, value in zip(data.y, f, strict=True)])))
            if t == e.max_steps:
                break
            gamma = rate_of(t, tau, losses[-1])
            if gamma < before < math.inf and not annealed:
                annealed = True
                if e.patterns == "frozen-at-annealing":
                    held = [part.copy() for part in U]
            before = gamma
            off = annealed if e.noise_annealing == "with-rate" else (
                e.noise_annealing != "never" and tau >= float(e.noise_annealing) - 1e-9)
            level = e.noise_level * (e.noise_factor if off else 1.0)
            z = self.pre_activation_noise(t, level, x, share)
            f, active = self.outputs(U, u, x, held, z)
            if e.noise_placement == "activations":
                f = f + level * StepStream(seed, "placed noise").at(t).standard_normal(len(f)) * norm
            xi = noise(e, t)
            increment = {"gradient": gamma * level, "iterates": level}.get(e.noise_placement, 0.0)
            for index in range(2):
                G = np.zeros_like(U[index])
                for i in range(len(f)):
                    slope = loss_slope(data.y[i] * f[i]) * data.y[i] / len(f)
                    G += slope * np.outer(u[index] * active[index][:, i], x[index][i])
                random = gamma * xi[index]
                if increment:
                    random = random + increment * drawn(e, "placed noise", seed, index, t)
                decay = 1 - gamma * e.lambda_
                U[index] = decay * U[index] - gamma * G - random
                signal[index] = decay * signal[index] - gamma * G
                kept[index] = decay * kept[index] - random
            tau += gamma
        return {"U": U, "signal": signal, "noise": kept, "losses": losses, "f": f}

    def outputs(self, U: list[Array], u: list[Array], x: list[Array], held: Any, z: Any) -> tuple[Array, list[Array]]:
        f, active = np.zeros(len(x[0])), []
        for index in range(2):
            values = U[index] @ x[index].T
            if z is not None:
                values = values + z[index]
            of = values if held is None else held[index] @ x[index].T
            active.append(np.where(of > 0, 1.0, 0.0))
            f += u[index] @ (active[index] * values)
        return f, active

    def pre_activation_noise(self, t: int, level: float, x: list[Array], share: int) -> list[Array] | None:
        """Noise (m, N) of both layers, each example's found by hand from the draws at its layer's sites."""
        e, data = self.e, self.data
        if e.noise_placement not in ("pre-activations", "pre-activations-shared", "iterates-transient") or level == 0:
            return None
        found = []
        for index, holding in enumerate((data.kind != 1, data.kind != 0)):
            rows = len(second_layer(e, index)) // share
            bits = StepStream(e.seed_of("noise"), "placed noise", index, 0).at(t)
            z = np.zeros((rows, len(data)))
            lengths = np.linalg.norm(x[index], axis=1)
            if e.noise_placement == "pre-activations":
                z[:, holding] = bits.standard_normal((rows, int(holding.sum()))) * lengths[holding]
            elif e.noise_placement == "pre-activations-shared":
                z += np.outer(bits.standard_normal((rows, 2))[:, index], lengths)
            else:
                z += bits.standard_normal((rows, x[index].shape[1])) @ x[index].T
            found.append(level * np.repeat(z, share, axis=0))
        return found


def agree(e: Experiment) -> dict[str, Any]:
    run = simulate(e, threads=1)
    slow = Slow(e, draw_data(e)).run()
    # The tolerance of tests/test_agreement.py is of this size: sums of some tens of terms of order 10, twelve times.
    for index, layer in enumerate("WV"):
        for name, part in ((layer, "U"), (f"{layer}_signal", "signal"), (f"{layer}_noise", "noise")):
            np.testing.assert_allclose(run.dataset[name].values, slow[part][index], rtol=0, atol=1e-11, err_msg=name)
    np.testing.assert_allclose(run.dataset["train_loss"].values, slow["losses"], rtol=0, atol=1e-11)
    np.testing.assert_allclose(run.dataset["f_train"].values, slow["f"], rtol=0, atol=1e-11)
    return slow


@pytest.mark.parametrize("neurons", ["paired", "independent"])
@pytest.mark.parametrize("placement", NAMES)
def test_placements_against_the_slow_run(placement: str, neurons: str) -> None:
    e = placed(placement, neurons=neurons, noise_factor=0.25)
    slow = agree(e)
    plain = Slow(SMALL.replace(neurons=neurons), draw_data(e)).run()
    assert np.abs(slow["signal"][0] - plain["signal"][0]).max() > 1e-4  # the noise does something
    other = Slow(e.replace(noise_annealing="never", noise_factor=0.0), draw_data(e)).run()
    assert np.abs(slow["signal"][0] - other["signal"][0]).max() > 1e-5  # and so does its annealing


@pytest.mark.parametrize("neurons", ["paired", "independent"])
@pytest.mark.parametrize("patterns", PATTERNS)
def test_patterns_against_the_slow_run(patterns: str, neurons: str) -> None:
    e = SMALL.replace(neurons=neurons, patterns=patterns)
    slow = agree(e)
    plain = Slow(SMALL.replace(neurons=neurons), draw_data(e)).run()
    assert np.abs(slow["signal"][0] - plain["signal"][0]).max() > 1e-5


@pytest.mark.parametrize("network", ["split", "shared"])
def test_without_noise_it_is_the_fast_network(network: str) -> None:
    """The general network takes the steps of the specialised ones, to rounding."""
    e = SMALL.replace(network=network, neurons="independent")
    data, fresh = draw_data(e), draw_test_data(e)
    with BlockPool(1) as pool:
        fast = (SharedNetwork if network == "shared" else SplitNetwork)(e, data, pool)
        general = PlacedNetwork(e, data, pool)
        for step in range(8):
            for net in (fast, general):
                net.step(-data.y / (1 + np.exp(data.y * net.f)) / len(data), 1.2, step)
            pairs = [(fast.f, general.f), (fast.g, general.g), *zip(fast.plane(), general.plane(), strict=True),
                     (fast.signal_direction(), general.signal_direction()),
                     *zip(fast.outputs(fresh), general.outputs(fresh), strict=True)]
            for one, other in pairs:
                np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("network", ["split", "shared"])
@pytest.mark.parametrize("fields", [
    *({"noise_placement": p, "noise_level": 0.7, "noise_annealing": 5.0} for p in NAMES),
    *({"patterns": p} for p in PATTERNS),
], ids=str)
def test_bits_do_not_depend_on_threads_or_on_interruption(fields: dict[str, Any], network: str, tmp_path: Path) -> None:
    e = SMALL.replace(m_W=300, m_V=600, dtype="float32", network=network, observe={"patterns": {"probes": 3}}, **fields)
    whole = simulate(e, threads=1)
    assert_identical(whole, simulate(e, threads=3))

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 7:
            raise KeyboardInterrupt

    store = tmp_path / "run"
    simulate(e, threads=1, store=store, progress=stop, checkpoint_seconds=0.0)
    assert unfinished_path(store).exists()
    assert_identical(whole, resume(store, threads=2))
    decomposition_adds_up(whole)


@given(experiments(dtype="float64"), st.sampled_from(NAMES), st.sampled_from(("moving", *PATTERNS)), st.booleans())
@settings(max_examples=40)
def test_the_split_adds_up_and_the_noise_has_its_level(e: Experiment, place: str, patterns: str, annealed: bool) -> None:
    fields: dict[str, Any] = {"noise_placement": place, "noise_level": 0.1}
    fields["noise_annealing"] = "with-rate" if annealed else "never"
    if place in ("gradient", "iterates", "activations"):
        fields["patterns"] = patterns
    run = simulate(e.replace(**fields), threads=1)
    decomposition_adds_up(run)
    noise_follows_recursion(run)


@pytest.mark.parametrize("s", [0.5, 3.0])
@pytest.mark.parametrize("placement", NAMES)
def test_matched_placements_have_one_pre_activation_variance(placement: str, s: float) -> None:
    """Level 1e-6 by chi-square bounds on 40 000 draws; the same check refuses a level 5 % off."""
    rate, lambda_ = 1.5, 0.03
    level = matched_level(placement, s, rate=rate, lambda_=lambda_)
    e = SMALL.replace(noise_placement=placement, noise_level=level)
    rng = np.random.default_rng(1)
    x = np.array([[0.3, -0.4], [0.6, 0.8]])
    norm = np.linalg.norm(x, axis=1)
    noise_of: Any = make_placement(e)
    n = 40_000
    if isinstance(noise_of, PreActivationNoise):
        sites = Sites(x, norm, np.zeros(2, int), np.arange(2), np.arange(2), np.ones(2))
        drawn_noise = level * noise_of.draw(rng, n, sites)
    elif placement == "activations":
        drawn_noise = level * noise_of.draw(rng, np.repeat(norm[None], n, axis=0).ravel()).reshape(n, 2)
    else:  # the recursion of THEORY §5 to its stationary level, of weights
        weights = np.zeros((n, 2))
        for _ in range(120):
            weights = (1 - rate * lambda_) * weights - noise_of.increment(level, rate) * rng.standard_normal((n, 2))
        drawn_noise = weights @ x.T
    for i in range(2):
        rms = float(np.sqrt(np.mean(drawn_noise[:, i] ** 2)))
        noise_level_is_likely(rms, s * norm[i], n)
        with pytest.raises(AssertionError):
            noise_level_is_likely(1.05 * rms, s * norm[i], n)
    correlation = float(np.corrcoef(drawn_noise.T)[0, 1])
    expected = {"pre-activations": 0.0, "activations": 0.0, "pre-activations-shared": 1.0}.get(placement, -0.14 / (0.5 * 1.0))
    assert abs(correlation - expected) < 5 / math.sqrt(n)


def test_annealing_follows_the_schedule_or_tau() -> None:
    noise_of = make_placement(placed("gradient", noise_factor=0.5))
    assert noise_of is not None and [noise_of.level(9.0, at) for at in (math.nan, 3.0)] == [0.7, 0.35]
    noise_of = make_placement(placed("gradient", noise_annealing=4.0))
    assert noise_of is not None and [noise_of.level(tau, math.nan) for tau in (3.9, 4.0, 5.0)] == [0.7, 0.0, 0.0]
    noise_of = make_placement(placed("gradient", noise_annealing="never"))
    assert noise_of is not None and noise_of.level(1e9, 1.0) == 0.7


@pytest.mark.filterwarnings("ignore::theory_sim.errors.UnreadFieldWarning")  # every field is written, read or not
def test_round_trip_and_clearing(tmp_path: Path) -> None:
    for annealing in ("never", "with-rate", 30.0):
        e = placed("iterates", noise_annealing=annealing, patterns="redrawn")
        e.to_toml(tmp_path / "e.toml", overwrite=True)
        assert Experiment.from_toml(tmp_path / "e.toml") == e
    assert placed("gradient").replace(noise_placement="none") == SMALL.replace(noise_placement="none")


@pytest.mark.parametrize(("fields", "seen"), [
    ({"noise_level": 1.0}, "noise_level = 1.0 with noise_placement = 'none'"),
    ({"noise_annealing": 3.0}, "noise_annealing = 3.0 with"),
    ({"noise_placement": "gradient"}, "noise_level = 0"),
    ({"noise_placement": "gradient", "noise_level": 1.0, "noise_factor": 0.5}, "noise_factor = 0.5"),
    ({"noise_placement": "gradient", "noise_level": 1.0, "noise_annealing": 0.0}, "noise_annealing = 0"),
    ({"noise_placement": "gradient", "noise_level": 1.0, "noise_annealing": "later"}, "noise_annealing = 'later'"),
    ({"noise_placement": "iterates-transient", "noise_level": 1.0, "patterns": "frozen"}, "patterns = 'frozen'"),
    ({"patterns": "still"}, "patterns = 'still'"),
])
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], seen: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        Experiment(**fields)
    assert seen in refused.value.found and refused.value.fix


def test_helpers_refuse_what_they_cannot_do() -> None:
    with pytest.raises(InputError):
        matched_level("weights", 1.0, rate=1.0, lambda_=0.1)
    with pytest.raises(InputError):
        matched_level("iterates", 0.0, rate=1.0, lambda_=0.1)
    with pytest.raises(InputError):
        matched_level("gradient", 1.0, rate=1.0, lambda_=0.0)
    refused: list[dict[str, Any]] = [{"noise_placement": "gradient", "noise_level": 1.0}]
    for fields in refused:
        with pytest.raises(InputError):
            simulate(Experiment(schedule="S", **fields), "closure")


def test_schedules_know_nothing_of_placed_noise() -> None:
    e = placed("gradient")
    assert make_schedule(e, 0.5).rate(0.0, 0.7) == make_schedule(SMALL, 0.5).rate(0.0, 0.7)
