"""Device and precision available on a machine."""

import errno
import logging
import os
import socket
import time
from collections.abc import Sequence

import torch

from crossray.errors import UserError
from crossray.learning import processes

log = logging.getLogger(__name__)

#: the value of ``training.precision`` that forbids bfloat16
FULL_PRECISION = "float32"

#: environment variables that SLURM sets for each job
SLURM_JOB = "SLURM_JOB_ID"

#: names of GPUs that this process has taken; they end with it
_TAKEN: list[socket.socket] = []


def choose_device(gpus: int) -> torch.device:
    """Return the device to run on: a GPU where there is one, else the CPU.

    A scheduler shows a job only the GPUs that it was given. Where more are seen than were promised, nobody has shared
    them out, and the job takes one that no other job of CrossRay has, until it ends.

    Processes that train one model together take the GPUs of their machine in order.

    Args:
        gpus: how many GPUs the job was promised, on all its machines; 0 takes the first if it is there.

    Raises:
        UserError: if the job was promised more GPUs than it can see, or more than it has processes.
    """
    if gpus > processes.count():
        raise UserError(
            f"this job asked for {gpus} GPUs and runs in {processes.count()} process: set its resource launcher to "
            f'"torchrun --standalone --nproc-per-node {gpus}", or its resource gpu to 1'
        )
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not gpus and not seen and SLURM_JOB in os.environ:
        log.warning(
            "this SLURM job asked for no GPU (its resource gpu is 0) and computes on the CPU, many times slower"
        )
    wanted = processes.count_here() if gpus else 0
    if seen < wanted:
        raise UserError(
            f"this job asked for {wanted} GPU and sees {seen}; give the job a GPU, or set its resource gpu to 0"
        )
    if not seen:
        return torch.device("cpu")
    if processes.count() > 1:
        return torch.device("cuda", processes.number_here())
    return torch.device("cuda", take_free_gpu([_identity(gpu) for gpu in range(seen)]) if 0 < gpus < seen else 0)


def _identity(gpu: int) -> str:
    """Return a name of a GPU that is the same for processes that see other GPUs, or see them in another order."""
    return str(torch.cuda.get_device_properties(gpu).uuid)


def take_free_gpu(names: Sequence[str]) -> int:
    """Take a GPU that no other process has taken, and keep it until this process ends; wait while there is none.

    A taken GPU is a name in Linux's abstract socket namespace: all users of the machine share it, no file is left
    behind, and the kernel frees it when the process ends, however it does.

    Args:
        names: of the GPUs that there are.

    Returns:
        The place of the one that was taken, from 0.
    """
    waiting = False
    while True:
        for number, name in enumerate(names):
            if taken := _taken(name):
                _TAKEN.append(taken)
                return number
        if not waiting:
            log.info("all %d GPUs are used by other jobs; waiting for one", len(names))
        waiting = True
        time.sleep(1)


def _taken(name: str) -> socket.socket | None:
    """Take a name on this machine, None where another process has it."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        taken.bind(f"\0crossray-gpu-{name}")
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return taken


def precision(asked: str, device: torch.device) -> str:
    """Return ``bf16-mixed`` where that is allowed and the hardware computes in bfloat16, else ``32-true``.

    Args:
        asked: ``fastest`` or ``float32``, the setting ``training.precision``.
        device: where to compute.

    Returns:
        Lightning's name.
    """
    if asked == FULL_PRECISION:
        return "32-true"
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    capabilities = torch.cpu.get_capabilities()
    return "bf16-mixed" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "32-true"
