"""Write the weights of a pickled PyTorch file as safetensors, which CrossRay and others read without running code.

python convert_weights.py FILE OUTPUT.safetensors [--execute]

Needs torch and safetensors alone. A file of tensors is read as it is. Any other pickle is a program: it is only loaded
with --execute, with all rights of whoever loads it. Do that once, in an environment of its own that also has the
package of the network's classes, on a machine without patients' data and, if you can, without a network.
"""

import argparse
import hashlib
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

#: keys under which training programs put a state dict
NESTED = ("state_dict", "model_state_dict", "model")
#: before names of the weights of a network that was trained on several devices, or compiled
WRAPPERS = ("module.", "_orig_mod.")


def loaded(path: Path, execute: bool) -> Any:
    """Return what a file holds; one that is more than tensors is loaded only if it may be executed.

    Raises:
        SystemExit: if it is no file of PyTorch's, must not be executed, or needs a package that is not here.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        pass
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise SystemExit(
            f"{path}: cannot be read as a file of PyTorch: {' '.join(str(error).split())[:200]}"
        ) from error
    if not execute:
        raise SystemExit(
            f"{path}: holds more than tensors, so that loading it executes code from it, which can do all that you can."
            " If you trust who made it, repeat with --execute, in an environment of its own"
        )
    print(f"{path}: is executed now, with your rights.", file=sys.stderr)
    try:
        return torch.load(path, map_location="cpu", weights_only=False)
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{path}: needs the package {error.name}; install the version that it was made with"
        ) from error
    except Exception as error:  # whatever its code raises
        raise SystemExit(f"{path}: its code failed: {' '.join(str(error).split())[:200]}") from error


def weights_of(found: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a network, a state dict, or one that is nested in a larger file, by their names.

    Returns:
        Tensors of their own memory, without the names of wrappers before theirs.
    """
    if isinstance(found, torch.nn.Module):
        found = found.state_dict()
    while isinstance(found, Mapping) and (inner := next((name for name in NESTED if name in found), None)):
        found = found[inner].state_dict() if isinstance(found[inner], torch.nn.Module) else found[inner]
    named = found if isinstance(found, Mapping) else {}
    tensors = {str(name): value for name, value in named.items() if isinstance(value, torch.Tensor)}
    for wrapper in WRAPPERS:
        if tensors and all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): value for name, value in tensors.items()}
    return {name: value.detach().clone().contiguous() for name, value in tensors.items()}


def main(arguments: list[str] | None = None) -> None:
    """Write one file as another, which must not be there yet."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE", help="file of torch.save: a state dict, or a whole network")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="file of safetensors to write")
    parser.add_argument("--execute", action="store_true", help="load a file that is more than tensors, executing it")
    words = parser.parse_args(arguments)
    if words.output.exists():
        raise SystemExit(f"{words.output}: is there already; name another file, or move it")
    weights = weights_of(loaded(words.file, words.execute))
    if not weights:
        raise SystemExit(f"{words.file}: has no tensors by name; is it a state dict or a network?")
    save_file(weights, words.output, {"format": "pt"})
    for path in (words.file, words.output):
        print(f"{path}: SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    print(f"{len(weights)} tensors, {sum(value.numel() for value in weights.values()):,} numbers")


if __name__ == "__main__":
    main()
