"""Values as a file spells them: numbers near a bound, of the wrong type, endless, in other scripts; and texts that bite."""

from __future__ import annotations

from typing import Any, Final

import tomli_w
from hypothesis import strategies as st

NUMBERS: Final = (
    "0", "1", "2", "3", "-1", "-0.0", "0.5", "1.0", "1e-3", "16.0", "200", "1000000", "10000001", "9223372036854775807",
    "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" + "0" * 400, "9" * 5000, "0x" + "f" * 20,
    "0b1", "0o7", "1e7", "1e9", "1e15", "1e300", "1e308", "1e400", "5e-324", "1e-300", "nan", "-nan", "inf", "-inf",
    "1_000", "1__0", "007", "1.", ".5", "1e", "+1", "--1", "1,5", "٣", "１２", "1e1e1",
)  # fmt: skip
TEXTS: Final = (
    '""', '"S"', '"L-S"', '"step"', '"finite"', '"limit"', '"stationary"', '"nan"', '"1"', '" "', '"é"', '"\\u0000"',
    '"\\n"', '"a\\nb"', '"\\u001b[31m"', '"\\u202e"', '"[bold]"', '"[/]"', '"%s"', '"{0}"', '"../x"', '"/etc"', '"a/b"',
    '"~"', '"' + "a" * 300 + '"', '"' + "a" * 20_000 + '"', '"' + "a " * 200 + '"', '"\\ud800"', "'a", '"""', "'''x\n'''",
    '"漢字漢字"', '"😀"',
)  # fmt: skip
OTHERS: Final = (
    "true", "false", "True", "null", "None", "S", "", "[]", "{}", "[[]]", "[{}]", "{a = 1}", '[1, "a"]', "[1, 1]",
    '["S", "S"]', "[1.0, nan]", "[true]", "[[1.0, 2.0], [3.0]]", "[[0.0, 1.0], [5.0, 0.5]]", "[0, 1e400]", "{a = {b = {}}}",
    "[" * 40 + "]" * 40, "[" * 3000, "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "0:5", "[0.1, 0.5]",
    '{low = 0.1, high = 0.5, scale = "log"}', "{values = [1]}", "{low = 1}",
)  # fmt: skip
LITERALS: Final = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.sampled_from(OTHERS),
                            st.integers().map(str), st.floats(allow_subnormal=True).map(repr))
_NAMES: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
WORDS: Final = st.one_of(st.sampled_from(["d", "dd", "D", "lambda", "lambda_", "seed", "seeds", "schedule", "compare", "name",
                                          "preset", "fields", "engine", "observe", "count", "eta_1", "pieces",
                                          "__class__"]), _NAMES)


class Raw(str):
    """A value as it is spelled, TOML or not."""


def spelled(value: Any) -> str:
    """A value of a file as text."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key(name)} = {spelled(each)}' for name, each in value.items())}}}"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip("\n")


def key(name: str) -> str:
    """A key, quoted where it must be; a raw one as it is."""
    if isinstance(name, Raw) or (name and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name)):
        return str(name)
    return tomli_w.dumps({name: 1}).removesuffix(" = 1\n")
