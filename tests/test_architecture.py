"""Data flows one way: a file imports only from files above its own in docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "unpool"
MAX_FILES_PER_FOLDER = 15
LOOSE = {"__init__.py", "__main__.py", "errors.py", "options.py", "workspace.py"}


def read_order(text: str) -> list[str]:
    """The modules in the order of the list: each line a folder, then its files."""
    block = text.split("```text\n")[1].split("```")[0]
    order = []
    for line in block.splitlines():
        folder, _, rest = line.rpartition("/")
        prefix = folder.strip().replace("/", ".").strip(".")
        order += [f"{prefix}.{stem}".removeprefix(".") for stem in rest.split()]
    return order


ORDER = read_order((ROOT / "docs" / "architecture.md").read_text("utf-8"))
RANK = {name: position for position, name in enumerate(ORDER)}


def name_of(file: Path) -> str:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(file): file for file in sorted(SOURCE.rglob("*.py")) if file != SOURCE / "__init__.py"}
LISTED = {name: file for name, file in FILES.items() if file.name != "__init__.py"}


def imported(text: str) -> set[str]:
    """The modules of ours that a file imports; `from package import module` is that module."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("unpool.") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unpool"):
            base = str(node.module).removeprefix("unpool").removeprefix(".")
            inside = {f"{base}.{alias.name}".removeprefix(".") for alias in node.names}
            found |= (inside & set(FILES)) or {base}
        assert not (isinstance(node, ast.ImportFrom) and node.level), "imports are absolute"
    return found & set(FILES)


def lowest(module: str) -> int:
    """The rank of a module; of a package, that of the last file inside it that its `__init__` imports."""
    if module in RANK:
        return RANK[module]
    return max((lowest(name) for name in imported(FILES[module].read_text("utf-8"))), default=-1)


def backward(module: str, text: str) -> list[str]:
    """Imports of `module` that point at itself or at a file below it in the list."""
    return [name for name in imported(text) if lowest(name) >= RANK[module]]


@pytest.mark.parametrize("module", LISTED)
def test_imports_point_up(module: str) -> None:
    assert backward(module, LISTED[module].read_text("utf-8")) == []


def test_every_file_is_listed_once() -> None:
    assert sorted(ORDER) == sorted(LISTED)


def test_an_import_that_points_down_is_seen() -> None:
    inside = "def f():\n    from unpool.store.table import ImageTable\n"
    assert backward("images.reading.decode", inside) == ["store.table"]
    assert backward("networks.layers.pooling", "import unpool.networks.decoders.mirror") == [
        "networks.decoders.mirror"
    ]
    assert backward("workspace", "from unpool import errors") == []


def test_folders_stay_small_and_the_root_holds_only_its_few_files() -> None:
    for folder in {file.parent for file in FILES.values()}:
        assert len(list(folder.glob("*.py"))) <= MAX_FILES_PER_FOLDER, folder
    assert {file.name for file in SOURCE.glob("*.py")} == LOOSE


def test_only_the_store_knows_lance() -> None:
    known = {"store.rows.stored_rows", "store.lance_rows", "store.versions", "store.search.vector_index"}
    known |= {"store.rescue.manifests", "store.rescue.table_rescue", "store.rows.compaction"}
    known |= {"store.spaces.view", "store.spaces.other_spaces", "store.spaces.sizes"}
    for name, file in LISTED.items():
        if name not in known:
            assert "import lance" not in file.read_text("utf-8"), file
