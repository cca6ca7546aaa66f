"""Every command, method and request answers, or says in a line why not, whatever state the workspace is in."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import states
from support.states import IMAGES, MODEL, STATES, WORK
from unpool import UnpoolError, Workspace
from unpool.cli.main import main

CHEAP = (
    "check --work w.unpool", "search a/0.png --work w.unpool", "search images/a/0.png --work w.unpool",
    "evaluate --work w.unpool --labels folders", "export --work w.unpool --to csv --out o.csv",
    "export --work w.unpool --to folders --out o", "label a/0.png --work w.unpool --as x",
    "label --group 0 --work w.unpool --wrong", "label a/0.png --none --work w.unpool", "spread --work w.unpool",
    "undo --work w.unpool",
)  # fmt: skip
OTHERS = (
    "run images --work w.unpool --no-open --steps 1", "embed images --model model --work w.unpool",
    "embed images --model w.unpool/model --work w.unpool", "group --work w.unpool",
    "group --work w.unpool --method kmeans --groups 2", "group --work w.unpool --merge 1",
    "group --work w.unpool --split 0", "map --work w.unpool --method pca", "map --work w.unpool --labels folders",
    "export --work w.unpool --to parquet --out o.parquet", "export --work w.unpool --to html --out o.html",
    "reconstruct images --model w.unpool/model --out r.png",
)  # fmt: skip
METHODS: dict[str, Callable[[Workspace], Any]] = {
    "table": lambda w: w.table(),
    "columns": lambda w: w.table(["path", "group", "vector"]),
    "search": lambda w: w.search("a/0.png", k=3),
    "check": lambda w: w.check(),
    "evaluate": lambda w: w.evaluate(),
    "label": lambda w: w.label("a/0.png", "x"),
    "mark": lambda w: w.mark(["a/0.png"]),
    "move": lambda w: w.move("a/0.png", 1),
    "merge": lambda w: w.merge([0, 1]),
    "split": lambda w: w.split(0),
    "accept": lambda w: w.accept("a/2.png"),
    "reject": lambda w: w.reject("a/2.png"),
    "spread": lambda w: w.spread(),
    "undo": lambda w: w.undo(),
    "export": lambda w: w.export("csv", "o.csv"),
    "repr": repr,
}
REQUESTS: dict[str, dict[str, Any]] = {
    "edit": {"action": "label", "rows": [0], "label": "x"},
    "edit 2": {"action": "move", "rows": [0], "group": 0},
    "edit 3": {"action": "mark", "rows": [0], "wrong": True},
    "edit 4": {"action": "merge", "groups": [0, 1]},
    "edit 5": {"action": "split", "group": 0},
    "edit 6": {"action": "accept", "rows": [0]},
    "edit 7": {"action": "undo"},
    "export": {"to": "csv"},
    "export/folders": {"name": "sorted"},
    "rows": {"rows": [0]},
    "select": {},
}
# States in the quick tests; the slow ones enter all.
QUICK = {"no workspace", "only skipped files", "embedded", "emptied", "folder gone", "half a model", "a state of bytes",
         "half a manifest", "a table without data"}  # fmt: skip
EACH = [state if state in QUICK else pytest.param(state, marks=pytest.mark.slow) for state in STATES]


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each stage that states start from; they are copied to `place` before use."""
    base = tmp_path_factory.mktemp("states")
    place = base / "place"
    place.mkdir()
    states.make_base(place)
    found = {}
    for name in ("embedded", "grouped", "finished"):
        getattr(states, name)(place)
        found[name] = Path(shutil.copytree(place, base / name))
    return found | {"place": place}


@pytest.fixture
def enter(stages: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put the folder into a state, at the same place each time, since workspaces know where their images are."""

    def prepare(name: str) -> Path:
        stage, change = STATES[name]
        place = stages["place"]
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(stages[stage], place)
        monkeypatch.chdir(place)
        change(place)
        return place

    return prepare


def answer(line: str) -> str:
    """Run a command; what is wrong with its answer, nothing where that is well."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([*line.split(), "--json"])
    last = (err.getvalue().strip().splitlines() or [""])[-1]
    if left.value.code == 0:
        with contextlib.suppress(ValueError):
            return "" if isinstance(json.loads(out.getvalue(), parse_constant=_refuse), dict) else "no object"
        return f"{line}: no JSON: {out.getvalue()[:200]}"
    is_line = last.startswith("unpool: ") and "fault of unpool" not in last and len(last) < 500
    return "" if left.value.code in (1, 2) and is_line and not out.getvalue() else f"{line}: {last}"


def _refuse(name: str) -> None:
    raise ValueError(name)


@contextlib.contextmanager
def strict() -> Iterator[None]:
    """Warnings of numeric libraries are faults: nobody who runs a command can act on them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        yield


@pytest.mark.parametrize("state", EACH)
def test_commands_one_after_the_other(state: str, enter: Callable[[str], Path]) -> None:
    enter(state)
    with strict():
        assert [wrong for line in CHEAP if (wrong := answer(line))] == []


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_each_command_first(state: str, enter: Callable[[str], Path]) -> None:
    found = []
    for line in (*CHEAP, *OTHERS):
        enter(state)
        with strict():
            found.append(answer(line))
    assert [wrong for wrong in found if wrong] == []


@pytest.mark.parametrize("state", EACH)
def test_methods_raise_nothing_but_errors_of_ours(state: str, enter: Callable[[str], Path]) -> None:
    place = enter(state)
    wrong = []
    for name, call in METHODS.items():
        try:
            with strict():
                call(Workspace(place / WORK))
        except (UnpoolError, OSError):
            continue
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
    assert wrong == []


@pytest.mark.parametrize("state", EACH)
def test_requests_of_the_page_are_answered(state: str, enter: Callable[[str], Path]) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    place = enter(state)
    try:
        app = create_app(place / WORK, root=place, token="t")
    except (UnpoolError, OSError):
        return  # `unpool view` says so in a line
    with testclient.TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "t"}) as client:
        for name, body in REQUESTS.items():
            collection = client.get("/api/collection")
            assert collection.status_code == 200, collection.text
            revision = collection.json()["revision"]
            reply = client.post(f"/api/{name.split()[0]}", json={"revision": revision, **body})
            assert reply.status_code in (200, 409, 422), (name, reply.text)
            assert reply.status_code == 200 or reply.json()["detail"], name


def test_the_states_differ_from_the_one_that_is_well(stages: dict[str, Path]) -> None:
    assert {stage for stage, _ in STATES.values()} == {"embedded", "grouped", "finished"}
    assert (stages["finished"] / WORK / "report" / "quality.json").is_file()
    assert (stages["finished"] / MODEL / "model.json").is_file()
    assert len(list((stages["finished"] / IMAGES).rglob("*.png"))) == 9


@pytest.mark.parametrize("name", METHODS)
def test_where_all_is_well_a_method_does_its_work(name: str, enter: Callable[[str], Path]) -> None:
    METHODS[name](Workspace(enter("finished") / WORK))


@pytest.mark.parametrize("name", REQUESTS)
def test_where_all_is_well_a_request_is_granted(name: str, enter: Callable[[str], Path]) -> None:
    testclient = pytest.importorskip("fastapi.testclient")
    from unpool.viewer.server import create_app

    place = enter("finished")
    app = create_app(place / WORK, root=place, token="t")
    with testclient.TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "t"}) as client:
        revision = client.get("/api/collection").json()["revision"]
        reply = client.post(f"/api/{name.split()[0]}", json={"revision": revision, **REQUESTS[name]})
        assert reply.status_code == 200, reply.text
