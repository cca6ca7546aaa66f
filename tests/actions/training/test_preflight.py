"""What cannot be trained is an error before any image is decoded; where training starts is printed."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from support.training import train
from unpool.actions.training import train as action
from unpool.actions.training import training_images
from unpool.actions.training.fit import fit
from unpool.actions.training.output_folder import check_writable
from unpool.cli.main import main
from unpool.core.atomic_files import write_whole
from unpool.core.markers import MARKER
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.networks import weights
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.decoders.base import NoDecoder
from unpool.training.checkpoint import NAME as CHECKPOINT
from unpool.training.model_file import save_model

TINY = ("--network", "conv", "--size", "8", "--width", "4")
FIVE = "train: [{resize: 8}]\nevaluate: [{five-crop: 8}]\nsize: 10\n"


class Told(Progress):
    """Keeps its messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: object, **__: object) -> None:
        raise AssertionError("images were decoded")

    monkeypatch.setattr(training_images, "load_pixels", decoded)


@pytest.mark.usefixtures("undecoded")
@pytest.mark.parametrize(
    ("words", "code", "result"),
    [
        (("--network", "conf"), 2, "unknown network 'conf'"),
        ((*TINY, "--init", "xavie"), 2, "unknown initialisation 'xavie'; did you mean 'xavier'"),
        ((*TINY, "--augment", "flop"), 2, "unknown --augment 'flop'; did you mean 'flip'"),
        ((*TINY, "--loss", "bce"), 2, "--loss bce needs pixels in 0..1, but conv works in -1..1"),
        (("--network", "vgg16-bn", "--size", "20", "--weights", "none"), 1, "size 20 is too small for vgg16-bn"),
        (("--network", "swin_tiny_patch4_window7_224", "--size", "3", "--weights", "none"), 1, "swin_tiny"),
        (("--network", "lenet", "--width", "3"), 2, "lenet has no width to choose"),
        (("--network", "resnet18", "--decoder", "unpool"), 2, "resnet18 cannot be mirrored"),
        ((*TINY, "--weights", "imagenet"), 1, "there are no ImageNet weights for conv"),
        ((*TINY, "--weights", "nowhere.pt"), 1, "there is no weights file nowhere.pt"),
        ((*TINY, "--augment", "FIVE"), 2, "leave five-crop and ten-crop to --objective classify"),
        ((*TINY, "--augment", "SMALL"), 2, "its train steps give images of 3×6×6, but the network takes 3×8×8"),
        ((*TINY, "--objective", "contrast", "--augment", "none"), 2, "two views of an image, which would be"),
        (
            ("--from", "EMBEDS", "--objective", "aggregate", "--freeze", "--augment", "SMALL"), 2,
            "with --freeze features are computed once",
        ),
        ((*TINY, "--objective", "classify", "--no-indices"), 2, "--no-indices is about decoding"),
        ((*TINY, "--objective", "classify", "--decoder", "unpool"), 2, "--decoder unpool is about decoding"),
        ((*TINY, "--patience", "2", "--val", "0"), 2, "--patience 2 waits for a better validation loss"),
        (("--network", "net.yaml"), 2, "net.yaml: there is no such file"),
        (("--network", "WRONG"), 2, "wrong.yaml: encoder layer 2, Conv2d, cannot take 4×30×30"),
        (("--network", "FOUR"), 2, "four.yaml: channels is 4, but must be 1 (grey) or 3"),
    ],
)  # fmt: skip
def test_is_reported_before_any_image_is_decoded(
    words: tuple[str, ...],
    code: int,
    result: str,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {"FIVE": FIVE, "SMALL": "[{resize: 6}]"}
    files["WRONG"] = "encoder: [{Conv2d: [3, 4, 3]}, {Conv2d: [8, 2, 3]}]"
    files["FOUR"] = "channels: 4\nencoder: [{Conv2d: [4, 4, 3]}]"
    for name, text in files.items():
        (tmp_path / f"{name.lower()}.yaml").write_text(text)
    save_model(tmp_path / "embeds", build_network("conv", size=8, width=4, decoder="none"))
    places = {name: str(tmp_path / f"{name.lower()}.yaml") for name in files} | {
        "EMBEDS": str(tmp_path / "embeds")
    }
    with pytest.raises(SystemExit) as left:
        main(
            ["train", str(photos), "--out", str(tmp_path / "m"), *(places.get(word, word) for word in words)]
        )
    err = capsys.readouterr().err.strip()
    assert result in err.splitlines()[-1]
    assert left.value.code == code
    assert "Traceback" not in err
    assert "fault of unpool" not in err
    assert not (tmp_path / "m").exists()


def test_several_crops_are_for_classes(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "five.yaml").write_text(FIVE)
    result = train(
        str(photos), out=tmp_path / "m", objective="classify", network="conv", size=8, width=4,
        augment=str(tmp_path / "five.yaml"), epochs=1, batch=4, device="cpu",
    )  # fmt: skip
    assert result["val_accuracy"] is not None


def test_fit_in_python_tells_the_same(tmp_path: Path) -> None:
    images = torch.utils.data.TensorDataset(torch.rand(8, 1, 8, 8))
    bare = Autoencoder(torch.nn.Conv2d(1, 2, 3), NoDecoder())
    with pytest.raises(UsageError, match="freeze leaves objective 'contrast' nothing to train here"):
        fit(bare, images, objective="contrast", freeze=True, epochs=1, batch=4)
    with pytest.raises(UsageError, match="--freeze leaves nothing of custom to train"):
        fit(bare, images, objective="reconstruct", freeze=True, epochs=1, batch=4)
    network = build_network("conv", size=8, channels=1, width=4)
    with pytest.raises(UsageError, match="--patience 3 waits"):
        fit(network, images, val=0, patience=3, epochs=1, batch=4)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnpoolError, match="cannot be written"):
        fit(network, images, out=tmp_path / "file" / "m", epochs=1, batch=4)


@pytest.mark.usefixtures("undecoded")
def test_a_file_in_the_way_of_out_is_reported(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as left:
        main(["train", str(photos), "--out", str(tmp_path / "file" / "m"), *TINY])
    assert left.value.code == 1
    line = capsys.readouterr().err.strip()
    assert line == f"unpool: --out {tmp_path}/file/m cannot be written (Not a directory); name another folder"


def test_a_folder_that_takes_no_files_is_reported_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(tmp_path / "new" / "m")
    assert not (tmp_path / "new").exists()

    def full(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(
        UnpoolError, match=r"m cannot be written \(Read-only file system\); name another folder"
    ):
        check_writable(tmp_path / "new" / "m")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/there"), "unpool: /there: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "unpool: No space left on device; free some, or"),
    ],
)
def test_what_the_system_refuses_is_no_fault_of_ours(
    error: OSError,
    result: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(action, "train", refused)
    with pytest.raises(SystemExit) as left:
        main(["train", str(tmp_path), "--out", str(tmp_path / "m")])
    line = capsys.readouterr().err.strip()
    assert left.value.code == 1
    assert line.startswith(result)
    assert "fault of unpool" not in line


def test_a_full_disk_is_reported_with_the_file_it_was_met_at(tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as met:
        write_whole(tmp_path / "a.png", full)
    assert met.value.filename == str(tmp_path / "a.png")


def start_of(photos: Path, out: Path, **options: object) -> list[str]:
    progress = Told()
    common = {
        "network": "resnet18",
        "size": 32,
        "objective": "classify",
        "steps": 1,
        "batch": 4,
        "device": "cpu",
    }
    train(str(photos), out=out, progress=progress, **(common | options))  # type: ignore[arg-type]
    return progress.messages


def unreachable(_: object) -> weights.State:
    raise UnpoolError("the ImageNet weights of resnet18 could not be fetched (no route); give a file")


@pytest.mark.slow
def test_where_training_starts_is_reported_as_it_is(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m"
    monkeypatch.setattr(weights, "pretrained_state", unreachable)
    random = (
        "training starts from random weights, since the ImageNet weights of resnet18 could not be fetched"
    )
    assert start_of(photos, out) == [f"{random} (no route); --weights FILE gives others"]
    result = ["--init xavier draws all weights: the ImageNet weights are not used"]
    assert start_of(photos, out, init="xavier") == result
    assert start_of(photos, out, weights="none") == []
    encoder = build_network("resnet18", size=32, seed=1).encoder.body.state_dict()
    monkeypatch.setattr(weights, "pretrained_state", lambda _: encoder)
    assert start_of(photos, out) == ["training starts from the ImageNet weights"]
    torch.save(encoder, tmp_path / "w.pt")
    result = [f"training starts from {tmp_path}/w.pt; --init xavier draws only what they lack"]
    assert start_of(photos, out, weights=str(tmp_path / "w.pt"), init="xavier") == result


def test_what_goes_on_from_a_checkpoint_does_not_claim_another_start(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "pretrained_state", unreachable)
    (tmp_path / "m" / "training").mkdir(parents=True)
    (tmp_path / "m" / "training" / CHECKPOINT).write_bytes(b"")
    (tmp_path / "m" / "training" / MARKER).touch()
    progress = Told()
    with pytest.raises(UnpoolError, match="cannot be read"):
        train(
            str(photos), out=tmp_path / "m", progress=progress, resume=True, network="resnet18", size=32,
            objective="classify", steps=1, batch=4, device="cpu",
        )  # fmt: skip
    assert progress.messages == []


def test_comparing_needs_images_to_compare(tmp_path: Path, photos: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    (photos / "a" / "0.png").rename(one / "0.png")
    with pytest.raises(
        UnpoolError, match="--objective contrast compares images and needs 2 or more to train on, not 1"
    ):
        train(str(one), out=tmp_path / "m", network="conv", size=8, objective="contrast", steps=1, val=0.0)


def test_aggregation_that_never_begins_is_reported(tmp_path: Path, photos: Path) -> None:
    result = Told()
    options = {"network": "conv", "size": 8, "width": 4, "objective": "aggregate", "batch": 4, "val": 0.0}
    train(str(photos), out=tmp_path / "m", steps=1, progress=result, **options)
    assert any("nothing was aggregated" in words for words in result.messages)
    result.messages.clear()
    train(str(photos), out=tmp_path / "n", epochs=2, progress=result, **options)
    assert not any("nothing was aggregated" in words for words in result.messages)
