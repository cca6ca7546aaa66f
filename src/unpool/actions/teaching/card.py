"""README.md of a classifier.

It says what was taught, how good it is, and when it gives no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import TypedDict

from unpool.analysis.classification.abstention import NEVER
from unpool.analysis.classification.quality import ClassFigures, Confusion
from unpool.core.atomic_files import write_text

CARD, CONFUSION = "README.md", "confusion.png"
MIN_GAIN = 0.005  # of accuracy, below which more labels hardly help
HEADS = {
    "linear": "logistic regression", "kernel": "logistic regression on similarities to labelled images",
    "knn": "votes of the ten nearest labelled images",
    "mlp": "a network with one hidden layer",
}  # fmt: skip


class Point(TypedDict):
    """An accuracy by number of labels."""

    labels: int
    accuracy: float


class Forecast(Point):
    """What more labels would give."""

    gain: float


class HeadFigures(TypedDict):
    """The figures of a head that was compared."""

    head: str
    accuracy: float
    log_loss: float


class LeftOut(TypedDict):
    """How many labelled images were left out, by reason."""

    without_vector: int
    wrong: int
    repeated: int


class Finetuned(TypedDict):
    """What became of tuning the network."""

    minutes: float
    steps: int
    accuracy_before: float
    accuracy_after: float
    kept: bool


class Figures(TypedDict):
    """How good a classifier is, and what that rests on."""

    images: int
    classes: int
    field: str
    head: str
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    ece: float
    error: float
    abstain_below: float
    answered: float
    answered_error: float
    per_class: dict[str, ClassFigures]
    learning_curve: list[Point]
    forecast: Forecast | None
    heads: list[HeadFigures]
    temperature: float
    seed: int
    left_out: LeftOut
    measured_on: int
    finetuned: Finetuned | None


class TrainResult(Figures):
    """The JSON object of `unpool classify train`."""

    out: str
    fitted_to: int
    seconds: float


class Encoder(TypedDict):
    """What the card says of the network that embeds."""

    network: str
    dimension: int


def write_card(path: Path, result: TrainResult, encoder: Encoder, confused: Sequence[Confusion]) -> None:
    """Write the card of a classifier.

    Args:
        path: The file.
        result: The JSON object of `unpool classify train`.
        encoder: The network that embeds.
        confused: The pairs of classes that are taken for each other most.
    """
    parts = [
        _introduction(result, encoder), _quality(result, confused), _abstention(result), _classes(result),
        _curve(result), _use(result),
    ]  # fmt: skip
    write_text(path, "\n\n".join(parts) + "\n")


def describe_quality(result: TrainResult) -> str:
    """Say how good a classifier is, in a sentence."""
    low, high = 100 * result["accuracy_low"], 100 * result["accuracy_high"]
    return (
        f"accuracy {100 * result['accuracy']:.1f} % on images held out "
        f"(95 % interval {low:.1f} to {high:.1f}), {result['images']} images of {result['classes']} classes"
    )


def describe_abstention(result: TrainResult) -> str:
    """Say when a classifier gives no answer, in a sentence."""
    if result["abstain_below"] >= NEVER:
        return f"no answers: too few labels to promise that {100 * result['error']:g} % of them are wrong at most"
    return (
        f"answers {100 * result['answered']:.0f} % of the images, where the probability is at least "
        f"{result['abstain_below']:.3f}; {100 * result['answered_error']:.1f} % of these are expected to be wrong"
    )


def describe_forecast(result: TrainResult) -> str:
    """Say what more labels would bring.

    Empty where there are too few to know.

    >>> describe_forecast({"forecast": {"labels": 150, "accuracy": 0.83, "gain": 0.03}, "images": 100})
    'with 50 more labels about +3 points'
    """
    forecast = result["forecast"]
    if forecast is None:
        return ""
    more = forecast["labels"] - result["images"]
    if forecast["gain"] < MIN_GAIN:
        return f"{more} more labels would hardly help"
    return f"with {more} more labels about +{100 * forecast['gain']:.0f} points"


def _introduction(result: TrainResult, encoder: Encoder) -> str:
    left_out = result["left_out"]
    notes = [
        f"{count} images were left out: {why}."
        for count, why in (
            (left_out["without_vector"], "they have no vector"), (left_out["wrong"], "they are marked as wrong"),
            (left_out["repeated"], "they are copies of others"),
        )
        if count
    ]  # fmt: skip
    if result["fitted_to"] < result["images"]:
        notes.append(f"The head was fitted to {result['fitted_to']:,} of the images, drawn at random.")
    return "\n".join(
        [
            f"# A classifier of {result['classes']} classes",
            "",
            f"Taught by `unpool classify train` on {result['images']:,} labelled images (field `{result['field']}`). "
            f"The network `{encoder['network']}` turns an image into {encoder['dimension']:,} numbers, "
            f"and {HEADS[result['head']]} names them.",
            *notes,
        ]
    )


def _quality(result: TrainResult, confused: Sequence[Confusion]) -> str:
    lines = [
        "## How good",
        "",
        f"{_describe_measurement(result)} They hold for new images as far as these are like the labelled ones.",
        "",
        f"- Accuracy {result['accuracy']:.3f}, 95 % interval {result['accuracy_low']:.3f} to "
        f"{result['accuracy_high']:.3f} (Wilson).",
        f"- Calibration error (ECE, 15 bins) {result['ece']:.3f}, after a temperature of {result['temperature']:.2f}.",
    ]
    if confused:
        pairs = "; ".join(
            f"{_escape(row['label'])} as {_escape(row['answer'])} ({row['images']})" for row in confused
        )
        lines.append(f"- Most often named wrongly: {pairs}. See [{CONFUSION}]({CONFUSION}).")
    if len(result["heads"]) > 1:
        rows = ", ".join(f"{row['head']} {row['log_loss']:.3f}" for row in result["heads"])
        lines.append(f"- Log loss of the heads that were compared: {rows}.")
    return "\n".join(lines)


def _describe_measurement(result: TrainResult) -> str:
    measured, finetuned = f"{result['measured_on']:,} of them", result["finetuned"]
    if finetuned is not None and finetuned["kept"]:
        return (
            f"All figures are of {measured}, which neither network nor head have seen. The network was tuned to the "
            f"others for {finetuned['steps']:,} steps, which changed the accuracy from "
            f"{finetuned['accuracy_before']:.3f} to {finetuned['accuracy_after']:.3f}."
        )
    some = f" on {measured}" if result["measured_on"] < result["images"] else ""
    return f"All figures are of five folds{some}: each image is named by a head that has not seen it."


def _abstention(result: TrainResult) -> str:
    sentence = describe_abstention(result)
    return (
        f"## When it gives no answer\n\n{sentence[0].upper()}{sentence[1:]}. At most {100 * result['error']:g} % were "
        "allowed. It has only the classes below: an image of another kind gets one of them, unless its probability is "
        "too low."
    )


def _classes(result: TrainResult) -> str:
    rows = ["| class | images | precision | recall |", "|---|---|---|---|"]
    for name, row in result["per_class"].items():
        cells = (_cell(row["precision"]), _cell(row["recall"]))
        rows.append(f"| {_escape(name)} | {row['images']} | {' | '.join(cells)} |")
    return "\n".join(["## Classes", "", *rows])


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _escape(name: str) -> str:
    """A name within a line as plain text, whatever is in it."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|" else sign for sign in name)


def _curve(result: TrainResult) -> str:
    if not result["learning_curve"]:
        return "## More labels\n\nWhat they would bring is not measured for a network that was tuned."
    rows = [f"| {point['labels']:,} | {point['accuracy']:.3f} |" for point in result["learning_curve"]]
    sentence = describe_forecast(result)
    lines = ["## More labels", "", "| labels | accuracy |", "|---|---|", *rows]
    return "\n".join([*lines, "", f"{sentence[0].upper()}{sentence[1:]}."] if sentence else lines)


def _use(result: TrainResult) -> str:
    return "\n".join(
        [
            "## How to use it",
            "",
            "```sh",
            "unpool classify predict FOLDER --model . --out answers.csv",
            "```",
            "",
            "Without unpool: `encoder.onnx` turns `pixels` (uint8, images × height × width × channels) into `vector`, "
            "and `classifier.onnx` turns `vector` into `probability`, in the order of `classes` in its metadata. "
            f"Answers with a probability below {result['abstain_below']:g} are to be withheld.",
        ]
    )
