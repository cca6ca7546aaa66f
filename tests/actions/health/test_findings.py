"""Problems are listed in their order, and counted."""

from pathlib import Path

from unpool.actions.health.findings import Findings


def test_places_are_relative_to_the_workspace(tmp_path: Path) -> None:
    found = Findings(tmp_path)
    found.repaired("lock", tmp_path / "report" / "a.json", "it is cut", "it was removed")
    found.left("images", "/elsewhere", "it is away", "connect it")
    assert found.entries == [
        {"kind": "lock", "what": "it is cut", "where": str(Path("report/a.json")), "repaired": True,
         "remedy": "it was removed"},
        {"kind": "images", "what": "it is away", "where": "/elsewhere", "repaired": False, "remedy": "connect it"},
    ]  # fmt: skip
    assert found.num_left == 1
