"""Reads what users give: TOML files, values and seeds on the command line. Whatever is wrong with them is an InputError."""

from theory_sim.reading.toml_file import TomlFile, by_options
from theory_sim.reading.values import (
    MOST_SEEDS,
    parse_listed_seeds,
    parse_seeds,
    parse_toml,
    parse_value,
    read_text,
    real_number,
    whole_number,
)

__all__ = [
    "MOST_SEEDS", "TomlFile", "by_options", "parse_seeds", "parse_toml", "parse_value", "read_text", "real_number",
    "parse_listed_seeds", "whole_number",
]  # fmt: skip
