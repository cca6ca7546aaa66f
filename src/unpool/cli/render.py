"""Results as people read them on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def catalogue(told: dict[str, Any]) -> str:
    """The networks, one a line."""
    rows = [f"{row['network']:<20}{row['size']:>4} px  {row['description']}" for row in told["networks"]]
    return "\n".join([*rows, "Any timm or torchvision name works as a backbone too."])


def layers(told: dict[str, Any]) -> str:
    """The layer table of one network."""
    rows = [f"{'layer':<28}{'type':<20}{'output':<22}{'parameters':>12}"]
    for layer in told["layers"]:
        shape = "×".join(str(n) for n in layer["output"])
        rows.append(f"{layer['name']:<28}{layer['type']:<20}{shape:<22}{layer['parameters']:>12,}")
    rows.append(f"{told['parameters']:,} parameters, {told['trainable']:,} trainable")
    rows.append(
        f"input {told['input_mb']:.2f} MB, activations {told['activations_mb']:.2f} MB, "
        f"parameters {told['parameters_mb']:.2f} MB"
    )
    return literal("\n".join(rows))


def trained(told: dict[str, Any]) -> str:
    """What `unpool train` came to."""
    words = [f"{told['network']}, {told['parameters']:,} parameters, {told['epochs']} epochs"]
    names = {"train_loss": "training loss", "val_loss": "validation loss", "val_accuracy": "accuracy"}
    words += [f"{name} {told[key]:.4f}" for key, name in names.items() if told[key] is not None]
    return literal(f"{', '.join(words)}\nmodel: {told['out']}")


def literal(text: str) -> str:
    """Text that str.format gives back as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def short(value: Any) -> str:
    """A number with three decimals, a dash for what is missing.

    >>> short(0.12345), short(None), short(3)
    ('0.123', '–', '3')
    """
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def trained_segmenter(told: dict[str, Any]) -> str:
    """What `unpool segment train` came to."""
    words = [f"{told['network']}, {told['parameters']:,} parameters, {told['steps']} steps"]
    if told["val_miou"] is not None:
        words.append(f"mean IoU {told['val_miou']:.4f} on validation images (epoch {told['best_epoch']})")
    lines = [f"{name:>20}  {short(value)}" for name, value in (told["iou"] or {}).items()]
    end = f"model: {told['out']}\nreport: {told['out']}/report/index.html"
    return literal("\n".join([", ".join(words), *lines, end]))


def segmented(told: dict[str, Any], number: Callable[[Any], str]) -> str:
    """What `unpool segment evaluate` came to."""
    names = ("images", "pixel_accuracy", "mean_accuracy", "mean_iou")
    rows = [(name.replace("_", " "), told[name]) for name in names] + list(told["iou"].items())
    return "\n".join(f"{name:>20}  {number(value)}" for name, value in rows)
