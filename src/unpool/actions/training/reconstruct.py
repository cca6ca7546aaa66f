"""`unpool reconstruct`: errors and a picture of reconstructions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.training.settings import ReconstructSettings
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inputs import InputImages, list_inputs
from unpool.inference.model import pick_device
from unpool.training.model_file import expect_kind, load_model, rules_of_model

NUM_SHOWN = 64  # images in the picture
Shown = tuple[dict[str, Any], dict[str, np.ndarray]]  # an image's row, and its pictures by column

if TYPE_CHECKING:
    from unpool.inference.reconstruction import Corrupt, Reconstruction
    from unpool.networks.autoencoder import Autoencoder


def reconstruct(
    sources: Sequence[str],
    settings: ReconstructSettings = ReconstructSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Reconstruct images, measure the errors, and draw some.

    `mse` and `psnr` (dB) compare pixels in 0..1 with the clean image at the network's size, `psnr_input` the
    corrupted input with it; a PSNR is None where there is no error, and `mean` is over those that are not.

    Args:
        sources: files, folders or named data sets.
        settings: noise on the input, pooling indices, and the device.
        model: the model folder.
        out: the picture of up to 64 images, a PNG.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool reconstruct`: images, skipped, mean, network, indices, out.

    Raises:
        UnpoolError: for a model without a decoder, and where no image is usable.
        UsageError: for an `out` that is no PNG.
    """
    check_settings(settings)
    _check_out(out, sources)
    progress = progress or Progress()
    network = _load(model)
    if settings.no_indices:
        network.use_indices = False
    corrupt = _corruption(settings.corruption, network)
    images = list_inputs(sources, settings.data, progress, rules_of_model(model))
    rows, shown = _run(network, images, model, corrupt, settings.seed, pick_device(settings.device))
    result = {
        "images": rows, "skipped": images.skipped, "mean": _means(rows), "network": network.architecture,
        "indices": _uses_indices(network), "out": str(out),
    }  # fmt: skip
    write_bytes(out, _picture(shown, result, model))
    return result


def _check_out(out: Path, sources: Sequence[str]) -> None:
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out is '{out}', but the picture is a PNG; give a name that ends in .png")
    if out.is_dir():
        raise UsageError(f"--out is '{out}', which is a folder; give the name of a file in it")
    for folder in sources:
        if Path(folder).is_dir() and out.resolve().is_relative_to(Path(folder).resolve()):
            raise UsageError(
                f"--out {out} lies in {folder}, among the images, and would be taken for one more; name it elsewhere"
            )


def _load(model: Path) -> Autoencoder:
    expect_kind(model, "encoder")
    network: Any = load_model(model)
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.classifier import Classifier
    from unpool.networks.decoders.base import NoDecoder

    if isinstance(network, Classifier):
        reason = "gives class scores and makes no images"
    elif not isinstance(network, Autoencoder) or isinstance(network.decoder, NoDecoder):
        reason = "has no decoder"
    else:
        return network
    raise UnpoolError(
        f"model {model} ({getattr(network, 'architecture', 'unknown')}) {reason}; "
        "name one trained with --objective reconstruct or denoise"
    )


def _corruption(text: str | None, network: Autoencoder) -> Corrupt | None:
    if text is None:
        return None
    from unpool.images.augment.noise import read_corruption

    corrupt: Corrupt = read_corruption(text, network.preprocessing.mean, network.preprocessing.std)
    return corrupt


def _uses_indices(network: Autoencoder) -> bool:
    """Whether indices reach the decoder and make a difference there."""
    from unpool.networks.layers.pooling import Unpool

    return network.use_indices and any(isinstance(part, Unpool) for part in network.decoder.modules())


def _run(
    network: Autoencoder, images: InputImages, model: Path, corrupt: Corrupt | None, seed: int, device: str
) -> tuple[list[dict[str, Any]], list[Shown]]:
    """A row for each usable image, and some of them, from first to last, for the picture."""
    from unpool.inference.reconstruction import reconstruct

    batches = images.batches(network.preprocessing)
    rows: list[dict[str, Any]] = []
    shown: list[Shown] = []
    shown_rows = set(
        np.linspace(0, len(images.readers) - 1, min(NUM_SHOWN, len(images.readers))).astype(int).tolist()
    )
    for batch in reconstruct(network, batches, corrupt=corrupt, seed=seed, device=device):
        if not np.isfinite(batch.mse_B).all():
            raise UnpoolError(f"model {model} gives values that are no numbers; train it with a smaller --lr")
        first = len(rows)
        rows += _rows(images.paths[first:], batch)
        shown += [_shown(rows[n], batch, n - first) for n in range(first, len(rows)) if n in shown_rows]
    return rows, shown


def _shown(row: dict[str, Any], batch: Reconstruction, i: int) -> Shown:
    columns = {"input": batch.input_BSSC, "corrupted": batch.corrupted_BSSC, "output": batch.output_BSSC}
    return row, {name: images[i] for name, images in columns.items() if images is not None}


def _rows(paths: Sequence[str], batch: Reconstruction) -> list[dict[str, Any]]:
    from unpool.inference.reconstruction import psnr

    corrupted_B = batch.mse_corrupted_B
    return [
        {
            "path": path,
            "mse": float(f"{batch.mse_B[i]:.6g}"),
            "psnr": psnr(float(batch.mse_B[i])),
            "psnr_input": None if corrupted_B is None else psnr(float(corrupted_B[i])),
        }
        for i, path in enumerate(paths)
    ]


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    kept = {key: [row[key] for row in rows if row[key] is not None] for key in ("mse", "psnr", "psnr_input")}
    return {key: float(f"{np.mean(values):.6g}") if values else None for key, values in kept.items()}


def _picture(shown: Sequence[Shown], result: dict[str, Any], model: Path) -> bytes:
    from unpool.report.drawing import png_bytes
    from unpool.report.grid import draw_grid, shorten

    rows, mean = result["images"], result["mean"]
    many = f"{len(shown)} of {len(rows):,} images shown" if len(shown) < len(rows) else f"{len(shown)} images"
    quality = f"mean PSNR {_decibels(mean['psnr'])}"
    if "corrupted" in shown[0][1]:
        quality += f", of the corrupted input {_decibels(mean['psnr_input'])}"
    decoding = "with pooling indices" if result["indices"] else "from the code alone"
    picture = draw_grid(
        {name: np.stack([images[name] for _, images in shown]) for name in shown[0][1]},
        labels=[(row["path"], _decibels(row["psnr"])) for row, _ in shown],
        title=f"{result['network']}: {'1 image' if len(rows) == 1 else many}",
        lines=[shorten(f"model {model}", 560, 15), f"{quality}, decoded {decoding}"],
    )
    return png_bytes(picture)


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f} dB"
