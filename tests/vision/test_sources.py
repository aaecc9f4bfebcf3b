"""Forms of image data: each is read right, a damaged one is named, and a pickle runs nothing."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.vision import load_images
from theory_sim.vision.sources.base import SOURCES
from theory_sim.vision.sources.cifar_pickle import parse_batch
from theory_sim.vision.sources.idx import DEBIAN

RNG = np.random.default_rng(0)


def idx(array: Any) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder: Path, *, packed: bool) -> tuple[Any, Any]:
    """The four files; returns pixels and labels of the training images."""
    arrays = {}
    for prefix, n in (("train", 30), ("t10k", 12)):
        arrays[prefix] = RNG.integers(0, 256, (n, 5, 5), dtype=np.uint8), RNG.integers(0, 10, n, dtype=np.uint8)
        for name, array in zip(("images-idx3", "labels-idx1"), arrays[prefix], strict=True):
            path = folder / f"{prefix}-{name}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    return arrays["train"]


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files(packed: bool, tmp_path: Path) -> None:
    pixels, labels = write_idx(tmp_path, packed=packed)
    found = load_images("fashion-mnist", tmp_path)
    assert np.array_equal(found.train.pixels[..., 0], pixels) and np.array_equal(found.train.labels, labels)
    assert found.test is not None and len(found.test) == 12


@pytest.mark.parametrize("spoil", [
    lambda data: data[:-1], lambda data: data + b"x", lambda data: b"\0\0\x0d\x03" + data[4:], lambda data: b"",
])
def test_spoilt_idx_files_are_refused(spoil: Any, tmp_path: Path) -> None:
    write_idx(tmp_path, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match="train-images-idx3-ubyte"):
        load_images("fashion-mnist", tmp_path)


def test_debians_fashion_mnist() -> None:
    if not DEBIAN.is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    found = load_images("fashion-mnist")
    assert found.test is not None and (len(found.train), len(found.test)) == (60_000, 10_000)
    assert np.array_equal(np.bincount(found.train.labels), np.full(10, 6000))


def batch(n: int) -> tuple[Any, list[int]]:
    return RNG.integers(0, 256, (n, 3072), dtype=np.uint8), RNG.integers(0, 10, n).tolist()


def python_2(pixels: Any, labels: list[int]) -> bytes:
    """A batch as Python 2 and its NumPy pickled it, by hand: protocol 2, all texts as bytes."""
    def text(value: bytes) -> bytes:
        return (b"U" + bytes([len(value)]) if len(value) < 256 else b"T" + struct.pack("<i", len(value))) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    kind = b"cnumpy\ndtype\n" + text(b"u1") + number(0) + number(1) + b"\x87R(" + number(3) + text(b"|") + b"NNN" \
        + number(-1) * 2 + number(0) + b"tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"\x87R"
    shape = number(pixels.shape[0]) + number(pixels.shape[1]) + b"\x86"
    array = empty + b"(" + number(1) + shape + kind + b"\x89" + text(pixels.tobytes()) + b"tb"
    listed = b"](" + b"".join(map(number, labels)) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + listed + text(b"batch_label") + text(b"one") + b"u."


def test_a_batch_as_python_2_pickled_it() -> None:
    pixels, labels = batch(3)
    data = python_2(pixels, labels)
    true = pickle.loads(data, encoding="bytes")  # the pickle by hand is one: NumPy itself reads it
    assert np.array_equal(true[b"data"], pixels) and true[b"labels"] == labels
    found = parse_batch(data)
    assert np.array_equal(found[0], pixels) and np.array_equal(found[1], labels)
    columns_first = parse_batch(pickle.dumps({"data": np.asfortranarray(pixels), "labels": labels}, protocol=4))
    assert np.array_equal(columns_first[0], pixels)


def write_cifar(folder: Path, source: str, *, as_archive: bool, batches: Any = None) -> Path:
    """An archive or a folder of CIFAR-10 as the source has it, of four images a file or of batches that are given."""
    binary = source.endswith("binary")
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    files = {}
    for name, (pixels, labels) in zip(names, batches or [batch(4) for _ in names], strict=True):
        records = np.column_stack([np.array(labels, np.uint8), pixels]).tobytes()
        files[f"{name}.bin" if binary else name] = records if binary else python_2(pixels, labels)
    path = folder / "data"
    if as_archive:
        path = folder / "data.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"cifar-10/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    else:
        path.mkdir()
        for name, data in files.items():
            (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("as_archive", [True, False])
@pytest.mark.parametrize("source", ["cifar-10", "cifar-10-binary"])
def test_both_official_forms(source: str, as_archive: bool, tmp_path: Path) -> None:
    batches = [batch(4) for _ in range(6)]
    found = load_images(source, write_cifar(tmp_path, source, as_archive=as_archive, batches=batches))
    assert found.test is not None and (len(found.train), len(found.test)) == (20, 4)
    assert np.array_equal(found.train.labels, [label for _, labels in batches[:5] for label in labels])
    # The official order: red, green, blue, each row by row.
    assert found.train.pixels[5, 2, 7, 1] == batches[1][0][1, 1024 + 2 * 32 + 7]


class Evil:
    """Pickled as a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    data = pickle.dumps({b"data": Evil(trace), b"labels": [1]}, protocol=2)
    with pytest.raises(ValueError, match="it names"):
        parse_batch(data)
    assert not trace.exists()
    pickle.loads(data)
    assert trace.exists(), "the planted call would have been seen"


@pytest.mark.parametrize("spoil", [
    b"", b"no pickle", pickle.dumps([1, 2]), pickle.dumps({b"data": b"x", b"labels": [1]}),
    pickle.dumps({b"data": np.zeros((2, 3072)), b"labels": [1, 2]}, protocol=4),
    pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}, protocol=4),
    pickle.dumps({b"data": np.zeros((2, 3071), np.uint8), b"labels": [1, 1]}, protocol=4),
    pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [-1]}, protocol=4),
])
def test_what_is_no_batch_is_refused(spoil: bytes) -> None:
    with pytest.raises(ValueError, match=r"batch of CIFAR-10|array|labels"):
        parse_batch(spoil)


@pytest.mark.parametrize("parted", [True, False])
def test_a_folder_of_images(parted: bool, tmp_path: Path) -> None:
    library = pytest.importorskip("PIL.Image", reason="Pillow (extra vision) is not installed")
    homes = [tmp_path / "train", tmp_path / "test"] if parted else [tmp_path]
    pictures = RNG.integers(0, 256, (len(homes), 2, 3, 4, 4, 3), dtype=np.uint8)
    for home, classes in zip(homes, pictures, strict=True):
        for name, images in zip(("cat", "dog"), classes, strict=True):
            (home / name).mkdir(parents=True)
            for number, image in enumerate(images):
                library.fromarray(image).save(home / name / f"{number}.png")
    found = load_images("folder", tmp_path)
    assert found.train.classes == ("cat", "dog") and np.array_equal(found.train.labels, [0, 0, 0, 1, 1, 1])
    assert np.array_equal(found.train.pixels, pictures[0].reshape(6, 4, 4, 3)) and (found.test is not None) == parted
    library.fromarray(pictures[0, 0, 0, :3]).save(homes[0] / "cat" / "9.png")
    with pytest.raises(InputError, match=r"9\.png: 3 x 4 pixels, others have 4 x 4"):
        load_images("folder", tmp_path)
    (homes[0] / "cat" / "9.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"9\.png"):
        load_images("folder", tmp_path)


def test_arrays_of_one_file(tmp_path: Path) -> None:
    pixels, labels = RNG.integers(0, 256, (6, 4, 4), dtype=np.uint8), np.array([0, 1, 2, 0, 1, 2])
    np.savez(tmp_path / "plain.npz", train_images=pixels, train_label=labels)
    found = load_images("npz", tmp_path / "plain.npz")
    assert np.array_equal(found.train.pixels[..., 0], pixels) and found.test is None and len(found.train.classes) == 3
    np.savez(tmp_path / "pickled.npz", train_images=np.array([{}, 1]), train_label=labels[:2])
    np.savez(tmp_path / "lacking.npz", train_images=pixels)
    (tmp_path / "none.npz").write_bytes(b"no archive")
    for name in ("pickled", "lacking", "none"):
        with pytest.raises(InputError, match=f"{name}.npz"):
            load_images("npz", tmp_path / f"{name}.npz")


def test_compressed_images_in_one_file(tmp_path: Path) -> None:
    library = pytest.importorskip("PIL.Image", reason="Pillow (extra vision) is not installed")
    pixels, files = RNG.integers(0, 256, (3, 4, 4, 3), dtype=np.uint8), []
    for image in pixels:
        library.fromarray(image).save(file := io.BytesIO(), "png")  # without loss, so that the test is exact
        files.append(np.frombuffer(file.getvalue(), np.uint8))
    np.savez(tmp_path / "files.npz", train_jpeg=np.concatenate(files), train_label=np.arange(3, dtype=np.uint8),
             train_offset=np.cumsum([0, *map(len, files)]), class_name=np.array(["x", "y", "z"]))
    found = load_images("npz", tmp_path / "files.npz").train
    assert np.array_equal(found.pixels, pixels) and found.classes == ("x", "y", "z")


@pytest.mark.parametrize("source", [name for name in SOURCES.names() if name != "generated"])
def test_missing_data_say_where_to_get_them(source: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        load_images(source, tmp_path / "nothing")
    assert "not there" in refused.value.found and refused.value.fix == SOURCES[source].get
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        load_images(source, tmp_path / "empty")


def test_an_unknown_source_names_the_others() -> None:
    with pytest.raises(InputError, match="fashion-mnist"):
        load_images("fashion-minst")
