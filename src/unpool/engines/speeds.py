"""Images a second of each network on this machine.

They are kept once per user.

What was measured on another machine, or with other cores, does not count.
"""

from __future__ import annotations

import contextlib
import json
import platform
from pathlib import Path

from unpool.core.atomic_files import write_json
from unpool.core.cpu import usable_cores
from unpool.core.user_cache import SPEEDS, cache_folder
from unpool.training.model_file import describe_model

MIN_IMAGES = 32  # fewer say little
FILE = "images_per_second.json"


def keep_speed(network: str, device: str, rate: float, num_images: int) -> None:
    """Keep how many images a second were embedded.

    Args:
        network: Its name as a user types it.
        device: Where it ran, such as "cpu".
        rate: Images a second, decoding included.
        num_images: How many they were; a few say nothing, and are not kept.
    """
    if num_images < MIN_IMAGES or rate <= 0:
        return
    with contextlib.suppress(OSError):  # no room, or nowhere to write: it is measured another time
        path = _path()
        path.parent.mkdir(exist_ok=True)
        write_json(path, _read() | {_key(network, device): round(rate, 1)})


def keep_speed_of(folder: Path, device: str, num_images: int, seconds: float) -> None:
    """Keep how fast a model of published weights has embedded.

    Args:
        folder: The model folder; one that was trained here has a size and a name of its own.
        device: Where it ran.
        num_images: How many were embedded.
        seconds: From the first file opened to the last row written.
    """
    described = describe_model(folder)
    if described.get("training") is None:
        keep_speed(str(described["network"]), device, num_images / max(1e-9, seconds), num_images)


def read_speed(network: str, device: str = "cpu") -> float | None:
    """Return how many images a second were embedded here.

    None where it was not measured.

    Args:
        network: Its name as a user types it.
        device: Where it runs.
    """
    return _read().get(_key(network, device))


def _path() -> Path:
    return cache_folder() / SPEEDS / FILE


def _key(network: str, device: str) -> str:
    return f"{network} on {device} of {platform.node()}, {usable_cores()} cores"


def _read() -> dict[str, float]:
    try:
        stored = json.loads(_path().read_text("utf-8"))
        return {str(key): float(value) for key, value in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
