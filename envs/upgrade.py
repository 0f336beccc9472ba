"""Take the newest packages that pyproject.toml allows, and say what that changes in pixels and in numbers.

python envs/upgrade.py

Before and after, the files of pydicom's collections are decoded and a tiny study is run to its report. Then the tests
run. Nothing is committed: `git checkout requirements.lock envs/cpu.txt && make install` goes back.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, STUDY = ROOT / "requirements.lock", ROOT / "tests/workflow/tiny.yaml"
PYTHON = ROOT / ".venv/bin/python"


def snakemake(folder: Path, target: str, *words: str) -> None:
    """Run the tiny study in a folder."""
    command = [str(ROOT / ".venv/bin/snakemake"), target, "--snakefile", str(ROOT / "Snakefile")]
    subprocess.run([*command, "--configfile", str(STUDY), *words], cwd=folder, check=True)


def pixels() -> dict[str, str]:
    """Decode every file of pydicom's collections; return its name and a digest of its grey levels, or why not."""
    sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "docs")]
    import numpy as np
    from conformance import files

    from crossray.dicom import read_dicom
    from crossray.errors import UnusableImageError

    found = {}
    for path in files():
        try:
            found[path.name] = hashlib.sha256(np.asarray(read_dicom(path)[0]).tobytes()).hexdigest()
        except UnusableImageError as error:
            found[path.name] = str(error)
    return found


def observe(folder: Path, key: Path | None = None) -> dict[str, str]:
    """Run the tiny study in a folder with what is installed, with the key of another run; return the pixels."""
    folder.mkdir()
    if key:
        shutil.copytree(key, folder / "private")
    snakemake(folder, "report", "--cores", "2")
    words = [str(PYTHON), __file__, "--pixels"]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def packages() -> dict[str, str]:
    """Return name and version of each locked package, with its marker where it has one."""
    lines = [line.rstrip(" \\").split("==", 1) for line in LOCK.read_text(encoding="utf-8").splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}


def print_changes(what: str, before: dict[str, str], after: dict[str, str]) -> None:
    """Print which of the named things differ."""
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    print(f"\n{what}: {len(changed)} of {len(after)} differ")
    for name in changed:
        print(f"  {name}: {before.get(name, 'none')[:70]} -> {after.get(name, 'none')[:70]}")


def main() -> int:
    """Observe, upgrade, observe again, compare, test; return the status of the tests."""
    with tempfile.TemporaryDirectory(prefix="crossray-upgrade-") as folder:
        old, new = Path(folder, "before"), Path(folder, "after")
        locked, seen = packages(), observe(old)
        subprocess.run(["make", "lock", "UPGRADE=--upgrade"], cwd=ROOT, check=True)
        subprocess.run(["make", "install", "docs"], cwd=ROOT, check=True)
        seen_after = observe(new, old / "private")
        print_changes("Packages", locked, packages())
        print_changes("Pixels of pydicom's files", seen, seen_after)
        print("\nNumbers of a tiny study:", flush=True)
        snakemake(new, "diff", "--cores", "1", "--config", f"before={old / 'results/tiny'}")
    return subprocess.run(["make", "test", "conformance"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["--pixels"]:
        print(json.dumps(pixels()))
        sys.exit(0)
    sys.exit(main())
