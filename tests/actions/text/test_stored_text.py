"""Text of files that have changed is forgotten, that of others stays."""

from __future__ import annotations

from pathlib import Path

from unpool.actions.text.stored_text import count_with_text, forget_old_text
from unpool.store.table import ImageTable


def test_text_of_a_changed_or_unusable_file_is_forgotten(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    texts = {"same": ("1", "1", "exit"), "changed": ("2", "1", "old"), "gone": (None, "1", "old"),
             "none": ("1", "1", ""), "unread": ("1", None, None)}  # fmt: skip
    table.upsert(
        [
            {"path": path, "status": "ok", "id": own, "text_id": read, "text": text}
            for path, (own, read, text) in texts.items()
        ]
    )
    assert count_with_text(table) == 1
    assert forget_old_text(table) == 2
    rows = table.frame(["path", "text", "text_id"]).set_index("path")
    assert rows["text"].dropna().to_dict() == {"same": "exit", "none": ""}
    assert set(rows["text_id"].dropna().index) == {"same", "none"}
    assert forget_old_text(table) == 0
