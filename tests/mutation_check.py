"""A small run of the package in sight against the slow reference and the laws; fails with AssertionError.

Run as ``python -m tests.mutation_check`` by tests/test_mutations.py on copies of the package, most of them broken.
"""

import math
from typing import Any

import numpy as np

import theory_sim
from tests.limit.compare import course, largest_difference
from tests.reference import g_directions, h
from tests.replay import noise, replay, second_layer
from tests.theory import closure_reference
from theory_sim import Experiment, draw_data, simulate
from theory_sim.closure.of_experiment import get_closure
from theory_sim.errors import InputError
from theory_sim.theory.noise_law import noise_levels

BASE = Experiment(
    d=4, N=14, p0=0.25, q0=0.4, r=0.4, m_W=6, m_V=12, n_test=3, eta_1=1.5, eta_2=0.3, epsilon_1=0.3, lambda_=0.05,
    tau_xi=0.15, max_steps=8, record_every=0.1, seed=3, dtype="float64",
)

LIMITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}), ({"network": "shared", "overlap_z": 0.5}, {}), ({}, {"spatial": "mean"}),
    ({"batch_size": 5}, {"kernel": "independent"}),
]


def check(experiment: Experiment) -> None:
    """Compare everything that a run shares with the reference to 1e-9: far above rounding, far below any mistake."""
    data = draw_data(experiment)
    trajectory = simulate(experiment, threads=1)
    steps = 8
    run, rate = replay(experiment, steps, data)
    dataset = trajectory.dataset

    def close(name: str, actual: object, expected: object) -> None:
        np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=0, atol=1e-9, err_msg=name)

    close("step", dataset["step"], np.arange(steps + 1))
    close("tau", dataset["tau"], run.tau)
    close("rate", dataset["rate"][:-1], run.rates)
    close("train_loss", dataset["train_loss"], run.training_loss)
    close("loss_train", dataset["loss_train"], run.kind_loss)
    for name in ("W", "V", "W_signal", "V_signal", "W_noise", "V_noise"):
        close(name, dataset[name], getattr(run, name))
    w, v = second_layer(experiment, 0), second_layer(experiment, 1)
    close("w", dataset["w"], w)
    total, signal = g_directions(v, run.V, experiment.r), g_directions(v, run.V_signal, experiment.r, patterns=run.V)
    close("g", dataset["g"][-1], [total, signal])
    close("h", dataset["h"][-1], [h(total), h(signal)])
    close("tau_noise_exact", dataset["tau_noise_exact"],
          noise_levels(run.rates, lambda_=experiment.lambda_, tau_xi=experiment.tau_xi, tau_0=experiment.tau_0_value))
    for layer in "WV":
        close("tau_noise", trajectory.history("tau_noise", layer=layer)[-1],
              math.sqrt(float(np.mean(getattr(run, f"{layer}_noise") ** 2))))
        close("norm_signal", trajectory.history("norm_signal", layer=layer)[-1],
              np.linalg.norm(getattr(run, f"{layer}_signal")))
    direction = w @ run.W_signal
    close("P_overlap", dataset["P_overlap"][-1], direction @ data.w_star / np.linalg.norm(direction))
    if experiment.schedule == "L-S":
        assert rate.annealed, "the run is meant to anneal"
        close("annealed", trajectory.annealed_tau, rate.annealed[0])


def check_closure() -> None:
    """The closure in single steps against its equations written out: every output to 1e-9."""
    e = BASE.replace(d=12, N=40, eta_1=4.0, tau_0=0.3, lambda_=0.01, max_steps=14, schedule="step", step_tau=20.0,
                     step_factor=0.4)  # fmt: skip
    course = get_closure(e, fineness=100.0)
    slow = closure_reference.solve(closure_reference.Given.of(e), course.rate[:-1])
    assert len(slow.signal) == len(course.signal) == 15, "a step is a record"
    for name in ("signal", "loss_P", "loss_Q", "loss_both"):
        np.testing.assert_allclose(getattr(course, name), getattr(slow, name), rtol=0, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(np.stack([course.g_z, course.g_outer], axis=1), slow.g, rtol=0, atol=1e-9)
    interference = (course.signal[1:] / course.overlap[1:]) ** 2 - course.signal[1:] ** 2
    np.testing.assert_allclose(interference, slow.interference[1:], rtol=0, atol=1e-9)


def main() -> None:
    """Check a paired run with annealing, an independent one, and mini-batches; the closure; and the data's own laws."""
    check_closure()
    check(BASE)
    check(BASE.replace(neurons="independent", schedule="cosine", max_tau=9.0))
    check(BASE.replace(neurons="balanced", batch_size=5, schedule="step", step_tau=3.0, step_factor=0.5))
    for fields, options in LIMITS:
        experiment = BASE.replace(tau_0=0.4, **fields)
        run = simulate(experiment, "limit", tolerance=1e-12, threads=1, **options)
        assert largest_difference(run, course(experiment, options)) < 1e-9, f"limit with {fields}, {options}"
    draws = np.concatenate([xi.ravel() for step in range(8) for xi in noise(BASE.replace(neurons="independent"), step)])
    assert len(np.unique(draws)) == draws.size, "a number of the noise was drawn twice"
    # The stationary level of THEORY §5, written out.
    level = BASE.tau_xi * math.sqrt(1.5 / (0.05 * (2 - 1.5 * 0.05)))
    np.testing.assert_allclose(BASE.tau_0_value, level, rtol=1e-12)
    data = draw_data(BASE.replace(N=200, q0=0.3))
    margin = data.y * (data.x1 @ data.w_star)
    assert (margin[data.kind != 1] >= 0.5 - 1e-12).all(), "margin below gamma_0 = 1 / sqrt(4)"
    assert not data.x1[data.kind == 1].any() and not data.alpha[data.kind == 0].any(), "a kind sees the other's patch"
    middle = data.direction[data.kind != 0] == 1
    np.testing.assert_array_equal(middle, data.y[data.kind != 0] > 0)
    directions = np.array([[1, -0.4], [1, 0], [1, 0.4]])[data.direction]
    np.testing.assert_allclose(data.x2, data.alpha[:, None] * directions, rtol=1e-12)
    print(theory_sim.__file__)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:  # the package looks at a loss's slope itself
        raise AssertionError(str(error)) from error
