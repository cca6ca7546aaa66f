"""The page searches by what is typed, and learns why it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.plain_words import PATHS, PlainText, give_text_side, make_workspace
from support.viewer_constants import ORIGIN, TOKEN
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w.unpool")


@pytest.fixture
def side(work: Path, monkeypatch: pytest.MonkeyPatch) -> PlainText:
    return give_text_side(monkeypatch, work)


@pytest.fixture
def client(work: Path) -> Iterator[Any]:
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    app = create_app(work, root=work.parent, token=TOKEN)
    with testclient.TestClient(app, base_url=ORIGIN, headers={"x-unpool-token": TOKEN}) as client:
        yield client


def ask(client: Any, text: str, expect: int = 200, **others: object) -> Any:
    answer = client.post("/api/search/words", json={"revision": 1, "text": text, **others})
    assert answer.status_code == expect, answer.text
    return answer.json()


def test_what_is_typed_finds_rows(side: PlainText, client: Any) -> None:
    found = ask(client, "red -circle", k=2)
    assert (found["words"], found["without"], found["note"]) == (["red"], ["circle"], "")
    assert PATHS[found["near"][0]["row"]] == "red square.png"
    assert len(found["near"]) == 2
    assert found["near"][0]["distance"] < found["near"][1]["distance"]


def test_an_image_can_be_part_of_it(side: PlainText, client: Any) -> None:
    found = ask(client, "red", row=PATHS.index("blue circle.png"), k=4)
    assert PATHS[found["near"][0]["row"]] == "red circle.png"
    assert PATHS.index("blue circle.png") not in [each["row"] for each in found["near"]]


def test_blanks_find_nothing_and_make_ready(side: PlainText, client: Any) -> None:
    assert ask(client, " - ") == {"words": [], "without": [], "near": [], "note": ""}


def test_a_repeated_text_is_not_embedded_again(side: PlainText, client: Any) -> None:
    for text in ("red", "red circle", "red"):
        ask(client, text)
    assert side.embedded == ["red", "red circle"]


def test_the_collection_says_that_words_work(side: PlainText, client: Any) -> None:
    assert client.get("/api/collection").json()["words"] == {"ready": True, "message": ""}


def test_the_collection_says_why_they_do_not(client: Any) -> None:
    state = client.get("/api/collection").json()["words"]
    assert state["ready"] is False
    assert "no text side; embed with a model that has one" in state["message"]
    assert ask(client, "red", expect=422)["detail"] == state["message"]


def test_rows_of_another_revision_are_refused(side: PlainText, client: Any) -> None:
    assert client.post("/api/search/words", json={"revision": 7, "text": "red"}).status_code == 409
    ask(client, "red", expect=422, row=99)


def test_images_with_these_words_in_them_come_first(side: PlainText, work: Path, client: Any) -> None:
    table = ImageTable(work)
    rows = table.frame(["path", "id"])
    texts = ["red" if path == "blue circle.png" else "" for path in rows["path"]]
    table.update(PATHS, {"id": PATHS})
    table.update(list(rows["path"]), {"text": texts, "text_id": list(rows["path"])})
    found = ask(client, "red", k=3)
    assert PATHS[found["near"][0]["row"]] == "blue circle.png"
    assert len({each["row"] for each in found["near"]}) == len(found["near"]) == 3
    assert found["note"] == "1 with these words in the image come first"


def test_words_that_were_misread_come_no_earlier(side: PlainText, work: Path, client: Any) -> None:
    texts = ["cirkle" if path == "red square.png" else "" for path in PATHS]
    ImageTable(work).update(PATHS, {"id": PATHS, "text": texts, "text_id": PATHS})
    found = ask(client, "circle", k=1)
    assert PATHS[found["near"][0]["row"]] != "red square.png"
    assert found["note"] == ""


def test_without_a_model_that_reads_words_the_text_is_searched(work: Path, client: Any) -> None:
    table = ImageTable(work)
    table.update(PATHS, {"id": PATHS, "text": ["Exit", *[""] * (len(PATHS) - 1)], "text_id": PATHS})
    found = ask(client, "exit", k=3)
    assert [each["row"] for each in found["near"]] == [0]
    assert found["note"].startswith("no model here reads words")
