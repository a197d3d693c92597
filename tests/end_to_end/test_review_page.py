"""The review of labels in a real browser: by keyboard, on a phone, in the dark, and after a restart."""

import json

import pytest

pytest.importorskip("prometheus_client")

from tests.browser import CONTRAST, PHONE
from tests.review_fixtures import TEXTS, make_corpus, make_sheet
from tests.served_page import Visit, serving
from tests.vendor import AXE

from tain.recipes.review.review import Review
from tain.serving.review.app import create_review_app


@pytest.fixture
def sheet(tmp_path):
    return make_sheet(tmp_path, corpus=make_corpus(tmp_path))


@pytest.fixture
def visit(browser, sheet):
    contexts, servers = [], []

    def open_page(**options):
        server = serving(create_review_app(Review(sheet, by="mara")))
        address = server.__enter__()
        servers.append(server)
        context = browser.new_context(**options)
        contexts.append(context)
        here = Visit(context, address)
        here.page.wait_for_selector("#item:not([hidden]) h2:not(:empty)")
        return here

    yield open_page
    for context in contexts:
        context.close()
    for server in servers:
        server.__exit__(None, None, None)


def title(here, wanted):
    here.page.wait_for_selector(f"#status:has-text('Text {wanted} of 3')", state="attached")


def decisions(sheet):
    review = Review(sheet, by="test")
    return [review.decision(place) for place in range(3)]


def test_a_text_stands_with_its_reasons_and_what_it_is_like(visit):
    here = visit()
    assert here.page.inner_text("#title") == "Labelled ai" and here.page.inner_text("#state") == "Open"
    assert "highest 5%" in here.page.inner_text("#reasons")
    assert here.page.inner_text("#text") == TEXTS["t0"][0]
    assert "0.8" in here.page.inner_text("#facts")
    here.page.click("#like summary")
    assert TEXTS["t3"][0] in here.page.inner_text("#like")
    assert "suspects.jsonl, decided by mara" in here.page.inner_text("#about")
    assert (here.said, here.foreign) == ([], [])


def test_everything_is_decided_by_keys_alone_and_saved_at_once(visit, sheet):
    here = visit()
    here.page.keyboard.press("1")
    title(here, 2)
    assert decisions(sheet) == ["human", None, None]
    here.page.keyboard.press("a")
    title(here, 3)
    here.page.keyboard.press("d")
    here.page.wait_for_selector("#status:has-text('Every text is decided')", state="attached")
    assert decisions(sheet) == ["human", "human", "drop"]
    here.page.keyboard.press("u")
    here.page.wait_for_selector("#state:has-text('Open')")
    assert decisions(sheet) == ["human", "human", None]
    here.page.keyboard.press("k")
    title(here, 2)
    assert here.page.inner_text("#state") == "Kept: human"
    here.page.keyboard.press("n")
    title(here, 3)
    assert here.said == []


def test_keys_can_be_turned_off_and_buttons_do_the_same(visit, sheet):
    here = visit()
    here.page.uncheck("#keys")
    here.page.focus("#title")
    here.page.keyboard.press("d")
    here.page.click("text=Relabel human")
    title(here, 2)
    here.page.click("#choices >> text=Drop")
    title(here, 3)
    assert decisions(sheet) == ["human", "drop", None]
    here.page.click("#undo")
    title(here, 2)
    assert decisions(sheet) == ["human", None, None]


def test_a_restart_goes_on_at_the_first_open_text(visit, sheet):
    first = visit()
    first.page.keyboard.press("d")
    title(first, 2)
    again = visit()
    title(again, 2)
    assert "1 decided" in again.page.inner_text("#count")


def test_markup_in_a_text_is_shown_and_never_run(visit):
    here = visit()
    here.page.keyboard.press("j")
    here.page.wait_for_selector("#title:has-text('Labelled human')")
    here.page.keyboard.press("j")
    title(here, 3)
    assert here.page.inner_text("#text") == TEXTS["t2"][0]
    assert here.page.locator("#text script").count() == 0 and here.said == []


def test_a_decision_that_cannot_be_saved_is_not_shown_as_made(visit, sheet):
    here = visit()
    journal = sheet.with_name("suspects.decisions.jsonl")
    journal.mkdir()
    here.page.keyboard.press("d")
    here.page.wait_for_selector("#problem:has-text('Nothing of this was saved')")
    assert here.page.inner_text("#state") == "Open"
    journal.rmdir()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways_letters_stand_out_and_axe_finds_nothing(visit, sheet, scheme):
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    rows[0]["text"] += " " + "x" * 400
    sheet.write_text("".join(json.dumps(row) + "\n" for row in rows))
    here = visit(viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    here.page.click("#like summary")
    assert here.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert here.page.evaluate(CONTRAST) == []
    here.page.evaluate(AXE)
    found = here.page.evaluate("axe.run().then(found => found.violations)")
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
