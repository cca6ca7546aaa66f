"""`unpool train`, `unpool reconstruct`, `unpool networks`: train networks and examine them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from unpool.actions.training.settings import ReconstructSettings, TrainSettings
from unpool.cli.parameters import Common, flag, flatten_settings, print_result, report_progress
from unpool.cli.render import format_catalogue, format_layers, format_training, short

COMMON = Common()


def register_training_commands(app: App) -> None:
    """Add these commands to the program."""
    for command in (flatten_settings(train), flatten_settings(reconstruct), networks):
        app.command(command)


def train(
    folder: str,
    /,
    *,
    out: Annotated[Path, flag("out")],
    settings: TrainSettings,
    common: Common = COMMON,
) -> None:
    """Train a network on the images of a FOLDER.

    Writes a model folder.

    By default an autoencoder whose depth follows the image size learns to reconstruct them. Every network of the
    catalogue has its own recipe; each part of it can be set here. Classes are the names of the folders that
    images lie in. Several processes: torchrun --nproc-per-node 2 -m unpool train …
    """
    from unpool.actions.training.train import train as train_network

    result = train_network(folder, settings, out=out, progress=report_progress())
    print_result(result, common, format_training(result))


def reconstruct(
    images: Annotated[list[str], Parameter(help="images, folders or named data sets")],
    /,
    *,
    model: Annotated[Path, flag("model")],
    out: Annotated[Path, flag("grid", "out")],
    settings: ReconstructSettings,
    common: Common = COMMON,
) -> None:
    """Reconstruct IMAGES by a trained network.

    Writes a picture, and prints the error of each image.

    Errors are means over pixels in 0..1 at the network's input size; PSNR is in dB against the clean image.
    """
    from unpool.actions.training.reconstruct import reconstruct as reconstruct_images

    result = reconstruct_images(images, settings, model=model, out=out, progress=report_progress())
    mean = {name: short(value) for name, value in result["mean"].items()}
    summary = f"{len(result['images'])} images, mean squared error {mean['mse']}, PSNR {mean['psnr']} dB"
    if settings.corruption is not None:
        summary += f" (input {mean['psnr_input']} dB)"
    print_result(result, common, f"{summary}\npicture: {out}")


def networks(
    name: str | None = None,
    /,
    *,
    size: Annotated[int | None, flag("size")] = None,
    measure: Annotated[str | None, flag("measure")] = None,
    common: Common = COMMON,
) -> None:
    """List networks that can be used; with NAME its layers.

    With licence, size, dimension, images a second on this machine, whether words can search, and what each needs before
    it can be used here: nothing, a download, an extra or training.
    """
    if measure is not None:
        from unpool.actions.encoders.speed import measure_speed

        measured = measure_speed(measure, progress=report_progress())
        text = "{images_per_second} images a second by {network} on {device}, decoding included"
        print_result(measured, common, text.format(**measured))
        return
    from unpool.actions.training.networks import networks as describe_networks

    result = describe_networks(name, size=size)
    print_result(result, common, format_layers(result) if name else format_catalogue(result))
