"""What is typed for a parameter: good words, words that are surely refused, and words that may be either.

A parameter is known by its name, else by its type; one that nobody has listed here is fuzzed by its type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.fuzz.world import CLAIM

MISSING: Final = ("missing", "missing/below", "a" * 300, "taken.txt/x", "empty", "pipe", "nowhere", "/dev/zero", "binary.toml",
                  "taken.txt", "é", "[red]", "~", ".")  # fmt: skip
# Good words, of which none asks for more than a tiny run.
GOOD: Final[dict[str, tuple[str, ...]]] = {
    "file": ("tiny.toml",), "preset": ("quick", "clear"), "compare": ("L-S,S", "S"), "seeds": ("0", "0:2"),
    "settings": ("seed=3", "eta_1=0.5", "schedule=S"), "observe": ("kernels:every_tau=10", "kernels"), "engine": ("closure",),
    "threads": ("1",), "workers": ("0",), "form": ("text", "json"), "runs": ("run",), "run": ("run",),
    "stores": ("run", "swept"),
    "at_tau": ("5",), "what": ("presets", "fields", "claims"), "folder": ("swept",), "quantity": ("P_error", "tau_Q", "h"),
    "declaration": ("sweep.toml",), "between": ("S,L-S",), "dim": ("schedule",), "level": ("0.4",), "kind": ("P-only",),
    "x": ("r",), "y": ("d",), "size": ("small",), "id": (CLAIM,), "ids": (CLAIM,), "point": ("x=1",), "budget": ("0",),
    "files": ("evidence.json",), "executor": ("in-process",), "select": ("seed=0",), "kappa": ("0.5",),
}  # fmt: skip
# Words that every verb refuses, whatever else is typed.
REFUSED: Final[dict[str, tuple[str, ...]]] = {
    "file": MISSING, "runs": MISSING, "run": MISSING, "folder": MISSING, "declaration": MISSING, "files": MISSING,
    "stores": ("missing", "missing/below", "a" * 300, "taken.txt/x", "empty", "pipe", "nowhere", "taken.txt", "[red]", "~"),
    "claims": MISSING,
    "preset": ("nonesuch", "[]", "quick ", "Quick", "../quick", "\u202e"),
    "compare": ("nonesuch", ",", "L-S,L-S", "L-S,,S", "S,x" * 40),
    "seeds": ("x", "0:", "3:1", "0:9000000000", "-1", "9" * 5000, "٣", "0,0", "1.0", "1e3", "0;1"),
    "settings": ("d=0", "d=nan", "d=1e9", "d", "=3", "=", "nonesuch=1", "d=1\nN=2", "pieces=" + "[" * 3000, "d=" + "9" * 5000,
                 "eta_1=inf", "eta_1=-1", "observe.kernels.probes=3", "schedule=nonesuch", "name=" + "a" * 300, "d=[1, 2]",
                 "loss={}", "[bold]=1", "lambda_=1", "N=0x" + "f" * 5000, "name=a/b", "r=1e400", "seed=-1", "dtype=float16"),
    "observe": ("nonesuch", "kernels:", "kernels:probes=99999999999999999999", "kernels:probes=3,probes=4", ":",
                "kernels:every_tau=nan", "kernels:at_tau=1/x", "kernels:every=3", "kernels:every_steps=0") ,
    "engine": ("nonesuch", "[]", "Limit", "finite limit"), "threads": ("0", "-1", "x", "1.5", "100000", "9" * 30, "٣"),
    "workers": ("-1", "x", "1.5", "9" * 30, "nan"), "form": ("xml", "[]", "TEXT", "a" * 200),
    "at_tau": ("x", "nan", "inf", "-1", "1e400", "9" * 400), "what": ("nonesuch", "preset", "[]"),
    "quantity": ("nonesuch", "[]", "P error"), "between": ("S", "S,S,S,S", "nonesuch,S", ","), "dim": ("r", "seed", "[]"),
    "size": ("tiny", "Small", "[]"), "id": ("nonesuch", "noise-random-wlk", "a" * 300, "[]", "/"),
    "ids": ("nonesuch", "noise-random-wlk", "[]"), "executor": ("nonesuch", "dask@", "[]"), "budget": ("x", "nan", "-1", "inf"),
    "conditions": ("nonesuch", "[]"), "name": ("nonesuch", "[]", "a" * 300), "scheduler": ("x", "tcp://", "tcp://a:b", "::"),
    "kind": ("nonesuch", "[]"), "feature": ("nonesuch",), "x": ("nonesuch", "[]", "r/"), "y": ("nonesuch", "/"),
    "select": ("nonesuch=1", "=", "x"), "twin": ("nonesuch", "[]"), "losses": ("nonesuch",), "level": ("full ", "nan", "x"),
}  # fmt: skip
# Words for a type: what a number may be spelled as; of texts and paths nothing is sure.
NUMBERS: Final = ("nan", "inf", "-inf", "1e400", "-1", "0", "5e-324", "1e308", "x", "", "٣", "1_0", "0x10", "9" * 400,
                  "1e-300", "1,5")
TEXTS: Final = ("", " ", "[]", "[bold]x[/bold]", "%s", "{}", "é", "漢字" * 60, "a" * 300, "x y", "\u202e", "\x1b[31m", "--",
                "-", "a\nb", "=", ",", "/", "../x", "😀", "\udcff")  # fmt: skip
PATHS: Final = ("taken.txt", "empty", "nowhere", "missing/new", "a" * 300, "taken.txt/x", "/dev/null/x", "pipe", "run", "swept",
                "run/x", "é", ".", "..", "", "new", "new.png", "evidence.json", "run/tau", "tiny.toml", "\udcff")  # fmt: skip


def kind(parameter: Any) -> type:
    """Type of a parameter."""
    given: Any = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return given if given in (int, float, Path, bool) else str


def of_type(parameter: Any) -> tuple[str, ...]:
    """Words for a parameter's type, good and bad ones."""
    found = kind(parameter)
    return PATHS if found is Path else NUMBERS if found in (int, float) else TEXTS
