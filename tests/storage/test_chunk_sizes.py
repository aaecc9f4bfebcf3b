"""A small chunk that decodes to far more than its array holds is refused before it is decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from numcodecs import Blosc, Zstd

from theory_sim.storage.zarr_store import _decoded_size, open_zarr, write_zarr

BLOCK = 128 * 1024


def bomb(size: int) -> bytes:
    """A frame of Zstandard that repeats a zero (RFC 8878): four bytes for each 128 KiB."""
    last = size // BLOCK - 1
    blocks = [((number == last) + 2 + (BLOCK << 3)).to_bytes(3, "little") + b"\0" for number in range(last + 1)]
    return b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + b"".join(blocks)


def crafted(path: Path, compressor: Mapping[str, Any], chunk: bytes) -> Path:
    write_zarr(xarray.Dataset({"a": ("n", np.arange(4.0))}), path)
    whole = json.loads((path / ".zmetadata").read_text())
    whole["metadata"]["a/.zarray"]["compressor"] = dict(compressor)
    (path / ".zmetadata").write_text(json.dumps(whole))
    (path / "a" / ".zarray").write_text(json.dumps(whole["metadata"]["a/.zarray"]))
    (path / "a" / "0").write_bytes(chunk)
    return path


@pytest.mark.parametrize("size", [BLOCK, 2**24, 2**50])
def test_zstandard_that_grows_is_refused(size: int, tmp_path: Path) -> None:
    chunk = bomb(min(size, 2**24))[:5] + size.to_bytes(8, "little") + bomb(min(size, 2**24))[13:]
    with pytest.raises(ValueError, match="a/0 says that it is larger than its chunks, of 32 bytes"):
        open_zarr(crafted(tmp_path / "z", Zstd().get_config(), chunk))


def test_blosc_that_grows_is_refused(tmp_path: Path) -> None:
    chunk = Blosc(cname="zstd").encode(np.zeros(10**6))
    with pytest.raises(ValueError, match="a/0 says that it is larger"):
        open_zarr(crafted(tmp_path / "b", Blosc().get_config(), chunk))


@pytest.mark.parametrize("chunk", [b"", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\x00\x00\x01", b"\x50\x2a\x4d\x18" + bytes(20)])
def test_a_chunk_that_hides_its_size_is_refused(chunk: bytes, tmp_path: Path) -> None:
    for compressor in (Zstd(), Blosc()):
        if len(chunk) < 16 or isinstance(compressor, Zstd):
            with pytest.raises(ValueError, match="does not say how large it is"):
                open_zarr(crafted(tmp_path / type(compressor).__name__, compressor.get_config(), chunk))


@pytest.mark.parametrize("count", [0, 1, 100, 255, 256, 257, 65_000, 65_791, 65_792, 70_000])
def test_the_size_is_what_the_codec_decodes(count: int, tmp_path: Path) -> None:
    content = bytes(range(256)) * (count // 256) + bytes(count % 256)
    for compressor in (Zstd(), Blosc(), Blosc(cname="zstd", shuffle=2)):
        if content or isinstance(compressor, Zstd):
            chunk = bytes(compressor.encode(content))
            assert _decoded_size(compressor.codec_id, chunk[:18]) == len(content)


@pytest.mark.parametrize("compressor", [Zstd(), Blosc(), None])
def test_right_chunks_are_read(compressor: Any, tmp_path: Path) -> None:
    values = np.arange(4.0)
    chunk = values.tobytes() if compressor is None else bytes(compressor.encode(values))
    path = crafted(tmp_path / "r", {} if compressor is None else compressor.get_config(), chunk)
    if compressor is None:
        for name in (".zmetadata", "a/.zarray"):
            text = (path / name).read_text()
            (path / name).write_text(text.replace('"compressor": {}', '"compressor": null'))
    assert open_zarr(path)["a"].values.tolist() == values.tolist()
