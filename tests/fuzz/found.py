"""Cases that found a fault, or that a reader of the code feared would: each runs in every tier."""

from __future__ import annotations

from typing import Final

FILES: Final[dict[str, bytes]] = {
    # tomllib keeps every beginning of a dotted key: 20 GB of them.
    "a key of 50 000 names": b".".join([b"a"] * 50_000) + b" = 1",
    "a table of 50 000 names": b"[" + b".".join([b"a"] * 50_000) + b"]",
    "a key of many names in a table": b"d = {" + b" . ".join([b'"a"'] * 20_000) + b" = 1}",
    # Each line read the statement again from its beginning.
    "a list of 3000 lines before a fault": b"pieces = [\n" + b"  [1.0, 5.0],\n" * 3000 + b"]\nd = 0\n",
    # Checking a plan drew all examples of each of its runs, for the share of one kind: terabytes here.
    "a plan of large data": b"d = 1000000\nN = 1000000\nepsilon_2 = 0.6\n",
    # Messages that held a whole list.
    "a list that is no law": b'name = "s"\n[random]\ncount = 4\nd = [' + b"1, " * 5000 + b"]\n",
    "a value twice among many": b'name = "s"\n[product]\nd = [' + b"10, " * 5000 + b"]\n",
    "a block that is a list": b'name = "s"\nproduct = [[' + b"10, " * 5000 + b"]]\n",
}  # fmt: skip
LINES: Final[tuple[tuple[str, ...], ...]] = (
    # A folder for a file was made before the line was refused, and left empty.
    ("theory-sim", "show", "missing", "--out", "new/folder/file.json"),
    ("theory-sim", "sweep", "status", "missing", "--out", "new/file"),
    ("proofs-check", "verify", "noise-random-walk", "nonesuch", "--out", "new/folder"),
    ("proofs-check", "falsify", "nonesuch", "--out", "new/evidence.json"),
    ("proofs-check", "recheck", "missing.json", "--out", "taken.txt/file"),
    # A flag with a value was refused without the line on help.
    ("theory-sim", "study", "--compare=nonesuch", " "),
    # Numbers of as many digits as a memory holds.
    ("proofs-check", "evaluate", "sheppard", "rho=1e999999999"),
    ("proofs-check", "evaluate", "sheppard", "rho=1e-999999999"),
    ("proofs-check", "evaluate", "noise-random-walk", "n=1e99"),
    ("proofs-check", "evaluate", "sheppard", "rho=" + "9" * 5000),
    ("proofs-check", "evaluate", "sheppard", "rho=٣"),
)  # fmt: skip
