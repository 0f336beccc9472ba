"""A digest of the code that a rule runs, so that a change of behaviour reruns the rule and a comment does not.

Snakemake sees neither a program that a ``shell:`` command calls nor the modules that the program imports;
rules pass this digest as ``params: code=`` instead. Standard library only: the workflow imports it at start.

To parse every file takes longer than all else that Snakemake does before the first job. What was found is therefore
kept in Snakemake's folder, by the content of each file: it is of no use once that changes.
"""

import ast
import atexit
import functools
import hashlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
#: where the installed package has programs; in a checkout they lie in ``SCRIPTS``
_INSTALLED = "crossray/programs"
#: what ``import crossray`` offers to users; every module's import reads it, and none uses it
_OFFERED = "crossray/__init__.py"
#: what earlier processes of a working folder found in files, by version of Python, which writes code its way
KEPT = Path(f".snakemake/code_version.{sys.implementation.cache_tag}.json")


@functools.cache
def code_version(script: str, *modules: str, without: str = "") -> str:
    """Return a digest of a program and of every CrossRay module that it imports, directly or not.

    Args:
        script: name of a program in ``workflow/scripts``, without ``.py``.
        modules: dotted names of modules that the program finds at run time (a data set's reader).
        without: dotted name of a module that only functions import which the program never calls.

    Returns:
        16 hexadecimal digits, the same wherever the checkout lies. They depend on the syntax trees alone:
        comments, docstrings and other bare strings, formatting and file times are ignored.
    """
    files = _behind(script, *modules, without=without)
    digest = hashlib.sha256()
    for key in sorted(files):
        digest.update(f"{key}\0{files[key][1]}\0".encode())
    return digest.hexdigest()[:16]


def imported(script: str) -> set[str]:
    """Return the dotted names that a program imports, itself or by modules of CrossRay."""
    return {name for names, _ in _behind(script).values() for name in names}


def _behind(script: str, *modules: str, without: str = "") -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the files behind a program, by their paths: what each imports, and its code."""
    installed = SCRIPTS / _INSTALLED / f"{script}.py"
    program = installed if installed.is_file() else SCRIPTS / f"{script}.py"
    pending = [program, *(path for name in modules for path in _files(name, SCRIPTS))]
    seen: dict[Path, tuple[tuple[str, ...], str]] = {}
    while pending:
        path = pending.pop()
        if path not in seen:
            offered = path == SCRIPTS / _OFFERED
            seen[path] = _meaning(
                "" if offered else path.read_text(encoding="utf-8"), path.relative_to(SCRIPTS).as_posix()
            )
            needed = (name for name in seen[path][0] if not without or not f"{name}.".startswith(f"{without}."))
            pending.extend(path for name in needed for path in _files(name, SCRIPTS))
    return {path.relative_to(SCRIPTS).as_posix().removeprefix(f"{_INSTALLED}/"): of for path, of in seen.items()}


@functools.cache
def _meaning(code: str, filename: str) -> tuple[tuple[str, ...], str]:
    """Return the names that a file's code imports, and the code without comments, bare strings and formatting."""
    known, content = kept(), hashlib.sha256(f"{_own()}\0{code}".encode()).hexdigest()
    if filename not in known or known[filename][0] != content:
        known[filename] = (content, *_parsed(code, filename))
    return known[filename][1:]


def _parsed(code: str, filename: str) -> tuple[tuple[str, ...], str]:
    """Return what :func:`_meaning` does, from the code itself."""
    tree = ast.parse(code, filename=filename)
    names: list[str] = []
    for node in ast.walk(tree):
        names += _imports(node)
        _drop_texts(node)
    return tuple(names), ast.unparse(tree)


@functools.cache
def _own() -> str:
    """Return the code of this module, on which depends what is found."""
    return Path(__file__).read_text(encoding="utf-8")


@functools.cache
def kept() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Return what is known of files, by their paths: digests of their content, names and code; new facts are kept.

    Only a folder that Snakemake has run in keeps them.
    """
    known: dict[str, tuple[str, tuple[str, ...], str]] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError):  # there is none, or it is damaged
        read = json.loads(KEPT.read_text(encoding="utf-8"))
        known = {file: (content, tuple(names), code) for file, (content, names, code) in read.items()}
    atexit.register(_keep, known, {file: content for file, (content, *_) in known.items()})
    return known


def _keep(known: dict[str, tuple[str, tuple[str, ...], str]], before: dict[str, str]) -> None:
    """Write what is known of files, if any of it is new."""
    if {file: content for file, (content, *_) in known.items()} == before:
        return
    partial = KEPT.with_name(f"{KEPT.name}.{os.getpid()}")
    with suppress(OSError):
        partial.write_text(json.dumps(known), encoding="utf-8")
        partial.replace(KEPT)


@functools.cache
def _files(name: str, scripts: Path) -> tuple[Path, ...]:
    """Return the files behind a dotted name of the library: its packages' and the module's own."""
    parts = name.split(".")
    if parts[0] != "crossray":
        return ()
    places = [scripts.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    return tuple(
        path for place in places for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()
    )


def _imports(node: ast.AST) -> list[str]:
    """Return every dotted name that a statement imports; ``from a import b`` gives ``a.b``, a module or not."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _drop_texts(node: ast.AST) -> None:
    """Remove bare strings from the statements in a node: docstrings, and descriptions of fields and columns."""
    for part in ("body", "orelse", "finalbody"):
        statements = getattr(node, part, None)
        if isinstance(statements, list):
            statements[:] = [one for one in statements if not _is_text(one)]


def _is_text(node: ast.stmt) -> bool:
    """Return whether a statement is nothing but a string."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
