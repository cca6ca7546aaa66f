"""`unpool inspect`: learn what is good, and show what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from unpool.actions.inspection.judging.settings import JudgeSettings
from unpool.actions.inspection.settings import (
    InspectEvaluateSettings,
    InspectPredictSettings,
    InspectTrainSettings,
)
from unpool.cli.parameters import Common, SpaceWork, flag, flatten_settings, print_result, report_progress
from unpool.cli.render import (
    format_added,
    format_inspection_quality,
    format_inspector,
    format_judged,
    format_verdicts,
)
from unpool.errors import UsageError

COMMON = Common()
Judged = Annotated[list[str] | None, Parameter(help="images, by their paths in the workspace or as files")]
InspectModel = Annotated[Path, flag("inspect-model", "model")]

inspect_app = App(
    name="inspect",
    help="Find what is not good by a model that knows good images alone.",
    help_format="plaintext",
)


@inspect_app.command
@flatten_settings
def train(
    good: Path | None = None,
    /,
    *,
    out: Annotated[Path, flag("inspect-train-out", "out")],
    more: Annotated[Path | None, flag("inspect-more", "more")] = None,
    fair_sample: Annotated[bool, flag("fair-sample", kind=bool)] = False,
    settings: InspectTrainSettings,
    common: Common = COMMON,
) -> None:
    """Learn from a folder of good images what is good.

    Writes a model folder with inspector.onnx, one file that gives scores without unpool. Ten images are enough to
    begin with. What counts on this material is chosen by defects that are made on the good images. The threshold
    keeps the rate of false alarms on unseen good images, as far as so many images can promise it.

    --more adds further good images to MODEL at once, without learning again, such as those that were called not good
    and are. GOOD may be left out then; where MODEL is there already, it is not read. The thresholds stay, unless
    --fair-sample says that the images were not picked: then each counts, by the model and the others of them.
    """
    from unpool.actions.inspection.more import learn_and_add
    from unpool.actions.inspection.train import inspect_train
    from unpool.images.archives.unpacked import as_folder_of_files

    if more is not None:
        found = None if good is None else as_folder_of_files(good)
        result = learn_and_add(
            found,
            settings,
            more=as_folder_of_files(more),
            out=out,
            fair_sample=fair_sample,
            progress=report_progress(),
        )
        print_result(result, common, format_added(result))
        return
    if fair_sample:
        raise UsageError("--fair-sample says what the images of --more are; name them with --more")
    if good is None:
        raise UsageError("no folder of good images is named; name one, or add to a model with --more")
    result = inspect_train(as_folder_of_files(good), settings, out=out, progress=report_progress())
    print_result(result, common, format_inspector(result))


@inspect_app.command
@flatten_settings
def predict(
    images: Path,
    /,
    *,
    model: InspectModel,
    out: Annotated[Path, flag("inspect-out", "out")],
    settings: InspectPredictSettings,
    common: Common = COMMON,
) -> None:
    """Say whether images are good, and where not.

    Takes one image or a folder. Writes scores.csv: score, probability of being good, verdict, box and area of the
    worst region of each image, in pixels; what cannot be read has the verdict unreadable. STEM.heat.png is the heat
    map, its colours from 0 to twice the heat of a defect in every picture; STEM.overlay.png lays it over the image,
    with the box. Images with up-to-date results are not inspected again: the same command resumes.
    """
    from unpool.actions.inspection.predict import inspect_predict
    from unpool.images.archives.unpacked import as_folder_of_files

    images = as_folder_of_files(images)
    result = inspect_predict(images, settings, model=model, out=out, progress=report_progress())
    print_result(result, common, format_verdicts(result))


@inspect_app.command
@flatten_settings
def evaluate(
    folder: Path,
    /,
    *,
    model: InspectModel,
    settings: InspectEvaluateSettings,
    common: Common = COMMON,
) -> None:
    """Measure a model on images whose truth is known.

    FOLDER holds test/good, test/KIND and ground_truth/KIND/NAME_mask.png, as MVTec AD does; it may be the test folder
    itself, or a CSV of path,label or path,label,mask, where the label is good or a kind of defect. Any value of a mask
    but 0 is a defect. Prints areas below the ROC of images and of pixels, the overlap per region (AUPRO, up to a false
    positive rate of 0.3), and what the model's own threshold finds.
    """
    from unpool.actions.inspection.evaluate import inspect_evaluate
    from unpool.images.archives.unpacked import as_folder_of_files

    result = inspect_evaluate(as_folder_of_files(folder), settings, model=model, progress=report_progress())
    print_result(result, common, format_inspection_quality(result))


@inspect_app.command
@flatten_settings
def judge(
    paths: Judged = None, /, *, work: SpaceWork, settings: JudgeSettings, common: Common = COMMON
) -> None:
    """Say of a workspace's images whether they are good.

    What is said counts more than the score, and unpool undo takes it back. With --by threshold the threshold of this
    workspace moves as little as it can so that it says the same. With --by memory good images are added to the model,
    as by unpool inspect train --more, and all images are inspected again; without PATHS those that were called good
    before and are not in it. unpool undo does not take images out of the model.
    """
    from unpool.actions.inspection.judging.judge import judge as judge_images

    result = judge_images(work, settings, paths=paths or (), progress=report_progress())
    print_result(result, common, format_judged(result))
