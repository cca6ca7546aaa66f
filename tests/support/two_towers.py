"""A tiny two-tower model, trained on captioned coloured shapes, in OpenCLIP's own local-folder format.

Training takes some seconds; the weights are kept in pytest's cache, by a digest of this file and of the versions that
matter. What unpool makes of them is made once a session.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {
    "red": (214, 40, 40), "green": (40, 160, 60), "blue": (40, 80, 210), "yellow": (240, 205, 40),
    "purple": (140, 50, 170),
}  # fmt: skip
SHAPES = ("circle", "square", "triangle", "cross")
GROUNDS = {"white": (245, 245, 245), "black": (18, 18, 18)}
SIDE = 64  # pixels of a drawn picture
VARIANTS = 24  # pictures of each caption that are trained on
STEPS = 320
RATE = 5e-3
SEED = 5
CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {
        "mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic", "resize_mode": "shortest",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """What a picture shows."""

    colour: str
    shape: str
    ground: str

    def __str__(self) -> str:
        return f"a {self.colour} {self.shape} on {self.ground}"

    @property
    def file(self) -> str:
        return f"{self.colour}-{self.shape}-{self.ground}.png"


CAPTIONS = tuple(Caption(*each) for each in itertools.product(COLOURS, SHAPES, GROUNDS))


@dataclass(frozen=True)
class TwoTowers:
    """What tests use: all of it lies in folders of the session, which nobody changes.

    Args:
        source: The model in OpenCLIP's format: open_clip_config.json and open_clip_model.safetensors.
        images: A folder with a picture of each caption that was not trained on, named as `Caption.file`.
        model: The same model as a model folder of unpool, written by the door.
    """

    source: Path
    images: Path
    model: Path

    def copy_workspace(self, work: Path) -> Path:
        """Copy a workspace in which `images` are embedded by `model`, neither mapped nor grouped."""
        embedded = self.model.with_name("embedded.unpool")
        with make_once(embedded) as part:
            if part is not None:
                from unpool.actions.embedding.embed import embed
                from unpool.actions.embedding.settings import EmbedSettings

                embed(str(self.images), EmbedSettings(model=str(self.model)), work=part)
        shutil.copytree(embedded, work)
        return work


def draw(caption: Caption, rng: np.random.Generator, side: int = SIDE) -> Image.Image:
    """Draw a caption: a shape of random size and place, in a colour that varies a little."""
    ground, colour = (
        tuple(int(value) for value in np.clip(rng.normal(values, 8), 0, 255))
        for values in (GROUNDS[caption.ground], COLOURS[caption.colour])
    )
    picture = Image.new("RGB", (4 * side, 4 * side), ground)
    radius = 4 * side * rng.uniform(0.24, 0.38)
    x, y = rng.uniform(radius, 4 * side - radius, 2)
    ImageDraw.Draw(picture).polygon(_outline(caption.shape, x, y, radius), fill=colour)
    return picture.resize((side, side), Image.Resampling.BOX)


def _outline(shape: str, x: float, y: float, radius: float) -> list[tuple[float, float]]:
    if shape == "cross":
        arm = [(0.3, -1.0), (0.3, -0.3), (1.0, -0.3)]
        quarters = [[(a, b), (-b, a), (-a, -b), (b, -a)] for a, b in arm]
        corners = [corner for quarter in zip(*quarters, strict=True) for corner in quarter]
        return [(x + radius * a, y + radius * b) for a, b in corners]
    num_corners = {"circle": 40, "square": 4, "triangle": 3}[shape]
    start = np.pi / 4 if shape == "square" else -np.pi / 2
    angles = start + 2 * np.pi * np.arange(num_corners) / num_corners
    return [(x + radius * np.cos(angle), y + radius * np.sin(angle)) for angle in angles]


def write_images(folder: Path, *, each: int = 1, seed: int = 1000, side: int = SIDE) -> Path:
    """Draw pictures of all captions; with several of each, folders by caption.

    Args:
        folder: Where to write.
        each: How many of each caption.
        seed: Of their sizes, places and colours; that of training is `SEED`.
        side: Of the pictures, pixels.
    """
    rng = np.random.default_rng(seed)
    for caption, number in itertools.product(CAPTIONS, range(each)):
        name = caption.file if each == 1 else f"{Path(caption.file).stem}-{number}.png"
        folder.mkdir(parents=True, exist_ok=True)
        draw(caption, rng, side).save(folder / name)
    return folder


def change_config(**changes: Any) -> dict[str, Any]:
    """Return `CONFIG` with other values: `vision_cfg`, `text_cfg`, `preprocess_cfg`, or keys of `model_cfg`."""
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        inner = config["preprocess_cfg"] if key == "preprocess_cfg" else config["model_cfg"].get(key)
        if isinstance(inner, dict):
            inner.update(value)
        else:
            config["model_cfg"][key] = value
    return config


def build_model(config: dict[str, Any], seed: int = 0) -> Any:
    """Build OpenCLIP's model with random weights."""
    import open_clip
    import torch

    options = copy.deepcopy(config["model_cfg"])
    kind = open_clip.CustomTextCLIP if options.pop("custom_text", False) else open_clip.CLIP
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(**options).eval()


def save_source(model: Any, config: dict[str, Any], folder: Path) -> Path:
    """Write a model as OpenCLIP keeps it in a local folder, by its own code."""
    import open_clip
    from open_clip.push_to_hf_hub import save_for_hf

    class NoFiles:  # OpenCLIP's own tokenizer has no files
        def save_pretrained(self, folder: Path) -> None: ...

    open_clip.model.set_model_preprocess_cfg(model, config["preprocess_cfg"])
    save_for_hf(model, NoFiles(), config["model_cfg"], str(folder), safe_serialization=True)
    return folder


def train(config: dict[str, Any], *, steps: int = STEPS, seed: int = SEED) -> Any:
    """Train a model on pictures of all captions, a batch of one of each at a time."""
    import open_clip
    import torch
    from open_clip.loss import ClipLoss
    from open_clip.transform import PreprocessCfg, image_transform_v2

    model = build_model(config, seed).train()
    rng = np.random.default_rng(seed)
    prepare = image_transform_v2(
        PreprocessCfg(size=config["model_cfg"]["vision_cfg"]["image_size"], **config["preprocess_cfg"]),
        is_train=False,
    )
    pictures_CVxHW = torch.stack(
        [torch.stack([prepare(draw(caption, rng)) for _ in range(VARIANTS)]) for caption in CAPTIONS]
    )
    text_cfg = config["model_cfg"]["text_cfg"]
    tokens_CL = open_clip.SimpleTokenizer(context_length=text_cfg["context_length"])(
        [str(each) for each in CAPTIONS]
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    loss = ClipLoss()
    for _ in range(steps):
        drawn_C = torch.randint(VARIANTS, (len(CAPTIONS),), generator=generator)
        found = model(pictures_CVxHW[torch.arange(len(CAPTIONS)), drawn_C], tokens_CL)
        optimiser.zero_grad()
        loss(*found[:3]).backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def make(session_folder: Path, cache: Path) -> TwoTowers:
    """Make or find what `TwoTowers` holds.

    Args:
        session_folder: One folder for all processes of the session.
        cache: A folder that outlives it.
    """
    parts = [Path(__file__).read_bytes(), version("torch").encode(), version("open_clip_torch").encode()]
    source = cache / f"two-towers-{hashlib.sha256(b' '.join(parts)).hexdigest()[:16]}"
    with make_once(source) as part:
        if part is not None:
            save_source(train(CONFIG), CONFIG, part)
    base = session_folder / "two-towers"
    base.mkdir(exist_ok=True)
    with make_once(base / "images") as part:
        if part is not None:
            write_images(part)
    with make_once(base / "model") as part:
        if part is not None:
            from unpool.networks.encoders.door import find_encoder

            kind = find_encoder(str(source))
            assert kind is not None
            part.mkdir()
            kind.write(str(source), part, None)
    return TwoTowers(source, base / "images", base / "model")


@contextlib.contextmanager
def make_once(folder: Path) -> Iterator[Path | None]:
    """Let one process make a folder while the others wait; the value is where to make it, None once it is there."""
    from filelock import FileLock

    with FileLock(f"{folder}.lock"):
        if folder.is_dir():
            yield None
            return
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        yield part
        part.rename(folder)
