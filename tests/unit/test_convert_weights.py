"""Pickled weights become safetensors by hand, and no code of a file runs unless that is asked for."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from helpers import ROOT

sys.path.insert(0, str(ROOT / "envs"))
import convert_weights


class Marks:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {f"module.{name}": value for name, value in state.items()}, "optimizer": {}},
    ],
)
def test_state_dicts_are_read_as_they_are(tmp_path, network, wrap, capsys):
    torch.save(wrap(network.state_dict()), tmp_path / "w.pt")
    convert_weights.main([str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")])
    written = load_file(tmp_path / "w.safetensors")
    assert written.keys() == network.state_dict().keys()
    assert all(torch.equal(written[name], value) for name, value in network.state_dict().items())
    assert "7 tensors" in capsys.readouterr().out


def test_a_whole_network_is_executed_only_if_that_is_asked_for(tmp_path, network, capsys):
    torch.save(network, tmp_path / "w.pt")
    words = [str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")]
    with pytest.raises(SystemExit, match="executes code from it, which can do all that you can"):
        convert_weights.main(words)
    assert not (tmp_path / "w.safetensors").exists()
    convert_weights.main([*words, "--execute"])
    assert "is executed now, with your rights" in capsys.readouterr().err
    assert torch.equal(load_file(tmp_path / "w.safetensors")["0.weight"], network.state_dict()["0.weight"])


def test_code_in_a_file_does_not_run(tmp_path, network):
    torch.save({"state_dict": network.state_dict(), "note": Marks(tmp_path / "mark")}, tmp_path / "w.pt")
    with pytest.raises(SystemExit, match="--execute"):
        convert_weights.main([str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")])
    assert not (tmp_path / "mark").exists()


def test_tied_weights_are_written_twice(tmp_path):
    shared = torch.ones(2)
    torch.save({"a": shared, "b": shared, "c": torch.ones(3, 2).T}, tmp_path / "w.pt")
    convert_weights.main([str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")])
    assert {name: tuple(value.shape) for name, value in load_file(tmp_path / "w.safetensors").items()} == {
        "a": (2,), "b": (2,), "c": (2, 3),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"", "cannot be read"), (b"nothing of the kind", "--execute"), ([1, 2], "no tensors")],
)
def test_other_files_are_told_in_one_line(tmp_path, content, message):
    if isinstance(content, bytes):
        (tmp_path / "w.pt").write_bytes(content)
    elif content is not None:
        torch.save(content, tmp_path / "w.pt")
    with pytest.raises(SystemExit, match=message) as told:
        convert_weights.main([str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")])
    assert "\n" not in str(told.value)


def test_nothing_is_overwritten(tmp_path, network):
    torch.save(network.state_dict(), tmp_path / "w.pt")
    (tmp_path / "w.safetensors").write_bytes(b"mine")
    with pytest.raises(SystemExit, match="is there already"):
        convert_weights.main([str(tmp_path / "w.pt"), str(tmp_path / "w.safetensors")])
