"""A simulator of THEORY §2, §3 as a user might write it in JAX, with automatic gradients; mistakes can be planted in it."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def outputs(weights: Any, x1: Any, x2: Any, w: Any, v: Any) -> Any:
    W, V = weights
    return jax.nn.relu(x1 @ W.T) @ w + jax.nn.relu(x2 @ V.T) @ v


@jax.jit
def loss_and_gradient(weights: Any, x1: Any, x2: Any, w: Any, v: Any, y: Any) -> Any:
    def loss(weights: Any) -> tuple[Any, Any]:
        f = outputs(weights, x1, x2, w, v)
        return jax.nn.softplus(-y * f).mean(), f

    return jax.value_and_grad(loss, has_aux=True)(weights)


def rate_of(e: Any, tau: float, low: bool) -> float:
    if e.schedule == "L-S":
        return e.eta_2 if low else e.eta_1
    if e.schedule == "cosine":
        return e.eta_2 + (e.eta_1 - e.eta_2) * math.cos(math.pi / 2 * min(tau / e.max_tau, 1.0)) ** 2
    if e.schedule == "step":
        return e.eta_1 * e.step_factor ** math.floor(tau / e.step_tau * (1 + 1e-12))
    if e.schedule == "pieces":
        return next((rate for until, rate in e.pieces if tau < until * (1 - 1e-12)), e.pieces[-1][1])
    return e.eta_2 if e.schedule == "S" else e.eta_1


def train(e: Any, x1: Any, x2: Any, y: Any, W: Any, V: Any, w: Any, v: Any, noise: Any, steps: int, bug: str) -> Any:
    """All states of both layers and the outputs at each."""
    states, tau, low = [], 0.0, False
    threshold = e.epsilon_1 + float(np.mean(~np.any(x1, axis=1))) * math.log(2)
    for t in range(steps + 1):
        (loss, f), gradients = loss_and_gradient((W, V), x1, x2, w, v, y)
        states.append((W, V, f))
        if t == steps:
            return states
        low = low or float(loss) <= threshold
        rate = rate_of(e, tau, low)
        size = len(y) if bug == "gradient without 1/N" else 1
        W, V = (update(e, U, size * g, xi, rate, bug) for U, g, xi in zip((W, V), gradients, next(noise), strict=True))
        tau += rate


def update(e: Any, U: Any, gradient: Any, xi: Any, rate: float, bug: str) -> Any:
    if bug == "noise times root of rate":
        xi = xi / math.sqrt(rate)
    if bug == "decay after the step":
        return (1 - rate * e.lambda_) * (U - rate * (gradient + xi))
    return U - rate * (gradient + e.lambda_ * U + xi)


def own_noise(e: Any, seed: int) -> Any:
    key, share = jax.random.key(seed % 2**32), 2 if e.neurons == "paired" else 1
    while True:
        key, first, second = jax.random.split(key, 3)
        yield tuple(e.tau_xi * jnp.repeat(jax.random.normal(each, (m // share, k)), share, axis=0)
                    for each, m, k in ((first, e.m_W, e.d), (second, e.m_V, 2)))


def adapter(task: Any, bug: str = "") -> dict[str, Any]:
    e, data = task.experiment, task.data
    start = (jnp.asarray(part, float) for part in task.initial)
    noise = zip(*task.noise, strict=True) if task.gives("noise") else own_noise(e, task.seed)
    inputs = (jnp.asarray(part, float) for part in (data.x1, data.x2, data.y))
    states = train(e, *inputs, *start, iter(noise), task.steps, bug)
    return {name: [state[i] for state in states] for i, name in enumerate(("W", "V", "f"))}
