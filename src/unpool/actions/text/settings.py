"""The options of `unpool read-text`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from unpool.core.settings import Option

AGAIN = Option("read all images again, those too whose text is known")


@dataclass(frozen=True)
class ReadTextSettings:
    """What `unpool read-text` can be set to."""

    again: Annotated[bool, AGAIN] = False
