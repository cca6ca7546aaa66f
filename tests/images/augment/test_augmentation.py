"""Transforms by name: masks that move with their image, crops as torchvision cuts them, seeds, and errors.

B batch, C channels, H height, W width, V views.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as F1
from torchvision.transforms import v2

from unpool.errors import UsageError
from unpool.images.augment.augmentation import PRESETS, Augmentation, read_augmentation
from unpool.images.augment.transform_types import ALIASES, TRANSFORMS

SIDE = 15
PLACE_HW = torch.arange(SIDE * SIDE, dtype=torch.uint8).view(SIDE, SIDE)
IMAGE_CHW = (PLACE_HW + 1)[None].repeat(3, 1, 1)  # 0 is left for what enters from outside
MOVING: list[Any] = [
    {"center-crop": 9},
    {"centre-crop": [20, 10]},
    {"center-crop": [18, 21]},
    {"random-crop": {"size": 12, "padding": 3}},
    {"random-crop": {"size": 20, "pad_if_needed": True}},
    {"random-crop": {"padding": 4, "padding_mode": "reflect"}},
    {"random-resized-crop": {"size": 21, "interpolation": "nearest"}},
    {"random-scale-crop": {"size": 9, "scale": [1.0, 1.0]}},
    {"resized-crop": {"interpolation": "nearest"}},
    "horizontal-flip",
    "vertical-flip",
    {"rotation": 40},
    {"rotation": {"degrees": 30, "expand": True}},
    *({"pad": {"padding": [1, 2, 3, 4], "padding_mode": m}} for m in ("edge", "reflect", "symmetric")),
    {"pad": 3},
    {"affine": {"degrees": 20, "translate": [0.3, 0.3], "scale": [0.7, 1.2], "shear": 10}},
    {"resize": {"size": [30, 45], "interpolation": "nearest"}},
    {"perspective": {"p": 1, "interpolation": "nearest"}},
    {"elastic": {"sigma": 1, "interpolation": "nearest"}},
    {"random-choice": ["horizontal-flip", {"rotation": 90}]},
    {"random-apply": {"transforms": [{"pad": 2}, {"rotation": 45}], "p": 0.5}},
    {"random-order": [{"pad": 2}, "vertical-flip", {"rotation": 45}]},
]
STILL: list[Any] = [
    {"color-jitter": {"brightness": [2, 3]}},
    {"colour-jitter": {"saturation": [0.1, 0.2]}},
    "grayscale",
    {"grayscale": 3},
    {"random-grayscale": 1},
    {"gaussian-blur": 3},
    {"autocontrast": 1},
    {"equalize": 1},
    {"posterize": {"bits": 2, "p": 1}},
    {"solarize": {"threshold": 100, "p": 1}},
    {"sharpness": {"sharpness_factor": 4, "p": 1}},
    {"invert": 1},
    {"erasing": 1},
    {"erasing": {"p": 1, "value": "random"}},
    {"salt-pepper": 0.5},
    {"normalise": {"mean": [0.5] * 3, "std": [0.5] * 3}},
]


def colours(side: int = SIDE) -> torch.Tensor:
    pixels = np.random.default_rng(0).integers(20, 200, (3, side, side), np.uint8)
    return torch.from_numpy(pixels)


def one_name(step: Any) -> str:
    return step if isinstance(step, str) else next(iter(step))


def views_of(step: Any, x: torch.Tensor, count: int = 6) -> list[torch.Tensor]:
    views = [Augmentation([step]).train_view(x, 0, 1, index) for index in range(count)]
    return [view for view in views if isinstance(view, torch.Tensor)]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
@pytest.mark.parametrize("step", MOVING, ids=str)
def test_image_and_mask_move_together(step: Any, dtype: torch.dtype) -> None:
    augmentation, moved = Augmentation([step]), 0
    for index in range(8):
        image, mask = augmentation.train_view(IMAGE_CHW, 0, 1, index, PLACE_HW.to(dtype))
        assert mask.dtype == dtype
        assert mask.shape == image.shape[1:]
        inside = image[0] != 0
        assert torch.equal(mask[inside], image[0][inside].to(dtype) - 1)
        assert bool((mask[~inside] == 255).all())
        moved += mask.shape != PLACE_HW.shape or not torch.equal(mask, PLACE_HW.to(dtype))
    assert moved


@pytest.mark.parametrize("step", STILL, ids=str)
@pytest.mark.filterwarnings("error")
def test_colours_leave_the_mask_alone(step: Any) -> None:
    x, place_HW = colours(32), torch.arange(1024).view(32, 32)
    before = x.clone()
    image, mask = Augmentation([step]).train_view(x, 0, 1, 3, place_HW)
    assert torch.equal(mask, place_HW)
    assert image.shape != x.shape or not torch.equal(image, x)
    assert torch.equal(x, before)


def test_every_name_is_tried() -> None:
    tried = {one_name(step) for step in [*MOVING, *STILL]}
    assert {ALIASES.get(name, name) for name in tried} == set(TRANSFORMS) - {"five-crop", "ten-crop"}


def test_mask_fill_is_a_choice() -> None:
    augmentation = Augmentation([{"pad": 1}, {"center-crop": 19}], mask_fill=7)
    _, mask = augmentation.train_view(IMAGE_CHW, 0, 1, 0, torch.zeros(SIDE, SIDE, dtype=torch.uint8))
    assert int((mask == 7).sum()) == 19 * 19 - SIDE * SIDE


def test_flips_are_numpy_s_and_come_half_the_time() -> None:
    x = colours()
    assert np.array_equal(views_of({"horizontal-flip": 1}, x, 1)[0], x.numpy()[:, :, ::-1])
    assert np.array_equal(views_of({"vertical-flip": 1}, x, 1)[0], x.numpy()[:, ::-1])
    augmentation = read_augmentation("flip")
    views = augmentation.train_views(x.repeat(400, 1, 1, 1), np.arange(400), 0, 1)
    assert 150 < sum(not torch.equal(view, x) for view in views) < 250


@pytest.mark.parametrize("side", [8, 11])
def test_five_and_ten_crops_are_torchvision_s(side: int) -> None:
    x = colours()
    five = Augmentation(evaluate=[{"five-crop": side}]).evaluate_views(x)
    ten = Augmentation(evaluate=[{"ten-crop": {"size": side, "vertical_flip": True}}]).evaluate_views(x)
    assert torch.equal(five, torch.stack(F1.five_crop(x, [side, side])))
    assert torch.equal(ten, torch.stack(F1.ten_crop(x, [side, side], vertical_flip=True)))
    corner = x[:, -side:, -side:]
    assert torch.equal(five[3], corner)


def test_evaluation_by_presets_is_the_image_itself() -> None:
    x = colours()
    for name in PRESETS:
        assert torch.equal(read_augmentation(name).evaluate_views(x), x[None])


def test_salt_and_pepper_hit_a_share_of_the_pixels() -> None:
    x = torch.full((3, 100, 100), 90, dtype=torch.uint8)
    view = views_of({"salt-pepper": {"snr": 0.8}}, x, 1)[0]
    assert torch.equal(view[0], view[1])
    counts = [int((view[0] == value).sum()) for value in (0, 90, 255)]
    assert sum(counts) == 10_000
    assert 850 < counts[0] < 1150
    assert 850 < counts[2] < 1150
    half = views_of({"salt-pepper": {"snr": 0.5, "p": 0.5}}, x, 100)
    assert 30 < sum(not torch.equal(each, x) for each in half) < 70


def test_normalise_gives_floats_of_the_image_in_0_to_1() -> None:
    x = colours()
    mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.1, 0.2, 0.3])
    expected = (x.numpy() / 255 - mean[:, None, None]) / std[:, None, None]
    for name in ("normalise", "normalize"):
        view = views_of({name: {"mean": mean.tolist(), "std": std.tolist()}}, x, 1)[0]
        np.testing.assert_allclose(view, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["shift", "photo", "crops"])
def test_a_view_is_a_function_of_seed_epoch_and_index(name: str) -> None:
    augmentation, x = read_augmentation(name), colours().repeat(5, 1, 1, 1)
    index = np.array([9, 4, 7, 1, 3])
    batch = augmentation.train_views(x, index, 2, 3)
    assert batch.dtype == torch.uint8
    assert batch.shape == x.shape
    torch.manual_seed(77)
    for row, number in reversed(list(enumerate(index))):
        assert torch.equal(read_augmentation(name).train_view(x[row], 2, 3, int(number)), batch[row])
    assert len({view.numpy().tobytes() for view in batch}) > 1
    for seed, epoch, offset in ((3, 3, 0), (2, 4, 0), (2, 3, 10)):
        assert not torch.equal(augmentation.train_views(x, index + offset, seed, epoch), batch)


def test_global_random_numbers_go_on_undisturbed() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    read_augmentation("photo").train_views(colours()[None], np.arange(1), 0, 1)
    read_augmentation("photo").evaluate_views(colours())
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 33), (1, 9, 9)])
def test_presets_keep_the_image_s_size(shape: tuple[int, int, int]) -> None:
    x = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for name in PRESETS:
        augmentation = pickle.loads(pickle.dumps(read_augmentation(name)))
        assert augmentation.train_view(x, 0, 1, 2).shape == shape


def test_small_shifts_are_small_and_never_mirror() -> None:
    x = torch.full((1, 28, 28), 255, dtype=torch.uint8)
    x[:, 10:18, 4:8] = 0  # a dark bar left of the middle
    for index in range(40):
        view = read_augmentation("shift").train_view(x, 0, 1, index)
        assert isinstance(view, torch.Tensor)
        dark = (255 - view[0].double()) / 255
        row, column = ((dark * grid).sum() / dark.sum() for grid in np.mgrid[:28, :28])
        assert abs(row - 13.5) < 6
        assert abs(column - 5.5) < 6
        assert view[0, 0, 0] > 200, "paper stays white at the border"


def test_callables_work_on_the_image_alone() -> None:
    steps = [lambda x: 255 - x, v2.RandomHorizontalFlip(1)]
    image, mask = Augmentation(steps).train_view(IMAGE_CHW, 0, 1, 0, PLACE_HW)
    assert torch.equal(image, 255 - IMAGE_CHW.flip(2))
    assert torch.equal(mask, PLACE_HW.flip(1))


def write(folder: Path, text: str) -> str:
    (folder / "augment.yaml").write_text(text)
    return str(folder / "augment.yaml")


def test_a_file_holds_a_list_or_three_keys(tmp_path: Path) -> None:
    x = colours()
    listed = read_augmentation(write(tmp_path, "- horizontal-flip: 1\n- pad: {padding: 2}\n"))
    assert torch.equal(listed.train_view(x, 0, 1, 0), F1.pad(x.flip(2), [2, 2, 2, 2]))
    assert listed.size is None
    text = """
        train: [{random-choice: {transforms: [{center-crop: 8}, {resize: 8}], p: [1, 0]}}]
        evaluate: [{resize: 30}, ten-crop: 8]
        size: 40
    """
    whole = read_augmentation(write(tmp_path, text))
    assert whole.size == 40
    assert torch.equal(whole.train_view(x, 0, 1, 0), F1.center_crop(x, [8, 8]))
    assert whole.evaluate_views(x).shape == (10, 3, 8, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- horizontal-flop", "unknown transform 'horizontal-flop'; did you mean 'horizontal-flip'"),
        (
            "- rotation: {degree: 3}",
            "unknown argument of transform rotation 'degree'; did you mean 'degrees'",
        ),
        ("- rotation", "transform rotation: .*missing 1 required positional argument: 'degrees'"),
        ("- random-grayscale: maybe", "transform random-grayscale: .*; the arguments are 'maybe'"),
        ("- horizontal-flip: 2", r"transform horizontal-flip: .p. should be a floating point value"),
        ("- salt-pepper: 3", "transform salt-pepper: snr is 3, but must be a number from 0 to 1"),
        ("- rotation: {degrees: 3, interpolation: bilinar}", "did you mean 'bilinear'"),
        ("- center-crop: [3, 0]", r"transform center-crop: size is \[3, 0\], but must be 1 pixel or more"),
        ("- lambda: 'x + 1'", "a config runs no code; give the callable in a list in Python"),
        ("- random-apply: [lambda]", "a config runs no code"),
        ("- random-apply: [rotated]", "unknown transform 'rotated'"),
        ("- [flip]", r"transform \['flip'\] must be one name"),
        ("- {pad: 1, rotation: 2}", "must be one name"),
        ("- five-crop: 3", "only as the last step of `evaluate`"),
        ("evaluate: [five-crop: 3, horizontal-flip]", "only as the last step of `evaluate`"),
        ("evaluate: [five-crop]", "missing 1 required positional argument: 'size'"),
        ("- normalise: {mean: [0], std: [1]}\n- salt-pepper", "transform normalise leaves the range"),
        ("- erasing: {inplace: true}", "unknown argument of transform erasing 'inplace'"),
        ("trian: []", "unknown key 'trian'; did you mean 'train'"),
        ("train: pad", "transforms are 'pad', but must be a list"),
        ("size: many", "size is 'many', but must be a whole number from 1 to 8192 pixels"),
        ("just words", "must hold a list of transforms"),
        ("{", "cannot be read as YAML"),
    ],
)
def test_a_wrong_file_is_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as result:
        read_augmentation(write(tmp_path, text))
    assert str(result.value).startswith("--augment ")


def test_a_wrong_word_or_image_is_reported() -> None:
    with pytest.raises(UsageError, match="unknown --augment 'flop'; did you mean 'flip'"):
        read_augmentation("flop")
    with pytest.raises(UsageError, match=r"--augment nowhere\.yaml: there is no such file"):
        read_augmentation("nowhere.yaml")
    with pytest.raises(
        UsageError, match=r"transform random-crop: on an image of shape \(3, 15, 15\): Required"
    ):
        views_of({"random-crop": 40}, colours())
    uneven = Augmentation([{"random-apply": {"transforms": [{"pad": 1}], "p": 0.5}}])
    with pytest.raises(UsageError, match="are no batch; end the list with a resize or crop"):
        uneven.train_views(colours().repeat(20, 1, 1, 1), np.arange(20), 0, 1)
