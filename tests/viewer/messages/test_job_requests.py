"""The page starts jobs with the options of the verbs, and with no others."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from unpool.errors import UsageError
from unpool.viewer.messages.job_requests import check_job_options, job_options, job_request_model


def test_options_are_those_of_the_verb_that_name_no_file() -> None:
    assert {"groups", "seed"} <= set(job_options("group"))
    assert "out" not in job_options("run")
    assert "network" not in job_options("run")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("map", {"groups": 3}),
        ("group", {"groups": 0}),
        ("map", {"method": "none"}),
        ("check", {"folder": "a"}),
    ],
)
def test_an_option_of_another_verb_or_out_of_range_is_refused(kind: str, values: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        check_job_options(kind, values)


def test_the_options_of_a_job_are_accepted() -> None:
    check_job_options("group", {"groups": 3, "seed": 1})
    check_job_options("run", {"folder": "a", "rebuild": True})
    check_job_options("evaluate", {"labels": "folders"})


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "delete"},
        {"kind": "map", "options": {"no_option": 1}},
        {"kind": "group", "options": {"groups": "many"}},
        {"kind": "evaluate", "options": {"labels": "/etc/passwd"}},
    ],
)
def test_a_wrong_job_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        job_request_model().model_validate(body)


def test_a_job_without_options_takes_the_defaults() -> None:
    job = job_request_model().model_validate({"kind": "map"})
    assert job.options.model_dump(exclude_none=True) == {}
