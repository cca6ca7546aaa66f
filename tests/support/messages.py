"""Progress that keeps what is said to people."""

from __future__ import annotations

from unpool.core.progress import Progress


class Messages(Progress):
    """Keeps its messages in `texts`."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def message(self, text: str) -> None:
        self.texts.append(text)
