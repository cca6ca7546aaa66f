"""A workspace that is changed from the terminal, the page and Python, and how each of them is spoken to."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from support.edits import groups_csv
from support.states import IMAGES, WORK, embedded, make_base
from unpool import Workspace
from unpool.cli.main import main
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable
from unpool.viewer.server import create_app
from unpool.viewer.worker import call_verb

FACES = ("terminal", "page", "python")
FIELD = "field:choice:kind"  # the column of a field
SHOWN = ("label", "wrong", "group", "probability", "suggestion", "suggestion_confidence", "x", "y", FIELD)
Row = dict[str, Any]
Rows = dict[str, Row]


def make_walked(root: Path) -> Path:
    """Eight images that are embedded, mapped and grouped; nothing is left to undo."""
    make_base(root)
    (root / IMAGES / "broken.png").unlink()
    embedded(root)
    workspace = Workspace(root / WORK)
    workspace.map(method="pca")
    workspace.group(method="kmeans", groups=3)
    shutil.rmtree(root / WORK / "edits")
    return root


def copy_walked(base: Path, root: Path) -> Path:
    """A copy that knows its own images."""
    shutil.copytree(base, root)
    state = root / WORK / "unpool.yaml"
    state.write_text(state.read_text("utf-8").replace(str(base), str(root)), "utf-8")
    return root


def read_rows(work: Path) -> Rows:
    """What people see of each image, after checking that groups.csv says the same."""
    frame = ImageTable(work).frame(["path", "status", *SHOWN])
    frame = frame.astype(object).where(frame.notna(), None).set_index("path")
    rows: Rows = {str(path): row for path, row in frame.to_dict("index").items()}
    grouped = {path: "" if row["group"] is None else str(int(row["group"])) for path, row in rows.items()}
    usable = {path: grouped[path] for path, row in rows.items() if row["status"] == "ok"}
    assert groups_csv(work) == usable
    return rows


class RefusedError(Exception):
    """A command was refused in one line."""


class Faces:
    """The same commands by three ways."""

    def __init__(self, root: Path) -> None:
        self.root, self.work, self.errors = root, root / WORK, ""
        self.python = Workspace(self.work, root / IMAGES)
        app = create_app(self.work, root=root, token="t")
        self._client = TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "t"})
        self._client.__enter__()

    def close(self) -> None:
        self._client.__exit__(None, None, None)

    def terminal(self, *words: object) -> dict[str, Any]:
        """Give a command, and read its JSON."""
        out, err = io.StringIO(), io.StringIO()
        line = [*map(str, words), "--work", str(self.work), "--json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(line)
            except SystemExit as end:
                if end.code:
                    last = err.getvalue().strip().splitlines()[-1]
                    assert "fault of unpool" not in last, last
                    raise RefusedError(last) from None
        self.errors = err.getvalue()
        result: dict[str, Any] = json.loads(out.getvalue())
        return result

    def edit(self, action: str, paths: list[str] | None = None, **values: Any) -> dict[str, Any]:
        """Send an edit as the page does."""
        collection = self._client.get("/api/collection").json()
        revision = collection["revision"]
        if paths is not None:
            body = {"revision": revision, "rows": list(range(collection["images"]))}
            facts = self._client.post("/api/rows", json=body).json()
            row_of = {fact["path"]: fact["row"] for fact in facts}
            values["rows"] = [row_of[path] for path in paths]
        reply = self._client.post("/api/edit", json={"revision": revision, "action": action, **values})
        if reply.status_code != 200:
            assert reply.status_code in (409, 422), reply.text
            raise RefusedError(str(reply.json()["detail"]))
        result: dict[str, Any] = reply.json()
        return result

    def job(self, kind: str, /, **values: Any) -> dict[str, Any]:
        """Do a job of the page, in this process."""
        arguments = {"work": str(self.work), **values}
        if kind == "run":
            arguments["folder"] = str(self.root / IMAGES)
        with refusing():
            return call_verb(kind, arguments, Progress())

    def call(self, method: Callable[..., Any], /, *args: Any, **values: Any) -> Any:
        """Call a method in Python."""
        with refusing():
            return method(*args, **values)

    def step(self, face: str, action: str) -> str:
        """Undo or redo, and what that says."""
        if face == "terminal":
            return str(self.terminal(action)["undone" if action == "undo" else "redone"])
        if face == "page":
            return str(self.edit(action)["message"])
        return str(self.call(getattr(self.python, action)))


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    try:
        yield
    except UnpoolError as error:
        raise RefusedError(str(error)) from error


def add_image(root: Path, number: int) -> str:
    """Put a new image into the folder; its path."""
    from PIL import Image

    path = "ab"[number % 2] + f"/new-{number}.png"
    pixels = np.random.default_rng(1000 + number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / IMAGES / path)
    return path
