"""Measure how fast an encoder embeds photographs on this machine.

N photographs, H and W of each.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unpool.actions.embedding.choose_network import PRETRAINED, find_model
from unpool.actions.encoders.model_request import ModelRequest, check_request
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.engines.speeds import keep_speed
from unpool.errors import UnpoolError
from unpool.images.source import Source, open_source
from unpool.inference.embedding import embed_chunks
from unpool.inference.model import LoadedEncoder, copy_model, copy_pretrained, load_encoder, pick_device
from unpool.networks.encoders.door import find_encoder, function_of
from unpool.networks.encoders.functions import allow_function

WIDTH, HEIGHT = 1024, 768  # pixels of the photographs that are drawn
NUM_PHOTOGRAPHS = 32
MIN_SECONDS = 5.0  # of embedding; the photographs are embedded again until then


def measure_speed(name: str, *, device: str = "auto", progress: Progress | None = None) -> dict[str, Any]:
    """Embed drawn photographs, and keep how many a second.

    Args:
        name: An encoder, as `unpool embed --model` takes it.
        device: Where it runs.
        progress: Receives stages and messages.

    Returns:
        Network, images a second with decoding, number of images, device.

    Raises:
        UnpoolError: the encoder cannot be had.
    """
    progress = progress or Progress()
    check_request(ModelRequest(name, may_train=False))
    with tempfile.TemporaryDirectory(prefix="unpool-speed-") as place:
        folder, photographs = Path(place) / "model", Path(place) / "photographs"
        folder.mkdir()
        _write_model(name, folder)
        _draw_photographs(photographs)
        where = pick_device(device)
        model = load_encoder(folder, where, progress)
        with progress.stage("embedding", None, "images") as stage:
            count, seconds = 0, 0.0
            _embed(open_source(str(photographs), None), model, 4)  # the first images wait for memory
            while seconds < MIN_SECONDS:
                start = time.perf_counter()
                count += _embed(open_source(str(photographs), None), model, NUM_PHOTOGRAPHS)
                seconds += time.perf_counter() - start
                stage.reach(count)
    rate = round(count / seconds, 1)
    keep_speed(name, where, rate, count)
    return {"network": name, "images_per_second": rate, "images": count, "device": where}


def _write_model(name: str, folder: Path) -> None:
    if (kind := find_encoder(name)) is not None:
        kind.write(name, folder, None)
        if function := function_of(name):
            allow_function(folder, function)
    elif (model := find_model(name)) is not None:
        copy_model(model, folder)
    else:
        copy_pretrained(PRETRAINED if name == "auto" else name, folder)


def _draw_photographs(folder: Path) -> None:
    """Write JPEG files whose content is smooth with some noise, as that of photographs."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(NUM_PHOTOGRAPHS):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        smooth_HWC = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
        noise_HW1 = rng.integers(-8, 9, (HEIGHT, WIDTH, 1), dtype=np.int16)
        pixels = np.clip(smooth_HWC + noise_HW1, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.jpg", quality=90)


def _embed(source: Source, model: LoadedEncoder, num_images: int) -> int:
    files = source.scan().files[:num_images]
    rows = embed_chunks(source, files, model.preprocessing, model.encoder, usable_cores())
    done = [row for chunk in rows for row in chunk]
    if failed := [row["detail"] for row in done if row["vector"] is None]:
        raise UnpoolError(f"it gives no vector for a photograph: {failed[0]}")
    return len(done)
