"""Words → actions → words. Results go to standard output, everything else to standard error.

Nothing heavy is imported before a command needs it, so that `unpool --help` answers at once.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from unpool import __version__
from unpool.cli import label as cli_label
from unpool.cli.config_file import with_config
from unpool.cli.errors import exit_code_of
from unpool.cli.parameters import (
    Common,
    Corruption,
    Groups,
    Minutes,
    NoIndices,
    NoOpen,
    OptionalWork,
    Steps,
    Work,
    option,
    report_progress,
    tell,
)
from unpool.cli.render import catalogue, layers, literal, short, trained
from unpool.cli.segment import segment_app
from unpool.cli.view import view
from unpool.core.cpu import limit_openmp_spinning
from unpool.errors import UsageError
from unpool.options import DECODERS, FORMATS, MAPS, METHODS, OBJECTIVES, PRECISIONS, PROBLEMS

COMMON = Common()

app = App(
    name="unpool",
    help="See, search and group a folder of images with networks trained on them. Nothing leaves this machine.",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # told in our own words, with our own exit code
)
app.command(segment_app)
cli_label.register(app)
app.command(view)


@app.command
def run(
    folder: str,
    /,
    *,
    work: OptionalWork = None,
    network: Annotated[str, option("network")] = "auto",
    groups: Groups = "auto",
    minutes: Minutes = None,
    steps: Steps = None,
    no_open: NoOpen = False,
    common: Common = COMMON,
) -> None:
    """Embed, map and group the images of a FOLDER, and open the report.

    FOLDER may be nested and hold anything; a named data set (digits, mnist:train, …) may stand in its place.
    Give the same command again to add what is new, or to go on after it was stopped.
    """
    from unpool.actions.embedding.run import run as act

    if minutes is not None and steps is not None:
        raise UsageError("--minutes and --steps are both given; give one of them")
    told = act(
        folder, work=work, network=network, groups=groups, minutes=minutes, steps=steps,
        data=common.data, seed=common.seed, device=common.device, progress=report_progress(),
    )  # fmt: skip
    _tell_run(told, common, no_open)


@app.command
def demo(
    *,
    work: OptionalWork = None,
    no_open: NoOpen = False,
    common: Common = COMMON,
) -> None:
    """The same as run, with ten groups, on the 1,797 digits that scikit-learn carries: nothing to download."""
    from unpool.actions.embedding.run import demo as act

    _tell_run(
        act(work=work, seed=common.seed, device=common.device, progress=report_progress()), common, no_open
    )


@app.command
def train(
    folder: str,
    /,
    *,
    out: Annotated[Path, option("out")],
    objective: Annotated[Literal[*OBJECTIVES] | None, option("objective")] = None,  # type: ignore[valid-type]
    network: Annotated[str | None, option("train-network")] = None,
    from_: Annotated[Path | None, option("from", "--from")] = None,
    freeze: Annotated[bool, option("freeze", "--freeze", negative="")] = False,
    size: Annotated[int | None, option("size")] = None,
    width: Annotated[int | None, option("width")] = None,
    decoder: Annotated[Literal[*DECODERS] | None, option("decoder")] = None,  # type: ignore[valid-type]
    no_indices: NoIndices = False,
    epochs: Annotated[int | None, option("epochs")] = None,
    steps: Steps = None,
    minutes: Minutes = None,
    batch: Annotated[int | None, option("batch")] = None,
    drop_last: Annotated[bool, option("drop-last", "--drop-last", negative="")] = False,
    val: Annotated[str | None, option("val")] = None,
    optimizer: Annotated[str | None, option("optimizer")] = None,
    lr: Annotated[float | None, option("lr")] = None,
    weight_decay: Annotated[float | None, option("weight-decay")] = None,
    schedule: Annotated[str | None, option("schedule")] = None,
    loss: Annotated[str | None, option("loss")] = None,
    init: Annotated[str | None, option("init")] = None,
    augment: Annotated[str | None, option("augment")] = None,
    corruption: Corruption = None,
    weights: Annotated[str | None, option("weights")] = None,
    patience: Annotated[int | None, option("patience")] = None,
    precision: Annotated[Literal[*PRECISIONS], option("precision")] = "auto",  # type: ignore[valid-type]
    resume: Annotated[bool, option("resume", "--resume", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Train a network on the images of a FOLDER, and write a model folder.

    Without more, an autoencoder whose depth follows the images learns to rebuild them. Every network of the
    catalogue brings its own recipe; each part of it can be set here. Classes are the names of the folders that
    images lie in. Several processes: torchrun --nproc-per-node 2 -m unpool train …
    """
    from unpool.actions.training.train import read_val
    from unpool.actions.training.train import train as act

    told = act(
        folder, out=out, objective=objective, network=network, from_model=from_, freeze=freeze, size=size,
        width=width, decoder=decoder, no_indices=no_indices, epochs=epochs, steps=steps, minutes=minutes,
        batch=batch, drop_last=drop_last, val=read_val(val), optimizer=optimizer, lr=lr,
        weight_decay=weight_decay, schedule=schedule, loss=loss, init=init, augment=augment,
        corruption=corruption, weights=weights, patience=patience, precision=precision, resume=resume,
        data=common.data, seed=common.seed, device=common.device, progress=report_progress(),
    )  # fmt: skip
    tell(told, common, trained(told))


@app.command
def reconstruct(
    images: Annotated[list[str], Parameter(help="images, folders or named data sets")],
    /,
    *,
    model: Annotated[Path, option("model")],
    out: Annotated[Path, option("grid")],
    corruption: Corruption = None,
    no_indices: NoIndices = False,
    common: Common = COMMON,
) -> None:
    """What a trained network makes of IMAGES: a picture, and how far from them it is.

    Errors are means over pixels in 0..1 at the network's input size; PSNR is in dB against the clean image.
    """
    from unpool.actions.training.reconstruct import reconstruct as act

    told = act(
        images, model=model, out=out, corruption=corruption, use_indices=False if no_indices else None,
        data=common.data, seed=common.seed, device=common.device, progress=report_progress(),
    )  # fmt: skip
    mean = {name: short(value) for name, value in told["mean"].items()}
    words = f"{len(told['images'])} images, mean squared error {mean['mse']}, PSNR {mean['psnr']} dB"
    if corruption is not None:
        words += f" (input {mean['psnr_input']} dB)"
    tell(told, common, literal(f"{words}\npicture: {out}"))


@app.command
def embed(
    folder: str,
    /,
    *,
    model: Annotated[str, option("model")],
    work: OptionalWork = None,
    common: Common = COMMON,
) -> None:
    """Embed the new and changed images of a FOLDER with a model folder or a pretrained network."""
    from unpool.actions.embedding.embed import embed as act

    told = act(
        folder,
        model=model,
        work=work,
        data=common.data,
        seed=common.seed,
        device=common.device,
        progress=report_progress(),
    )
    tell(told, common, "{images} images in {work}, {embedded} of them new, {images_per_second} a second")


@app.command
def group(
    *,
    work: Work,
    method: Annotated[Literal[*METHODS], option("method")] = "auto",  # type: ignore[valid-type]
    groups: Groups = "auto",
    merge: Annotated[int | None, option("merge")] = None,
    split: Annotated[int | None, option("split")] = None,
    common: Common = COMMON,
) -> None:
    """Group the images of a workspace, or join or part the groups it has.

    report/dendrogram.png shows which groups are near each other, report/groups.json what is typical of each.
    """
    from unpool.actions.grouping.group import group as act

    told = act(
        work,
        method=method,
        groups=groups,
        merge=merge,
        split=split,
        seed=common.seed,
        progress=report_progress(),
    )
    tell(told, common, "{groups} groups by {method}, of {sizes} images; {noise} in none")


@app.command(name="map")
def map_(
    *,
    work: Work,
    method: Annotated[Literal[*MAPS], option("map")] = "tsne",  # type: ignore[valid-type]
    labels: Annotated[str | None, option("labels")] = None,
    common: Common = COMMON,
) -> None:
    """Lay the images of a workspace out in the plane, like beside like.

    With --labels the map is also drawn in the colours of the true classes, as report/map-labels.png.
    """
    from unpool.actions.grouping.group import map_images
    from unpool.actions.grouping.report import draw_labelled_map

    told = map_images(work, method=method, seed=common.seed, progress=report_progress())
    words = "{images} images laid out by {method}, trustworthiness " + short(told["trustworthiness"])
    if labels is not None:
        told["picture"] = str(draw_labelled_map(work, labels))
        words += "\npicture: {picture}"
    tell(told, common, words)


@app.command
def check(*, work: Work, common: Common = COMMON) -> None:
    """Unreadable files, exact and near duplicates, outliers, blurred, too dark and too bright images.

    Nothing is moved or removed: problems.csv lists them, and unpool view shows them.
    """
    from unpool.actions.curation.check import check as act

    told = act(work, seed=common.seed, device=common.device, progress=report_progress())
    lines = "\n".join(
        f"{name.replace('_', ' '):>15}  {told[name]}" for name in ("images", "unreadable", *PROBLEMS)
    )
    tell(told, common, literal(f"{lines}\nlisted in {work / 'problems.csv'}"))


@app.command
def search(
    image: Path,
    /,
    *,
    work: Work,
    k: Annotated[int, option("k", "-k", "--k")] = 12,
    common: Common = COMMON,
) -> None:
    """The images of a workspace most like IMAGE, nearest first."""
    from unpool.actions.curation.search import search as act

    told = act(image, work=work, k=k, device=common.device, progress=report_progress())
    lines = (f"{row['distance']:.4f}  {row['path']}" for row in told["results"])
    tell(told, common, literal("\n".join(lines)))


@app.command
def evaluate(
    *,
    work: Work,
    labels: Annotated[str | None, option("labels")] = None,
    common: Common = COMMON,
) -> None:
    """How good the groups are, by themselves and against true classes."""
    from unpool.actions.grouping.group import evaluate as act

    told = act(work, labels=labels, progress=report_progress())
    tell(told, common, "\n".join(f"{name:>13}  {short(value)}" for name, value in told.items()))


@app.command
def export(
    *,
    work: Work,
    to: Annotated[Literal[*FORMATS], option("to")],  # type: ignore[valid-type]
    out: Annotated[Path, option("out")],
    link: Annotated[bool, option("link", "--link", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Write the table (csv, parquet), the images in class folders, or the page (html)."""
    from unpool.actions.sharing.export import export as act

    told = act(work, to=to, out=out, link=link, progress=report_progress())
    tell(told, common, "{images} images written to {path}")


@app.command
def networks(
    name: str | None = None,
    /,
    *,
    size: Annotated[int | None, option("size")] = None,
    common: Common = COMMON,
) -> None:
    """The catalogue of networks; with NAME its layer table."""
    from unpool.actions.training.networks import networks as act

    told = act(name, size=size)
    tell(told, common, layers(told) if name else catalogue(told))


def _tell_run(told: dict[str, Any], common: Common, no_open: bool) -> None:
    tell(
        told, common,
        "{images} images ({skipped} skipped) in {groups} groups by {network}\n"
        "report: {report}\nlook at it: unpool view --work {work}",
    )  # fmt: skip
    if not no_open and not common.json and sys.stdout.isatty():
        webbrowser.open(Path(told["report"]).resolve().as_uri())


def main(words: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit code: 0 done, 1 failed, 2 wrong usage."""
    limit_openmp_spinning()
    # faiss and torch each bring an OpenMP, and the second would stop the program.
    if sys.platform == "darwin":
        os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    words = list(sys.argv[1:] if words is None else words)
    sys.exit(exit_code_of(lambda: _call(words), words))


def _call(words: Sequence[str]) -> None:
    app(with_config(words), exit_on_error=False, print_error=False)
