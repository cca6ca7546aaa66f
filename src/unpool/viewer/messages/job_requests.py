"""Jobs that the page may start, and their options.

The options are those of the verbs' settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import Field, create_model

from unpool.actions.verbs import VERBS
from unpool.core.settings import Option, options_of
from unpool.errors import UsageError
from unpool.viewer.messages.requests import Body

JobKind = Literal["run", "check", "group", "map", "evaluate", "spread", "judge"]
# Beside numbers and choices: the folder of a run, resolved under the server's root (without one, `rebuild` makes groups
# and map of the workspace that is shown anew), and one kind of labels.
_TEXT_OPTIONS: dict[str, dict[str, Any]] = {
    "run": {"folder": Annotated[str, Field(max_length=4000)], "rebuild": bool},
    "evaluate": {"labels": Annotated[str, Field(pattern=r"^folders(:-?[0-9]{1,2})?$")]},
}


def job_options(kind: str) -> dict[str, Option]:
    """The options of a job that the page may set.

    Numbers and choices, since a text could name a file.
    """
    options = options_of(VERBS[kind].load_settings())
    return {name: option for name, option in options.items() if option.choices or _is_number(option)}


def _is_number(option: Option) -> bool:
    return (option.low is not None or option.high is not None) and not option.allows_text


def check_job_options(kind: str, values: Mapping[str, object]) -> None:
    """Check the options of a job.

    `UsageError` for one that it does not take, or out of range.
    """
    options, others = job_options(kind), _TEXT_OPTIONS.get(kind, {})
    for name, value in values.items():
        if name in options:
            options[name].check(name, value)
        elif name not in others:
            raise UsageError(f"{kind} takes no {name}; it takes {sorted({*options, *others}) or 'nothing'}")


def job_request_model() -> type[JobRequest]:
    """Build the model of job requests from all verbs' settings."""
    fields: dict[str, Any] = {}
    for kind in get_args(JobKind):
        hints = get_type_hints(VERBS[kind].load_settings())
        types = {name: hints[name] for name in job_options(kind)} | _TEXT_OPTIONS.get(kind, {})
        fields |= {name: (one_type | None, None) for name, one_type in types.items()}
    options = create_model(
        "JobOptions", __base__=Body, __doc__="Options of a job; each kind takes its own of these.", **fields
    )
    return create_model(
        "JobRequest", __base__=JobRequest, __doc__="A job to start.", options=(options, options())
    )


class JobRequest(Body):
    """A job to start; `job_request_model` gives `options` their types."""

    kind: JobKind
    options: Body
