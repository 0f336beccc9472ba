"""Which device and precision a machine offers."""

import logging
import tempfile
import time
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from crossray.errors import UserError

log = logging.getLogger(__name__)

#: locks of the GPUs that this process has taken; they end with it
_TAKEN: list[FileLock] = []


def choose_device(gpus: int) -> torch.device:
    """Return the device to run on: a GPU where there is one, else the CPU.

    A scheduler shows a job only the GPUs that it was given. Where more are seen than were promised, nobody has shared
    them out, and the job takes one that no other job of CrossRay has, until it ends.

    Args:
        gpus: how many GPUs the job was promised; 0 takes the first if it is there.

    Raises:
        UserError: if the job was promised more GPUs than it can see.
    """
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if seen < gpus:
        raise UserError(
            f"this job asked for {gpus} GPU and sees {seen}; give the job a GPU, or set its resource gpu to 0"
        )
    if not seen:
        return torch.device("cpu")
    number = take_free_gpu(seen, Path(tempfile.gettempdir())) if 0 < gpus < seen else 0
    return torch.device("cuda", number)


def take_free_gpu(seen: int, folder: Path) -> int:
    """Take a GPU that no other process has taken, and keep it until this process ends; wait while there is none.

    Args:
        seen: how many GPUs there are.
        folder: where the locks of this machine's GPUs are kept.

    Returns:
        Its number, from 0.
    """
    told = False
    while True:
        for number in range(seen):
            lock = FileLock(folder / f"crossray-gpu-{number}.lock", mode=0o666)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            _TAKEN.append(lock)
            return number
        if not told:
            log.info("all %d GPUs are taken by other jobs; waiting for one", seen)
        told = True
        time.sleep(1)


def fast_precision(device: torch.device) -> str:
    """Return ``bf16-mixed`` where the hardware computes in bfloat16, else ``32-true`` (Lightning's names)."""
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    capabilities = torch.cpu.get_capabilities()
    return "bf16-mixed" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "32-true"
