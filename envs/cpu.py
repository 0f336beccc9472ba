"""Write envs/cpu.txt: requirements.lock without PyTorch and what its builds for GPUs alone need.

python envs/cpu.py

`make install DEVICE=cpu` installs these by their hashes, and then PyTorch's builds for processors in the same versions.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, WRITTEN = ROOT / "requirements.lock", ROOT / "envs/cpu.txt"
HEAD = "# requirements.lock without PyTorch and what its builds for GPUs need (python envs/cpu.py, part of make lock)\n"

#: PyTorch's packages, which have builds for processors, and those that no such build needs
_LEFT_OUT = re.compile(r"(torch|torchvision|triton|cuda-[\w-]+|nvidia-[\w-]+)==")


def without_gpu(lock: str) -> str:
    """Return a lock file without these packages: each is a line of name and version and indented lines after it."""
    packages = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(package for package in packages if not _LEFT_OUT.match(package))


if __name__ == "__main__":
    WRITTEN.write_text(HEAD + without_gpu(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
