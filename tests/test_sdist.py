"""The source distribution holds what the repository holds, the wheel what its packages hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return listed.split("\0")[:-1]


def built(source: Path, target: Path) -> set[str]:
    """Names in the archive that setuptools makes of a folder, as pip and build call it."""
    call = f"from setuptools import build_meta; build_meta.build_sdist({str(target)!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", call], cwd=source, check=True, capture_output=True)
    (archive,) = target.glob("*.tar.gz")
    with tarfile.open(archive) as found:
        return {name.partition("/")[2] for name in found.getnames()}


def installed(source: Path, target: Path) -> set[str]:
    """Files of the packages that setuptools puts into a wheel of a folder."""
    command = ["-W", "ignore", "-c", "from setuptools import setup; setup()", "build_py", "--build-lib", str(target)]
    subprocess.run([sys.executable, *command], cwd=source, check=True, capture_output=True)
    return {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}


@pytest.mark.tier2
def test_the_archive_holds_every_tracked_file(tmp_path: Path) -> None:
    names = [name for name in tracked() if (ROOT / name).is_file()]
    for name in names:
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "source" / name)
    for made in ("docs/_build/x.html", "theory_sim/__pycache__/x.pyc"):
        (tmp_path / "source" / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / made).write_text("")
    held = built(tmp_path / "source", tmp_path / "archive")
    packaged = {name for name in names if name.startswith(("theory_sim/", "proofs_check/"))}
    assert installed(tmp_path / "source", tmp_path / "wheel") == packaged, "data files, too, and nothing else"
    assert set(names) - held == set()
    assert not any("docs/_build" in name or name.endswith(".pyc") for name in held)
    linked = {target for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text()) if "//" not in target}
    assert len(linked) >= 10 and linked <= held
    (tmp_path / "source" / "MANIFEST.in").unlink()
    for remembered in (tmp_path / "source").glob("*.egg-info"):
        shutil.rmtree(remembered)
    assert set(names) - built(tmp_path / "source", tmp_path / "without") >= {"bootstrap.py", "constraints.txt", "Makefile"}


def test_the_description_of_the_package_links_to_nothing_that_is_not_with_it() -> None:
    """Where a package is listed there is no repository beside it: a relative link or picture would lead nowhere."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    named = re.findall(r"\S+\.md", settings["metadata"]["long_description"])
    described = "".join((ROOT / name).read_text(encoding="utf-8") for name in named)
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", described)
    assert "large learning rate" in described
    assert [target for pair in targets for target in pair if target and not target.startswith("https://")] == []
