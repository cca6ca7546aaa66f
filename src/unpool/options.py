"""Every option once: what it is called, means, and may be. Commands, Python and config files share it.

A verb's options are the fields of a frozen dataclass, each carrying its `Option`:

    @dataclass(frozen=True)
    class MapSettings:
        method: Annotated[str, OPTIONS["map"]] = "tsne"
        seed: Annotated[int, OPTIONS["seed"]] = 0

The command line flattens the fields into flags, `keywords_of` into Python keywords: a new flag is one field.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast, get_type_hints, overload

from unpool.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Option:
    """One value that a user can set.

    Args:
        help: one line for people: a noun phrase, without range and unit.
        unit: of a number, such as "pixels".
        low, high: bounds of a number, inclusive; None where there is none.
        choices: the names that are allowed; empty where any text is.
        allows_auto: the word "auto" is allowed beside a number.
        allows_text: any text is allowed beside a number, such as the name of a folder.
        flag: how it is typed where not by the name of its field, such as "-k".
    """

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Collection[str] = ()
    allows_auto: bool = False
    allows_text: bool = False
    flag: str = ""

    def describe(self) -> str:
        """Join help, unit and range, as terminal and reference show them."""
        notes = [self.unit] if self.unit else []
        if self._is_bounded:
            notes.append(f"{_number(self.low, 'any')} to {_number(self.high, 'any')}")
        if self.allows_auto:
            notes.append("or auto")
        if self.choices:
            notes.append("one of " + ", ".join(self.choices))
        return self.help + (f" [{'; '.join(notes)}]" if notes else "")

    def check(self, name: str, value: object) -> None:
        """Raise `UsageError` naming the option, the value and what was expected."""
        if value is None or (self.allows_auto and value == "auto"):
            return
        if self.choices and value not in self.choices:
            raise unknown_name(f"--{name}", str(value), self.choices)
        if self._is_bounded and not self._contains(value):
            expected = f"{_number(self.low, 'any')} to {_number(self.high, 'any')}"
            auto = " or auto" if self.allows_auto else ""
            raise UsageError(f"--{name} is {value!r}, but must be a number from {expected}{auto}")

    @property
    def _is_bounded(self) -> bool:
        return self.low is not None or self.high is not None

    def _contains(self, value: object) -> bool:
        if isinstance(value, str):
            return self.allows_text
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _number(value: float | None, missing: str) -> str:
    return missing if value is None else f"{value:g}"


METHODS = ("auto", "kmeans", "gmm", "hdbscan", "graph", "temi")
MAPS = ("tsne", "umap", "pca")
FORMATS = ("csv", "parquet", "folders", "html")
DEVICES = ("auto", "cpu", "cuda", "mps")

OBJECTIVES = ("reconstruct", "denoise", "contrast", "aggregate", "classify")
COMPARING = ("contrast", "aggregate")  # objectives that compare codes and need no decoder
DECODERS = ("unpool", "transpose", "upsample")
PRECISIONS = ("auto", "fp32", "bf16")
SEGMENTERS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s", "segnet")
UPSAMPLINGS = ("interpolate", "grouped", "dense")
CLASS_WEIGHTS = ("none", "sqrt", "median")
UNKNOWN = ("refuse", "ignore")
PROBLEMS = {  # what `unpool check` finds in images that can be read, and how problems.csv and the page call it
    "duplicates": "duplicate", "near_duplicates": "near duplicate", "outliers": "outlier", "blurred": "blurred",
    "dark": "too dark", "bright": "too bright",
}  # fmt: skip
ANNOTATION_FILTERS = ("wrong", "suggested")  # filters like those, of what people and spreading said

OPTIONS: dict[str, Option] = {
    "work": Option("workspace folder; ./NAME.unpool where NAME is the folder's, unless given"),
    "network": Option("network of the catalogue, model folder, or auto: chosen by the images, and said why"),
    "model": Option("model folder, or pretrained network of the catalogue"),
    "groups": Option("how many groups", low=2, high=100_000, allows_auto=True),
    "method": Option("how to group", choices=METHODS),
    "merge": Option(
        "join the nearest groups until so many are left, without grouping anew", low=1, high=100_000
    ),
    "split": Option("part the group of this number in two, without grouping anew", low=0, high=100_000),
    "map": Option("how to lay out the map", choices=MAPS),
    "minutes": Option("time for training on this machine", unit="minutes", low=0.01, high=100_000),
    "steps": Option("exact number of training steps, instead of minutes", low=1, high=1_000_000_000),
    "k": Option("how many images to show", low=1, high=100_000),
    "seed": Option("start of all randomness; the same seed gives the same result", low=0, high=2**31 - 1),
    "device": Option("where to compute", choices=DEVICES),
    "data": Option("folder with named data sets in torchvision's layout"),
    "labels": Option("true classes: `folders` (name of the folder an image lies in), or a CSV of path,label"),
    "to": Option("what to write", choices=FORMATS),
    "out": Option("file or folder to write"),
    "size": Option("side of the input image", unit="pixels", low=1, high=8192),
    "objective": Option(
        "what to train for; by default the network's own, mostly reconstruct", choices=OBJECTIVES
    ),
    "train-network": Option(
        "network of the catalogue, any timm or torchvision name, or FILE.yaml with its layers"
    ),
    "from": Option("model folder whose network and weights to go on from"),
    "freeze": Option("leave the encoder as it is, and train the rest"),
    "width": Option("channels of the first layer, for networks with a choice", low=1, high=4096),
    "decoder": Option("how the decoder enlarges; upsample leaves no checkerboards", choices=DECODERS),
    "no-indices": Option("decode without pooling indices, from the code alone"),
    "epochs": Option("passes over the images", low=1, high=1_000_000),
    "batch": Option("images in a step, over all processes", low=1, high=1_000_000),
    "drop-last": Option("leave out the last batch of an epoch where it is not full"),
    "val": Option(
        "share of the images kept out for validation, or a folder of others",
        low=0,
        high=0.9,
        allows_text=True,
    ),
    "optimizer": Option("optimiser of torch.optim by name, as sgd:momentum=0.9"),
    "lr": Option("learning rate", low=1e-12, high=1e3),
    "weight-decay": Option("weight decay", low=0, high=1e3),
    "schedule": Option("of the learning rate: cosine, constant, or one of torch.optim, as step:step_size=10"),
    "loss": Option("loss of torch.nn by name, or ssim: mse, l1, huber:delta=0.5, … or cross-entropy, …"),
    "init": Option("how fresh weights are drawn: default, xavier, kaiming, orthogonal, …"),
    "augment": Option("what happens to training images: none, flip, shift, photo, crops, or FILE.yaml"),
    "corruption": Option(
        "noise on the input: salt-pepper:snr=0.9,p=1, gaussian:sigma=0.1, or mask:share=0.25"
    ),
    "weights": Option("imagenet, none, or a file of weights to start from"),
    "resume": Option("go on where a run with the same words was stopped"),
    "patience": Option(
        "stop early after so many epochs without a better validation loss", low=1, high=1_000_000
    ),
    "precision": Option("of the arithmetic; auto is bf16 on GPUs that have it", choices=PRECISIONS),
    "grid": Option("picture to write: inputs above what the network made of them, as .png"),
    "segmenter": Option("kind of network, fcn4s unless given", choices=SEGMENTERS),
    "backbone": Option(
        "network of the catalogue, any timm or torchvision name, or a model folder to go on from"
    ),
    "classes": Option("file that names the classes, with their numbers or colours in the masks"),
    "ignore": Option("number in the masks that is no class; 255 unless given", low=0, high=65535),
    "val-images": Option("folder of images to validate on"),
    "val-masks": Option("folder of their masks"),
    "crop": Option(
        "side of the crops that are trained on, in the image; 320 over --enlarge",
        unit="pixels",
        low=16,
        high=8192,
    ),
    "backbone-lr": Option(
        "learning rate of the backbone; a third of --lr, or --lr for random weights", low=1e-12, high=1e3
    ),
    "pixel-loss": Option("cross-entropy, focal:gamma=2, dice, lovasz:every=4, or several joined by a plus"),
    "class-weights": Option(
        "how rare classes weigh in cross-entropy and focal, none unless given", choices=CLASS_WEIGHTS
    ),
    "crops": Option(
        "what happens to training images and masks: scenes (unless given), crop, none, or FILE.yaml"
    ),
    "upsampling": Option("how scores are enlarged, interpolate unless given", choices=UPSAMPLINGS),
    "unknown": Option("what to do with values in masks that are no class", choices=UNKNOWN),
    "enlarge": Option(
        "factor by which images are enlarged before the encoder; up to 2 for small ones unless given",
        low=0.25,
        high=8,
    ),
    "segment-val": Option(
        "share of the images kept out for validation, 0 to 0.9; 0.1 of 20 and more", low=0, high=0.9
    ),
    "overlap": Option("share of a window that the next one covers too, 0.25 unless given", low=0, high=0.9),
    "tile": Option("side of the windows", unit="pixels", low=32, high=8192),
    "probabilities": Option("write the probability of each class too, as STEM.probabilities.tif"),
    "segment-out": Option("folder for label maps and overlays"),
    "segment-model": Option("model folder that unpool segment train wrote"),
    "host": Option("address to answer on; others than 127.0.0.1 let other machines in"),
    "port": Option("port to answer on; 0 takes a free one", low=0, high=65535),
    "segmenter-model": Option("segmenter for overlays: its model folder, WORK/segmenter unless given"),
    "as": Option("label to give"),
    "none": Option("take the labels away"),
    "wrong": Option("mark as wrong: images that do not belong here"),
    "label-group": Option("all images of the group of this number; -1 those in none", low=-1, high=100_000),
    "link": Option("with --to folders: symbolic links instead of copies"),
    "json": Option("print one JSON object instead of text"),
    "config": Option("YAML file with the same options; what is typed wins"),
    "debug": Option("show where an error came from"),
    "no-open": Option("do not open the report in the browser"),
}


def check(**values: object) -> None:
    """Check values by the names of their options, underscores for dashes.

    Raises:
        UsageError: for the first value that is out of range or no choice.

    >>> check(groups="auto", seed=0)
    >>> check(groups=1)
    Traceback (most recent call last):
    unpool.errors.UsageError: --groups is 1, but must be a number from 2 to 100000 or auto
    """
    for key, value in values.items():
        name = key.replace("_", "-")
        OPTIONS[name].check(name, value)


def flag_name(field: str) -> str:
    """Return the flag of a field, without its dashes.

    >>> flag_name("weight_decay"), flag_name("from_")
    ('weight-decay', 'from')
    """
    return field.rstrip("_").replace("_", "-")


def options_of(settings: type) -> dict[str, Option]:
    """Return the option of each field of a settings dataclass, by field name, in order.

    Fields without an `Option` in their annotation are left out.
    """
    hints = get_type_hints(settings, include_extras=True)
    return {
        field.name: option
        for field in dataclasses.fields(settings)
        for option in getattr(hints[field.name], "__metadata__", ())
        if isinstance(option, Option)
    }


def check_settings(settings: object) -> None:
    """Check ranges and choices of all fields of a settings object.

    Raises:
        UsageError: for the first value that is out of range or no choice; it names the flag.
    """
    for field, option in options_of(type(settings)).items():
        option.check(flag_name(field), getattr(settings, field))


P = ParamSpec("P")
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
A = TypeVar("A")
A_contra = TypeVar("A_contra", contravariant=True)
B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)


class Call(Protocol[P, S_contra, R_co]):
    """A function of a settings object, or of its fields as keywords."""

    @overload
    def __call__(self, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Call1(Protocol[A_contra, P, S_contra, R_co]):
    """The same with one argument before; a method where that is `self`."""

    @overload
    def __call__(self, first: A_contra, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, first: A_contra, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def __get__(self, owner: A_contra, kind: type | None = None, /) -> Call[P, S_contra, R_co]: ...


class Call2(Protocol[A_contra, B_contra, P, S_contra, R_co]):
    """The same with two arguments before."""

    @overload
    def __call__(self, first: A_contra, second: B_contra, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, first: A_contra, second: B_contra, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def __get__(self, owner: A_contra, kind: type | None = None, /) -> Call1[B_contra, P, S_contra, R_co]: ...


class keywords_of(Generic[P, S]):  # noqa: N801 - used as a decorator
    """Decorate a function whose last parameter is a settings object, so that it takes keywords too.

    Unknown keywords raise `UsageError` with the nearest right name, as do values that `check_settings` rejects.
    Editors and `help()` see all fields of the settings.

    Args:
        settings: the settings dataclass, each of its fields a keyword.

    >>> @dataclass(frozen=True)
    ... class MapSettings:
    ...     method: str = "tsne"
    >>> @keywords_of(MapSettings)
    ... def draw(settings: MapSettings) -> str:
    ...     return settings.method
    >>> draw(method="pca"), draw(MapSettings("umap")), str(inspect.signature(draw))
    ('pca', 'umap', "(*, method: 'str' = 'tsne') -> 'str'")
    """

    def __init__(self, settings: Callable[P, S]) -> None:
        self._settings = cast(type, settings)

    @overload
    def __call__(self, function: Callable[[S], R]) -> Call[P, S, R]: ...
    @overload
    def __call__(self, function: Callable[[A, S], R]) -> Call1[A, P, S, R]: ...
    @overload
    def __call__(self, function: Callable[[A, B, S], R]) -> Call2[A, B, P, S, R]: ...

    def __call__(self, function: Callable[..., R]) -> Callable[..., R]:
        signature = inspect.signature(function)
        *leading, _ = signature.parameters.values()
        fields = _keyword_parameters(self._settings)
        first_field = next(iter(fields))

        @functools.wraps(function)
        def call(*args: object, **keywords: object) -> R:
            named = {field.name: keywords.pop(field.name) for field in leading if field.name in keywords}
            before, rest = args[: len(leading) - len(named)], args[len(leading) - len(named) :]
            if len(rest) == 1 and isinstance(rest[0], self._settings) and not keywords:
                check_settings(rest[0])
                return function(*before, rest[0], **named)
            if len(rest) > 1:
                raise UsageError(f"{function.__name__}: give {', '.join(fields)} by name, as {first_field}=…")
            values = dict(zip(fields, rest, strict=False)) | keywords
            return function(*before, settings_from(self._settings, values), **named)

        call.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*leading, *fields.values()]
        )
        return call


def settings_from(settings: type[S], values: Mapping[str, object]) -> S:
    """Build a settings object from values by field name, and check them.

    Raises:
        UsageError: for an unknown name, with the nearest right one; a missing one; a value out of range.
    """
    fields = _keyword_parameters(settings)
    for name in values:
        if name not in fields:
            raise unknown_name("option", name, fields)
    for name, parameter in fields.items():
        if parameter.default is parameter.empty and name not in values:
            raise UsageError(f"{name} is missing; give {name}=…")
    built = settings(**values)
    check_settings(built)
    return built


def _keyword_parameters(settings: type) -> dict[str, inspect.Parameter]:
    """The fields of a dataclass as keyword-only parameters, options stripped from their annotations."""
    return {
        parameter.name: parameter.replace(
            kind=inspect.Parameter.KEYWORD_ONLY, annotation=_bare(parameter.annotation)
        )
        for parameter in inspect.signature(settings).parameters.values()
    }


def _bare(annotation: Any) -> Any:
    """An annotation without its option, as people read it.

    >>> _bare("Annotated[int | None, OPTIONS['epochs']]"), _bare("str")
    ('int | None', 'str')
    """
    if not isinstance(annotation, str):
        return (
            getattr(annotation, "__origin__", annotation)
            if hasattr(annotation, "__metadata__")
            else annotation
        )
    if not annotation.startswith("Annotated["):
        return annotation
    depth = 0
    inner = annotation.removeprefix("Annotated[")
    for place, sign in enumerate(inner):
        depth += (sign in "[(") - (sign in "])")
        if sign == "," and depth == 0:
            return inner[:place]
    return annotation
