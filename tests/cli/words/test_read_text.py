"""`unpool read-text` and `unpool search --text` as they are typed, on photographs of signs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from support.signs import make_signs
from unpool.cli.main import main
from unpool.core.file_identity import content_digest
from unpool.store.state import write_state
from unpool.store.table import ImageTable
from unpool.workspace import Workspace

pytest.importorskip("rapidocr")


def unpool(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert left.value.code == code, err
    return out, err


def test_signs_are_found_by_what_stands_on_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, table = tmp_path / "signs", ImageTable.create(tmp_path / "w.unpool")
    texts = make_signs(folder)
    table.upsert([{"path": path, "status": "ok", "id": content_digest(folder / path)} for path in texts])
    work = table.work
    write_state(work, images=str(folder))
    message = unpool(capsys, "search", "--work", work, "--text", "exit", code=1)[1]
    assert (
        message
        == f"unpool: no text of {work} has been read yet; run `unpool read-text --work {work}` first\n"
    )

    result = json.loads(unpool(capsys, "read-text", "--work", work, "--json")[0])
    assert result["read"] == result["images"] == 10

    found = {}
    for path, text in texts.items():
        query = text.lower()
        results = json.loads(unpool(capsys, "search", "--work", work, "--text", query, "--json")[0])[
            "results"
        ]
        found[path] = [row["path"] for row in results]
        assert all(set(row) == {"path", "distance", "group", "label", "text"} for row in results)
    assert sum(paths == [path] for path, paths in found.items()) >= 9, found

    out = unpool(capsys, "search", "--work", work, "--text", "bread")[0]
    assert out.splitlines() == ["0.0000  1.jpg  Fresh Bread"]
    assert (
        "give it without an IMAGE"
        in unpool(capsys, "search", "a.jpg", "--work", work, "--text", "x", code=2)[1]
    )
    assert "0 images read" in unpool(capsys, "read-text", "--work", work)[0]

    w = Workspace(work)
    assert len(w.read_text()) == result["with_text"]
    assert w.search(text="面包")["text"].tolist() == ["新鲜面包"]
    w.export(to="csv", out=tmp_path / "table.csv")
    assert "Fresh Bread" in pd.read_csv(tmp_path / "table.csv")["text"].tolist()
