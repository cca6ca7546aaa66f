"""The options of verbs that teach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from unpool.core.settings import Option
from unpool.options import OPTIONS
from unpool.store.fields.names import LABEL

NUM_SUGGESTED = Option("number of images to label next", flag="-k", low=1, high=100_000)


@dataclass(frozen=True)
class SuggestSettings:
    """What `unpool suggest` can be set to."""

    k: Annotated[int, NUM_SUGGESTED] = 20
    field: Annotated[str, OPTIONS["field"]] = LABEL
    seed: Annotated[int, OPTIONS["seed"]] = 0
