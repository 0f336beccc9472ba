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


UNKNOWN = "The list of advisories cannot be reached from here, or pip-audit cannot be had: nothing is known."


def report(answer: str) -> tuple[list[str], int]:
    """Return what is said of an answer of pip-audit, and the exit status.

    Args:
        answer: its JSON: under ``dependencies`` a name each, with a version and ``vulns``, which have an ``id`` and
            ``fix_versions``, or with a ``skip_reason``.
    """
    try:
        packages = json.loads(answer)["dependencies"]
        asked = [package for package in packages if "skip_reason" not in package]
        found = [(package["name"], package["version"], one) for package in asked for one in package["vulns"]]
        lines = [
            f"{name} {version}: {one['id']}; mended in {', '.join(one['fix_versions']) or 'no version yet'}"
            for name, version, one in found
        ]
        skipped = [package["name"] for package in packages if "skip_reason" in package]
    except (ValueError, KeyError, TypeError):
        return [UNKNOWN], 2
    if not asked:
        return [UNKNOWN], 2
    if skipped:
        lines.append(f"not asked about: {', '.join(skipped)}")
    return [*lines, f"{len(asked)} packages, {len(found)} advisories"], int(bool(found))


def main() -> int:
    """Ask, and say what came of it."""
    try:
        answer = subprocess.run(COMMAND, capture_output=True, text=True, check=False).stdout
    except OSError:
        answer = ""
    lines, status = report(answer)
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
