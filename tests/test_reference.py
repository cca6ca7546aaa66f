"""docs/reference/ is what the program says of itself: commands, options, public names, registries."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_reference", ROOT / "docs" / "generate_reference.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generator: ModuleType) -> dict[str, str]:
    return dict(generator.pages())


def test_reference_is_current(
    generator: ModuleType, pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "pages", lambda: pages)
    assert generator.outdated_pages() == [], "run `make reference` and commit docs/reference"


def test_every_command_option_and_public_name_stands_in_it(
    generator: ModuleType, pages: dict[str, str]
) -> None:
    import unpool

    for words, command in generator.commands():
        section = pages["commands.md"].split(f"\n## unpool {words}\n")[1].split("\n## ")[0]
        shared = pages["commands.md"].split("\n## ")[1]
        for row in generator.options_of_command(command):
            assert row[0] in section + shared, (words, row)
    for name in unpool.__all__:
        assert f"\n## {name}\n" in pages["python.md"]
    group = pages["python.md"].split("\n### Workspace.group\n")[1].split("\n### ")[0]
    assert re.search(r"\| `groups` \| number of groups; .* \[2 to 100000; or auto\] \| `--groups` \|", group)


def test_a_stale_page_a_missing_page_and_a_stray_are_seen(
    generator: ModuleType, pages: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "pages", lambda: pages)
    generator.write_pages(tmp_path)
    assert generator.outdated_pages(tmp_path) == []
    (tmp_path / "python.md").write_text("old", "utf-8")
    (tmp_path / "columns.md").unlink()
    (tmp_path / "left-over.md").write_text("", "utf-8")
    assert generator.outdated_pages(tmp_path) == ["columns.md", "left-over.md", "python.md"]


def test_pages_are_the_same_each_time_and_name_no_machine(
    generator: ModuleType, pages: dict[str, str]
) -> None:
    assert generator.pages() == pages  # computed once more
    for text in pages.values():
        assert " at 0x" not in text
        assert str(ROOT) not in text


def test_docstrings_become_markdown(generator: ModuleType) -> None:
    text = generator.from_docstring(
        """Add numbers.

        Args:
            a: the first,
                which goes on.
            b: the second.

        Returns:
            Their sum.

        >>> add(1, 2)
        3
        """
    )
    assert "**Args**\n\n- `a`: the first, which goes on.\n- `b`: the second." in text
    assert "**Returns**\n\n- Their sum." in text
    assert "```pycon\n>>> add(1, 2)\n3\n```" in text
