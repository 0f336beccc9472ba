"""A digest of the code that a rule runs, so that a change of meaning reruns the rule and a comment does not.

Snakemake sees neither a program that a ``shell:`` command calls nor the modules that the program imports;
rules pass this digest as ``params: code=`` instead. Standard library only: the workflow imports it at start.
"""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


@functools.cache
def code_version(script: str, *modules: str, without: str = "") -> str:
    """Return a digest of a program and of every CrossRay module that it imports, directly or not.

    Args:
        script: name of a program in ``workflow/scripts``, without ``.py``.
        modules: dotted names of modules that the program finds at run time (a data set's reader).
        without: dotted name of a module that only functions import which the program never calls.

    Returns:
        16 hexadecimal digits, the same wherever the checkout lies. They depend on the syntax trees alone:
        comments, docstrings, formatting and file times do not count.
    """
    pending = [SCRIPTS / f"{script}.py", *(path for name in modules for path in _files(name))]
    seen: dict[str, str] = {}
    while pending:
        path = pending.pop()
        key = path.relative_to(SCRIPTS).as_posix()
        if key not in seen:
            imports, seen[key] = _meaning(path.read_text(encoding="utf-8"), str(path))
            needed = (name for name in imports if not without or not f"{name}.".startswith(f"{without}."))
            pending.extend(path for name in needed for path in _files(name))
    digest = hashlib.sha256()
    for key in sorted(seen):
        digest.update(f"{key}\0{seen[key]}\0".encode())
    return digest.hexdigest()[:16]


@functools.cache
def _meaning(code: str, filename: str) -> tuple[tuple[str, ...], str]:
    """Return the names that a file's code imports, and the code without comments, docstrings and formatting."""
    tree = ast.parse(code, filename=filename)
    return tuple(_imports(tree)), ast.unparse(_without_docstrings(tree))


def _files(name: str) -> tuple[Path, ...]:
    """Return the files behind a dotted name of the library: its packages' and the module's own."""
    parts = name.split(".")
    if parts[0] != "crossray":
        return ()
    places = [SCRIPTS.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    return tuple(
        path for place in places for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()
    )


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield every dotted name that ``tree`` imports; ``from a import b`` yields ``a.b``, a module or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree
