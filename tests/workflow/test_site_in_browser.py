"""The site of the docs in a browser: nothing asked of another host, no page wider than a phone, a search that finds."""

import contextlib
import functools
import http.server
import os
import subprocess
import sys
import threading

import pytest

from helpers import ROOT

pytestmark = pytest.mark.browser

PAGES = ("index", "tutorial", "own-hospital", "verdict-meaning", "configuration", "tables", "datasets/index", "slurm")


@contextlib.contextmanager
def served(folder):
    """Serve a folder on the loopback and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of the site."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with served(folder) as address:
        yield address


@pytest.fixture
def tab(browser, site):
    """Return a tab, and what it asked for and complained of, which must be nothing in the end."""
    tab = browser.new_page()
    wrong = []
    tab.on("request", lambda request: None if request.url.startswith((site, "data:")) else wrong.append(request.url))
    tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    yield tab
    tab.close()
    assert not wrong


@pytest.mark.parametrize("width", [400, 1280])
def test_no_page_scrolls_sideways_or_asks_another_host(tab, site, width):
    tab.set_viewport_size({"width": width, "height": 900})
    for page in PAGES:
        tab.goto(f"{site}{page}.html")
        assert tab.locator("article h1").count() == 1, page
        assert tab.evaluate("document.documentElement.scrollWidth") == width, page


#: of the theme alone: its search has no name, lists and buttons of code have the same one, and no key scrolls a table
OF_THE_THEME = ("aria-dialog-name", "landmark-unique", "scrollable-region-focusable")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_reading_it(tab, site, faults_of, scheme):
    tab.emulate_media(color_scheme=scheme)
    for page in PAGES:
        tab.goto(f"{site}{page}.html")
        assert not faults_of(tab, *OF_THE_THEME), page


def test_search_finds_a_page(tab, site):
    tab.goto(f"{site}index.html")
    tab.keyboard.press("/")
    tab.keyboard.type("Kermany")
    found = tab.locator(".md-search-result__item a").first
    found.wait_for()
    assert "tutorial" in " ".join(link.get_attribute("href") for link in tab.locator(".md-search-result__item a").all())


def test_links_of_the_first_page_lead_to_pages(tab, site):
    tab.goto(f"{site}index.html")
    links = {link.get_attribute("href") for link in tab.locator("article table a").all()}
    assert len(links) > 20
    for link in links:
        assert tab.request.get(f"{site}{link}").ok, link
