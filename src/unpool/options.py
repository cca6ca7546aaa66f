"""Every option once: its name, meaning and range. Commands, Python and config files share it.

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
from typing import Generic, ParamSpec, Protocol, TypeVar, cast, get_type_hints, overload

from unpool.errors import UsageError, unknown_name
from unpool.objectives.catalogue import OBJECTIVES


@dataclass(frozen=True)
class Option:
    """One value that a user can set.

    Args:
        help: one line for people, without range and unit: a noun phrase, or what a switch does.
        unit: of a number, such as "pixels".
        low, high: bounds of a number, inclusive; None where there is none.
        choices: the names that are allowed; empty where any text is.
        allows_auto: the word "auto" is allowed beside a number.
        allows_text: any text is allowed beside a number, such as the name of a folder.
        flag: how it is typed beside the name of its field, such as "-k".
        metavar: what stands for its value in messages, such as "DIR".
        allows_minus: its value may begin with a minus.
    """

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: Collection[str] = ()
    allows_auto: bool = False
    allows_text: bool = False
    flag: str = ""
    metavar: str = ""
    allows_minus: bool = False

    def describe(self) -> str:
        """Join help, unit and range in one line."""
        notes = [self.unit] if self.unit else []
        if self._is_bounded:
            notes.append(f"{_number(self.low, 'any')} to {_number(self.high, 'any')}")
        if self.allows_auto:
            notes.append("or auto")
        if self.choices:
            notes.append("one of " + ", ".join(self.choices))
        return self.help + (f" [{'; '.join(notes)}]" if notes else "")

    def check(self, name: str, value: object) -> None:
        """Raise `UsageError` for a value that is not allowed."""
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
    if value is None:
        return missing
    return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"


METHODS = ("auto", "kmeans", "gmm", "hdbscan", "graph", "temi")
MAPS = ("tsne", "umap", "pca")
DEVICES = ("auto", "cpu", "cuda", "mps")

DECODERS = ("unpool", "transpose", "upsample")
PRECISIONS = ("auto", "fp32", "bf16")
SEGMENTERS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s", "segnet")
UPSAMPLINGS = ("interpolate", "grouped", "dense")
CLASS_WEIGHTS = ("none", "sqrt", "median")
UNKNOWN = ("refuse", "ignore", "nearest")
MASK_NUMBERS = ("classes", "objects")
DRAWN_ON = ("shown", "stored")

# The flag of an option is the name of its settings field; a key here differs where two verbs need other words for it.
OPTIONS: dict[str, Option] = {
    "work": Option("workspace folder; by default ./NAME.unpool, NAME the folder's", metavar="DIR"),
    "network": Option(
        "network of the catalogue, model folder, or auto: chosen automatically; the reason is printed"
    ),
    "model": Option("model folder, or pretrained network of the catalogue", metavar="MODEL"),
    "groups": Option("number of groups", low=2, high=100_000, allows_auto=True),
    "run-groups": Option(
        "number of groups; without it, groups that were requested or made by hand stay and new images join them, "
        "else it is found",
        low=2,
        high=100_000,
        allows_auto=True,
    ),
    "method": Option("grouping method", choices=METHODS),
    "merge": Option(
        "join the nearest groups until this many are left, instead of grouping again", low=1, high=100_000
    ),
    "split": Option("number of a group to divide in two, instead of grouping again", low=0, high=100_000),
    "map": Option("layout method", choices=MAPS),
    "minutes": Option("training time on this machine", unit="minutes", low=0.01, high=100_000),
    "steps": Option("exact number of training steps, instead of minutes", low=1, high=1_000_000_000),
    "k": Option("number of images to find", flag="-k", low=1, high=100_000),
    "range": Option(
        "values of black and white in images of more than 8 bits, or auto: found in the images",
        metavar="LOW,HIGH",
        allows_minus=True,
    ),
    "nodata": Option(
        "value that means no data in images of more than 8 bits, several with commas, or auto",
        metavar="V",
        allows_minus=True,
    ),
    "seed": Option("random seed; the same seed gives the same result", low=0, high=2**31 - 1),
    "device": Option("device that computes", choices=DEVICES),
    "relocate": Option("go on with a folder that has moved, where its files alone do not prove it"),
    "forget": Option("forget images whose whole folder is gone; by default their rows stay until it is back"),
    "data": Option("folder with named data sets in torchvision's layout"),
    "labels": Option(
        "true classes: `folders` (the folder an image lies in), `folders:LEVEL` (1 the top folder, -1 the innermost), "
        "or a file of path,label"
    ),
    "train-labels": Option(
        "classes for --objective classify: `folders` (default), `folders:LEVEL`, or a file of path,label"
    ),
    "to": Option("format to write", metavar="FORMAT"),
    "out": Option("file or folder to write", metavar="PATH"),
    "size": Option("side of the input image", unit="pixels", low=1, high=8192),
    "objective": Option(
        "training objective; by default the network's own, mostly reconstruct", choices=OBJECTIVES
    ),
    "train-network": Option(
        "network of the catalogue, any timm or torchvision name, or FILE.yaml with its layers"
    ),
    "from": Option("model folder whose network and weights training starts from"),
    "freeze": Option("keep the encoder's weights and train the rest"),
    "width": Option("channels of the first layer, for networks with a choice", low=1, high=4096),
    "decoder": Option("how the decoder enlarges; upsample leaves no checkerboards", choices=DECODERS),
    "no-indices": Option("decode from the code alone, without pooling indices"),
    "epochs": Option("passes over the images", low=1, high=1_000_000),
    "batch": Option("images per step, over all processes", low=1, high=1_000_000),
    "drop-last": Option("skip the last batch of an epoch where it is not full"),
    "val": Option(
        "share of the images held out for validation, or a folder of other images",
        low=0,
        high=0.9,
        allows_text=True,
    ),
    "optimizer": Option("optimiser of torch.optim by name, as sgd:momentum=0.9"),
    "lr": Option("learning rate", low=1e-12, high=1e3),
    "weight-decay": Option("weight decay", low=0, high=1e3),
    "schedule": Option(
        "learning rate schedule: cosine, constant, or one of torch.optim, as step:step_size=10"
    ),
    "loss": Option("loss of torch.nn by name, or ssim: mse, l1, huber:delta=0.5, cross-entropy, …"),
    "init": Option("initialisation of new weights: default, xavier, kaiming, orthogonal, …"),
    "augment": Option("augmentation of training images: none, flip, shift, photo, crops, or FILE.yaml"),
    "corruption": Option(
        "noise on the input: salt-pepper:snr=0.9,p=1, gaussian:sigma=0.1, or mask:share=0.25"
    ),
    "weights": Option("initial weights: imagenet, none, or a file"),
    "resume": Option("resume an interrupted run (same options)"),
    "patience": Option("stop after this many epochs without a better validation loss", low=1, high=1_000_000),
    "precision": Option("floating-point precision; auto is bf16 on GPUs that have it", choices=PRECISIONS),
    "grid": Option("picture to write, as .png: inputs above their reconstructions", metavar="GRID.png"),
    "segmenter": Option("kind of network, by default fcn4s", choices=SEGMENTERS),
    "backbone": Option(
        "network of the catalogue, any timm or torchvision name, or a model folder to start from"
    ),
    "classes": Option(
        "file with the names of the classes and their numbers or colours in the masks, or voc, camvid, cityscapes"
    ),
    "ignore": Option("value in the masks that is no class; by default 255", low=-(2**31), high=2**32 - 1),
    "val-images": Option("folder of validation images"),
    "val-masks": Option("folder of the masks of the validation images"),
    "crop": Option(
        "side of the training crops, in the image; by default 320 over --enlarge",
        unit="pixels",
        low=16,
        high=8192,
    ),
    "backbone-lr": Option(
        "learning rate of the backbone; by default a third of --lr, or --lr for random weights",
        low=1e-12,
        high=1e3,
    ),
    "pixel-loss": Option(
        "loss per pixel: cross-entropy, focal:gamma=2, dice, lovasz:every=4, or several joined by a plus"
    ),
    "class-weights": Option(
        "weights of rare classes in cross-entropy and focal, by default none", choices=CLASS_WEIGHTS
    ),
    "crops": Option("augmentation of training images and masks: scenes (default), crop, none, or FILE.yaml"),
    "upsampling": Option("upsampling of the scores, by default interpolate", choices=UPSAMPLINGS),
    "unknown": Option(
        "values in masks that are no class: refuse them, ignore them, or take the nearest class",
        choices=UNKNOWN,
    ),
    "mask-numbers": Option(
        "what numbers in masks are: classes, or objects on the ground 0; by default found out, and refused in doubt",
        flag="--numbers",
        choices=MASK_NUMBERS,
    ),
    "drawn-on": Option(
        "whether masks lie as images are shown (turned as EXIF says) or stored; by default as their sizes say",
        choices=DRAWN_ON,
    ),
    "enlarge": Option(
        "factor by which images are enlarged before the encoder; by default up to 2 for small ones",
        low=0.25,
        high=8,
    ),
    "segment-val": Option(
        "share of the images held out for validation; by default 0.1 of 20 and more", low=0, high=0.9
    ),
    "overlap": Option("overlap of neighbouring windows, as a share; by default 0.25", low=0, high=0.9),
    "tile": Option("side of the windows", unit="pixels", low=32, high=8192),
    "probabilities": Option("also write the probability of each class, as STEM.probabilities.tif"),
    "segment-out": Option("folder for label maps and overlays", metavar="DIR"),
    "segment-model": Option("model folder that unpool segment train wrote", metavar="MODEL"),
    "host": Option("address to serve on; any but 127.0.0.1 lets other machines in"),
    "port": Option("port to serve on; 0 takes a free one", low=0, high=65535),
    "segmenter-model": Option("model folder of the segmenter for overlays, by default WORK/segmenter"),
    "as": Option("label for the images"),
    "none": Option("remove the labels"),
    "wrong": Option("mark as wrong: images that do not belong here"),
    "label-group": Option("label all images of this group; -1 for those in none", low=-1, high=100_000),
    "link": Option("with --to folders: make symbolic links instead of copies"),
    "json": Option("print one JSON object instead of text"),
    "config": Option("YAML file with the same options; the command line wins"),
    "debug": Option("show the traceback of an error"),
    "no-open": Option("do not open the report in the browser"),
}


def check(**values: object) -> None:
    """Check values by the names of their options.

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
    """Return the options of a settings dataclass, by field.

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
    """Check the ranges and choices of all fields.

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
    """A function of settings, or of their fields."""

    @overload
    def __call__(self, settings: S_contra, /) -> R_co: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Call1(Protocol[A_contra, P, S_contra, R_co]):
    """The same with one argument before, such as `self`."""

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
    """Let a function of settings take their fields as keywords.

    The settings are its last parameter.

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
    ('pca', 'umap', "(method: 'str' = 'tsne') -> 'str'")
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

        @functools.wraps(function)
        def call(*args: object, **keywords: object) -> R:
            named = {field.name: keywords.pop(field.name) for field in leading if field.name in keywords}
            before, rest = args[: len(leading) - len(named)], args[len(leading) - len(named) :]
            if len(rest) == 1 and isinstance(rest[0], self._settings) and not keywords:
                check_settings(rest[0])
                return function(*before, rest[0], **named)
            if len(rest) > len(fields):
                raise UsageError(
                    f"{function.__name__} takes at most {', '.join(fields)}; got {len(rest)} values"
                )
            values = dict(zip(fields, rest, strict=False)) | keywords
            return function(*before, settings_from(self._settings, values), **named)

        call.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*leading, *fields.values()]
        )
        return call


def settings_from(settings: type[S], values: Mapping[str, object]) -> S:
    """Build and check settings from values by field name.

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
    """The fields of a dataclass as parameters, options stripped from their annotations."""
    return {
        parameter.name: parameter.replace(annotation=_bare(parameter.annotation))
        for parameter in inspect.signature(settings).parameters.values()
    }


def _bare(annotation: object) -> object:
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
