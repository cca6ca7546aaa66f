"""Results as people read them on a terminal."""

from __future__ import annotations

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
