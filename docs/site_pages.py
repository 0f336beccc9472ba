"""What mkdocs.yml cannot say: pages from outside docs, and links to files of the repository that are no pages.

A page of the repository, such as README.md, is read where it lies, so that no copy can go stale. Its links, and those
of all pages to files outside docs, are followed from there. A file that is no page of the site is linked at the public
address of the repository; while pyproject.toml has none, its name alone is shown. A link to nothing is an error.
"""

import logging
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

log = logging.getLogger("mkdocs.hooks.site_pages")

#: page of the repository -> page of the site
OUTSIDE = {
    "README.md": "index.md", "config/README.md": "configuration.md", "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "conduct.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md",
    "THIRD_PARTY.md": "third-party.md",
}  # fmt: skip

_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def repository() -> str:
    """Return the public address of the repository, which stands in pyproject.toml; empty until there is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"].get("Repository", "")).rstrip("/")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the repository, and put the pages of a folder in the place of its pattern."""
    config.repo_url = repository() or None
    config.nav = list(_listed(config.nav or []))
    return config


def _listed(entries: list[Any]) -> Iterator[Any]:
    for entry in entries:
        if isinstance(entry, Mapping):
            yield {title: list(_listed(part)) if isinstance(part, list) else part for title, part in entry.items()}
        elif entry.endswith("/*"):
            pages = sorted((ROOT / "docs" / entry[:-2]).glob("*.md"))
            yield from ({page.stem: str(page.relative_to(ROOT / "docs"))} for page in pages if page.stem != "README")
        else:
            yield entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs."""
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn the links of a page from those of the repository into those of the site."""
    source = Path(str(page.file.abs_src_path)).resolve()
    shown = [file for file in files if file.abs_src_path and file.inclusion.is_included()]
    pages = {Path(str(file.abs_src_path)).resolve(): file.src_uri for file in shown}

    def linked(match: re.Match[str]) -> str:
        there = (source.parent / match["path"]).resolve()
        if not there.exists():
            log.warning("%s links to %s, which is not there", source.relative_to(ROOT), match["path"])
            return match[0]
        found = pages.get(there) or pages.get(there / "README.md")
        if found:
            path = os.path.relpath(found, Path(page.file.src_uri).parent)
            return f"{match['image']}[{match['text']}]({path}{match['anchor'] or ''})"
        if address := repository():
            return f"[{match['text']}]({address}/blob/HEAD/{there.relative_to(ROOT)}{match['anchor'] or ''})"
        return f"`{there.relative_to(ROOT)}`"

    parts, end = [], 0
    for block in _FENCED.finditer(markdown):
        parts += [_LINK.sub(linked, markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, _LINK.sub(linked, markdown[end:])])
