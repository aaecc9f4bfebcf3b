"""Streams are addressed, not advanced: the same address always gives the same draws, other addresses independent ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from theory_sim import Experiment, draw_data, draw_test_data
from theory_sim.limit.network import LimitNetwork
from theory_sim.network import PlacedNetwork, SharedNetwork, SplitNetwork
from theory_sim.numeric import streams
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import PURPOSES, StepStream, generator
from theory_sim.train.sampling import make_sampling


def draw(step: int, *address: int, seed: int = 3, n: int = 20_000, dtype: str = "float64") -> np.ndarray:
    out = np.empty(n, dtype)
    StepStream(seed, "noise", *address).normal(step, out)
    return out


def test_each_purpose_has_a_number_of_its_own() -> None:
    assert sorted(PURPOSES.values()) == list(range(len(PURPOSES)))


def test_a_step_is_numpys_own_seeding_with_the_step_as_third_word() -> None:
    sequence = np.random.SeedSequence(3, spawn_key=(4, 0, 7))
    step = int(sequence.generate_state(3, np.uint64)[2])
    expected = np.random.Generator(np.random.SFC64(sequence)).standard_normal(100)
    np.testing.assert_array_equal(draw(step, 0, 7, n=100), expected)


def test_order_of_steps_does_not_matter() -> None:
    stream, out = StepStream(1, "noise", 0, 0), np.empty(5)
    first = {}
    for step in (0, 1, 2):
        stream.normal(step, out)
        first[step] = out.copy()
    for step in (2, 0, 1, 1):
        stream.normal(step, out)
        np.testing.assert_array_equal(out, first[step])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_are_standard_normal_and_uncorrelated_between_addresses(dtype: str) -> None:
    addresses = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2**40, 0, 0), (0, 1, 0), (0, 0, 1)]
    samples = [draw(step, *address, dtype=dtype).astype(float) for step, *address in addresses]
    tests = [stats.kstest(sample, "norm").pvalue for sample in samples]
    tests += [stats.pearsonr(a, b).pvalue for a, b in itertools.combinations(samples, 2)]
    # Family-wise level 1e-3 over all of them (Bonferroni), n = 20 000 each.
    assert min(tests) > 1e-3 / len(tests)


def test_neighbouring_steps_are_independent_at_each_lag() -> None:
    # First draws of consecutive steps: what a badly mixed counter would give away.
    first = np.array([draw(step, 0, 0, n=4) for step in range(5000)])
    tests = [stats.kstest(column, "norm").pvalue for column in first.T]
    tests += [stats.pearsonr(column[lag:], column[:-lag]).pvalue for column in first.T for lag in (1, 2, 4, 8)]
    assert min(tests) > 1e-3 / len(tests)


def raw(stream: np.random.BitGenerator | np.random.Generator) -> np.ndarray:
    bits = stream.bit_generator if isinstance(stream, np.random.Generator) else stream
    return np.asarray(bits.random_raw(400))


def test_purposes_have_streams_of_their_own() -> None:
    """Nor do addresses of one purpose meet where one continues the other: of 400 words of 64 bits, no two streams share one."""
    addresses: list[tuple[int, ...]] = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0)]
    words = [raw(generator(seed, purpose, *address)) for seed in (5, 6, 5 << 32) for purpose in PURPOSES
             for address in addresses]
    words += [raw(StepStream(5, purpose, *address).at(step)) for purpose in PURPOSES for address in addresses
              for step in (0, 1, 2**32, 2**64 - 1)]  # fmt: skip
    assert len(np.unique(np.concatenate(words))) == 400 * len(words)


RUN = Experiment(d=6, N=40, p0=0.3, q0=0.3, m_W=600, m_V=52_000, n_test=5, neurons="independent", batch_size=10)
SEEDS: list[dict[str, int]] = [{}, {"seed_noise": 9, "seed_init": 8, "seed_batch": 7, "seed_data": 6}]
Address = tuple[int, tuple[int, ...]]


class Spy:
    """The seeds and keys of every stream that is made while it looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._found: list[Address] = []
        sequence = np.random.SeedSequence

        def made(entropy: int, *, spawn_key: tuple[int, ...] = ()) -> np.random.SeedSequence:
            self._found.append((entropy, tuple(spawn_key)))
            return sequence(entropy, spawn_key=spawn_key)

        monkeypatch.setattr(streams.np.random, "SeedSequence", made)

    def of(self, make: Callable[[], object]) -> list[Address]:
        self._found.clear()
        make()
        return list(self._found)


def network(e: Experiment, engine: str) -> object:
    data = draw_data(e)
    with BlockPool(1) as pool:
        if engine == "limit":
            return LimitNetwork(e, data, draw_test_data(e), pool, kernel="moving", spatial="exact", noise="sampled",
                                tolerance=1e-4, continuous=False)  # fmt: skip
        return {"split": SplitNetwork, "shared": SharedNetwork, "placed": PlacedNetwork}[engine](e, data, pool)


@pytest.mark.parametrize("fields", SEEDS, ids=["one seed", "four"])
@pytest.mark.parametrize("engine", ["split", "shared", "placed", "limit"])
def test_no_two_parts_of_a_run_share_a_stream(engine: str, fields: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training set, test set, plane, signs, U_0, noise of every block and place, batches: each its own; w* alone is shared."""
    e = RUN.replace(**fields, network="shared" if engine == "shared" else "split")
    spy = Spy(monkeypatch)
    train, test = spy.of(lambda: draw_data(e)), spy.of(lambda: draw_test_data(e))
    w_star = set(train) & set(test)
    assert w_star == {(e.seed_of("data"), (PURPOSES["data"], 1))} and len(train) == len(test) == 2
    data = {*train, *test}
    made = spy.of(lambda: network(e, engine))
    own = made[len(train) + (len(test) if engine == "limit" else 0) :]
    own += spy.of(lambda: make_sampling(e))
    assert len(own) == len(set(own)) and not set(own) & data
    if engine in ("split", "placed"):  # signs and, for each of 3 blocks of both layers, U_0 and xi; placed noise of three kinds
        assert len(own) == 2 + 2 * 6 + 1 + (1 + 2 * 6 if engine == "placed" else 0)
    assert {entropy for entropy, _ in own} <= {e.seed_of(purpose) for purpose in ("init", "noise", "batch", "data")}
    if not fields:
        assert {entropy for entropy, _ in own} == {e.seed}


def test_the_spy_sees_a_stream_that_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory_sim.data.law.generator", lambda seed, purpose, *address: generator(
        seed, "data" if purpose == "test data" else purpose, *address))
    spy = Spy(monkeypatch)
    assert len(set(spy.of(lambda: draw_data(RUN))) & set(spy.of(lambda: draw_test_data(RUN)))) == 2
