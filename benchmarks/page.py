"""How long a browser takes to draw the report at the paper's size: 11 models, 8 targets, 18 tasks.

By the browser's own clock: from the start of loading to the end of the first frame after it. The page is made first,
from predictions that are made up, which takes some minutes.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import ROOT, Row

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPETITIONS = 10


def measure(folder: Path) -> Iterator[Row]:
    """Make the page, open it, and load it again and again."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(ROOT / "tests"))
    from paper_scale import paper_scale

    path = folder / "report.html"
    path.write_text(paper_scale(folder).make().analyse().draw().page(), encoding="utf-8")
    yield Row("page, paper's size", "CrossRay", [path.stat().st_size / 1e6], unit="MB")
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=os.getuid() != 0)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        yield Row("page, drawn", "CrossRay", [_drawn(page) for _ in range(REPETITIONS)])
        browser.close()


def _drawn(page: "Page") -> float:
    """Load the page again; return seconds until it is drawn."""
    page.reload()
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
