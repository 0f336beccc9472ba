"""Which device and precision a machine offers."""

import torch

from crossray.errors import UserError


def choose_device(gpus: int) -> torch.device:
    """Return the device to run on: a GPU where there is one, else the CPU.

    Args:
        gpus: how many GPUs the job was promised; 0 takes one if it is there.

    Raises:
        UserError: if the job was promised more GPUs than it can see.
    """
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if seen < gpus:
        raise UserError(
            f"this job asked for {gpus} GPU and sees {seen}; give the job a GPU, or set its resource gpu to 0"
        )
    return torch.device("cuda" if seen else "cpu")


def fast_precision(device: torch.device) -> str:
    """Return ``bf16-mixed`` where the hardware computes in bfloat16, else ``32-true`` (Lightning's names)."""
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    capabilities = torch.cpu.get_capabilities()
    return "bf16-mixed" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "32-true"
