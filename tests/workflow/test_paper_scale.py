"""The report at the paper's scale: 11 models x 8 targets x 18 tasks, in a browser and within its budget."""

import json
import re

import pandas as pd
import pytest

from crossray.figures.registry import FIGURES
from made_study import words_of
from paper_scale import PUBLISHED

pytestmark = [pytest.mark.workflow, pytest.mark.browser]


@pytest.fixture
def page(browser, large):
    """Return the opened page, with what went wrong and when it had drawn."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda line: opened.problems.append(line.text) if line.type in ("error", "warning") else None)
    opened.goto((large.folder / "report.html").as_uri())
    yield opened
    context.close()


def test_it_is_small_and_opens_without_an_error(page, large):
    assert (large.folder / "report.html").stat().st_size <= 3_000_000
    assert page.problems == []
    drawn = "[...document.querySelectorAll('.card > img')].map(image => image.naturalWidth)"
    assert all(width > 300 for width in page.evaluate(drawn))
    assert page.locator("figure .card > svg, figure .card > img").count() == len(large.had(FIGURES))
    assert page.evaluate("document.querySelectorAll('*').length") <= 12_000


def test_every_cell_of_the_paper_is_in_the_explorer_and_the_comparison(page, large):
    cells = json.loads(page.locator("#cells").text_content())
    published = pd.read_csv(PUBLISHED / "fig1_auc.csv")
    for row in published.itertuples():
        place = [0, cells["sources"].index(row.source.replace("All", "all")), cells["targets"].index(row.target)]
        assert any(cell[:3] == place for cell in cells["views"][row.task])
    compared = pd.read_csv(large.folder / "analysis/paper.csv")
    assert (compared["quantity"] == "AUC").sum() > 300  # the rest has too few positives here
    title = words_of(large.folder, "paper")["title"]
    inside, of = map(int, re.match(r"(\d+) of (\d+) AUCs", title).groups())
    assert 0.90 <= inside / of <= 0.99  # the paper's numbers are the truth here, so 95% are expected


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1920])
def test_nothing_scrolls_sideways_but_the_boxes_that_say_so(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_tasks_and_measures_are_chosen_and_stay_in_the_address(page):
    page.get_by_label("Pneumonia", exact=True).check()
    page.get_by_label("Drop from the internal AUC", exact=True).check()
    assert "task=Pneumonia&measure=drop" in page.url
    cells = page.locator("#explorer td[data-words]")
    assert cells.count() == 11 * 8
    cells.nth(0).hover()
    assert "to" in page.locator("#explorer output").text_content()
    shown = cells.all_text_contents()
    page.reload()
    assert cells.all_text_contents() == shown
    page.go_back()
    assert cells.all_text_contents() != shown
