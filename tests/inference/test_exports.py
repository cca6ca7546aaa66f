"""What torch finds of a network's structure is kept; weights are not, and a wrong graph is never used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.core.user_cache import cache_folder
from unpool.errors import UnpoolError
from unpool.inference import exports
from unpool.inference.encoder import open_session
from unpool.inference.exports import Export, first_line, write_onnx

X_BCHW = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(0))


def build(seed: int, width: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Flatten())
    module[1].running_var.uniform_(0.5, 2)
    return module.eval()


def to_export(module: nn.Module, structure: str = "a") -> Export:
    return Export(module, X_BCHW, "x", "y", {0: torch.export.Dim("batch")}, structure)


def check_against(module: nn.Module) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        x_BCHW = torch.cat([X_BCHW, X_BCHW.flip(3)])
        (found,) = open_session(path, 1, "encoder").run(["y"], {"x": x_BCHW.numpy()})
        with torch.no_grad():
            if np.abs(found - module(x_BCHW).numpy()).max() > 1e-5:
                raise UnpoolError("other results")

    return check


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The exports that torch has made."""
    made: list[str] = []
    export = torch.onnx.export

    def count(*args: object, **options: object) -> object:
        made.append("export")
        return export(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.onnx, "export", count)
    return made


def test_networks_of_one_structure_are_exported_once(calls: list[str], tmp_path: Path) -> None:
    for seed in (0, 1):
        module = build(seed)
        write_onnx(to_export(module), tmp_path / f"{seed}.onnx", check_against(module))
    assert len(calls) == 1
    with pytest.raises(UnpoolError, match="other results"):
        check_against(build(0))(tmp_path / "1.onnx")
    weights = build(0)[0].weight.detach().numpy().tobytes()
    (kept,) = cache_folder().glob("graph-*/*")
    assert weights[:64] not in kept.read_bytes()


@pytest.mark.parametrize("change", ["width", "structure"])
def test_another_structure_has_a_graph_of_its_own(calls: list[str], tmp_path: Path, change: str) -> None:
    first = build(0)
    write_onnx(to_export(first), tmp_path / "0.onnx", check_against(first))
    module = build(0, width=5 if change == "width" else 4)
    other = to_export(module, "b" if change == "structure" else "a")
    write_onnx(other, tmp_path / "1.onnx", check_against(module))
    assert len(calls) == 2


@pytest.mark.parametrize("fault", ["damaged", "wrong", "no room"])
def test_a_graph_that_does_not_serve_is_passed_over(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    module = build(0)
    write_onnx(to_export(module), tmp_path / "0.onnx", check_against(module))
    (kept,) = cache_folder().glob("graph-*/*")
    if fault == "damaged":
        kept.write_bytes(kept.read_bytes()[:100])
    elif fault == "wrong":  # as if two networks of different results had one name
        other = nn.Sequential(*module[:2], nn.Tanh(), nn.Flatten()).eval()
        write_onnx(to_export(other), tmp_path / "other.onnx", check_against(other))
        (tanh,) = set(cache_folder().glob("graph-*/*")) - {kept}
        kept.write_bytes(tanh.read_bytes())
    else:

        def fail(*_: object) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(exports, "kept_folder", fail)
    before = len(calls)
    write_onnx(to_export(module), tmp_path / "1.onnx", check_against(module))
    assert len(calls) == before + 1
    check_against(module)(tmp_path / "1.onnx")


class Unexportable(nn.Module):
    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW.flatten(1)[:, : 4 + int(x_BCHW.sum() > 1e9)]


def test_what_cannot_be_exported_is_tried_once(calls: list[str], tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"^this network cannot be exported to ONNX: [^\n]+$"):
        write_onnx(to_export(Unexportable()), tmp_path / "0.onnx", lambda _: None)
    assert len(calls) == 1
    assert list(cache_folder().iterdir()) == []


def test_a_file_with_other_results_is_never_seen(calls: list[str], tmp_path: Path) -> None:
    path = tmp_path / "0.onnx"
    path.write_text("former")

    def check(part: Path) -> None:
        assert path.read_text() == "former", "a process that is killed now leaves nothing unchecked"
        check_against(build(1))(part)

    with pytest.raises(UnpoolError, match="other results"):
        write_onnx(to_export(build(0)), path, check)
    assert path.read_text() == "former"
    assert [file.name for file in tmp_path.glob("*.onnx")] == ["0.onnx"]


def test_where_nothing_can_be_written_nothing_is_exported(calls: list[str], tmp_path: Path) -> None:
    blocked = tmp_path / f".partial-{os.getpid()}-0.onnx"
    blocked.mkdir()
    with pytest.raises(OSError, match=r"0\.onnx"):
        write_onnx(to_export(build(0)), tmp_path / "0.onnx", lambda _: None)
    assert calls == []


def test_errors_are_one_line() -> None:
    assert first_line(ValueError("\n a\nb")) == "a"
    assert first_line(ValueError()) == "ValueError"
