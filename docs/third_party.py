"""Write THIRD_PARTY.md: the licence of every locked package, by what the installed packages say of themselves.

    python docs/third_party.py

Terms that are no open licence, as NVIDIA's, come first. No text of a licence is copied: it lies in the package.
"""

import importlib.metadata
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "THIRD_PARTY.md"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_LICENCE_FILE = re.compile(r"licen[cs]e|copying|notice|eula", re.IGNORECASE)

HEAD = """# Licences of what is installed

Written by `make docs` from the metadata of the packages in `requirements.lock`; CrossRay itself is under Apache-2.0
([LICENSE](LICENSE)). Each package holds the text of its licence; the files are named from `site-packages`, and with
more than one, the others are those of libraries inside the package. A package that this table calls *not installed* is
for another system or version of Python than the one that the page was written on.

## Terms that are no open licence

The published CUDA builds of PyTorch depend on NVIDIA's libraries on Linux, which come under terms of NVIDIA's own: by
installing them you accept those terms. Read them in the files below before you use them in a product, change them or
pass them on, as in an image of a container. They are not needed to compute on a CPU, and nothing of them is part of
this repository.

"""


def locked(text: str) -> dict[str, list[str]]:
    """Return the packages of a lock file and their versions; several where Python's version decides."""
    versions: dict[str, list[str]] = {}
    for name, version in _PINNED.findall(text):
        versions.setdefault(name, []).append(version)
    return versions


def licence_of(name: str) -> tuple[str, list[str]]:
    """Return what an installed package says of its licence, and the files that hold it, from ``site-packages``."""
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed", []
    facts = package.metadata
    said = [facts.get("License-Expression"), facts.get("License")]
    short = [text.strip() for text in said if text and "\n" not in text.strip() and len(text) < 60]
    classes = [line.split(" :: ")[-1] for line in facts.get_all("Classifier") or [] if line.startswith("License ::")]
    files = sorted(
        str(path) for path in package.files or [] if _LICENCE_FILE.search(path.name) and path.suffix != ".py"
    )
    return (short or [" or ".join(classes)])[0] or _first_line(package, files), files


def _first_line(package: importlib.metadata.Distribution, files: list[str]) -> str:
    lines = Path(str(package.locate_file(files[0]))).read_text(encoding="utf-8").splitlines() if files else []
    return next((line.strip() for line in lines if line.strip()), "not said")


def is_closed(name: str, licence: str) -> bool:
    """Return whether a package comes under terms that are no open licence."""
    return name.startswith("nvidia-") or bool(re.search(r"proprietary|nvidia", licence, re.IGNORECASE))


def page(text: str) -> str:
    """Return the page about the packages of a lock file."""
    rows: dict[bool, list[str]] = {True: [], False: []}
    for name, versions in sorted(locked(text).items()):
        licence, files = licence_of(name)
        first = f"`{files[0]}`" if files else ""
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        rows[is_closed(name, licence)].append(f"| {name} | {', '.join(versions)} | {licence} | {first}{more} |")
    table = "| package | version | licence | text |\n|---|---|---|---|\n"
    closed, others = ("\n".join(rows[which]) for which in (True, False))
    return f"{HEAD}{table}{closed}\n\n## Open licences\n\n{table}{others}\n"


if __name__ == "__main__":
    PAGE.write_text(page(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
