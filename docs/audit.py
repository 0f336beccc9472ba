"""Compare requirements.lock with the public advisories about its packages.

    python docs/audit.py

Exits 0 if none is known, 1 if some are, 2 if the list cannot be reached: then nothing is known.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
#: run by uv in an environment of its own, as it is no part of the product
COMMAND = ["uv", "tool", "run", "--quiet", "pip-audit@2.10.1", "--disable-pip", "--require-hashes", "--format", "json",
           "--progress-spinner", "off", "--requirement", str(LOCK)]  # fmt: skip


def main() -> int:
    """Ask, and say what came of it."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        print("The list of advisories cannot be reached from here, or pip-audit cannot be had: nothing is known.")
        return 2
    found = [(package, advisory) for package in packages for advisory in package.get("vulns", [])]
    for package, advisory in found:
        mended = ", ".join(advisory.get("fix_versions", [])) or "no version yet"
        print(f"{package['name']} {package['version']}: {advisory['id']}; mended in {mended}")
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        print(f"not asked about: {', '.join(skipped)}")
    print(f"{len(packages) - len(skipped)} packages, {len(found)} advisories")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
