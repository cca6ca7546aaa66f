"""A decoding process whose HEIF decoder does what the file says: crash, sleep, spin, take memory, or exit.

python fake_decoders.py SECONDS BYTES
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
import types

import numpy as np
from PIL import Image

from unpool.images.isolation import process
from unpool.images.reading import opening

HEAD = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"  # by which a HEIF is known


def fake(word: str) -> bytes:
    """A file that makes the decoder do something."""
    return HEAD + word.encode()


def read_fake(stream: opening.Stream) -> Image.Image:
    stream.seek(len(HEAD))
    match stream.read().decode("utf-8", "replace"):
        case "crash":
            ctypes.string_at(0)
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(600)
        case "spin":
            while True:
                pass
        case "memory":
            kept = []
            while True:
                kept.append(np.ones(32 << 20, np.uint8))
        case "print":
            print("noise", flush=True)
            raise ValueError("printed")
        case word if word.startswith("once "):  # crashes the first time
            try:
                os.close(os.open(word[5:], os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                raise ValueError("second time") from None
            os._exit(9)
    raise ValueError("no such word")


if __name__ == "__main__":
    module = types.ModuleType("fake_heif")
    module.Reader = read_fake  # type: ignore[attr-defined]
    sys.modules["fake_heif"] = module
    opening._READERS["HEIF"] = ("fake_heif", "Reader")
    process.main(sys.argv[1:])
