"""Encoders that are functions of the user's.

A list of images goes in, a vector for each comes out.

A function runs only where somebody at this machine typed its name or gave it in Python. That is kept in the user's
own configuration, so that a workspace from elsewhere never brings code to run.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from platformdirs import user_config_path

from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError, shorten_reason

Function: TypeAlias = Callable[[Sequence[np.ndarray]], Any]  # images (H, W, 3) uint8 → vectors (B, D)

GROUP = "unpool.encoders"  # of entry points
GIVEN = "python"  # the module of functions that have no name by which they can be imported
CONFIGURATION = "functions.json"
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_NO_NAME = re.compile(r"\W+")
_given: dict[str, Function] = {}  # by name, those that this process got as objects
_allowed: dict[str, tuple[str, str]] = {}  # by model folder: name and place, where no file can be written


def is_function_name(name: str) -> bool:
    """Return whether a name has the form `module:function`.

    >>> is_function_name("colours:mean"), is_function_name("resnet18"), is_function_name("hub:org/name")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def find_entry_point(name: str) -> str | None:
    """Return the function that an installed package offers.

    None where no package offers one under this name.
    """
    found = [each for each in entry_points(group=GROUP) if each.name == name]
    return found[0].value.replace(" ", "") if found else None


def list_entry_points() -> list[str]:
    """List the names that installed packages offer."""
    return sorted({each.name for each in entry_points(group=GROUP)})


def give_function(function: Function) -> str:
    """Keep a function for this process.

    Args:
        function: Any callable.

    Returns:
        The name that stands for it as a model: `module:function` where it can be imported by that, else a name that
        only this process knows.
    """
    module, qualified = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    name = f"{module}:{qualified}"
    if (
        module in (None, "__main__")
        or not is_function_name(name)
        or _find_loaded(module, qualified) is not function
    ):
        own = (qualified or type(function).__qualname__).replace("<locals>", "")
        name = f"{GIVEN}:{_NO_NAME.sub('_', own).strip('_') or 'function'}"
    _given[name] = function
    return name


def find_function(name: str, place: Path | None = None) -> Function:
    """Import a function by its name.

    Args:
        name: `module:function`.
        place: A folder in which the module may lie; the current one where None.

    Returns:
        The function.

    Raises:
        UnpoolError: the module or the function is not there, or fails while it is imported.
    """
    if name in _given:
        return _given[name]
    module_name, _, qualified = name.partition(":")
    if module_name == GIVEN:
        raise _given_in_python(name)
    folder = place or Path.cwd()
    module = _import(module_name, name, folder)
    try:
        function = functools.reduce(getattr, qualified.split("."), module)
    except AttributeError:
        where = getattr(module, "__file__", None) or module_name
        raise UnpoolError(f"{where} has no function {qualified}; check --model {name}") from None
    if not callable(function):
        raise UnpoolError(
            f"{name} is {type(function).__name__} and no function; name one that takes a list of images"
        )
    return function


def digest_function(name: str, place: Path | None = None) -> str:
    """Digest the code of a function.

    Of one that is imported that of its whole module, of one that was given its own text.
    """
    function = find_function(name, place)
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    text = ""
    if not name.startswith(f"{GIVEN}:") and (file := getattr(module, "__file__", None)):
        with contextlib.suppress(OSError):
            text = Path(file).read_bytes().decode("utf-8", "replace")
    if not text:
        with contextlib.suppress(OSError, TypeError):
            text = inspect.getsource(function if hasattr(function, "__code__") else type(function))
    code = getattr(function, "__code__", None)
    return hashlib.sha256(f"{name}\n{text or getattr(code, 'co_code', '')!r}".encode()).hexdigest()


def allow_function(folder: Path, name: str) -> None:
    """Allow a model folder to run a function here.

    Args:
        folder: The model folder.
        name: The function.
    """
    _allow(folder, name, str(Path.cwd()))


def allow_copy(source: Path, folder: Path) -> None:
    """Allow a copy what its model folder is allowed.

    Args:
        source: The model folder.
        folder: The copy.
    """
    if known := _find_allowed(source):
        _allow(folder, *known)


def _allow(folder: Path, name: str, place: str) -> None:
    key, value = str(folder.resolve()), (name, place)
    _allowed[key] = value
    if name.startswith(f"{GIVEN}:"):
        return
    with contextlib.suppress(OSError):  # then it holds for this process alone
        stored = {known: each for known, each in _read_allowed().items() if Path(known).is_dir()}
        path = _configuration()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(stored | {key: list(value)}, indent=1) + "\n")


def allowed_function(folder: Path, name: str) -> Function:
    """Import a model folder's function, where it is allowed.

    Args:
        folder: The model folder.
        name: The function that its model.json names.

    Returns:
        The function.

    Raises:
        UnpoolError: nobody has typed its name for this folder on this machine, or it cannot be imported.
    """
    known = _find_allowed(folder)
    if known is None or known[0] != name:
        if name.startswith(f"{GIVEN}:"):
            raise _given_in_python(name)
        raise UnpoolError(
            f"{folder} embeds by the function {name}, which is code and has not been allowed on this machine; give "
            f"--model {name} to embed once more and allow it"
        )
    return find_function(name, Path(known[1]))


def _given_in_python(name: str) -> UnpoolError:
    return UnpoolError(
        f"the function {name.removeprefix(f'{GIVEN}:')} was given in Python and is known there alone; give it again: "
        "Workspace(…).embed(model=FUNCTION)"
    )


def _find_allowed(folder: Path) -> tuple[str, str] | None:
    """The function that a model folder may run, and where its module may lie."""
    key = str(folder.resolve())
    return _allowed.get(key) or _read_allowed().get(key)


def _find_loaded(module: str | None, qualified: str) -> object:
    try:
        return functools.reduce(getattr, qualified.split("."), sys.modules[module or ""])
    except (KeyError, AttributeError):
        return None


def _import(module_name: str, name: str, folder: Path) -> ModuleType:
    """Import a module from a folder, or else from Python's path."""
    with _importable(folder), contextlib.redirect_stdout(sys.stderr):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
                raise UnpoolError(
                    f"there is no module {module_name} in {folder} or among the installed ones, for --model {name}; "
                    "run the command where its file lies"
                ) from None
            raise _failed(module_name, error) from error
        except (Exception, SystemExit) as error:
            raise _failed(module_name, error) from error
    own = folder / f"{module_name.partition('.')[0]}.py"
    file = getattr(module, "__file__", None)
    if own.is_file() and "." not in module_name and (file is None or Path(file).resolve() != own.resolve()):
        raise UnpoolError(
            f"{own} has the name of a module that is in use already ({file or 'of Python itself'}); rename it"
        )
    return module


def _failed(module_name: str, error: BaseException) -> UnpoolError:
    return UnpoolError(f"the module {module_name} cannot be imported: {describe_error(error)}; mend it first")


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Look for modules in a folder first; later, for what a function imports itself, last."""
    place = str(folder)
    sys.path.insert(0, place)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(place)
        if place not in sys.path:
            sys.path.append(place)


def describe_error(error: BaseException) -> str:
    """Describe an error in one line, with its kind.

    >>> describe_error(ValueError("no\\nimage"))
    'ValueError: no image'
    """
    kind, text = type(error).__name__, shorten_reason(error, 200)
    return kind if text == kind else f"{kind}: {text}"


def _configuration() -> Path:
    return user_config_path("unpool") / CONFIGURATION


def _read_allowed() -> Mapping[str, tuple[str, str]]:
    try:
        stored = json.loads(_configuration().read_text("utf-8"))
        return {str(key): (str(name), str(place)) for key, (name, place) in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
