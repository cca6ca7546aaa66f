"""An environment for each peer, from its package; what it shares with unpool's environment is not copied."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import time
import venv
from dataclasses import asdict, dataclass, field
from pathlib import Path

SHOWN = ("numpy", "pillow", "scikit-learn", "torch", "torchvision", "timm", "umap-learn", "opentsne")
LIMIT = 900  # seconds to install one


@dataclass
class Environment:
    """How the installation of a peer went; `problem` is empty where it succeeded."""

    package: str
    python: str
    version: str = ""
    problem: str = ""
    seconds: float = 0.0
    megabytes: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        fields = asdict(self)
        del fields["python"]
        return fields


def install(package: str, folder: Path) -> Environment:
    """Make an environment and install a package into it by pip.

    It sees the packages of the running environment behind its own: pip takes what fits the peer's requirements and
    installs the rest, in other versions where it asks for them.
    """
    start = time.perf_counter()
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    environment = Environment(package, str(python))
    if python.exists() and normalise(package) in (found := versions(str(python))):  # a kept one is used again
        environment.versions, environment.version = found, found[normalise(package)]
        return environment
    venv.create(folder, with_pip=False, clear=True)
    (Path(_own_packages(python)) / "base.pth").write_text(sysconfig.get_path("purelib") + "\n")
    done = _pip(python, "install", "--no-input", "--disable-pip-version-check", package)
    environment.seconds = round(time.perf_counter() - start, 1)
    environment.megabytes = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1_000_000
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        environment.problem = lines[-1].removeprefix("ERROR: ")
    else:
        environment.versions = versions(str(python))
        environment.version = environment.versions.get(normalise(package), "")
    return environment


def own_environment() -> Environment:
    """The running environment, for programs whose packages unpool needs too."""
    found = versions(sys.executable)
    return Environment("unpool", sys.executable, found.get("unpool", ""), versions=found)


def versions(python: str) -> dict[str, str]:
    """Versions of all packages that an environment sees, by their normalised names."""
    done = _pip(Path(python), "list", "--format", "json", "--disable-pip-version-check")
    listed = json.loads(done.stdout or "[]")
    return {normalise(each["name"]): each["version"] for each in reversed(listed)}


def normalise(package: str) -> str:
    """The name of a package as pip compares it.

    Source: PEP 503.
    """
    return re.sub(r"[-_.]+", "-", package).lower()


def _pip(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "--python", str(python), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"ERROR: pip took more than {LIMIT} s")


def _own_packages(python: Path) -> str:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
