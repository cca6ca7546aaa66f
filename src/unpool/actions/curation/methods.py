"""Labels, fields and groups by hand, from Python."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from unpool.core.calls.arguments import Paths, as_field_value, as_group, as_groups, as_paths
from unpool.core.calls.signatures import explain_calls
from unpool.core.calls.values import check_kind
from unpool.store.fields.names import LABEL
from unpool.store.fields.selections import read_selections
from unpool.store.fields.values import fields_of
from unpool.store.remote.mirror import name_addresses
from unpool.store.table import ImageTable

LABEL_COLUMNS = ["name", "images", "suggested"]
FIELD_COLUMNS = ["name", "kind", "images"]


@name_addresses
class Edits:
    """The verbs of `Workspace` that edit by hand.

    Args:
        work: The workspace, or the path of a space.
    """

    def __init__(self, work: Path) -> None:
        self.work = work

    @explain_calls
    def label(self, paths: Paths, name: str | float | Sequence[str] | None, *, field: str = LABEL) -> int:
        """Label images, or remove their label with None.

        Args:
            paths: as in the table, relative to the folder of the images.
            name: the label; of another field its value, for several choices a list.
            field: the field; it is made where there is none.

        Returns:
            How many images changed.
        """
        from unpool.actions.fields.edit_fields import set_field

        if field == LABEL:
            check_kind("name", name, str | None)
        value = name if name is None or isinstance(name, str | float) else as_field_value(name)
        return set_field(self.work, as_paths(paths), field, value)["changed"]

    @explain_calls
    def fields(self) -> pd.DataFrame:
        """List the fields. Returns name, kind and how many images have a value."""
        table = ImageTable(self.work)
        counts = table.count_values([field.column for field in fields_of(table)])
        rows = [(field.name, field.kind, counts[field.column]) for field in fields_of(table)]
        return pd.DataFrame(rows, columns=FIELD_COLUMNS)

    @explain_calls
    def labels(self) -> pd.DataFrame:
        """List the labels. Returns name, how many images have it, and for how many it is suggested."""
        from unpool.actions.curation.label_list import list_labels

        return pd.DataFrame(list_labels(self.work)["labels"], columns=LABEL_COLUMNS)

    @explain_calls
    def selections(self) -> dict[str, list[str]]:
        """Read the images of each saved selection, by name."""
        return read_selections(self.work)

    @explain_calls
    def save_selection(self, name: str, paths: Paths | None) -> int:
        """Save images under a name, or forget them with None. Returns how many images changed.

        Args:
            name: of the selection; one of this name is replaced.
            paths: as in the table, relative to the folder of the images.
        """
        from unpool.actions.fields.edit_fields import forget_selection, save_selection

        if paths is None:
            return forget_selection(self.work, name)["changed"]
        return save_selection(self.work, name, as_paths(paths))["changed"]

    @explain_calls
    def mark(self, paths: Paths, wrong: bool = True) -> int:
        """Mark images as wrong, or remove the mark. Returns how many images changed.

        Args:
            paths: as in the table, relative to the folder of the images.
            wrong: whether they do not belong here.
        """
        from unpool.actions.curation.edit import mark

        return mark(self.work, as_paths(paths), wrong)["changed"]

    @explain_calls
    def move(self, paths: Paths, group: int) -> int:
        """Move images to a group. Returns how many images changed.

        Args:
            paths: as in the table, relative to the folder of the images.
            group: the number of a present group, the next number for a new one, or -1 for none.
        """
        from unpool.actions.curation.edit import move

        return move(self.work, as_paths(paths), as_group("group", group))["changed"]

    @explain_calls
    def merge(self, groups: Sequence[int]) -> int:
        """Join groups into the one of the smallest number. Returns how many images changed."""
        from unpool.actions.curation.edit import merge

        return merge(self.work, as_groups(groups))["changed"]

    @explain_calls
    def split(self, group: int) -> int:
        """Divide a group in two. Returns how many images are in the new one."""
        from unpool.actions.curation.edit import split

        return split(self.work, as_group("group", group))["changed"]

    @explain_calls
    def accept(self, paths: Paths) -> int:
        """Make suggestions of images their labels. Returns how many had one.

        Images that have another label by now keep it.
        """
        from unpool.actions.curation.decisions import accept

        return accept(self.work, as_paths(paths))["changed"]

    @explain_calls
    def reject(self, paths: Paths) -> int:
        """Forget suggestions of images. Returns how many had one."""
        from unpool.actions.curation.decisions import reject

        return reject(self.work, as_paths(paths))["changed"]

    @explain_calls
    def keep(self, paths: Paths) -> int:
        """Confirm labels that `check` doubts. Returns how many images changed."""
        from unpool.actions.curation.decisions import keep

        return keep(self.work, as_paths(paths))["changed"]

    @explain_calls
    def undo(self) -> str:
        """Undo the last thing done, whatever it was. Returns what."""
        from unpool.actions.curation.undo import undo

        return undo(self.work)["message"]

    @explain_calls
    def redo(self) -> str:
        """Redo what was undone last. Returns what it was."""
        from unpool.actions.curation.undo import redo

        return redo(self.work)["message"]


for _name, _method in list(vars(Edits).items()):
    if inspect.isfunction(_method) and _name != "__init__":  # errors name methods as users call them
        inspect.unwrap(_method).__qualname__ = _method.__qualname__ = f"Workspace.{_name}"
