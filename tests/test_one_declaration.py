"""A column, a problem kind, an export format, a flag, an objective, a network: each declared once.

A process of its own registers one of each before anything else is imported, as a new line in its registry would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

NEW_DECLARATIONS = """
import json, sys
from pathlib import Path

# 1. A column: one entry of store/columns.py.
from unpool.store.columns import COLUMNS, Column
COLUMNS["novelty"] = Column(
    "novelty", "float", "vector", "how new it is", "Novelty", "figure", "novelty", shared=True
)

# 2. A problem kind: one entry of analysis/checks/kinds.py, and the function that finds it.
from unpool.analysis.checks import thresholds
from unpool.analysis.checks.kinds import PROBLEM_KINDS, ProblemKind
def soft(high_N):
    return thresholds.Flagged([0], [0.5], ["soft"], {"sharpness": 1.0})
thresholds.soft = soft
PROBLEM_KINDS["soft"] = ProblemKind(
    "soft", "soft", "Soft", "Soft images.", detect="unpool.analysis.checks.thresholds:soft", measure="novelty"
)

# 3. An export format: one entry of actions/sharing/formats.py, and the function that writes it.
import unpool.actions.sharing.formats as formats
def write_list(request):
    request.out.write_text("\\n".join(request.table.arrow(["path"])["path"].to_pylist()))
    return len(request.table)
formats.write_list = write_list
formats.EXPORT_FORMATS["list"] = formats.ExportFormat(
    "list", "List", "paths", "unpool.actions.sharing.formats:write_list", "text/plain"
)

# 4. A flag: one field of a settings dataclass.
import dataclasses
from typing import Annotated
import unpool.actions.grouping.settings as grouping
from unpool.core.settings import Option
field = ("exaggeration", Annotated[float | None, Option("how far groups are apart", low=1, high=9)], None)
grouping.MapSettings = dataclasses.make_dataclass(
    "MapSettings", [field], bases=(grouping.MapSettings,), frozen=True
)

# 5. An objective: one entry of objectives/catalogue.py, and the file that implements it.
from unpool.objectives.catalogue import OBJECTIVES, ObjectiveSpec
OBJECTIVES["twins"] = ObjectiveSpec(
    "twins", "unpool.objectives.contrastive:Contrast", "two views", compares_codes=True
)

# 6. A network: one entry of networks/catalogue.py, and the function that builds its encoder.
from torch import nn
import unpool.networks.catalogue as catalogue
catalogue.CATALOGUE["tiny"] = catalogue.Entry(
    "two weights", 8, 1, catalogue.UNIT,
    encoder=lambda channels, size, width: nn.Sequential(nn.Conv2d(channels, 2, 3, padding=1), nn.MaxPool2d(2)),
)
"""
SEEN = """
import contextlib, io
import numpy as np

def printed(*argv):
    from unpool.cli.main import main
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        main(list(argv))
    return text.getvalue()

work = Path(sys.argv[1])
from unpool.images.resizing import thumbnail
from unpool.store.table import ImageTable
table = ImageTable.create(work)
small = thumbnail(np.arange(768, dtype=np.uint8).reshape(16, 16, 3), 16)
table.upsert([
    {"path": name, "id": name, "status": "ok", "width": 16, "height": 16, "thumbnail": small, "novelty": 0.5 + at,
     "sharpness": 1.0}
    for at, name in enumerate(["a.png", "b.png", "c.png"])
])
table.reset_vectors(2)
vectors = np.eye(3, 2, dtype=np.float32) + 0.1
table.update(["a.png", "b.png", "c.png"], {"vector": vectors, "novelty": [2.5, 1.5, 0.5]})

from fastapi.testclient import TestClient
from unpool import Workspace
checked = printed("check", "--work", str(work), "--json")
exported = printed("export", "--work", str(work), "--to", "list", "--out", str(work / "list.txt"), "--json")
in_python = str(Workspace(work).export("list", work / "python.txt"))
help_text = printed("export", "--help")
from unpool.viewer.server import create_app
app, token = create_app(work, token="t"), {"x-unpool-token": "t"}
with TestClient(app, base_url="http://127.0.0.1", headers=token) as client:
    collection = client.get("/api/collection").json()
    revision = {"revision": collection["revision"]}
    facts = client.post("/api/rows", json={"rows": [0], **revision}).json()[0]
    order = client.post("/api/select", json={"sort": "novelty", **revision}).content
    soft = client.post("/api/select", json={"problem": "soft", **revision}).content
    download = client.post("/api/export", json={"to": "list", **revision})
    described = client.get("/api/openapi.json").json()["components"]["schemas"]["JobOptions"]["properties"]
    in_page = [
        client.post("/api/jobs", json={"kind": "run", "options": {"folder": "none", "network": name}}).json()["detail"]
        for name in ("tiny", "tinny")
    ]
    wrong = client.post("/api/jobs", json={"kind": "map", "options": {"exaggeration": 10}}).json()["detail"]
import inspect, torch, unpool
trained = work.parent / "model"
printed("train", "digits", "--network", "tiny", "--steps", "1", "--out", str(trained))
from unpool.actions.sharing.static_page import write_static_page
write_static_page(work, work / "page.html")
print(json.dumps({
    "checked": json.loads(checked), "exported": json.loads(exported), "python": in_python, "help": help_text,
    "table": list(Workspace(work).table()), "problems.csv": (work / "problems.csv").read_text(),
    "collection": collection, "facts": facts, "order": np.frombuffer(order, "<u4").tolist(),
    "soft": np.frombuffer(soft, "<u4").tolist(), "download": [download.headers["content-type"], download.text],
    "flag": [
        printed("map", "--help"), "exaggeration" in inspect.signature(Workspace.map).parameters,
        list(described), wrong,
    ],
    "objective": printed("train", "--help"),
    "network": [
        printed("networks", "--json"), printed("networks", "tiny", "--size", "8"),
        list(unpool.build_network("tiny")(torch.zeros(2, 1, 8, 8)).shape),
    ],
    "trained": unpool.load_model(trained).architecture,
    "page's run": in_page,
    "page": "novelty" in (work / "page.html").read_text("utf-8"),
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What terminal, Python, server and page say once all of them are registered."""
    work = tmp_path_factory.mktemp("declared") / "w.unpool"
    command = [sys.executable, "-c", NEW_DECLARATIONS + SEEN, str(work)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_a_column_is_in_table_facts_orders_and_page(seen: dict[str, Any]) -> None:
    meta = seen["collection"]["meta"]
    assert "novelty" in seen["table"]
    assert next(column for column in meta["columns"] if column["name"] == "novelty")["title"] == "Novelty"
    assert {"key": "novelty", "title": "novelty"} in meta["sorts"]
    assert "novelty" in seen["collection"]["columns"]
    assert seen["facts"]["novelty"] == 2.5
    assert seen["order"] == [2, 1, 0]
    assert seen["page"]


def test_a_problem_kind_is_checked_listed_and_filtered(seen: dict[str, Any]) -> None:
    assert seen["checked"]["soft"] == 1
    assert "a.png,soft,soft" in seen["problems.csv"]
    assert seen["collection"]["problems"]["soft"] == 1
    assert seen["collection"]["meta"]["problems"][-1]["title"] == "Soft"
    assert seen["soft"] == [0]
    assert seen["facts"]["problems"] == ["soft"]


def test_an_export_format_is_on_the_command_line_in_python_and_downloaded(seen: dict[str, Any]) -> None:
    assert seen["exported"]["images"] == 3
    assert Path(seen["python"]).read_text() == "a.png\nb.png\nc.png"
    assert "list" in seen["help"]
    assert seen["collection"]["meta"]["formats"][-1]["title"] == "List"
    assert seen["download"] == ["text/plain; charset=utf-8", "a.png\nb.png\nc.png"]


def test_a_flag_is_on_the_command_line_in_python_and_in_the_api(seen: dict[str, Any]) -> None:
    help_text, in_python, in_api, message = seen["flag"]
    assert "--exaggeration" in help_text
    assert in_python
    assert "exaggeration" in in_api
    assert message == "--exaggeration is 10.0, but must be a number from 1 to 9"


def test_an_objective_is_on_the_command_line(seen: dict[str, Any]) -> None:
    assert "twins" in seen["objective"]


def test_a_network_is_on_the_command_line_in_python_and_in_model_folders(seen: dict[str, Any]) -> None:
    listed, layers, shape = seen["network"]
    assert "two weights" in listed
    assert "Conv2d" in layers
    assert shape == [2, 1, 8, 8]
    assert seen["trained"] == "tiny"
    assert "tiny" not in seen["page's run"][0], "the page takes its name as it does any other"
