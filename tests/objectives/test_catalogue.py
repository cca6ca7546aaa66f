"""The list of objectives: light to import, and true of what it names."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from unpool.errors import UsageError
from unpool.objectives.base import Objective
from unpool.objectives.catalogue import OBJECTIVES, ObjectiveSpec, find_objective


@pytest.mark.parametrize("spec", OBJECTIVES.values(), ids=list(OBJECTIVES))
def test_implementations_exist_and_build_themselves(spec: ObjectiveSpec) -> None:
    module, _, name = spec.implementation.partition(":")
    implementation = getattr(importlib.import_module(module), name)
    assert issubclass(implementation, Objective)
    assert implementation.for_network.__func__ is not Objective.for_network.__func__


def test_needs_exclude_each_other() -> None:
    for spec in OBJECTIVES.values():
        assert spec.needs_decoder + spec.needs_labels + spec.compares_codes == 1
        assert (spec.losses is None) == spec.compares_codes
        assert not spec.compares_codes or spec.min_images > 1


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="contrast"):
        find_objective("contrsat")


def test_the_list_needs_no_torch() -> None:
    code = "import sys, unpool.objectives.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
