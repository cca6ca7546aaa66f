"""Named data sets, from tiny files made here in the published layouts."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from unpool.errors import UnpoolError, UsageError
from unpool.images.datasets import is_named_set, load_named_set

SAMPLE = Path(__file__).parents[2] / ".." / "shared" / "data" / "mnist"


@pytest.fixture(autouse=True)
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, and a torchvision whose every download fails."""

    def fail(folder: Path, download: bool) -> None:
        raise OSError("<urlopen error\nno network>")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("unpool.images.datasets._cache", lambda: tmp_path / "cache")
    fake = SimpleNamespace(MNIST=fail, FashionMNIST=fail, CIFAR10=fail)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=fake))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", fake)


def write_idx(folder: Path, split: str, count: int, *, gzipped: bool = False) -> np.ndarray:
    """A split of that many images of 5 × 4 pixels; the labels go 0, 1, 2 … 9, 0."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(count).integers(0, 256, (count, 5, 4), dtype=np.uint8)
    labels = bytes(number % 10 for number in range(count))
    for name, content in (
        (f"{split}-images-idx3-ubyte", struct.pack(">4B3I", 0, 0, 8, 3, count, 5, 4) + pixels.tobytes()),
        (f"{split}-labels-idx1-ubyte", struct.pack(">4BI", 0, 0, 8, 1, count) + labels),
    ):
        if gzipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return pixels


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    named, bunch = load_named_set("digits", None), load_digits()
    assert named.pixels.shape == (1797, 8, 8, 1)
    assert np.abs(named.pixels[..., 0] / 255 - bunch.images / 16).max() < 0.002
    assert (named.pixels.min(), named.pixels.max()) == (0, 255)
    assert np.array_equal(named.labels, bunch.target)
    assert named.paths[:2] == ["0/00000.png", "1/00001.png"]
    assert len(set(named.paths)) == 1797


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("place", ["MNIST/raw", "raw", "."])
def test_mnist_is_read_from_every_layout(tmp_path: Path, place: str, gzipped: bool) -> None:
    pixels = write_idx(tmp_path / place, "train", 12, gzipped=gzipped)
    named = load_named_set("mnist:train", tmp_path)
    assert np.array_equal(named.pixels[..., 0], pixels)
    assert named.labels.tolist() == [*range(10), 0, 1]
    assert named.classes == list("0123456789")
    assert named.paths[9:11] == ["9/00009.png", "0/00010.png"]


def test_both_splits_together_and_an_image_keeps_its_path(tmp_path: Path) -> None:
    train, test = write_idx(tmp_path / "MNIST/raw", "train", 12), write_idx(tmp_path / "MNIST/raw", "t10k", 3)
    both, alone = load_named_set("mnist", tmp_path), load_named_set("mnist:test", tmp_path)
    assert np.array_equal(both.pixels[..., 0], np.concatenate([train, test]))
    assert both.paths[12:] == alone.paths == ["0/60000.png", "1/60001.png", "2/60002.png"]
    assert len(set(both.paths)) == 15


def test_an_absent_split_only_matters_when_asked_for(tmp_path: Path) -> None:
    write_idx(tmp_path / "MNIST/raw", "train", 12)
    assert len(load_named_set("mnist", tmp_path).pixels) == 12
    said = r"^data set 'mnist:test' is not in '.*' and could not be fetched \(<urlopen error no network>\); "
    with pytest.raises(
        UnpoolError, match=said + r"pass --data DIR where DIR holds it in torchvision's layout$"
    ):
        load_named_set("mnist:test", tmp_path)


def test_what_is_absent_is_fetched_into_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(folder: Path, download: bool) -> None:
        assert download
        write_idx(folder / "FashionMNIST/raw", "train", 12, gzipped=True)

    monkeypatch.setattr(sys.modules["torchvision.datasets"], "FashionMNIST", fetch)
    named = load_named_set("fashion-mnist", tmp_path / "data")
    assert named.paths[0] == "t-shirt-top/00000.png"
    assert (tmp_path / "data" / "FashionMNIST").is_dir()
    assert len(load_named_set("fashion-mnist", None).pixels) == 12  # into the cache


def test_the_sister_set_is_not_taken_for_it(tmp_path: Path) -> None:
    write_idx(tmp_path / "MNIST/raw", "train", 12)
    for place in ("MNIST", "MNIST/raw"):
        with pytest.raises(UnpoolError, match=r"^data set 'fashion-mnist' is not in"):
            load_named_set("fashion-mnist", tmp_path / place)
        assert len(load_named_set("mnist", tmp_path / place).pixels) == 12


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("harm", ["cut", "head", "claims", "longer"])
def test_a_damaged_file_is_reported_by_name(tmp_path: Path, harm: str, gzipped: bool) -> None:
    folder = tmp_path / "MNIST/raw"
    write_idx(folder, "train", 12)
    file = folder / "train-images-idx3-ubyte"
    content = file.read_bytes()
    if harm == "cut":
        content = content[:-1]
    elif harm == "head":
        content = b"\0\0\x0b" + content[3:]
    elif harm == "claims":
        content = content[:4] + b"\xff" * 12 + content[16:]
    else:
        content += b"\0"
    file.write_bytes(content)
    if gzipped:
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(content))
        file.unlink()
    with pytest.raises(
        UnpoolError, match=r"^'.*train-images-idx3-ubyte(.gz)?' is damaged \(.*\); delete it and"
    ):
        load_named_set("mnist", tmp_path)


def test_a_broken_gzip_and_unequal_counts_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / "MNIST/raw"
    write_idx(folder, "train", 12, gzipped=True)
    file = folder / "train-images-idx3-ubyte.gz"
    whole = file.read_bytes()
    for content in (whole[:-20], b"no gzip", whole[:40] + b"\xff" * 20 + whole[60:]):
        file.write_bytes(content)
        with pytest.raises(UnpoolError, match=r"ubyte.gz' is damaged"):
            load_named_set("mnist", tmp_path)
    write_idx(tmp_path / "other", "train", 11, gzipped=True)
    (tmp_path / "other" / file.name).replace(file)
    with pytest.raises(UnpoolError, match=r"has 11 images and 12 labels; fetch it again$"):
        load_named_set("mnist", tmp_path)


CIFAR = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
ROWS = CIFAR.transpose(0, 3, 1, 2).reshape(6, -1)


def write_cifar(folder: Path, form: str) -> None:
    """Five training files of one image each, and a test file of one."""
    folder = folder / f"cifar-10-batches-{'bin' if form == 'bin' else 'py'}"
    folder.mkdir()
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for number, name in enumerate(names):
        row = ROWS[number : number + 1]
        if form == "bin":
            (folder / f"{name}.bin").write_bytes(bytes([number]) + row.tobytes())
        else:
            keys = ("batch_label", "labels", "data", "filenames")
            words = [key.encode() for key in keys] if form == "bytes" else list(keys)
            content = dict(zip(words, ("batch 1 of 5", [number], row, ["a_s_000001.png"]), strict=True))
            (folder / name).write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("form", ["bin", "text", "bytes"])
def test_cifar10_in_its_two_forms(tmp_path: Path, form: str) -> None:
    write_cifar(tmp_path, form)
    named = load_named_set("cifar10", tmp_path)
    assert np.array_equal(named.pixels, CIFAR)
    assert named.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert named.paths[0] == "airplane/00000.png"
    assert named.paths[5] == load_named_set("cifar10:test", tmp_path).paths[0] == "dog/50000.png"


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Malice:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "harm"),)

    write_cifar(tmp_path, "text")
    file = tmp_path / "cifar-10-batches-py" / "data_batch_1"
    file.write_bytes(pickle.dumps({"labels": [0], "data": ROWS[:1], "more": Malice()}, protocol=2))
    assert np.array_equal(load_named_set("cifar10:train", tmp_path).pixels, CIFAR[:5])
    assert not (tmp_path / "harm").exists()
    for content in (
        pickle.dumps({"labels": [0, 1], "data": ROWS[:1]}),
        b"no pickle",
        file.read_bytes()[:900],
    ):
        file.write_bytes(content)
        with pytest.raises(UnpoolError, match=r"data_batch_1' is damaged"):
            load_named_set("cifar10", tmp_path)


def test_labels_beyond_the_classes_are_reported(tmp_path: Path) -> None:
    write_cifar(tmp_path, "bin")
    (tmp_path / "cifar-10-batches-bin" / "test_batch.bin").write_bytes(b"\x0a" + ROWS[5].tobytes())
    with pytest.raises(UnpoolError, match=r"^the labels of 'cifar10' go beyond its 10 classes"):
        load_named_set("cifar10", tmp_path)


def test_names() -> None:
    assert is_named_set("cifar10")
    assert is_named_set("mnist:test")
    assert not is_named_set("./mnist")
    for text, said in (
        ("mnits", "unknown data set 'mnits'; did you mean 'mnist'? "),
        ("mnist:tset", "unknown split of mnist 'tset'; did you mean 'test'? Known: test, train"),
        ("mnist:", "unknown split of mnist ''."),
        ("digits:train", "data set 'digits' has no split 'train'; write 'digits'"),
    ):
        with pytest.raises(UsageError) as error:
            load_named_set(text, None)
        assert str(error.value).startswith(said)
    with pytest.raises(UnpoolError, match=r"^data set 'voc2012' has masks"):
        load_named_set("voc2012", None)


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample data is not here")
def test_the_real_training_digits() -> None:
    named = load_named_set("mnist", SAMPLE)
    assert named.pixels.shape == (60000, 28, 28, 1)
    assert named.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(named.labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
    ]  # fmt: skip
    assert named.pixels.mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # the constant everybody uses
