"""The table of verbs for terminal, page and Python.

Nothing is imported before a verb is called, so that `unpool --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Verb:
    """Where a verb's function and settings live, as "module:name".

    Attributes:
        function: called with what it works on first, then a settings object, and `progress` by name.
        settings: the settings dataclass.
        takes_folder: it starts from a folder of images rather than from a workspace.
    """

    function: str
    settings: str
    takes_folder: bool = False

    def load(self) -> Callable[..., dict[str, Any]]:
        """Import the function."""
        function: Callable[..., dict[str, Any]] = _import(self.function)
        return function

    def load_settings(self) -> type:
        """Import the settings dataclass."""
        settings: type = _import(self.settings)
        return settings


_ACTIONS = "unpool.actions."
VERBS = {
    "run": Verb(
        f"{_ACTIONS}embedding.run:run", f"{_ACTIONS}embedding.settings:RunSettings", takes_folder=True
    ),
    "demo": Verb(f"{_ACTIONS}embedding.run:demo", f"{_ACTIONS}embedding.settings:DemoSettings"),
    "embed": Verb(
        f"{_ACTIONS}embedding.embed:embed", f"{_ACTIONS}embedding.settings:EmbedSettings", takes_folder=True
    ),
    "group": Verb(f"{_ACTIONS}grouping.group:group", f"{_ACTIONS}grouping.settings:GroupSettings"),
    "map": Verb(f"{_ACTIONS}grouping.group:map_images", f"{_ACTIONS}grouping.settings:MapSettings"),
    "evaluate": Verb(f"{_ACTIONS}grouping.group:evaluate", f"{_ACTIONS}grouping.settings:EvaluateSettings"),
    "check": Verb(f"{_ACTIONS}curation.check:check", f"{_ACTIONS}curation.settings:CheckSettings"),
    "judge": Verb(
        f"{_ACTIONS}inspection.judging.judge:judge", f"{_ACTIONS}inspection.judging.settings:JudgeSettings"
    ),
    "search": Verb(f"{_ACTIONS}curation.search:search", f"{_ACTIONS}curation.settings:SearchSettings"),
    "read-text": Verb(f"{_ACTIONS}text.read_text:read_text", f"{_ACTIONS}text.settings:ReadTextSettings"),
    "spread": Verb(f"{_ACTIONS}curation.suggest:spread", f"{_ACTIONS}curation.settings:SpreadSettings"),
    "suggest": Verb(
        f"{_ACTIONS}teaching.next_images:suggest", f"{_ACTIONS}teaching.settings:SuggestSettings"
    ),
    "export": Verb(f"{_ACTIONS}sharing.export:export", f"{_ACTIONS}sharing.settings:ExportSettings"),
}


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
