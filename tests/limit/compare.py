"""A run of the limit beside the direct double sum on the same data, rates and batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.limit.reference import Course, reference_limit
from tests.replay import Rate
from theory_sim import Data, Experiment, Trajectory, draw_data, draw_test_data
from theory_sim.data import shared_directions
from theory_sim.limit.noise_output import NoiseOutput
from theory_sim.train.sampling import make_sampling

__all__ = ["course", "largest_difference"]


def course(e: Experiment, options: dict[str, Any], **moved: Any) -> Course:
    train, test = draw_data(e), draw_test_data(e)
    shared = e.network == "shared"
    plane = np.array([[1.0, -e.r], [1.0, 0.0], [1.0, e.r]])
    rate = Rate(e, float(np.mean(train.kind == 1)))
    step = iter(range(10**6))
    assert e.max_steps is not None
    given = {name: value for name, value in options.items() if name != "noise"}
    if e.activation != "relu":  # slopes a below and 1 above 0: mean (1 + a) / 2, and sign(z) (1 - a) / 2 about it
        leak = {"leaky-relu": lambda: e.own_values["leak"], "linear": lambda: 1.0}[e.activation]()
        given |= {"quarter": ((1 + leak) / 2) ** 2, "arcsine": (1 - leak) ** 2}
    if options.get("noise") == "sampled":
        given["noise"] = _paths(e, train, test, options.get("spatial", "exact"))
    return reference_limit(
        x1=train.x1, x1_test=test.x1, alpha=train.alpha, direction=train.direction, alpha_test=test.alpha,
        direction_test=test.direction, y=train.y, directions=shared_directions(e, train.w_star) if shared else plane,
        shared=shared, next_rate=lambda tau, loss: rate(next(step), tau, loss), batch=make_sampling(e).at, lambda_=e.lambda_,
        tau_0=e.tau_0_value, tau_xi=e.tau_xi,
        **{"kernel": "moving", "spatial": "exact", "steps": e.max_steps, "loss": e.loss, **given, **moved},
    )


def _paths(e: Experiment, train: Data, test: Data, spatial: Any) -> Callable[[int, float], tuple[Any, Any, Any]]:
    """The sampled noise output's own paths: their law is tested in test_noise_output, their use here."""
    seen, seen_test = np.flatnonzero(train.kind != 1), np.flatnonzero(test.kind != 1)
    x, x_test = train.x1[seen], test.x1[seen_test]
    law: dict[str, Any] = {"law": e.neurons, "seed": e.seed_of("noise"), "constants": e.kernel_constants}
    shared = e.network == "shared"
    plane = shared_directions(e, train.w_star) if shared else np.array([[1.0, -e.r], [1.0, 0.0], [1.0, e.r]])
    if shared:
        processes = [NoiseOutput(np.concatenate([x, x_test, plane]), spatial=spatial, address=0, **law)]
    else:
        processes = [NoiseOutput(np.concatenate([x, x_test]), spatial=spatial, address=0, **law),
                     NoiseOutput(plane, spatial="exact", address=1, **law)]

    def at(t: int, rho: float) -> tuple[Any, Any, Any]:
        if t > 0:
            for process in processes:
                process.advance(rho, t - 1)
        values = np.concatenate([process.values for process in processes])
        f, f_test = np.zeros(len(train)), np.zeros(len(test))
        f[seen], f_test[seen_test] = values[: len(seen)], values[len(seen) : -3]
        return f, f_test, values[-3:]

    return at


def largest_difference(run: Trajectory, direct: Course) -> float:
    """Over every output, loss and norm at every step, relative to its size where that is above 1."""
    e, data = run.experiment, run.dataset
    train, test = draw_data(e), draw_test_data(e)
    # Losses near log 2 carry the outputs of all examples; those of the end are compared one by one.
    def by_kind(of: Any, f: np.ndarray) -> np.ndarray:
        return np.array([of.mean_by_kind(np.logaddexp(0, -of.y * row)) for row in f])

    pairs = [
        (data["f_train"].values, direct.f[-1]), (data["g"].sel(part="signal").values, direct.g),
        (data["loss_train"].values, by_kind(train, direct.f)), (data["loss_test"].values, by_kind(test, direct.f_test)),
        (data["norm_signal"].values, direct.norms), (data["linear_part"].values, direct.linear),
        (data["h"].sel(part="signal").values, direct.g[:, 0] + direct.g[:, 2] - 2 * direct.g[:, 1]),
        (data["rate"].values[:-1], direct.rates),
    ]
    if "spatial_error" in data and np.sum(train.kind != 1) <= 64:  # all patches are probes
        pairs.append((data["spatial_error"].values, direct.left_out))
    worst = 0.0
    for ours, wanted in pairs:
        assert ours.shape == wanted.shape and np.array_equal(np.isnan(ours), np.isnan(wanted))
        assert np.isfinite(wanted).any() and not np.isinf(wanted).any(), "nothing to compare"
        gap = np.abs(ours - wanted) / np.maximum(1.0, np.abs(wanted))
        worst = max(worst, float(np.nanmax(gap, initial=0.0)))
    return worst
