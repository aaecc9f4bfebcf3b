"""The conda recipe against setup.cfg: version, Python, programs, and every dependency with its bounds."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import theory_sim

ROOT = Path(__file__).parents[1]
# What conda-forge calls otherwise; its matplotlib has Qt, too, which nothing here needs.
OTHERWISE = {"matplotlib-base": "matplotlib"}


def recipe() -> str:
    return (ROOT / "conda.recipe" / "recipe.yaml").read_text(encoding="utf-8")


def items(heading: str, text: str) -> list[str]:
    """Items of the first list below a heading."""
    found = re.search(rf"^( *){heading}:\n((?:\1 +- .+\n)+)", text, re.MULTILINE)
    assert found is not None, heading
    return [line.strip().removeprefix("- ") for line in found[2].splitlines()]


def setup() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", encoding="utf-8")
    return found


def listed(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_it_needs_what_setup_cfg_needs() -> None:
    needed = map(Requirement, listed(setup()["options"]["install_requires"]))
    declared = {canonicalize_name(each.name): each.specifier for each in needed}
    python, *found = [line.partition(" ") for line in items("run", recipe())]
    assert "".join(python) == "python >=${{ python_min }}"
    assert {OTHERWISE.get(name, name): SpecifierSet(bounds) for name, _, bounds in found} == declared and len(found) > 20


def test_it_names_version_python_and_programs() -> None:
    options, text = setup()["options"], recipe()
    assert f'\n  version: "{theory_sim.__version__}"\n' in text
    (least,) = re.findall(r'\n  python_min: "(.+)"\n', text)
    assert options["python_requires"] == f">={least}"
    assert items("entry_points", text) == listed(setup()["options.entry_points"]["console_scripts"])
    build = re.findall(r'requires = \["(.+)"\]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert [Requirement(each) for each in items("host", text) if each.startswith("setuptools")] == [Requirement(build[0])]
