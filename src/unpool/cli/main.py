"""The program: commands that work on a workspace.

Results go to standard output, everything else to standard error. Nothing heavy is imported before a command needs
it, so that `unpool --help` answers at once.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App

from unpool import __version__
from unpool.actions.curation.settings import CheckSettings, SearchSettings
from unpool.actions.embedding.settings import DemoSettings, EmbedSettings, RunSettings
from unpool.actions.grouping.settings import EvaluateSettings, GroupSettings, MapSettings
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.verbs import VERBS
from unpool.analysis.checks.kinds import checked_kinds
from unpool.cli.cache import cache
from unpool.cli.config_file import with_config
from unpool.cli.doctor import doctor
from unpool.cli.errors import exit_code_of, report_thread_errors
from unpool.cli.inspection.inspect import inspect_app
from unpool.cli.label import register_label_commands
from unpool.cli.parameters import (
    Common,
    Data,
    NewSpaceWork,
    NoOpen,
    OptionalWork,
    SpaceWork,
    flag,
    flatten_settings,
    print_result,
    report_progress,
)
from unpool.cli.render import format_figures, format_found, format_group_names, short
from unpool.cli.segment import segment_app
from unpool.cli.streams import prepare_streams
from unpool.cli.teaching.classify import classify_app
from unpool.cli.teaching.decisions import register_decision_commands
from unpool.cli.teaching.suggest import suggest
from unpool.cli.terminal.found_images import draw_found
from unpool.cli.train import register_training_commands
from unpool.cli.upkeep.clean import clean
from unpool.cli.upkeep.spaces import spaces
from unpool.cli.usage_errors import check_no_empty_value, check_num_processes
from unpool.cli.view import view
from unpool.cli.watch import watch
from unpool.cli.words.read_text import read_text
from unpool.core.cpu import limit_openmp_spinning, limit_torch_warnings
from unpool.core.environment import check_current_folder, prepare_account
from unpool.core.interrupt import stop_when_terminated
from unpool.options import OPTIONS

COMMON = Common()
HELP = {"--help", "-h", "--version"}

app = App(
    name="unpool",
    help="See, search and group a folder of images with networks trained on them. Nothing leaves this machine.",
    version=__version__,
    help_format="plaintext",
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # exit_code_of reports it, with our own exit code
)


@app.command
@flatten_settings
def run(
    folder: str,
    /,
    *,
    work: NewSpaceWork = None,
    settings: RunSettings,
    data: Data = None,
    no_open: NoOpen = False,
    common: Common = COMMON,
) -> None:
    """Embed, map and group the images of a FOLDER.

    The report opens in the browser. FOLDER may be nested and hold anything; in its place may stand a zip, tar or
    Parquet file, a text file of paths, an address (s3://bucket/photos) or a named data set (digits, mnist:train, …).
    Give the same command again to add new images, which join the map and the groups that there are, or to resume after
    an interruption. With --space NAME all of it is of a further set of vectors, and the workspace's own stay.
    """
    verb = VERBS["run"].load()
    result = verb(folder, settings, work=work, data=data, progress=report_progress())
    _print_run(result, common, no_open)


@app.command
@flatten_settings
def demo(
    *,
    work: OptionalWork = None,
    settings: DemoSettings,
    no_open: NoOpen = False,
    common: Common = COMMON,
) -> None:
    """Run on the digits that scikit-learn carries: no download.

    The 1,797 images are put into ten groups.
    """
    result = VERBS["demo"].load()(settings, work=work, progress=report_progress())
    _print_run(result, common, no_open)


@app.command
@flatten_settings
def embed(
    folder: str,
    /,
    *,
    work: NewSpaceWork = None,
    settings: EmbedSettings,
    data: Data = None,
    common: Common = COMMON,
) -> None:
    """Embed the new and changed images of a FOLDER.

    The network is that of a model folder, or a pretrained one.
    """
    verb = VERBS["embed"].load()
    result = verb(folder, settings, work=work, data=data, progress=report_progress())
    text = "{images} images in {work}, {embedded} of them new, {images_per_second} a second"
    print_result(result, common, text.format(**result))


@app.command
@flatten_settings
def group(*, work: SpaceWork, settings: GroupSettings, common: Common = COMMON) -> None:
    """Group the images of a workspace.

    With --merge or --split the present groups are joined or divided instead.
    With --names the groups that there are get words as names, unless another option says how to group.
    report/dendrogram.png shows which groups are near each other, report/groups.json the typical images of each.
    """
    result = VERBS["group"].load()(work, settings, progress=report_progress())
    text = "{groups} groups by {method}, of {sizes} images; {noise} in none".format(**result)
    print_result(result, common, "\n".join([text, *format_group_names(result)]))


@app.command(name="map")
@flatten_settings
def map_(*, work: SpaceWork, settings: MapSettings, common: Common = COMMON) -> None:
    """Lay similar images side by side in the plane.

    With --labels the map is also drawn in the colours of the true classes, as report/map-labels.png.
    """
    result = VERBS["map"].load()(work, settings, progress=report_progress())
    trustworthiness = short(result["trustworthiness"])
    lines = [f"{result['images']} images laid out by {result['method']}, trustworthiness {trustworthiness}"]
    if "picture" in result:
        lines.append(f"picture: {result['picture']}")
    print_result(result, common, "\n".join(lines))


@app.command
@flatten_settings
def check(*, work: SpaceWork, settings: CheckSettings, common: Common = COMMON) -> None:
    """Find duplicates, outliers, images of poor quality and wrong labels.

    Problems are unreadable files, exact and near duplicates, outliers, blurred, too dark and too bright images, labels
    that look wrong, and images that are in train and test folders.
    Nothing is moved or removed: problems.csv lists them, and unpool view shows them.
    """
    result = VERBS["check"].load()(work, settings, progress=report_progress())
    names = ("images", "unreadable", *(kind.name for kind in checked_kinds()))
    figures = format_figures({name.replace("_", " "): result[name] for name in names}, width=15)
    print_result(result, common, f"{figures}\nlisted in {work / 'problems.csv'}")


@app.command
@flatten_settings
def search(
    image: Path | None = None,
    /,
    *,
    work: SpaceWork,
    settings: SearchSettings,
    pictures: Annotated[str, flag("pictures")] = "auto",
    common: Common = COMMON,
) -> None:
    """Find the images most like IMAGE or words, nearest first.

    Each with its distance, group and label; terminals that can show pictures show them above. --words needs vectors of
    a model that reads text: unpool embed FOLDER --work DIR --model open_clip:ViT-B-32/laion2b_s34b_b79k. --text finds
    words inside images, once unpool read-text --work DIR has read them.
    """
    OPTIONS["pictures"].check("pictures", pictures)
    result = VERBS["search"].load()(image, settings, work=work, progress=report_progress())
    lines = format_found(result["results"])
    if not common.json:
        lines = draw_found(work, [row["path"] for row in result["results"]], pictures) + lines
    print_result(result, common, lines)


@app.command
@flatten_settings
def evaluate(*, work: SpaceWork, settings: EvaluateSettings, common: Common = COMMON) -> None:
    """Measure the groups, by themselves and against true classes."""
    result = VERBS["evaluate"].load()(work, settings, progress=report_progress())
    figures = {name: value for name, value in result.items() if not isinstance(value, dict)}
    print_result(result, common, format_figures(figures, width=15))


@app.command
@flatten_settings
def export(*, work: SpaceWork, settings: ExportSettings, common: Common = COMMON) -> None:
    """Export the table, the images or the page.

    The table as csv or parquet, the images as class folders, the page as html.
    """
    result = VERBS["export"].load()(work, settings, progress=report_progress())
    print_result(result, common, f"{result['images']} images written to {result['path']}")


def _print_run(result: Mapping[str, Any], common: Common, no_open: bool) -> None:
    text = (
        "{images} images ({skipped} skipped) in {groups} groups by {network}\n"
        "report: {report}\nexplore it: unpool view --work {work}"
    )
    print_result(result, common, text.format(**result))
    if not no_open and not common.json and sys.stdout.isatty():
        webbrowser.open(Path(result["report"]).resolve().as_uri())


register_training_commands(app)
app.command(segment_app)
app.command(inspect_app)
app.command(classify_app)
register_label_commands(app)
register_decision_commands(app)
app.command(flatten_settings(suggest))
app.command(flatten_settings(read_text))
app.command(clean)
app.command(doctor)
app.command(spaces)
app.command(cache)
app.command(flatten_settings(view))
app.command(flatten_settings(watch))


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code.

    It is 0 for done, 1 for failed, 2 for wrong usage.
    """
    limit_openmp_spinning()
    limit_torch_warnings()
    # faiss and torch each bring an OpenMP, and the second would stop the program.
    if sys.platform == "darwin":
        os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    if argv is None:
        prepare_streams()
        prepare_account()
        stop_when_terminated()
        report_thread_errors(sys.argv)
    argv = list(sys.argv[1:] if argv is None else argv)
    sys.exit(exit_code_of(lambda: _call(argv), argv))


def _call(argv: list[str]) -> None:
    """Run a command; `argv` gets what its config file adds, so that `debug: true` acts on errors too."""
    check_no_empty_value(argv)
    if not HELP & set(argv):
        check_num_processes(argv)
        check_current_folder()
    argv[:] = with_config(argv, app)
    app(argv, exit_on_error=False, print_error=False)
