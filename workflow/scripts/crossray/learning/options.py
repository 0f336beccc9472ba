"""Command-line options of all programs that compute with a network."""

from argparse import ArgumentParser
from pathlib import Path


def hardware_options(options: ArgumentParser) -> None:
    """Add how many threads a job may use and how many GPUs it was promised."""
    options.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    options.add_argument(
        "--gpus", type=int, default=0, help="GPUs allocated to the job; 0 uses one if available (default: 0)"
    )


def training_options(options: ArgumentParser) -> None:
    """Add what every program that trains takes, wherever it trains."""
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests of the training data sets")
    options.add_argument("--indexes", required=True, type=Path, nargs="+", help="their indexes of shards, in order")
    options.add_argument(
        "--initial", nargs="?", type=Path, help="state dict to start from (safetensors or torch.save; default: none)"
    )
    options.add_argument(
        "--reading", choices=["mapped", "memory", "local"], default="mapped",
        help="read pixels from the shards, from memory, or from a copy in TMPDIR (default: mapped)",
    )  # fmt: skip
    options.add_argument("--checkpoint-dir", required=True, type=Path, help="folder for checkpoints")
    options.add_argument("--checkpoint-every", type=int, default=1, help="epochs between checkpoints (default: 1)")
    options.add_argument("--tensorboard", required=True, type=Path, help="folder for the TensorBoard log")
    options.add_argument("--history", required=True, type=Path, help="CSV to write: one row an epoch")
    options.add_argument("--record", required=True, type=Path, help="JSON to write: settings, versions, device, notes")
    hardware_options(options)
