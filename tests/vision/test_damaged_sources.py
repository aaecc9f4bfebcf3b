"""Files of images that are damaged or not alike: each is refused by its name, whatever what unpacks it raises."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vision.test_sources import write_cifar, write_idx
from theory_sim.errors import InputError
from theory_sim.memory import VARIABLE
from theory_sim.vision import load_images
from theory_sim.vision.sources.base import read_bytes, what_is_wrong

RNG = np.random.default_rng(1)


def _idx(folder: Path) -> Path:
    write_idx(folder, packed=True)
    return folder / "train-images-idx3-ubyte.gz"


def _archive(folder: Path) -> Path:
    return write_cifar(folder, "cifar-10", as_archive=True)


def _arrays(folder: Path) -> Path:
    path = folder / "images.npz"
    np.savez_compressed(path, train_images=RNG.integers(0, 256, (20, 4, 4), dtype=np.uint8), train_label=np.arange(20) % 3)
    return path


def _pictures(folder: Path) -> Path:
    """Files of pictures end to end, not compressed again, so that what decodes them meets the damage."""
    library = pytest.importorskip("PIL.Image", reason="Pillow (extra vision) is not installed")
    files = []
    for image in RNG.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8):
        library.fromarray(image).save(file := io.BytesIO(), "png")
        files.append(np.frombuffer(file.getvalue(), np.uint8))
    np.savez(folder / "files.npz", train_jpeg=np.concatenate(files), train_label=np.arange(4),
             train_offset=np.cumsum([0, *map(len, files)]))
    return folder / "files.npz"


@pytest.mark.parametrize(("source", "make"), [
    ("fashion-mnist", _idx), ("cifar-10", _archive), ("npz", _arrays), ("npz", _pictures),
], ids=["idx", "archive", "npz", "pictures"])
def test_a_byte_that_changed_is_refused_by_the_files_name_or_changes_nothing(
    source: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    """At 40 drawn positions and cut at 10: what unpacks raises zlib's own error at some, a checksum's at others."""
    path = make(tmp_path)
    whole, home = path.read_bytes(), path if source != "fashion-mnist" else tmp_path
    expected = load_images(source, home).digest
    refused = 0
    for number in range(50):
        at = int(RNG.integers(len(whole)))
        spoilt = whole[:at] if number < 10 else whole[:at] + bytes([whole[at] ^ int(RNG.integers(1, 256))]) + whole[at + 1 :]
        path.write_bytes(spoilt)
        try:
            found = load_images(source, home).digest
        except InputError as error:
            refused += 1
            assert str(path) in error.found
        else:
            assert found == expected, "names and times of an archive are not what it holds"
    assert refused >= 25


def test_errors_of_what_unpacks_are_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    # A head as gzip has it, and a block of a kind that does not exist.
    path.write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x07" + bytes(20))
    with pytest.raises(InputError, match=r"x\.gz: it is damaged: .*invalid block type"):
        read_bytes(path, "a file", "somewhere")
    assert what_is_wrong(MemoryError()) == "too little memory" and what_is_wrong(OSError("gone")) == "gone"


def save(folder: Path, *parts: Any) -> Path:
    """An .npz file of training and test images and labels."""
    named = zip(("train_images", "train_label", "test_images", "test_label"), parts, strict=False)
    np.savez(folder / "x.npz", **dict(named))
    return folder / "x.npz"


@pytest.mark.parametrize(("parts", "message"), [
    ((np.zeros((4, 4, 4), np.uint8), np.arange(4), np.zeros((2, 5, 5), np.uint8), np.arange(2)), "test images of 5 x 5 x 1"),
    ((np.zeros((4, 4, 4), np.uint8), np.arange(4), np.zeros((2, 4, 4, 3), np.uint8), np.arange(2)), "test images of 4 x 4 x 3"),
    ((np.zeros((4, 4, 4), np.uint8), np.array(["a"] * 4)), r"x\.npz: labels of the shape \(4,\)"),
    ((np.zeros((4, 4, 4), np.uint8), np.arange(3)), r"labels of the shape \(3,\) and type int64 for 4 images"),
    ((np.zeros((4, 4, 4)), np.arange(4)), "type float64"),
    ((np.zeros((0, 4, 4), np.uint8), np.zeros(0, int)), r"labels of the shape \(0,\)"),
], ids=["sizes", "channels", "texts", "counts", "floats", "none"])
def test_arrays_that_do_not_fit_each_other(parts: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        load_images("npz", save(tmp_path, *parts))


def test_a_class_of_the_test_images_alone_counts() -> None:
    """Labels without names go up to the largest of both parts: a network has an output for each."""
    images = load_images_of(np.arange(4) % 2, np.arange(4))
    assert images.train.classes == images.test.classes == ("0", "1", "2", "3")


def load_images_of(train: Any, test: Any) -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        pixels = RNG.integers(0, 256, (4, 3, 3), dtype=np.uint8)
        return load_images("npz", save(Path(folder), pixels, train, pixels, test))


@pytest.mark.parametrize("ends", [[0, 1], [1, 2, 3], [0, 0, 3], [0.0, 1.0, 3.0], [[0, 3]]])
def test_ends_of_files_that_are_none(ends: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", train_jpeg=np.zeros(3, np.uint8), train_offset=ends, train_label=[0, 1])
    with pytest.raises(InputError, match=r"x\.npz: ends of files"):
        load_images("npz", tmp_path / "x.npz")


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Any, Path]:
    """Pillow, and a folder with two images of two classes in each part."""
    library = pytest.importorskip("PIL.Image", reason="Pillow (extra vision) is not installed")
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(2):
                pixels = RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)
                library.fromarray(pixels).save(tmp_path / part / name / f"{number}.png")
    return library, tmp_path


def test_images_of_16_bits_are_refused(folder: tuple[Any, Path]) -> None:
    """Pillow would cut them off at 255: every image white."""
    library, path = folder
    library.fromarray(np.full((6, 6), 4000, np.uint16)).save(path / "train" / "cat" / "1.png")
    with pytest.raises(InputError, match=r"1\.png: pixels of more than 8 bits"):
        load_images("folder", path)


def test_a_class_that_only_the_test_images_have_is_refused(folder: tuple[Any, Path]) -> None:
    _, path = folder
    (path / "test" / "horse").mkdir()
    with pytest.raises(InputError, match="classes that train has not: horse"):
        load_images("folder", path)


def test_images_are_grey_where_those_of_both_parts_are(folder: tuple[Any, Path]) -> None:
    library, path = folder
    for part in ("test", "train"):
        for file in (path / part).rglob("*.png"):
            library.fromarray(RNG.integers(0, 256, (6, 6), dtype=np.uint8)).save(file)
        found = load_images("folder", path)
        assert found.test is not None
        assert found.train.pixels.shape[3] == found.test.pixels.shape[3] == (1 if part == "train" else 3)


def test_images_too_large_for_memory_are_refused_after_the_first(folder: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch
                                                                  ) -> None:
    _, path = folder
    monkeypatch.setenv(VARIABLE, "600")
    (path / "train" / "dog" / "1.png").write_bytes(b"never read")
    with pytest.raises(InputError, match="8 images of 6 x 6 pixels needs about") as refused:
        load_images("folder", path)
    assert "store them scaled down" in refused.value.fix


def test_an_image_like_a_bomb_is_refused(folder: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow warns from its limit on, and refuses from twice that on: here both end the reading."""
    library, path = folder
    for limit in (30, 10):
        monkeypatch.setattr(library, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match=r"0\.png: it is damaged: .*decompression bomb"):
            load_images("folder", path)
