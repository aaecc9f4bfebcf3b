"""What a bitwise equal continuation depends on: libraries, processor, the code that they choose for it, and their settings.

Libraries choose their code when the process starts: by the processor, or by a variable such as OPENBLAS_CORETYPE. So what is in
use is asked for, not what is installed. What has no name to ask for shows in `_arithmetic`.
"""

from __future__ import annotations

import hashlib
import importlib
import math
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from theory_sim.arrays import Array

__all__ = ["LIBRARIES", "environment", "environment_changes"]

LIBRARIES: Final = ("theory-sim", "numpy", "numba", "llvmlite", "scipy")
"""Distributions of which the version counts."""
# Settings of numba that change the code of a function; its cache does not know of all of them.
_NUMBA: Final = (
    "DISABLE_JIT", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "USING_SVML", "BOUNDSCHECK", "DEBUGINFO_DEFAULT",
    "EXTEND_VARIABLE_LIFETIMES",
)
# MKL does not say which code it took: its variables stand in.
_MKL: Final = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE")
_SHAPES: Final = ((3, 5, 2), (37, 200, 91), (256, 33, 130))


def environment() -> dict[str, str]:
    """What a bitwise equal continuation depends on, by name."""
    from llvmlite.binding import get_host_cpu_name

    return {
        **{name: version(name) for name in LIBRARIES},
        "python": platform.python_version(), "machine": platform.machine(), "cpu": get_host_cpu_name(),
        "libc": " ".join(platform.libc_ver()), "BLAS": _blas(), "numpy's code": _dispatched(), **_numba(),
        "arithmetic": _arithmetic(),
    }


def environment_changes(then: Mapping[str, str]) -> str:
    """How an earlier environment differs from the present one, in words; empty if it does not."""
    now = environment()
    changed = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return "; ".join(f"{key} {then.get(key)} then, {now.get(key)} now" for key in changed)


def _blas() -> str:
    """NumPy's BLAS with its version and the kernels in use; that of another library, such as SciPy, is left out."""
    loaded = [each for each in threadpool_info() if each["user_api"] == "blas"]
    # Wheels carry a BLAS of their own beside the package; elsewhere one is shared by all.
    beside = Path(np.__file__).parent
    own = [each for each in loaded if Path(each["filepath"]).is_relative_to(beside)
           or Path(each["filepath"]).is_relative_to(beside.with_name("numpy.libs"))]
    found = [" ".join(str(each.get(key)) for key in ("internal_api", "version", "architecture", "threading_layer"))
             for each in own or loaded]
    return ", ".join(sorted(found) + [f"{name}={os.environ[name]}" for name in _MKL if name in os.environ])


def _dispatched() -> str:
    """Instruction sets for which NumPy's own loops have code and may use it here."""
    code: Any = importlib.import_module("numpy._core._multiarray_umath")
    return " ".join([*code.__cpu_baseline__, *(name for name in code.__cpu_dispatch__ if code.__cpu_features__[name])])


def _numba() -> dict[str, str]:
    """The processor that numba compiles for, and its settings."""
    from numba.core import config
    from numba.core.registry import cpu_target

    triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    digest = hashlib.sha256(features.encode()).hexdigest()[:8]
    settings = " ".join(f"{name}={getattr(config, name)}" for name in _NUMBA)
    return {"numba's target": f"{triple} {cpu}, features {digest}", "numba's settings": settings}


def _arithmetic() -> str:
    """Digest of small calculations of the kinds that runs make, which differs where any library takes other code for them."""
    from theory_sim.numeric.kernels import plane_forward, relu_forward

    digest = hashlib.sha256()
    draws = np.random.Generator(np.random.SFC64(1))
    with threadpool_limits(1, user_api="blas"):
        for dtype in (np.float32, np.float64):
            for m, k, n in _SHAPES:
                a: Array = draws.standard_normal((m, k)).astype(dtype)
                b: Array = draws.standard_normal((k, n)).astype(dtype)
                product, f = np.dot(a, b), np.zeros(n, dtype)
                digest.update(product.tobytes() + np.einsum("ij,ij->i", a, a).tobytes() + np.dot(a, b[:, 0]).tobytes())
                relu_forward(product, a[:, 0].copy(), f)
                digest.update(f.tobytes())
            pairs, g = draws.standard_normal((1000, 2)).astype(dtype), np.zeros(3)
            plane_forward(pairs, pairs, pairs[:, 0].copy(), 1, 0.3, g)
            digest.update(g.tobytes())
            values: Array = draws.standard_normal(1000).astype(dtype)
            for each in (np.exp(values), np.log1p(np.abs(values)), np.logaddexp(0, values), np.arcsin(np.tanh(values)),
                         values.sum(), values * np.finfo(dtype).tiny):  # the last are denormal, unless such are flushed to 0
                digest.update(np.asarray(each).tobytes())
    digest.update(np.array([math.exp(0.1), math.log1p(0.1), math.cos(0.1), math.pow(1.1, 2.3)]).tobytes())
    return digest.hexdigest()[:16]
