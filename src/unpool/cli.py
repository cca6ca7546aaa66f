"""Words → actions → words. Results go to standard output, everything else to standard error.

Nothing heavy is imported before a command needs it, so that `unpool --help` answers at once.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import App, Parameter

from unpool import __version__
from unpool.config import with_config
from unpool.cores import is_first_process, share_cores_kindly
from unpool.errors import UnpoolError, UsageError
from unpool.options import DECODERS, DEVICES, FORMATS, MAPS, METHODS, OBJECTIVES, OPTIONS, PRECISIONS
from unpool.progress import Progress, TerminalProgress
from unpool.telling import catalogue, layers, literal, short, trained


def _option(name: str, *words: str, **more: Any) -> Parameter:
    return Parameter(name=words or None, help=OPTIONS[name].describe(), show_choices=False, **more)


def _number_or_auto(_: Any, tokens: Sequence[cyclopts.Token]) -> int | Literal["auto"]:
    text = tokens[0].value
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--groups is {text!r}, but must be a whole number or auto") from None


Work = Annotated[Path, _option("work")]
OptionalWork = Annotated[Path | None, _option("work")]
Seed = Annotated[int, _option("seed")]
Data = Annotated[Path | None, _option("data")]
Device = Annotated[Literal[*DEVICES], _option("device")]  # type: ignore[valid-type]
Groups = Annotated[int | Literal["auto"], _option("groups", converter=_number_or_auto, accepts_keys=False)]
Json = Annotated[bool, _option("json", "--json", negative="")]
NoOpen = Annotated[bool, _option("no-open", "--no-open", negative="")]
Minutes = Annotated[float | None, _option("minutes")]
Steps = Annotated[int | None, _option("steps")]
NoIndices = Annotated[bool, _option("no-indices", "--no-indices", negative="")]
Corruption = Annotated[str | None, _option("corruption")]
Config = Annotated[Path | None, _option("config", "--config")]
Debug = Annotated[bool, _option("debug", "--debug", negative="")]


@Parameter(name="*")
class Common:
    """What every command takes."""

    def __init__(
        self,
        *,
        seed: Seed = 0,
        data: Data = None,
        device: Device = "auto",
        json: Json = False,
        config: Config = None,
        debug: Debug = False,
    ) -> None:
        self.seed, self.data, self.device = seed, data, device
        self.json, self.config, self.debug = json, config, debug


COMMON = Common()

app = App(
    name="unpool",
    help="See, search and group a folder of images with networks trained on them. Nothing leaves this machine.",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # told in our own words, with our own exit code
)


@app.command
def run(
    folder: str,
    /,
    *,
    work: OptionalWork = None,
    network: Annotated[str, _option("network")] = "auto",
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
    from unpool.actions.run import run as act

    if minutes is not None and steps is not None:
        raise UsageError("--minutes and --steps are both given; give one of them")
    told = act(
        folder, work=work, network=network, groups=groups, minutes=minutes, steps=steps,
        data=common.data, seed=common.seed, device=common.device, progress=_progress(),
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
    from unpool.actions.run import demo as act

    _tell_run(act(work=work, seed=common.seed, device=common.device, progress=_progress()), common, no_open)


@app.command
def train(
    folder: str,
    /,
    *,
    out: Annotated[Path, _option("out")],
    objective: Annotated[Literal[*OBJECTIVES] | None, _option("objective")] = None,  # type: ignore[valid-type]
    network: Annotated[str | None, _option("train-network")] = None,
    from_: Annotated[Path | None, _option("from", "--from")] = None,
    freeze: Annotated[bool, _option("freeze", "--freeze", negative="")] = False,
    size: Annotated[int | None, _option("size")] = None,
    width: Annotated[int | None, _option("width")] = None,
    decoder: Annotated[Literal[*DECODERS] | None, _option("decoder")] = None,  # type: ignore[valid-type]
    no_indices: NoIndices = False,
    epochs: Annotated[int | None, _option("epochs")] = None,
    steps: Steps = None,
    minutes: Minutes = None,
    batch: Annotated[int | None, _option("batch")] = None,
    drop_last: Annotated[bool, _option("drop-last", "--drop-last", negative="")] = False,
    val: Annotated[str | None, _option("val")] = None,
    optimizer: Annotated[str | None, _option("optimizer")] = None,
    lr: Annotated[float | None, _option("lr")] = None,
    weight_decay: Annotated[float | None, _option("weight-decay")] = None,
    schedule: Annotated[str | None, _option("schedule")] = None,
    loss: Annotated[str | None, _option("loss")] = None,
    init: Annotated[str | None, _option("init")] = None,
    augment: Annotated[str | None, _option("augment")] = None,
    corruption: Corruption = None,
    weights: Annotated[str | None, _option("weights")] = None,
    patience: Annotated[int | None, _option("patience")] = None,
    precision: Annotated[Literal[*PRECISIONS], _option("precision")] = "auto",  # type: ignore[valid-type]
    resume: Annotated[bool, _option("resume", "--resume", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Train a network on the images of a FOLDER, and write a model folder.

    Without more, an autoencoder whose depth follows the images learns to rebuild them. Every network of the
    catalogue brings its own recipe; each part of it can be set here. Classes are the names of the folders that
    images lie in. Several processes: torchrun --nproc-per-node 2 -m unpool train …
    """
    from unpool.actions.train import read_val
    from unpool.actions.train import train as act

    told = act(
        folder, out=out, objective=objective, network=network, from_model=from_, freeze=freeze, size=size,
        width=width, decoder=decoder, no_indices=no_indices, epochs=epochs, steps=steps, minutes=minutes,
        batch=batch, drop_last=drop_last, val=read_val(val), optimizer=optimizer, lr=lr,
        weight_decay=weight_decay, schedule=schedule, loss=loss, init=init, augment=augment,
        corruption=corruption, weights=weights, patience=patience, precision=precision, resume=resume,
        data=common.data, seed=common.seed, device=common.device, progress=_progress(),
    )  # fmt: skip
    _tell(told, common, trained(told))


@app.command
def reconstruct(
    images: Annotated[list[str], Parameter(help="images, folders or named data sets")],
    /,
    *,
    model: Annotated[Path, _option("model")],
    out: Annotated[Path, _option("grid")],
    corruption: Corruption = None,
    no_indices: NoIndices = False,
    common: Common = COMMON,
) -> None:
    """What a trained network makes of IMAGES: a picture, and how far from them it is.

    Errors are means over pixels in 0..1 at the network's input size; PSNR is in dB against the clean image.
    """
    from unpool.actions.reconstruct import reconstruct as act

    told = act(
        images, model=model, out=out, corruption=corruption, use_indices=False if no_indices else None,
        data=common.data, seed=common.seed, device=common.device, progress=_progress(),
    )  # fmt: skip
    mean = {name: short(value) for name, value in told["mean"].items()}
    words = f"{len(told['images'])} images, mean squared error {mean['mse']}, PSNR {mean['psnr']} dB"
    if corruption is not None:
        words += f" (input {mean['psnr_input']} dB)"
    _tell(told, common, literal(f"{words}\npicture: {out}"))


@app.command
def embed(
    folder: str,
    /,
    *,
    model: Annotated[str, _option("model")],
    work: OptionalWork = None,
    common: Common = COMMON,
) -> None:
    """Embed the new and changed images of a FOLDER with a model folder or a pretrained network."""
    from unpool.actions.embed import embed as act

    told = act(
        folder,
        model=model,
        work=work,
        data=common.data,
        seed=common.seed,
        device=common.device,
        progress=_progress(),
    )
    _tell(told, common, "{images} images in {work}, {embedded} of them new, {images_per_second} a second")


@app.command
def group(
    *,
    work: Work,
    method: Annotated[Literal[*METHODS], _option("method")] = "auto",  # type: ignore[valid-type]
    groups: Groups = "auto",
    merge: Annotated[int | None, _option("merge")] = None,
    split: Annotated[int | None, _option("split")] = None,
    common: Common = COMMON,
) -> None:
    """Group the images of a workspace, or join or part the groups it has.

    report/dendrogram.png shows which groups are near each other, report/groups.json what is typical of each.
    """
    from unpool.actions.group import group as act

    told = act(
        work, method=method, groups=groups, merge=merge, split=split, seed=common.seed, progress=_progress()
    )
    _tell(told, common, "{groups} groups by {method}, of {sizes} images; {noise} in none")


@app.command(name="map")
def map_(
    *,
    work: Work,
    method: Annotated[Literal[*MAPS], _option("map")] = "tsne",  # type: ignore[valid-type]
    labels: Annotated[str | None, _option("labels")] = None,
    common: Common = COMMON,
) -> None:
    """Lay the images of a workspace out in the plane, like beside like.

    With --labels the map is also drawn in the colours of the true classes, as report/map-labels.png.
    """
    from unpool.actions.group import map_images
    from unpool.actions.report import draw_labelled_map

    told = map_images(work, method=method, seed=common.seed, progress=_progress())
    words = "{images} images laid out by {method}, trustworthiness " + short(told["trustworthiness"])
    if labels is not None:
        told["picture"] = str(draw_labelled_map(work, labels))
        words += "\npicture: {picture}"
    _tell(told, common, words)


@app.command
def search(
    image: Path,
    /,
    *,
    work: Work,
    k: Annotated[int, _option("k", "-k", "--k")] = 12,
    common: Common = COMMON,
) -> None:
    """The images of a workspace most like IMAGE, nearest first."""
    from unpool.actions.search import search as act

    told = act(image, work=work, k=k, device=common.device, progress=_progress())
    lines = (f"{row['distance']:.4f}  {row['path']}" for row in told["results"])
    _tell(told, common, literal("\n".join(lines)))


@app.command
def evaluate(
    *,
    work: Work,
    labels: Annotated[str | None, _option("labels")] = None,
    common: Common = COMMON,
) -> None:
    """How good the groups are, by themselves and against true classes."""
    from unpool.actions.group import evaluate as act

    told = act(work, labels=labels, progress=_progress())
    _tell(told, common, "\n".join(f"{name:>13}  {short(value)}" for name, value in told.items()))


@app.command
def export(
    *,
    work: Work,
    to: Annotated[Literal[*FORMATS], _option("to")],  # type: ignore[valid-type]
    out: Annotated[Path, _option("out")],
    common: Common = COMMON,
) -> None:
    """Write the table (csv, parquet), the images in class folders, or the page (html)."""
    from unpool.actions.export import export as act

    _tell(act(work, to=to, out=out, progress=_progress()), common, "{images} images written to {path}")


@app.command
def networks(
    name: str | None = None,
    /,
    *,
    size: Annotated[int | None, _option("size")] = None,
    common: Common = COMMON,
) -> None:
    """The catalogue of networks; with NAME its layer table."""
    from unpool.actions.networks import networks as act

    told = act(name, size=size)
    _tell(told, common, layers(told) if name else catalogue(told))


def _progress() -> Progress:
    return TerminalProgress() if is_first_process() else Progress()


def _tell_run(told: dict[str, Any], common: Common, no_open: bool) -> None:
    _tell(
        told, common,
        "{images} images ({skipped} skipped) in {groups} groups by {network}\nreport: {report}",
    )  # fmt: skip
    if not no_open and not common.json and sys.stdout.isatty():
        webbrowser.open(Path(told["report"]).resolve().as_uri())


def _tell(told: dict[str, Any], common: Common, template: str) -> None:
    if is_first_process():
        print(
            json.dumps(told, ensure_ascii=True, allow_nan=False) if common.json else template.format(**told)
        )


def main(words: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit code: 0 done, 1 failed, 2 wrong usage."""
    share_cores_kindly()
    if (
        sys.platform == "darwin"
    ):  # faiss and torch each bring an OpenMP, and the second would stop the program
        os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    words = list(sys.argv[1:] if words is None else words)
    sys.exit(_guarded(lambda: _call(words), words))


def _call(words: Sequence[str]) -> None:
    app(with_config(words), exit_on_error=False, print_error=False)


def _guarded(action: Callable[[], Any], words: Sequence[str]) -> int:
    try:
        action()
        return 0
    except KeyboardInterrupt:
        again = "with --resume" if words[:1] == ["train"] and "--resume" not in words else "again"
        return _fail(f"stopped; give the same command {again} to go on", 1, words)
    except cyclopts.CycloptsError as error:
        return _fail(f"{_usage(error)} (see `unpool {_command(words)}--help`)", 2, words)
    except UnpoolError as error:
        return _fail(str(error), error.exit_code, words)
    except BrokenPipeError:
        with suppress(OSError):
            sys.stdout.close()
        return 1
    except OSError as error:
        return _fail(_of_the_system(error), 1, words)
    except Exception as error:
        hint = "this is a fault of unpool: --debug shows where"
        return _fail(f"{type(error).__name__}: {error} ({hint})", 1, words)


def _of_the_system(error: OSError) -> str:
    """What the system refused: the file, and why."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        reason += "; free some, or name a folder on another disk"
    return f"{error.filename}: {reason}" if error.filename else reason


def _usage(error: cyclopts.CycloptsError) -> str:
    cause = error.__cause__ or error.__context__
    return str(cause) if isinstance(cause, UsageError) else str(error)


def _command(words: Sequence[str]) -> str:
    return f"{words[0]} " if words and not words[0].startswith("-") else ""


def _fail(text: str, code: int, words: Sequence[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print("unpool: " + " ".join(text.split()), file=sys.stderr)
    return code
