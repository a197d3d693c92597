"""The Report's page in a real browser: no error, by keyboard alone, on a phone, in the dark and on paper."""

import re
from itertools import pairwise

import pytest
from tests.browser import CONTRAST, PHONE, SLOW_MS
from tests.unit.evaluation.made_reports import class_report, full_report

from tain.evaluation.html import write_class_html, write_html


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    long_names = [f"a_name_without_any_place_to_break_{i % 30}_" * 2 for i in range(800)]
    report = full_report(slices={"domain": long_names})
    write_html(report, folder / "report.html", title="A detector: evaluation")
    write_class_html(class_report(20), folder / "classes.html", title="Topics: evaluation")
    return {name: (folder / f"{name}.html").as_uri() for name in ("report", "classes")}


@pytest.fixture
def opened(browser, pages):
    contexts = []

    def open_page(name="report", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(SLOW_MS)
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != pages[name] else None)
        page.goto(pages[name])
        return page, said

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["report", "classes"])
def test_the_page_loads_nothing_else_and_has_no_error(opened, name):
    page, said = opened(name)
    assert page.title().endswith(": evaluation")
    assert page.locator("h1").count() == 1
    assert said == []


def test_what_a_text_says_is_not_run(opened):
    page, said = opened()
    page.on("dialog", lambda dialog: pytest.fail("a text of the test ran as a script"))
    assert page.locator("details.text").first.is_visible()
    assert "<script>alert('x')</script>" in page.locator("blockquote").first.inner_text()
    assert page.locator("script").count() == 0
    assert said == []


@pytest.mark.parametrize("name", ["report", "classes"])
@pytest.mark.parametrize("is_open", [False, True])
def test_a_phone_never_scrolls_sideways(opened, name, is_open):
    page, _ = opened(name, viewport=PHONE)
    if is_open:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.evaluate("window.scrollTo(500, 0)")
    assert page.evaluate("window.scrollX") == 0


def test_wide_tables_scroll_in_a_box_of_their_own(opened):
    page, _ = opened(viewport=PHONE)
    boxes = page.evaluate("[...document.querySelectorAll('.wide')].map(box => [box.scrollWidth, box.clientWidth])")
    assert any(inner > outer for inner, outer in boxes)
    assert all(outer <= PHONE["width"] for _, outer in boxes)


def test_everything_can_be_reached_and_opened_by_keyboard(opened):
    page, _ = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#results"
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("[document.activeElement.tagName, document.activeElement.getAttribute('aria-label')]")
        if found[0] == "BODY":
            break
        reached.append(found)
    assert ["SUMMARY", None] in reached
    assert len([found for found in reached if found[0] == "DIV" and found[1]]) == page.locator(".wide").count()


def test_a_text_opens_by_keyboard_and_what_has_the_focus_is_seen(opened):
    page, _ = opened()
    summary = page.locator("summary").first
    was_open = page.evaluate("document.querySelector('details').open")
    page.evaluate("document.querySelectorAll('.wide')[0].focus()")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    summary.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open") is not was_open


@pytest.mark.parametrize("name", ["report", "classes"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_what_is_behind_them(opened, name, scheme):
    page, _ = opened(name, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert page.evaluate(CONTRAST) == []


def test_the_dark_page_is_dark(opened):
    page, _ = opened(color_scheme="dark")
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", shade)[:3]) < 60


def test_plots_and_tables_have_names_for_those_who_hear_the_page(opened):
    page, _ = opened()
    assert page.evaluate("[...document.querySelectorAll('svg')].every(e => e.getAttribute('aria-label'))")
    assert page.evaluate("[...document.querySelectorAll('[role=region]')].every(e => e.getAttribute('aria-label'))")
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => +e.tagName[1])")
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_on_paper_there_is_no_navigation_and_nothing_is_cut_off(opened):
    page, _ = opened(viewport={"width": 720, "height": 1000})
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator(".skip").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    assert page.pdf(format="A4")[:5] == b"%PDF-"
