"""Release a version: set it, build wheel and sdist into dist, commit, and tag.

python envs/release.py 1.0.0

The section Unreleased of CHANGELOG.md becomes that of the version. Packages are built first, from what git has and
nothing else, so that a build that fails leaves no trace. Nothing is pushed or uploaded.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = (
    "import sys; from setuptools import build_meta; folder = sys.argv[1]; "
    "build_meta.build_sdist(folder); build_meta.build_wheel(folder)"
)
_UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ReleaseError(Exception):
    """Why there is no release, in one line."""


def git(*words: str) -> str:
    """Run git in the checkout and return what it wrote."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ReleaseError(f"git {words[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    return done.stdout.rstrip()


def check(version: str) -> None:
    """Check that this version can be released from what is here.

    Raises:
        ReleaseError: if not.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version; write three numbers, such as make release VERSION=1.0.0")
    if changed := git("status", "--porcelain").splitlines():
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ReleaseError(f"{changed[0][3:]}{more}: not as committed; commit or remove what is no part of it")
    if git("tag", "--list", f"v{version}"):
        raise ReleaseError(f"the tag v{version} is there already; a release is never made twice, take the next number")
    section = _UNRELEASED.search((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not section or not section[1].strip():
        raise ReleaseError("CHANGELOG.md has nothing under ## Unreleased; write there what is new for users")


def texts(version: str, today: str) -> dict[str, str]:
    """Return the files that name the version, as they are in the release."""
    places = {
        "pyproject.toml": (r'^version = ".*"$', f'version = "{version}"'),
        "CITATION.cff": (r"^version: .*\ndate-released: .*$", f"version: {version}\ndate-released: {today}"),
        "CHANGELOG.md": (r"^## Unreleased$", f"## Unreleased\n\n## {version} ({today})"),
    }
    made = {}
    for name, (old, new) in places.items():
        text, times = re.subn(old, new, (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        if times != 1:
            raise ReleaseError(f"{name}: {times} places where a version belongs, there must be one ({old})")
        made[name] = text
    return made


def build(changed: dict[str, str], version: str, moment: datetime.datetime) -> list[Path]:
    """Build wheel and sdist of the last commit with these files changed, and put both into dist."""
    with tempfile.TemporaryDirectory() as folder:
        sources, made = Path(folder, "sources"), Path(folder, "made")
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:  # our own; Python before 3.11.4 has no filters
            files.extractall(sources, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # noqa: S202
        for name, text in changed.items():
            (sources / name).write_text(text, encoding="utf-8")
        made.mkdir()
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(int(moment.timestamp()))}
        words = [sys.executable, "-c", BUILD, str(made)]
        done = subprocess.run(words, cwd=sources, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise ReleaseError(f"the packages cannot be built: {done.stderr.strip().splitlines()[-1]}")
        (ROOT / "dist").mkdir(exist_ok=True)
        kept = [ROOT / "dist" / path.name for path in sorted(made.iterdir())]
        for path in kept:
            path.write_bytes((made / path.name).read_bytes())
    if [path.name for path in kept] != [f"crossray-{version}-py3-none-any.whl", f"crossray-{version}.tar.gz"]:
        raise ReleaseError(f"the build made {', '.join(path.name for path in kept)}, no wheel and sdist of {version}")
    return kept


def release(version: str) -> None:
    """Release a version."""
    check(version)
    now = datetime.datetime.now(datetime.UTC)
    changed = texts(version, f"{now:%Y-%m-%d}")
    packages = build(changed, version, now)
    for name, text in changed.items():
        (ROOT / name).write_text(text, encoding="utf-8")
    git("commit", "--quiet", "--message", f"Release {version}", "--", *changed)
    git("tag", "--annotate", f"v{version}", "--message", f"CrossRay {version}")
    print("\n".join(f"dist/{path.name}" for path in packages))
    print(f"Committed and tagged v{version}. To publish: git push --follow-tags, and hand over the two files.")


def main() -> int:
    """Parse the command line and return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("version", nargs="?", default="", help="three numbers, such as 1.0.0")
    try:
        release(options.parse_args().version)
    except ReleaseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
