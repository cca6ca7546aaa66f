"""idx and CIFAR files, whole and damaged."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.images.idx import read_cifar_binary, read_cifar_python, read_idx

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)


def idx(array: np.ndarray) -> bytes:
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return head + array.tobytes()


def test_plain_and_gzipped(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(idx(PIXELS))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx(PIXELS)))
    for name in ("a", "b.gz"):
        assert (read_idx(tmp_path / name, 3) == PIXELS).all()


@pytest.mark.parametrize(
    "content",
    [
        b"", idx(PIXELS)[:-1], idx(PIXELS) + b"x", idx(PIXELS[0]), b"\0\0\x0d\3" + idx(PIXELS)[4:],
        bytes((0, 0, 8, 3)) + b"\xff" * 12,
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    for name, written in (("a", content), ("a.gz", gzip.compress(content)), ("b.gz", content)):
        (tmp_path / name).write_bytes(written)
        with pytest.raises(UnpoolError, match=r"is damaged .*delete it and fetch it again"):
            read_idx(tmp_path / name, 3)


def test_cifar_in_both_forms(tmp_path: Path) -> None:
    planes = np.random.default_rng(1).integers(0, 256, (3, 3 * 32 * 32), np.uint8)
    labels = [7, 0, 255 % 10]
    (tmp_path / "b.bin").write_bytes(
        b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, planes, strict=True))
    )
    (tmp_path / "p").write_bytes(pickle.dumps({b"data": planes.tobytes(), b"labels": labels}, protocol=2))
    expected = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    for pixels, found in (read_cifar_binary(tmp_path / "b.bin"), read_cifar_python(tmp_path / "p")):
        assert (pixels == expected).all()
        assert found.tolist() == labels


def test_damaged_cifar_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"x" * 100)
    with pytest.raises(UnpoolError, match="no multiple of 3073"):
        read_cifar_binary(tmp_path / "b.bin")
    (tmp_path / "p").write_bytes(pickle.dumps({b"data": b"x" * 100, b"labels": [1]}, protocol=2))
    with pytest.raises(UnpoolError, match="is damaged"):
        read_cifar_python(tmp_path / "p")
