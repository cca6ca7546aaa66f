"""`unpool classify`: make classifiers, and name images by them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from unpool.actions.teaching.classify_settings import ClassifyPredictSettings, ClassifyTrainSettings
from unpool.cli.parameters import (
    Common,
    Data,
    OptionalSpaceWork,
    SpaceWork,
    flag,
    flatten_settings,
    parameter,
    print_result,
    report_progress,
)
from unpool.core.settings import Option

COMMON = Common()
MODEL = Option("model folder that unpool classify train wrote", metavar="MODEL")
OUT = Option("table to write, or a new folder for class folders", metavar="FILE.csv|DIR")

classify_app = App(
    name="classify",
    help="Make a classifier from the labels of a workspace, and name images by it.",
    help_format="plaintext",
)


@classify_app.command
@flatten_settings
def train(
    *,
    work: SpaceWork,
    out: Annotated[Path, flag("out")],
    settings: ClassifyTrainSettings,
    common: Common = COMMON,
) -> None:
    """Make a classifier from the labels of a workspace.

    Writes a model folder.

    Figures are of images that were held out. README.md in the folder says what was taught, how good it is and when no
    answer is given; confusion.png shows which classes are taken for each other.
    """
    from unpool.actions.teaching.card import describe_abstention, describe_forecast, describe_quality
    from unpool.actions.teaching.classify_train import classify_train

    result = classify_train(work, settings, out=out, progress=report_progress())
    lines = [
        f"{describe_quality(result)}, head {result['head']}", describe_abstention(result),
        describe_forecast(result), f"model: {out}",
    ]  # fmt: skip
    print_result(result, common, "\n".join(line for line in lines if line))


@classify_app.command
@flatten_settings
def predict(
    folder: Annotated[str | None, Parameter(help="new images; with --work those of a workspace")] = None,
    /,
    *,
    work: OptionalSpaceWork = None,
    model: Annotated[Path, parameter(MODEL, "model")],
    out: Annotated[Path, parameter(OUT, "out")],
    settings: ClassifyPredictSettings,
    data: Data = None,
    common: Common = COMMON,
) -> None:
    """Name the images of a FOLDER, or of a workspace.

    Writes path, label, probability and abstained of each image as a table, or copies the images into a folder for each
    class. Where a probability is too low for the promised share of right answers, abstained is true. The same command
    goes on after an interruption.
    """
    from unpool.actions.teaching.classify_predict import classify_predict

    result = classify_predict(
        folder, settings, model=model, out=out, work=work, data=data, progress=report_progress()
    )
    answered = result["images"] - result["abstained"]
    text = (
        f"{answered} of {result['images']} images named, {result['abstained']} left without an answer: {out}"
    )
    print_result(result, common, text)
