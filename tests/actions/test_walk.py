"""Verbs at random from terminal, page and Python: what a person did stays, and can be undone and redone.

A model of dictionaries says after each verb what there should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from support.states import IMAGES, WORK
from support.walk import (
    FACES,
    FIELD,
    Faces,
    RefusedError,
    Rows,
    add_image,
    copy_walked,
    make_walked,
    read_rows,
)
from unpool.actions.curation.undo import last_edit, last_undone
from unpool.actions.embedding import run as run_module
from unpool.actions.sharing import report
from unpool.core.atomic_files import write_text
from unpool.store.journal import done_steps

NAMES = ("shoe", "hat", "coat")
Seeds = dict[str, str]  # the labels that suggestions came from, by path


@pytest.fixture(scope="module", autouse=True)
def _quick_report() -> Iterator[None]:
    """Runs and edits rewrite the report, which costs more than all else and is the concern of other tests."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (report, run_module):
            patch.setattr(module, "write_report", write_nothing)
        yield


def write_nothing(work: Path, **_: object) -> Path:
    write_text(work / "report" / "index.html", "report")
    return work / "report" / "index.html"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walked(tmp_path_factory.mktemp("walk") / "base")


class Moment(NamedTuple):
    """What people see, and the labels that suggestions came from."""

    rows: Rows
    seeds: Seeds


class Done(NamedTuple):
    """Something that was done, and what there was before and after it."""

    message: str
    before: Moment
    after: Moment


class Walk(RuleBasedStateMachine):
    """What there is, and what there was before each thing that was done."""

    base: Path
    num_walks = num_given = 0

    @initialize()
    def start(self) -> None:
        Walk.num_walks += 1
        self.root = copy_walked(self.base, self.base.with_name(f"walk-{Walk.num_walks}"))
        self.work = self.root / WORK
        self.faces = Faces(self.root)
        self.rows = read_rows(self.work)
        self.seeds: Seeds = {}
        self.done: list[Done] = []
        self.undone: list[Done] = []
        self.num_added = self.num_steps = 0

    def teardown(self) -> None:
        Walk.num_given = self.num_steps
        if hasattr(self, "faces"):
            self.faces.close()

    @rule(seed=st.integers(0, 10**6))
    def step(self, seed: int) -> None:
        """Give a verb of those below, by one of the three ways."""
        self.num_steps += 1  # so that the simplest example of all is a walk at random too
        self.chance = Random(f"{seed} {self.num_steps}")
        verb = self.chance.choice(VERBS)
        getattr(self, verb)(self.chance.choice(FACES))
        for _ in range(self.chance.choice([0, 0, 1, 1, 3])):
            self.undo(self.chance.choice(FACES))
        for _ in range(self.chance.choice([0, 1, 2])):
            self.redo(self.chance.choice(FACES))

    # What is chosen at random.

    def usable(self) -> list[str]:
        return sorted(path for path, row in self.rows.items() if row["status"] == "ok")

    def some(self) -> list[str]:
        paths = self.usable()
        return sorted(self.chance.sample(paths, self.chance.randint(1, 3)))

    def numbers(self) -> list[int]:
        return sorted({int(row["group"]) for row in self.rows.values() if row["group"] not in (None, -1)})

    # What is expected.

    def relabel(self, paths: list[str], label_of: Callable[[str], str | None]) -> Rows:
        """Suggestions go with the labels that they came from, and where an image gets a label."""
        rows, lost = deepcopy(self.rows), set()
        for path in paths:
            before, label = rows[path]["label"], label_of(path)
            if before is not None and before != label and self.seeds.get(path) == before:
                lost.add(before)
            rows[path]["label"] = label
            if label is not None:
                rows[path] |= {"suggestion": None, "suggestion_confidence": None}
        for row in rows.values():
            if row["suggestion"] in lost:
                row |= {"suggestion": None, "suggestion_confidence": None}
        return rows

    def set(self, paths: list[str], **values: Any) -> Rows:
        rows = deepcopy(self.rows)
        for path in paths:
            rows[path] |= values
        return rows

    def keep(self, *computed: str) -> Callable[[Rows], Rows]:
        """All that was there, apart from columns that are computed."""

        def expect(found: Rows) -> Rows:
            return {
                path: row | {name: found[path][name] for name in computed} for path, row in self.rows.items()
            }

        return expect

    def act(
        self,
        verb: Callable[[], Any],
        expected: Rows | Callable[[Rows], Rows],
        seeds: Seeds | None = None,
    ) -> bool:
        """Do something and compare what there is; False where it was refused."""
        records, undone = done_steps(self.work), last_undone(self.work)
        try:
            verb()
        except RefusedError:
            assert read_rows(self.work) == self.rows
            assert (done_steps(self.work), last_undone(self.work)) == (records, undone)
            return False
        found = read_rows(self.work)
        assert found == (expected(found) if callable(expected) else expected)
        if done_steps(self.work)[-1:] == records[-1:]:  # nothing to change
            assert found == self.rows
            assert last_undone(self.work) == undone
            return True
        assert last_undone(self.work) is None
        before = Moment(self.rows, self.seeds)
        after = Moment(found, self.seeds if seeds is None else seeds)
        self.done.append(Done(str(last_edit(self.work)), before, after))
        self.undone.clear()
        self.go_to(after)
        return True

    def go_to(self, moment: Moment) -> None:
        self.rows, self.seeds = moment

    def undo(self, face: str) -> None:
        """Undo the last, where it is kept still."""
        if not done_steps(self.work):
            self.done.clear()
        if self.done:
            last = self.done.pop()
            assert self.faces.step(face, "undo") == f"undone: {last.message}"
            self.undone.append(last)
            self.go_to(last.before)
            self.compare()

    def redo(self, face: str) -> None:
        if self.undone:
            last = self.undone.pop()
            assert self.faces.step(face, "redo") == f"redone: {last.message}"
            self.done.append(last)
            self.go_to(last.after)
            self.compare()

    def compare(self) -> None:
        assert read_rows(self.work) == self.rows
        kept = [done.message for done in self.done][-len(done_steps(self.work)) :]
        assert last_edit(self.work) == (kept[-1] if kept and done_steps(self.work) else None)
        assert last_undone(self.work) == (self.undone[-1].message if self.undone else None)

    # Verbs of labels.

    def label(self, face: str) -> None:
        self.give(face, self.chance.choice(NAMES))

    def unlabel(self, face: str) -> None:
        self.give(face, None)

    def give(self, face: str, name: str | None) -> None:
        paths = self.some()
        words = ["--none"] if name is None else ["--as", name]
        verbs = {
            "terminal": lambda: self.faces.terminal("label", *paths, *words),
            "page": lambda: self.faces.edit("label", paths, label=name),
            "python": lambda: self.faces.call(self.faces.python.label, paths, name),
        }
        self.act(verbs[face], self.relabel(paths, lambda _: name))

    def give_field(self, face: str) -> None:
        paths, value = self.some(), self.chance.choice([*NAMES, None])
        words = ["--none"] if value is None else ["--as", value]
        verbs = {
            "terminal": lambda: self.faces.terminal("label", *paths, "--field", "kind", *words),
            "page": lambda: self.faces.edit("set_field", paths, name="kind", value=value),
            "python": lambda: self.faces.call(self.faces.python.label, paths, value, field="kind"),
        }
        if not self.act(verbs[face], self.set(paths, **{FIELD: value})):
            assert value is None, "no image has a value to remove"

    def read_file(self, face: str) -> None:
        paths, name = self.some(), self.chance.choice(NAMES)
        file = self.root / "given.csv"
        file.write_text("\n".join(["path,label,kind", *(f"{path},{name},{name}" for path in paths)]))
        rows = self.relabel(paths, lambda _: name)
        for path in paths:
            rows[path][FIELD] = name
        if face == "python":
            self.act(lambda: self.faces.call(self.faces.python.label_from, from_=file), rows)
        else:
            self.act(lambda: self.faces.terminal("label", "--from", file), rows)

    def mark(self, face: str) -> None:
        paths = self.some()
        wrong = self.chance.random() < 0.5 or face == "terminal"
        verbs = {
            "terminal": lambda: self.faces.terminal("label", *paths, "--wrong"),
            "page": lambda: self.faces.edit("mark", paths, wrong=wrong),
            "python": lambda: self.faces.call(self.faces.python.mark, paths, wrong),
        }
        self.act(verbs[face], self.set(paths, wrong=True if wrong else None))

    def spread(self, face: str) -> None:
        seed = self.chance.randint(0, 3)
        verbs = {
            "terminal": lambda: self.faces.terminal("spread", "--seed", seed, "--error", 0.9),
            "page": lambda: self.faces.job("spread", seed=seed, error=0.9),
            "python": lambda: self.faces.call(self.faces.python.spread, seed=seed, error=0.9),
        }
        seeds = {
            path: row["label"] for path in self.usable() if (row := self.rows[path])["label"] is not None
        }
        if not self.act(verbs[face], self.keep("suggestion", "suggestion_confidence"), seeds):
            assert len(set(seeds.values())) < 2
        for row in self.rows.values():
            assert row["suggestion"] is None or row["label"] is None
            assert row["suggestion"] in {None, *self.seeds.values()}

    def decide(self, face: str) -> None:
        paths = [path for path in self.usable() if self.rows[path]["suggestion"] is not None]
        paths = self.chance.sample(paths, min(len(paths), 2))
        if not paths:
            return
        accept, by_python = self.chance.random() < 0.5, face == "python"
        action = "accept" if accept else "reject"
        expected = (
            self.relabel(paths, lambda path: str(self.rows[path]["suggestion"])) if accept
            else self.set(paths, suggestion=None, suggestion_confidence=None)
        )  # fmt: skip
        method = getattr(self.faces.python, action)
        verb = (
            (lambda: self.faces.call(method, paths))
            if by_python
            else (lambda: self.faces.edit(action, paths))
        )
        self.act(verb, expected)

    # Verbs of groups.

    def group(self, face: str) -> None:
        num_groups, method = self.chance.randint(1, 5), self.chance.choice(["kmeans", "gmm"])
        verbs = {
            "terminal": lambda: self.faces.terminal("group", "--groups", num_groups, "--method", method),
            "page": lambda: self.faces.job("group", groups=num_groups, method=method),
            "python": lambda: self.faces.call(self.faces.python.group, groups=num_groups, method=method),
        }
        if self.act(verbs[face], self.keep("group", "probability")):
            assert len(self.numbers()) <= num_groups

    def move(self, face: str) -> None:
        paths, numbers = self.some(), self.numbers()
        if face == "terminal" or not numbers:
            return
        target = self.chance.choice([*numbers, numbers[-1] + 1, -1])
        paths = [path for path in paths if self.rows[path]["group"] != target]
        if not paths or any(self.rows[path]["group"] is None for path in paths):
            return
        verbs = {
            "page": lambda: self.faces.edit("move", paths, group=target),
            "python": lambda: self.faces.call(self.faces.python.move, paths, target),
        }
        expected = self.set(paths, group=target, probability=0.0 if target == -1 else 1.0)
        self.act(verbs[face], expected)

    def merge(self, face: str) -> None:
        numbers = self.numbers()
        if len(numbers) < 2:
            return
        if face == "terminal":
            left = self.chance.randint(1, len(numbers) - 1)
            before = self.rows
            verb = lambda: self.faces.terminal("group", "--merge", left)  # noqa: E731
            if self.act(verb, self.keep("group")):
                assert len(self.numbers()) == left
                assert len({(before[path]["group"], self.rows[path]["group"]) for path in self.usable()}) <= (
                    len(numbers) + 1
                )
            return
        pair = sorted(self.chance.sample(numbers, 2))
        gone = [path for path, row in self.rows.items() if row["group"] in pair[1:]]
        verbs = {
            "page": lambda: self.faces.edit("merge", groups=pair),
            "python": lambda: self.faces.call(self.faces.python.merge, pair),
        }
        self.act(verbs[face], self.set(gone, group=pair[0]))

    def split(self, face: str) -> None:
        numbers = self.numbers()
        if not numbers:
            return
        number = self.chance.choice(numbers)
        verbs = {
            "terminal": lambda: self.faces.terminal("group", "--split", number),
            "page": lambda: self.faces.edit("split", group=number),
            "python": lambda: self.faces.call(self.faces.python.split, number),
        }
        before = self.rows
        if self.act(verbs[face], self.keep("group")):
            others = [path for path, row in before.items() if row["group"] != number]
            pairs = {(before[path]["group"], self.rows[path]["group"]) for path in others}
            assert len(pairs) == len({first for first, _ in pairs})
            assert len(self.numbers()) == len(numbers) + 1

    # Verbs of the whole.

    def map(self, face: str) -> None:
        verbs = {
            "terminal": lambda: self.faces.terminal("map", "--map", "pca"),
            "page": lambda: self.faces.job("map", method="pca"),
            "python": lambda: self.faces.call(self.faces.python.map, method="pca"),
        }
        self.act(verbs[face], self.keep("x", "y"))

    def check(self, face: str) -> None:
        verbs = {
            "terminal": lambda: self.faces.terminal("check"),
            "page": lambda: self.faces.job("check"),
            "python": lambda: self.faces.call(self.faces.python.check),
        }
        self.act(verbs[face], self.rows)

    def run(self, face: str) -> None:
        files = sorted(file for file in (self.root / IMAGES).rglob("*.png"))
        groups = self.chance.choice([None, None, 2])
        for file in self.chance.sample(files, self.chance.randint(0, 1)) if len(files) > 6 else ():
            file.unlink()
        for _ in range(self.chance.randint(0, 3)):
            self.num_added += 1
            add_image(self.root, self.num_added)
        option = {} if groups is None else {"groups": groups}
        words = [] if groups is None else ["--groups", groups]
        verbs = {
            "terminal": lambda: self.faces.terminal("run", self.root / IMAGES, "--no-open", *words),
            "page": lambda: self.faces.job("run", **option),
            "python": lambda: self.faces.call(self.faces.python.run, **option),
        }
        self.act(verbs[face], lambda found: self.check_run(found, groups))

    def check_run(self, found: Rows, groups: int | None) -> Rows:
        present = {
            file.relative_to(self.root / IMAGES).as_posix() for file in (self.root / IMAGES).rglob("*.png")
        }
        assert {path for path, row in found.items() if row["status"] == "ok"} == present
        for path, row in self.rows.items():
            said = [row[name] for name in ("label", "wrong", FIELD)]
            if any(value is not None for value in said):
                assert [found[path][name] for name in ("label", "wrong", FIELD)] == said
            if path in present and row["status"] == "ok":
                assert found[path]["suggestion"] == row["suggestion"]
                if groups is None and row["group"] is not None:
                    assert found[path]["group"] == row["group"]
                    if row["x"] is not None:
                        assert (found[path]["x"], found[path]["y"]) == (row["x"], row["y"])
        for path in present:
            assert found[path]["group"] is not None
        if groups is not None:
            assert len({found[path]["group"] for path in present} - {-1}) <= groups
        return found


VERBS = (
    "label", "label", "unlabel", "mark", "spread", "decide", "group", "move", "merge", "split", "map", "check", "run",
    "give_field", "read_file",
)  # fmt: skip


def walk(base: Path, steps: int) -> int:
    """How many verbs were given."""
    Walk.base = base
    run_state_machine_as_test(Walk, settings=settings(
        max_examples=1, stateful_step_count=steps, derandomize=True, database=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
    return Walk.num_given


def test_a_short_walk(base: Path) -> None:
    assert walk(base, 15) == 14


@pytest.mark.slow
def test_a_long_walk(base: Path) -> None:
    assert walk(base, 500) == 499
