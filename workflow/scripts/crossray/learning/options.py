"""The command-line options that every program that computes with a network has."""

from argparse import ArgumentParser


def hardware_options(options: ArgumentParser) -> None:
    """Add how many threads a job may use and how many GPUs it was promised."""
    options.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    options.add_argument(
        "--gpus", type=int, default=0, help="GPUs the job was promised; 0 uses one if it is there (default: 0)"
    )
