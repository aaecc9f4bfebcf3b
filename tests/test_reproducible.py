"""One seed is one result, bit for bit, whatever the number of threads; seeds of different purposes are independent."""

import numpy as np
import pytest

from theory_sim import Experiment, Trajectory, draw_data, simulate
from theory_sim.network import SplitNetwork
from theory_sim.numeric.pool import BlockPool
from theory_sim.numeric.streams import PURPOSES, StepStream, generator

# Neither width is a multiple of its block (256 and 25 600).
UNEVEN = Experiment(d=20, N=90, q0=0.4, m_W=300, m_V=26_600, n_test=7, eta_1=4.0, eta_2=0.5, lambda_=0.01,
                    tau_xi=0.05, max_steps=25, record_every=4.0, seed=11)  # fmt: skip


def assert_identical(one: Trajectory, other: Trajectory) -> None:
    assert set(one.dataset.variables) == set(other.dataset.variables)
    for name in one.dataset.variables:
        a, b = one.dataset[name].values, other.dataset[name].values
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=str(name))  # NaN in the same places counts as equal
    assert one.dataset.attrs == other.dataset.attrs


@pytest.mark.parametrize("neurons", ["paired", "independent"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_number_of_threads_gives_the_same_bits(dtype: str, neurons: str) -> None:
    experiment = UNEVEN.replace(dtype=dtype, neurons=neurons, batch_size=None if neurons == "paired" else 30)
    alone = simulate(experiment, threads=1)
    assert len(alone.dataset["tau"]) > 3
    assert {"W", "W_signal", "W_noise", "V", "V_signal", "V_noise"} <= set(alone.dataset.variables)
    for threads in (1, 2, 3, 4):
        assert_identical(alone, simulate(experiment, threads=threads))


def test_another_seed_is_another_run() -> None:
    one, other = (simulate(UNEVEN.replace(seed=seed, max_steps=2), threads=1).dataset for seed in (11, 12))
    for name in ("W", "V", "W_signal", "V_signal", "W_noise", "V_noise", "loss_test", "w_star"):
        assert not np.array_equal(one[name].values, other[name].values), name


@pytest.mark.parametrize("purpose", ["data", "init", "noise", "batch"])
def test_a_seed_moves_its_own_purpose_only(purpose: str) -> None:
    base = UNEVEN.replace(neurons="independent", batch_size=30, max_steps=2, m_V=100)
    moved = base.replace(**{f"seed_{purpose}": 99})
    one, other = draw_data(base), draw_data(moved)
    assert np.array_equal(one.x1, other.x1) == (purpose != "data")
    with BlockPool(1) as pool:
        first, second = SplitNetwork(base, one, pool), SplitNetwork(moved, other, pool)
    for layer in ("W", "V"):
        a, b = getattr(first, layer), getattr(second, layer)
        assert np.array_equal(a.weights, b.weights) == (purpose != "init")
        assert np.array_equal(a.u, b.u) == (purpose != "init")
    a_run, b_run = simulate(base, threads=1).dataset, simulate(moved, threads=1).dataset
    same_noise = np.array_equal(a_run["W_noise"].values, b_run["W_noise"].values)
    assert same_noise == (purpose in ("data", "batch"))
    assert not np.array_equal(a_run["W"].values, b_run["W"].values)


def test_schedules_compared_on_one_seed_share_data_and_initial_weights() -> None:
    large, small = UNEVEN.replace(schedule="L-S"), UNEVEN.replace(schedule="S")
    one, other = draw_data(large), draw_data(small)
    for name in ("x1", "alpha", "direction", "y", "kind", "w_star"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    with BlockPool(1) as pool:
        a, b = SplitNetwork(large, one, pool), SplitNetwork(small, other, pool)
    for layer in ("W", "V"):
        np.testing.assert_array_equal(getattr(a, layer).weights, getattr(b, layer).weights)
        np.testing.assert_array_equal(getattr(a, layer).u, getattr(b, layer).u)
    runs = [simulate(e, threads=1).dataset.isel(record=0) for e in (large, small)]
    for name in ("loss_train", "loss_test", "norm_noise", "g", "tau_noise"):
        np.testing.assert_array_equal(runs[0][name].values, runs[1][name].values)


def test_noise_of_a_step_needs_no_step_before_it() -> None:
    stream = StepStream(3, "noise", 1, 4)
    in_order = np.empty((6, 5))
    for step in range(6):
        stream.normal(step, in_order[step])
    for step in (5, 0, 3, 3):
        again = np.empty(5)
        StepStream(3, "noise", 1, 4).normal(step, again)
        np.testing.assert_array_equal(again, in_order[step])
        stream.normal(step, again)
        np.testing.assert_array_equal(again, in_order[step])
    assert len(np.unique(in_order)) == in_order.size


def test_addresses_do_not_meet() -> None:
    draws = {
        (seed, purpose, layer, block): generator(seed, purpose, layer, block).standard_normal()
        for seed in range(3) for purpose in PURPOSES for layer in range(2) for block in range(3)
    }
    assert len(set(draws.values())) == len(draws)
    # Positions are part of every stored result.
    assert list(PURPOSES.items())[:6] == [
        ("data", 0), ("test data", 1), ("signs", 2), ("init", 3), ("noise", 4), ("batch", 5)
    ]
