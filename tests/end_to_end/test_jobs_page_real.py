"""The page for many texts in a real browser, before a server that is a process of its own and really scores."""

import csv
import io
import json

import polars as pl
import pytest

pytest.importorskip("prometheus_client")

from tests.browser import CONTRAST, PHONE
from tests.detector_fixtures import made_up_texts, make_detector
from tests.served_page import Visit
from tests.served_process import serving
from tests.vendor import AXE

from tain.detector import Detector

pytestmark = pytest.mark.timeout(600)
N_TEXTS = 24
HOSTILE = "<img src=x onerror=alert(1)>"
TEXTS = [*made_up_texts(N_TEXTS // 2, seed=71), *made_up_texts(N_TEXTS // 2, seed=72, ai=True), "w1 w2", ""]
IDS = [f"essay {i:02d}" for i in range(N_TEXTS)] + [HOSTILE, "=1+1"]
DONE = f".job:has-text('{len(TEXTS)} of {len(TEXTS)} rows')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("real_jobs"))


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    with serving("--model", folder, "--jobs-dir", tmp_path_factory.mktemp("jobs")) as server:
        yield server.address
        assert server.lines("error") == []
        assert server.stop() == 0


@pytest.fixture
def visit(browser, address):
    contexts = []

    def visit(**options):
        contexts.append(browser.new_context(**options))
        return Visit(contexts[-1], address, "/jobs").ready()

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def upload():
    stream = io.StringIO(newline="")
    rows = csv.writer(stream)
    rows.writerow(["id", "essay"])
    rows.writerows(zip(IDS, TEXTS, strict=True))
    return {"name": f"{HOSTILE}.csv", "mimeType": "text/csv", "buffer": stream.getvalue().encode()}


def press_until(page, selector, key="Tab", most=80):
    """Walk with one key until the focus is where it should be."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} cannot be reached with {key}")


def hand_in(here, upload):
    here.page.set_input_files("#upload", upload)
    here.page.fill("#column", "essay")
    press_until(here.page, "#hand-in")
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector(DONE)


def show(here):
    here.page.locator(".job button:has-text('Show results')").first.focus()
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector("#results table")


def column(here, n):
    return here.page.evaluate(
        f"[...document.querySelectorAll('#results tbody tr')].map(e => e.children[{n}].textContent)"
    )


def test_by_keyboard_alone_a_file_is_scored_sorted_searched_saved_and_deleted(visit, folder, upload):
    here = visit(accept_downloads=True)
    hand_in(here, upload)
    assert "done" in here.page.locator(".job .hint").first.inner_text()
    show(here)
    verdicts = [Detector.load(folder).check(text) for text in TEXTS]
    words = {"ai": "flagged", "human": "not flagged", "too_short": "not enough text"}
    assert column(here, 1) == IDS
    assert column(here, 2)[:-1] == [words[verdict.label] for verdict in verdicts[:-1]]
    press_until(here.page, "#results th button")
    for _ in range(3):
        here.page.keyboard.press("Tab")
    here.page.keyboard.press("Enter")
    shown = [float(score.replace("−", "-")) for score in column(here, 3)[:N_TEXTS]]
    assert shown == sorted(shown, reverse=True)
    here.page.keyboard.press("Enter")
    assert here.page.locator("#results th[aria-sort=ascending]").inner_text().startswith("Score")
    press_until(here.page, "#results input[type=search]", "Shift+Tab")
    here.page.keyboard.type("essay 0")
    assert len(column(here, 1)) == 10
    press_until(here.page, "#results select", "Shift+Tab")
    here.page.keyboard.type("flagged")
    expected = [v.label == "ai" for v in verdicts[:10]].count(True)
    assert len(column(here, 1)) == expected
    press_until(here.page, ".job button[aria-label^='Save as jsonl']", "Shift+Tab")
    with here.page.expect_download() as saved:
        here.page.keyboard.press("Enter")
    rows = [json.loads(line) for line in saved.value.path().read_text().splitlines()]
    assert [row["id"] for row in rows] == IDS
    assert [row["score"] for row in rows[:N_TEXTS]] == pytest.approx([v.score for v in verdicts[:N_TEXTS]], abs=1e-3)
    press_until(here.page, ".job button[aria-label^='Delete']")
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector("text=None yet.")
    assert not here.page.locator("#results").is_visible()
    assert (here.said, here.foreign) == ([], [])


def test_what_is_saved_is_what_is_shown_in_every_kind_of_file(visit, upload):
    here = visit(accept_downloads=True)
    hand_in(here, upload)
    for kind, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        with here.page.expect_download() as saved:
            here.page.click(f".job button:has-text('Save as {kind}')")
        assert saved.value.suggested_filename.endswith(f".{kind}")
        assert read(saved.value.path())["id"].to_list() == IDS


def test_a_file_without_texts_says_why_on_its_card(visit):
    here = visit()
    here.page.set_input_files("#upload", {"name": "b.csv", "mimeType": "text/csv", "buffer": b"author\nx\n"})
    here.page.click("#hand-in")
    here.page.wait_for_selector(".job .problem:has-text('text_column')")
    here.page.set_input_files("#upload", {"name": "b.exe", "mimeType": "text/plain", "buffer": b"MZ"})
    here.page.click("#hand-in")
    here.page.wait_for_selector("#problem:has-text('.exe are not read')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_all_and_axe_finds_nothing_serious(visit, upload, scheme):
    here = visit(viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    hand_in(here, upload)
    show(here)
    assert here.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert here.page.evaluate(CONTRAST) == []
    here.page.evaluate(AXE)
    found = here.page.evaluate("axe.run().then(found => found.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []
