"""Damaged files are kept beside each other."""

from pathlib import Path

from unpool.store.rescue.put_aside import DAMAGED, put_aside


def test_files_and_folders_are_kept_under_their_names(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "a.json").write_text(str(number))
        (tmp_path / "unpool.yaml").write_text(str(number))
        put_aside(tmp_path, tmp_path / "model" / "a.json")
        put_aside(tmp_path, tmp_path / "unpool.yaml")
        put_aside(tmp_path, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / DAMAGED).iterdir()) == [
        "model", "model-a.json", "model-a.json.2", "model.2", "unpool.yaml", "unpool.yaml.2",
    ]  # fmt: skip
    assert (tmp_path / DAMAGED / "unpool.yaml").read_text() == "0"
