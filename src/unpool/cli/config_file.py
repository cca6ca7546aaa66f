"""`--config FILE`: options as YAML, turned into flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.errors import UsageError

Scalar = str | int | float | bool | None


def with_config(argv: Sequence[str]) -> list[str]:
    """Add the options of the --config file to `argv`.

    Args:
        argv: the command line; its own options win over those of the file.

    Raises:
        UsageError: the file is missing, no YAML, or holds anything but plain options.

    >>> with_config(["run", "photos", "--seed", "1"])
    ['run', 'photos', '--seed', '1']
    """
    path = _value_of("--config", argv)
    if path is None:
        return list(argv)
    typed = {argument.split("=")[0] for argument in argv if argument.startswith("-")}
    added = [
        argument
        for name, value in _read(Path(path)).items()
        if f"--{name}" not in typed and not (name == "k" and "-k" in typed)
        for argument in _arguments(name, value)
    ]
    return [*argv, *added]


def _value_of(option: str, argv: Sequence[str]) -> str | None:
    for position, argument in enumerate(argv):
        if argument == option and position + 1 < len(argv):
            return argv[position + 1]
        if argument.startswith(option + "="):
            return argument.partition("=")[2]
    return None


def _read(path: Path) -> dict[str, Scalar]:
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


def _arguments(name: str, value: Scalar) -> list[str]:
    if value is True:
        return [f"--{name}"]
    if value is False or value is None:
        return []
    if not isinstance(value, str | int | float):
        raise UsageError(f"--config: {name} is {value!r}, but must be one value")
    return [f"--{name}={value}"]
