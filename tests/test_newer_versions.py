"""What a newer version wrote is refused in one line, and what it only added is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from unpool import Workspace, load_model
from unpool.cli.main import main
from unpool.errors import UnpoolError
from unpool.store.lance_rows import open_dataset
from unpool.store.state import read_state
from unpool.store.table import ImageTable

STORED = Path(__file__).parent / "fixtures" / "v0.1.0"
COMMANDS = (
    "group --work workspace", "map --work workspace", "check --work workspace", "evaluate --work workspace",
    "search images/disc/000.png --work workspace", "label disc/000.png --work workspace --as x",
    "undo --work workspace", "spread --work workspace", "run images --work workspace --no-open",
    "embed images --work workspace --model ./model", "export --work workspace --to csv --out o.csv",
    "export --work workspace --to html --out o.html", "doctor --work workspace",
)  # fmt: skip
MODEL_COMMANDS = (
    "embed images --work other.unpool --model ./model", "run images --work other.unpool --network ./model --no-open",
    "reconstruct images/disc --model ./model --out o.png", "train images --out ./t --from ./model --steps 1",
)  # fmt: skip
Command = Callable[[str], str]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(shutil.copytree(STORED, tmp_path / "stored"))
    state = root / "workspace" / "unpool.yaml"
    state.write_text(state.read_text("utf-8").replace("/home/somebody", str(root)), "utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def refusal(stored: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that is refused; its line."""

    def command(line: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(line.split())
        assert left.value.code == 1, line
        (said,) = [each for each in capsys.readouterr().err.splitlines() if each.startswith("unpool: ")]
        return said

    return command


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_workspace_of_another_format_is_refused_and_not_touched(stored: Path, refusal: Command) -> None:
    state = stored / "workspace" / "unpool.yaml"
    text = state.read_text("utf-8").replace("unpool: 0.1.0", "unpool: 3.4.0")
    state.write_text(f"format: 2\n{text}", "utf-8")
    before = files(stored / "workspace")
    for line in COMMANDS:
        assert "was written by unpool 3.4.0 in format 2, and this version reads up to format 1" in refusal(
            line
        ), line
    for call in (Workspace("workspace").table, Workspace("workspace").check):
        with pytest.raises(UnpoolError, match=r"unpool 3\.4\.0 in format 2, .*pip install --upgrade unpool"):
            call()
    assert files(stored / "workspace") == before


def test_a_model_of_another_format_is_refused(stored: Path, refusal: Command) -> None:
    for name in ("model", "segmenter"):
        file = stored / name / "model.json"
        described = json.loads(file.read_text("utf-8")) | {"format": 2}
        described["versions"]["unpool"] = "3.4.0"
        file.write_text(json.dumps(described), "utf-8")
    for line in (*MODEL_COMMANDS, "segment predict images/disc --model ./segmenter --out labels"):
        assert "model.json was written by unpool 3.4.0 in format 2" in refusal(line), line
    with pytest.raises(UnpoolError, match=r"reads up to format 1; upgrade it"):
        load_model(stored / "model")


def test_a_table_of_a_newer_lance_is_refused(
    stored: Path, refusal: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lance

    def fail(*_: object, **__: object) -> None:
        raise OSError(
            "LanceError(Not supported): This dataset cannot be read by this version of Lance. Please upgrade Lance to "
            "read this dataset. Flags: 64, /x/rust/feature_flags.rs:55:13"
        )

    before = files(stored / "workspace")
    monkeypatch.setattr(lance, "dataset", fail)
    for line in ("group --work workspace", "doctor --work workspace"):
        assert "newer version of Lance than this one; upgrade it" in refusal(line), line
    assert files(stored / "workspace") == before


def test_what_a_newer_version_only_added_is_read_and_kept(stored: Path) -> None:
    work = stored / "workspace"
    open_dataset(work).add_columns(pa.field("novelty", pa.float32()))
    state = work / "unpool.yaml"
    state.write_text(
        state.read_text("utf-8").replace("unpool: 0.1.0", "unpool: 3.4.0") + "colour: blue\n", "utf-8"
    )
    workspace = Workspace(work)
    workspace.label("disc/002.png", "round")
    workspace.group(method="kmeans", groups=2)
    assert "novelty" in ImageTable(work).stored_columns
    assert read_state(work)["colour"] == "blue"
    assert workspace.table().set_index("path").loc["disc/002.png", "label"] == "round"
