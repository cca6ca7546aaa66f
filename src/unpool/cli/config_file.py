"""`--config FILE`: the options of a command as YAML, turned into words so that one parser checks both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unpool.errors import UsageError


def with_config(words: Sequence[str]) -> list[str]:
    """The words typed, with those of the file named by --config before them; what is typed wins.

    Raises `UsageError` for a file that is missing, no YAML, or holds anything but plain options.

    >>> with_config(["run", "photos", "--seed", "1"])
    ['run', 'photos', '--seed', '1']
    """
    path = _value_of("--config", words)
    if path is None:
        return list(words)
    typed = {word.split("=")[0] for word in words if word.startswith("-")}
    extra = [
        word
        for name, value in _read(Path(path)).items()
        if f"--{name}" not in typed and not (name == "k" and "-k" in typed)
        for word in _words(name, value)
    ]
    return [*words, *extra]


def _value_of(option: str, words: Sequence[str]) -> str | None:
    for place, word in enumerate(words):
        if word == option and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(option + "="):
            return word.partition("=")[2]
    return None


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        options = yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        raise UsageError(f"--config {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--config {path} cannot be read as YAML: {error}") from None
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise UsageError(f"--config {path} must hold `option: value` lines")
    return {name.replace("_", "-"): value for name, value in options.items()}


def _words(name: str, value: Any) -> list[str]:
    if value is True:
        return [f"--{name}"]
    if value is False or value is None:
        return []
    if not isinstance(value, str | int | float):
        raise UsageError(f"--config: {name} is {value!r}, but must be one value")
    return [f"--{name}={value}"]
