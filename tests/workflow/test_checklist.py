"""What a machine can check of a good page, on the tiny study of every analysis and at the paper's scale."""

import gzip
import itertools
import re

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.browser]


@pytest.fixture(scope="module", params=["whole", "large"])
def path(request):
    """Return the path of a report."""
    study = request.getfixturevalue(request.param)
    return study.folder / ("results/whole/report.html" if request.param == "whole" else "report.html")


@pytest.fixture(scope="module")
def page(browser, path):
    """Return the report in a browser; tests leave it as it is."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.requested = []
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.goto(path.as_uri())
    yield opened
    context.close()


def test_nothing_is_asked_of_a_network_and_a_policy_forbids_it(page):
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.requested)
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy


def test_it_is_light(page, path):
    assert path.stat().st_size <= 3_000_000
    assert len(gzip.compress(path.read_bytes())) <= 1_500_000
    assert page.evaluate("document.querySelectorAll('*').length") <= 12_000
    assert page.evaluate("performance.memory.usedJSHeapSize") <= 50_000_000


def test_headings_are_in_order_and_there_is_one_main(page):
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title()
    assert page.locator("main").count() == page.locator("h1").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(heading => +heading.tagName[1])")
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.locator("a.skip").get_attribute("href") == "#main"


def test_every_drawing_has_a_name_and_ids_are_unique(page):
    drawings = page.locator(".card > svg, .card > img")
    for number in range(drawings.count()):
        assert drawings.nth(number).evaluate(
            "e => e.matches('img') ? e.alt : document.getElementById(e.getAttribute('aria-labelledby').split(' "
            "')[0]).textContent"
        )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def test_every_figure_has_words_a_table_or_a_download(page):
    for number in range(page.locator("figure").count()):
        figure = page.locator("figure").nth(number)
        assert len(figure.locator("figcaption p").first.text_content()) > 40
        assert "How to read it" in figure.text_content()
        assert figure.get_by_text("Figure as SVG").count() == 1


def test_tables_have_a_caption_and_heads(page):
    for number in range(page.locator("main table").count()):
        table = page.locator("main table").nth(number)
        assert table.locator("caption").text_content()
        assert table.locator("thead th[scope=col]").count() > 0
        assert table.locator("tbody tr").count() == table.locator("tbody th[scope=row]").count()


def test_texts_of_programs_are_nowhere(page):
    text = page.locator("main").inner_text()
    for wrong in ("null", "nan", "NaN", "undefined", "[object"):
        assert not re.search(rf"(?<![\w.]){re.escape(wrong)}(?![\w.])", text), wrong


def test_home_is_marked_and_worse_than_chance_looks_otherwise(page):
    cells = page.locator("#explorer td[data-words]")
    assert page.locator("#explorer td.home").count() >= 2
    for number in range(cells.count()):
        words, colour = cells.nth(number).evaluate("c => [c.textContent, getComputedStyle(c).backgroundColor]")
        assert ("▼" in words) == (colour == "rgb(213, 94, 0)")


def test_controls_are_large_enough_and_few_before_the_first_result(page):
    for box in page.locator("#explorer label, nav a").all():
        assert box.bounding_box()["height"] >= 24
    stops = page.evaluate(
        """() => {
          const all = [...document.querySelectorAll('a[href], input, summary, [tabindex="0"]')];
          const visible = all.filter(e => e.offsetParent !== null || e.tagName === 'A');
          const radios = new Set(visible.filter(e => e.type === 'radio').map(e => e.name)).size;
          const first = document.querySelector('#explorer td[tabindex="0"]');
          const before = visible.filter(e => e.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING);
          return before.filter(e => e.type !== 'radio').length + radios;
        }"""
    )
    assert stops <= 60


def test_no_control_shares_anything(page):
    text = page.locator("body").inner_text().lower()
    assert "upload" not in text
    assert page.get_by_role("button").count() == 0


def test_downloads_are_csv_with_one_head(page):
    for name in ("transfer", "tasks", "performance"):
        with page.expect_download() as download:
            page.locator(f"#csv-{name}").click()
        assert download.value.suggested_filename.endswith(f"{name}.csv")
        lines = download.value.path().read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1
        assert all(part.strip() for part in lines[0].split(","))


def test_figures_are_offered_as_drawings(page):
    for name in ("auc_matrix", "task_matrices"):
        with page.expect_download() as download:
            page.locator(f"#figure-{name}").get_by_text("Figure as SVG").click()
        assert download.value.suggested_filename.endswith(f"{name}.svg")
        assert download.value.path().read_text(encoding="utf-8").startswith("<svg")


def test_limits_provenance_and_citation_are_complete(page):
    assert page.locator("section[aria-labelledby=limits] li").count() >= 6
    facts = page.locator("section[aria-labelledby=provenance] tbody tr").all_text_contents()
    assert not any("unknown" in fact.lower() for fact in facts)
    entry = page.locator("section[aria-labelledby=cite] pre").text_content()
    assert entry.count("{") == entry.count("}")
    assert re.match(r"@software\{crossray,\s+author", entry)


def test_nobody_who_wants_no_motion_gets_any(browser, path):
    context = browser.new_context(offline=True, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto(path.as_uri())
    assert opened.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    context.close()


def test_on_paper_it_is_at_most_thirty_pages(browser, path, tmp_path):
    context = browser.new_context(offline=True)
    opened = context.new_page()
    opened.goto(path.as_uri())
    opened.emulate_media(media="print")
    opened.pdf(path=tmp_path / "report.pdf", format="A4", print_background=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "report.pdf").read_bytes()))
    assert 3 <= pages <= 30
    context.close()
