"""The report in a real browser: from disk, without a network, at every width, by keyboard, without a script."""

import pytest

from helpers import ROOT
from workflow_helpers import FIGURES_OF_TWO

pytestmark = [pytest.mark.workflow, pytest.mark.browser]


@pytest.fixture
def opened(browser, finished):
    """Return a function that opens the tiny study's report and notes errors and requests."""
    contexts = []

    def opened(fragment="", **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.requested = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda line: page.problems.append(line.text) if line.type in ("error", "warning") else None)
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto((finished.folder / "results/tiny/report.html").as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_it_opens_from_disk_without_a_network_or_an_error(opened):
    page = opened()
    assert page.problems == []
    assert all(url.startswith(("file:", "data:")) for url in page.requested)
    assert page.locator("figure .card > svg, figure .card > img").count() == len(FIGURES_OF_TWO)
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.querySelectorAll('*').length") < 12_000
    assert page.evaluate("[...document.querySelectorAll('h1,h2,h3')].every(h => h.textContent.trim())")


def test_the_first_screen_has_the_banner_and_the_answer(opened):
    for size in ({"width": 1280, "height": 900}, {"width": 375, "height": 812}):
        page = opened(viewport=size)
        for selector in (".banner", ".answer p >> nth=0"):
            box = page.locator(selector).bounding_box()
            assert box["y"] + box["height"] <= size["height"], (selector, size)


def test_on_a_phone_every_figure_is_seen_whole_and_may_be_zoomed(opened, tmp_path):
    page = opened(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, java_script_enabled=False)
    assert "user-scalable" not in page.locator("meta[name=viewport]").get_attribute("content")
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    boxes = page.evaluate("[...document.querySelectorAll('.card')].map(c => [c.scrollWidth, c.clientWidth])")
    assert len(boxes) == len(FIGURES_OF_TWO)
    assert all(inside <= outside for inside, outside in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [320, 375, 390, 768, 1280, 1920])
def test_nothing_scrolls_sideways_but_the_boxes_that_say_so(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_keeps_people_from_reading_it(opened, faults_of, width, scheme):
    assert not faults_of(opened(viewport={"width": width, "height": 800}, color_scheme=scheme))


@pytest.mark.whole
def test_no_section_keeps_people_from_reading_it(browser, whole, faults_of):
    page = browser.new_page()
    page.goto((whole.folder / "results/whole/report.html").as_uri())
    assert not faults_of(page)
    page.close()


def test_choosing_a_task_changes_matrix_and_address_and_survives_a_reload(opened):
    page = opened()
    before = page.locator("#explorer td[data-words]").all_text_contents()
    page.get_by_label("Nodule", exact=True).check()
    after = page.locator("#explorer td[data-words]").all_text_contents()
    assert before != after
    assert "L" in after
    assert page.url.endswith("#task=Nodule&measure=auc&model=small")
    page.reload()
    assert page.locator("#explorer td[data-words]").all_text_contents() == after
    page.go_back()
    assert page.locator("#explorer td[data-words]").all_text_contents() == before


def test_another_measure_says_how_it_is_read_and_that_the_caption_is_on_auc(opened):
    page = opened()
    note = page.locator("#explorer > p")
    assert note.text_content() == ""
    page.get_by_label("Calibration error", exact=True).check()
    assert "0 is none. The caption below is on AUC." in note.text_content()
    page.get_by_label("AUC", exact=True).check()
    assert note.text_content() == ""


def test_cells_tell_what_stands_behind_them_by_mouse_and_by_keyboard(opened):
    page = opened("#task=Effusion")
    assert not page.locator("#figure-auc_matrix .card").is_visible()
    cells = page.locator("#explorer td[data-words]")
    cells.nth(1).hover()
    facts = page.locator("#explorer output")
    assert "north to south: AUC" in facts.text_content()
    assert "positives of" in facts.text_content()
    assert cells.nth(1).locator("small").all_text_contents()[1].startswith("n = ")
    cells.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert "south to south: AUC" in facts.text_content()


def test_the_explorers_numbers_are_the_tables(opened):
    page = opened("#task=Effusion")
    words = page.locator("#explorer td[data-words]").evaluate_all("cells => cells.map(c => c.dataset.words).join(' ')")
    rows = page.locator("section[aria-labelledby=tasks] tbody tr").evaluate_all(
        "rows => rows.filter(r => r.cells[3].textContent === 'Effusion').map(r => r.cells[4].textContent)"
    )
    assert len(rows) == 4
    assert all(f"AUC {number}," in words for number in rows)


def test_the_explorer_rounds_as_the_tables_do(browser):
    script = (ROOT / "workflow/scripts/crossray/figures/templates/report.js").read_text()
    rounding = script[script.index("const rounded") : script.index("const fixed")]
    values = [k / 160 for k in range(161)] + [k / 16 - 1 for k in range(33)] + [0.0005, 0.285, -0.0625, 0.6125]
    page = browser.new_page()
    for digits in (1, 2, 3):
        made = page.evaluate(f"values => {{ {rounding}; return values.map(v => rounded(v, {digits})); }}", values)
        assert [float(number) for number in made] == [float(f"{value:.{digits}f}") for value in values]
    page.close()


def test_downloads_give_files_with_their_names(opened):
    page = opened()
    with page.expect_download() as download:
        page.locator('a[download$="performance.csv.gz"]').click()
    assert download.value.suggested_filename == "phantoms-tiny-performance.csv"
    assert download.value.path().read_text().startswith("model,source,target,task,seed")


def test_without_a_script_every_figure_and_table_is_there(opened):
    page = opened(java_script_enabled=False)
    assert page.locator("figure .card > svg, figure .card > img").count() == len(FIGURES_OF_TWO)
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#figure-auc_matrix .card").is_visible()
    assert page.locator("table").count() >= 5


def test_on_paper_controls_are_gone_and_figures_fit(opened, tmp_path):
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#figure-auc_matrix .card").is_visible()
    assert not page.locator("nav").is_visible()
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000


def test_in_the_dark_text_is_light_and_figures_stay_on_white(opened):
    page = opened(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(229, 231, 235)"
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"
