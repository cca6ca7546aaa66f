"""Results as people read them on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# By key of a row: the head of its column, and how it is aligned.
_CATALOGUE_COLUMNS = {
    "network": ("network", "<40"), "size": ("px", ">4"), "dimension": ("dimension", ">9"), "megabytes": ("MB", ">5"),
    "images_per_second": ("images/s", ">8"), "licence": ("licence", "<10"), "text": ("words", "<5"),
    "needs": ("needs", "<13"),
}  # fmt: skip
MAX_TEXT = 80  # signs of an image's text that stand beside its path
_CATALOGUE_NOTE = (
    "Any name of timm, torchvision or OpenCLIP works too, an ONNX file, and module:function. MB: of the weights, which "
    "are downloaded once where `needs` says so, and are here otherwise. images/s: measured on this machine, by "
    "embedding or by --measure NETWORK."
)


def format_catalogue(result: Mapping[str, Any]) -> str:
    """List the networks, one a line."""
    rows = [" ".join(f"{head:{form}}" for head, form in _CATALOGUE_COLUMNS.values()) + " description"]
    for row in result["networks"]:
        cells = {**row, "text": "yes" if row.get("text") else "no", "needs": row.get("needs") or "nothing"}
        shown = [
            f"{'' if cells.get(key) is None else cells[key]!s:{form}}"
            for key, (_, form) in _CATALOGUE_COLUMNS.items()
        ]
        rows.append(" ".join([*shown, row["description"]]))
    return "\n".join([*rows, _CATALOGUE_NOTE])


def format_layers(result: Mapping[str, Any]) -> str:
    """Draw the layer table of one network."""
    rows = [f"{'layer':<28}{'type':<20}{'output':<22}{'parameters':>12}"]
    for layer in result["layers"]:
        shape = "×".join(str(n) for n in layer["output"])
        rows.append(f"{layer['name']:<28}{layer['type']:<20}{shape:<22}{layer['parameters']:>12,}")
    rows.append(f"{result['parameters']:,} parameters, {result['trainable']:,} trainable")
    rows.append(
        f"input {result['input_mb']:.2f} MB, activations {result['activations_mb']:.2f} MB, "
        f"parameters {result['parameters_mb']:.2f} MB"
    )
    return "\n".join(rows)


def format_training(result: Mapping[str, Any]) -> str:
    """Summarise the result of `unpool train`."""
    parts = [f"{result['network']}, {result['parameters']:,} parameters, {result['epochs']} epochs"]
    names = {"train_loss": "training loss", "val_loss": "validation loss", "val_accuracy": "accuracy"}
    parts += [f"{name} {result[key]:.4f}" for key, name in names.items() if result[key] is not None]
    return f"{', '.join(parts)}\nmodel: {result['out']}"


def format_segmenter_training(result: Mapping[str, Any]) -> str:
    """Summarise the result of `unpool segment train`."""
    parts = [f"{result['network']}, {result['parameters']:,} parameters, {result['steps']} steps"]
    if result["val_miou"] is not None:
        parts.append(f"mean IoU {result['val_miou']:.4f} on validation images (epoch {result['best_epoch']})")
    if result.get("val_miou_cv") is not None:
        parts.append(
            f"mean IoU {result['val_miou_cv']:.4f} by cross-validation ({result['folds']} trainings of "
            f"{result['fold_steps']} steps on parts of the pairs; the model itself saw them all)"
        )
    parts += _ignored(result)
    figures = format_figures(result["iou"] or result.get("iou_cv") or {}, width=20)
    end = f"model: {result['out']}\nreport: {result['out']}/report/index.html"
    return "\n".join(line for line in (", ".join(parts), figures, end) if line)


def format_segmentation_quality(result: Mapping[str, Any]) -> str:
    """Summarise the result of `unpool segment evaluate`."""
    names = ("images", "pixel_accuracy", "mean_accuracy", "mean_iou")
    figures = {name.replace("_", " "): result[name] for name in names} | result["iou"]
    return "\n".join([format_figures(figures, width=20), *_ignored(result)])


def format_inspector(result: Mapping[str, Any]) -> str:
    """Say what `unpool inspect train` learnt.

    Its notes are among the messages on standard error.
    """
    return "\n".join(
        [
            f"{result['out']}: {result['method']}, learnt from {result['images']:,} good images in "
            f"{result['seconds']:.0f} s",
            f"a score above {result['threshold']:.3f} is not good (requested: {result['false_alarms']:.1%} of false "
            "alarms)",
        ]
    )


def format_added(result: Mapping[str, Any]) -> str:
    """Say what `unpool inspect train --more` added."""
    before, still = (
        f"{result['not_good']:,} of them had been called not good",
        f"{result['still_not_good']:,} still are",
    )
    added = f"{result['images']:,} good images added in {result['seconds']:.1f} s; {before}, {still}"
    if not result["images"]:
        added = "nothing is to add"
    known = f"; {result['known']:,} are known to it already" if result["known"] else ""
    former = (
        f", before above {result['old_threshold']:.3f}"
        if result["threshold"] != result["old_threshold"]
        else ""
    )
    return "\n".join(
        [
            f"{result['out']}: {added}{known}",
            f"a score above {result['threshold']:.3f} is not good{former}",
        ]
    )


def format_judged(result: Mapping[str, Any]) -> str:
    """Say what `unpool inspect judge` did.

    >>> print(format_judged({"message": "called 1 image good; the threshold is 2, it was 1", "more": 0, "fewer": 3,
    ...                      "alarms": {"rate": 0.02, "low": 0.01, "high": 0.05, "images": 300}}))
    called 1 image good; the threshold is 2, it was 1
    0 more images are not good because of it, 3 no longer
    of the model's 300 good images 2.0 % are above it (95 % interval 1.0 to 5.0 %)
    >>> format_judged({"message": "called 1 image good"})
    'called 1 image good'
    """
    lines = [result["message"]]
    if "added" in result:
        before, now = result["old_not_good"], result["not_good"]
        lines += [
            f"{result['still_not_good']:,} of {result['added']:,} are still called not good by their score",
            f"{now:,} images are not good, {before:,} were; a score above {result['threshold']:.4g} is, it was "
            f"{result['old_threshold']:.4g}",
        ]
    elif "more" in result:
        lines.append(
            f"{result['more']:,} more images are not good because of it, {result['fewer']:,} no longer"
        )
        if (alarms := result["alarms"]) is not None:
            rate, low, high = (f"{100 * alarms[name]:.1f}" for name in ("rate", "low", "high"))
            interval = f"(95 % interval {low} to {high} %)"
            lines.append(f"of the model's {alarms['images']:,} good images {rate} % are above it {interval}")
    return "\n".join(lines)


def format_verdicts(result: Mapping[str, Any]) -> str:
    """Summarise the result of `unpool inspect predict`.

    >>> print(format_verdicts({"images": 9, "bad": 2, "skipped": 1, "threshold": 0.75, "predicted": 3,
    ...                        "images_per_second": 12.5, "scores": "out/scores.csv"}))
    2 of 9 images are not good (score above 0.75), 1 cannot be read
    3 inspected now, 12.5 a second; out/scores.csv
    """
    counts = (
        f"{result['bad']:,} of {result['images']:,} images are not good (score above {result['threshold']:g})"
    )
    skipped = f", {result['skipped']:,} cannot be read" if result["skipped"] else ""
    rate = f", {result['images_per_second']:g} a second" if result["images_per_second"] else ""
    return f"{counts}{skipped}\n{result['predicted']:,} inspected now{rate}; {result['scores']}"


def format_inspection_quality(result: Mapping[str, Any]) -> str:
    """Summarise the result of `unpool inspect evaluate`."""
    names = {
        "image_auroc": "image AUROC", "image_ap": "average precision", "f1": "F1 at threshold", "best_f1": "best F1",
        "pixel_auroc": "pixel AUROC", "aupro": "AUPRO to 0.3",
    }  # fmt: skip
    lines = [
        f"{result['images']} images, {result['good']} good and {result['bad']} not, {result['skipped']} skipped",
        format_figures({name: result[key] for key, name in names.items()}, width=20),
    ]
    if result["false_alarm_interval"] is not None:
        low, high = (100 * end for end in result["false_alarm_interval"])
        target = result["false_alarms"]
        lines.append(
            f"{100 * result['false_alarm_rate']:.3g} % of the good images are called not good (95 % interval {low:.2g} "
            f"to {high:.2g} %{'' if target is None else f'; the threshold was set for {100 * target:.3g} %'})"
        )
    if result["recall"] is not None:
        lines.append(f"{100 * result['recall']:.3g} % of the others are found")
    for kind, auroc in result["per_kind"].items():
        counts = result["kinds"][kind]
        lines.append(f"{kind:>20}  {short(auroc)}  {counts['found']} of {counts['images']} found")
    lines += [f"written: {path}" for path in result["files"]]
    return "\n".join(lines)


def _ignored(result: Mapping[str, Any]) -> list[str]:
    """The pixels that are no class, where there are any; models of earlier versions do not say it."""
    if not result.get("ignored"):
        return []
    return [f"{result['ignored']:,} pixels ({100 * result['ignored_share']:.3g} %) ignored"]


def format_figures(figures: Mapping[str, object], *, width: int) -> str:
    """Write one figure a line, names right-aligned to `width`.

    >>> format_figures({"images": 3, "purity": 0.5}, width=8)
    '  images  3\\n  purity  0.500'
    """
    return "\n".join(f"{name:>{width}}  {short(value)}" for name, value in figures.items())


def format_labels(result: Mapping[str, Any]) -> str:
    """List labels with their images, then fields.

    >>> format_labels({"images": 9, "labelled": 5, "suggested": 1, "fields": [],
    ...                "labels": [{"name": "hat", "images": 5, "suggested": 1}]})
    'hat  5 images, suggested for 1\\n5 of 9 images have a label, 1 has a suggestion'
    """
    width = max((len(row["name"]) for row in (*result["labels"], *result["fields"])), default=0)
    lines = [
        f"{row['name']:<{width}}  {row['images']:,} images"
        + (f", suggested for {row['suggested']:,}" if row["suggested"] else "")
        for row in result["labels"]
    ]
    suggested = result["suggested"]
    lines.append(
        f"{result['labelled']:,} of {result['images']:,} images have a label"
        + (f", {suggested:,} {'has' if suggested == 1 else 'have'} a suggestion" if suggested else "")
    )
    lines += [f"{row['name']:<{width}}  {row['images']:,} images, {row['kind']}" for row in result["fields"]]
    return "\n".join(lines)


def format_found(results: Sequence[Mapping[str, Any]]) -> str:
    """List found images, one a line.

    >>> format_found([{"path": "a.png", "distance": 0.5, "group": 3, "label": "hat"}])
    '0.5000  group 3  hat  a.png'
    """
    names = [_group_name(row["group"]) for row in results]
    labels = [row["label"] or "" for row in results]
    group_width, label_width = (max(map(len, each), default=0) for each in (names, labels))
    cells = [
        (
            f"{row['distance']:.4f}",
            name.ljust(group_width),
            label.ljust(label_width),
            row["path"],
            _text_of(row),
        )
        for row, name, label in zip(results, names, labels, strict=True)
    ]
    return "\n".join("  ".join(cell for cell in row if cell) for row in cells)


def _text_of(row: Mapping[str, Any]) -> str:
    text = " ".join((row.get("text") or "").split())
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _group_name(group: int | None) -> str:
    return "" if group is None else "no group" if group < 0 else f"group {group}"


def short(value: object) -> str:
    """Write a number with three decimals, or a dash.

    >>> short(0.12345), short(None), short(3)
    ('0.123', '–', '3')
    """
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def format_group_names(result: Mapping[str, Any]) -> list[str]:
    """Write the names that `unpool group --names` found, a line each.

    >>> format_group_names({"names": [{"group": 0, "name": "hat", "others": ["cap"]}]})
    ['group 0: hat (cap)']
    """
    return [
        f"group {each['group']}: {each['name'] or 'no name'} ({', '.join(each['others'])})"
        for each in result.get("names", [])
    ]
