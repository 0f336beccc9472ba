"""Run benchmarks, each in a process of its own, and write benchmarks/results/*.csv.

    python benchmarks/run.py                    # all that docs/performance.md shows
    python benchmarks/run.py conversion batches
    python benchmarks/run.py analyses duplicates # the longer ones, not in the list

Every subject is a module beside this one: its docstring says what it measures, ``measure`` does it.
"""

import argparse
import datetime
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measuring

#: subject -> CPU threads; one where figures are for one core
SUBJECTS = {
    "conversion": 1,
    "batches": 1,
    "training": os.cpu_count() or 1,
    "training_gpu": os.cpu_count() or 1,
    "matrix": 1,
    "intervals": 1,
    "precision": os.cpu_count() or 1,
    "memory": 1,
    "startup": 1,
    "graph": 1,
}
FURTHER = {"analyses": 1, "duplicates": 1, "hostile": 1, "lettering": 1, "page": 1}


def run_alone(subject: str) -> None:
    """Measure one subject in this process."""
    sys.path.insert(0, str(measuring.SCRIPTS))
    module = importlib.import_module(subject)
    with tempfile.TemporaryDirectory(prefix="crossray-benchmark-") as folder:
        measuring.write(measuring.RESULTS / f"{subject}.csv", module.measure(Path(folder)))
    print(f"  peak memory of the benchmark: {measuring.peak_mb():,.0f} MB", flush=True)


def machine() -> dict[str, object]:
    """Say what the figures were measured on."""
    import torch

    described = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.split(":")[1].strip() for line in described if line.startswith("model name")), "unknown")
    flags = next((line.split() for line in described if line.startswith("flags")), [])
    return {
        "date": datetime.date.today().isoformat(),
        "processor": name,
        "cores": os.cpu_count(),
        "extensions": [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags],
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def main() -> int:
    """Parse the command line and run each subject."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("subjects", nargs="*", metavar="subject", help=", ".join([*SUBJECTS, *FURTHER]))
    options.add_argument("--alone", action="store_true", help="measure in this process (what the runner calls)")
    arguments = options.parse_args()
    if unknown := set(arguments.subjects) - {*SUBJECTS, *FURTHER}:
        options.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join([*SUBJECTS, *FURTHER])}")
    if arguments.alone:
        run_alone(*arguments.subjects)
        return 0
    found, failed = machine(), []
    for subject in arguments.subjects or SUBJECTS:
        print(f"{subject}:", flush=True)
        if subject == "training_gpu" and not found["gpu"]:
            print("  no GPU here: left out, its last results are kept", flush=True)
            continue
        start = time.perf_counter()
        environment = measuring.with_threads((SUBJECTS | FURTHER)[subject])
        if subprocess.run([sys.executable, __file__, "--alone", subject], env=environment, check=False).returncode:
            failed.append(subject)
        else:
            name = "machine_gpu.json" if subject == "training_gpu" else "machine.json"
            (measuring.RESULTS / name).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}; their old results are kept", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
