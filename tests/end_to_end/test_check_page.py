"""The page that checks a text, in a real browser: by keyboard and touch, on a phone, in the dark and on paper."""

import json

import pytest

pytest.importorskip("prometheus_client")

from tests.browser import CONTRAST, PHONE
from tests.detector_fixtures import made_up_texts, make_detector
from tests.served_page import Visit, running
from tests.vendor import AXE

from tain.detector import Detector
from tain.serving.keys import KeyRing, write_keys

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202eevil\u202c <b>&amp;</b>"
# What a node shows, without the badge of a stretch.
TEXT_OF = "e => e.nodeType === 3 ? e.data : e.textContent.slice(e.firstChild.textContent.length)"
SMALL = "e\u0301 👩‍👩‍👧 שלום \U0001f642"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def address(folder):
    with running(models=(folder,)) as address:
        yield address


@pytest.fixture(scope="module")
def human():
    return made_up_texts(1, seed=71, low=90, high=100)[0]


@pytest.fixture(scope="module")
def ai():
    return made_up_texts(1, seed=72, ai=True, low=90, high=100)[0]


@pytest.fixture
def visit(browser, address):
    contexts = []

    def open_page(path="/", at=address, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        return Visit(context, at, path)

    yield open_page
    for context in contexts:
        context.close()


def test_a_text_that_is_pasted_gets_its_evidence_in_words(visit, folder, human, ai):
    here = visit().ready()
    detector = Detector.load(folder)
    for text in (human, ai):
        verdict, shown = detector.check(text), here.check(text).inner_text()
        lower = verdict.evidence.n_calibration - verdict.evidence.n_higher
        assert f"scores higher than {lower} of {verdict.evidence.n_calibration} human texts" in shown
        assert "about 1 in 100 such human texts is flagged" in shown
        assert ("not flagged" in shown) == (verdict.label == "human")
    assert here.page.locator("#status").inner_text().startswith(("Above the line", "Below the line"))
    assert (here.said, here.foreign) == ([], [])


def test_the_text_comes_back_whole_with_its_stretches(visit, folder, human):
    text = f"{SMALL}\n\n{human}\n{SMALL}"
    here = visit().ready()
    here.check(text)
    read = here.page.evaluate(f"[...document.querySelectorAll('.read .stretch')].map({TEXT_OF})")
    assert read == [window.text for window in Detector.load(folder).check(text).windows]
    shown = here.page.evaluate(f"[...document.querySelector('.read').childNodes].map({TEXT_OF}).join('')")
    assert shown == text


def test_a_stretch_tells_its_numbers_on_focus_on_hover_and_on_tap(visit, human):
    here = visit(has_touch=True, viewport=PHONE).ready()
    here.check(human)
    detail, badges = here.page.locator(".detail"), here.page.locator(".badge")
    assert badges.count() > 2
    badges.nth(0).focus()
    assert detail.inner_text().startswith("Stretch 1 of")
    here.page.keyboard.press("ArrowRight")
    assert detail.inner_text().startswith("Stretch 2 of")
    here.page.keyboard.press("End")
    assert detail.inner_text().startswith(f"Stretch {badges.count()} of")
    badges.nth(1).hover()
    assert detail.inner_text().startswith("Stretch 2 of")
    badges.nth(2).tap()
    assert detail.inner_text().startswith("Stretch 3 of")
    assert "Score" in badges.nth(1).get_attribute("aria-label")


def test_stretches_differ_without_colour(visit, ai):
    here = visit().ready()
    here.check(ai)
    kinds = here.page.evaluate(
        "[...document.querySelectorAll('.read .stretch')].map(e => [e.classList[1], e.firstChild.textContent, "
        "getComputedStyle(e).textDecorationLine + ' ' + getComputedStyle(e).textDecorationStyle])"
    )
    marked = [kind for kind in kinds if kind[0] != "below"]
    assert marked
    assert all(("▲" in badge or "△" in badge) and line.startswith("underline") for _, badge, line in marked)
    assert all(line.startswith("none") for kind, _, line in kinds if kind == "below")


def test_too_little_text_and_an_odd_one_are_said_plainly(visit, human):
    here = visit().ready()
    assert "Not enough text" in here.check("Only a few words.").inner_text()
    assert here.page.locator(".axis").count() == 0
    shown = here.check("слово " * 80).inner_text()
    assert "This text is unlike those the detector was set with." in shown
    assert "not Latin" in shown
    here.page.click("#clear")
    here.page.click("#check")
    assert "There is no text yet" in here.page.locator("#problem").inner_text()
    assert here.said == []


def test_the_setting_and_the_prior_are_sent_and_explained(visit, human):
    here = visit().ready()
    here.check(human)
    hint = here.page.locator("#point-hint")
    assert "about 10 are flagged wrongly" in hint.inner_text()
    with here.page.expect_response("**/v1/check") as answer:
        here.page.check("input[name=point][value='0.05']")
    assert answer.value.request.post_data_json["target_fpr"] == 0.05
    assert "about 50 are flagged wrongly" in hint.inner_text()
    here.page.wait_for_selector("text=about 1 in 20 such human texts")
    here.page.click("summary:has-text('More settings')")
    here.page.fill("#prior", "10")
    with here.page.expect_response("**/v1/check") as answer:
        here.page.press("#prior", "Tab")
    assert answer.value.request.post_data_json["prior"] == 0.1
    here.page.wait_for_selector("text=If 10 in 100 of the texts you check are AI")
    here.page.fill("#prior", "0")
    here.page.press("#prior", "Tab")
    assert here.page.input_value("#prior") == "50"


def test_everything_works_by_keyboard_alone(visit, human):
    here = visit().ready()
    page = here.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.focus("#text")
    page.keyboard.insert_text(human)
    reached = _tab_until(page, "check")
    assert reached.index("file") < reached.index("clear") < len(reached)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    here.result()
    order, actions = _tab_until(page, "badge"), ["Copy as JSON", "Print", "Download"]
    assert [name for name in order if name in actions] == actions
    assert page.locator(".detail").inner_text().startswith("Stretch 1 of")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"  # one stop for all stretches


def _tab_until(page, wanted, most=30):
    names = []
    for _ in range(most):
        page.keyboard.press("Tab")
        kind, name, text = page.evaluate("(e => [e.className, e.id, e.textContent])(document.activeElement)")
        if wanted in (name, kind):
            return names
        names.append(name or text)
    raise AssertionError(f"{wanted} was not reached: {names}")


def test_a_text_with_markup_in_it_is_shown_and_never_run(visit, human):
    here = visit().ready()
    here.check(f"{HOSTILE} {human}")
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in here.page.locator(".read").text_content()
    assert here.page.locator("#result script, #result img, #result b").count() == 0
    here.page.click("text=The stretches as a table")
    assert "<script>" in here.page.locator(".begins").first.text_content()
    assert (here.said, here.foreign) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways_and_letters_stand_out(visit, ai, scheme):
    here = visit(viewport=PHONE, color_scheme=scheme).ready()
    here.check(f"{ai} {'x' * 400}")
    here.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    here.page.locator(".badge").first.focus()
    assert here.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert here.page.evaluate(CONTRAST) == []
    shade = here.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (max(shade) < 60) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, ai, scheme):
    here = visit(color_scheme=scheme, bypass_csp=True).ready()
    for text in (None, "Too short.", ai):
        if text:
            here.check(text)
        here.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        here.page.evaluate(AXE)
        found = here.page.evaluate("axe.run().then(found => found.violations)")
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


def test_a_plain_file_is_read_here_and_what_is_no_text_gets_a_plain_word(visit, human):
    here = visit().ready()
    here.page.set_input_files("#file", {"name": "a.md", "mimeType": "text/markdown", "buffer": human.encode()})
    here.result()
    assert here.page.input_value("#text") == human
    here.page.set_input_files("#file", {"name": "c.txt", "mimeType": "", "buffer": b"\xff\xfe\xfa"})
    here.page.wait_for_selector("#problem:has-text('no UTF-8')")


def test_other_kinds_of_file_get_a_plain_word_where_the_server_reads_none(visit):
    here = visit()
    here.page.route("**/openapi.json", lambda route: route.fulfill(json={"paths": {}}))
    here.page.reload()
    here.page.wait_for_selector("#file[accept]", state="attached")
    here.page.set_input_files("#file", {"name": "b.docx", "mimeType": "", "buffer": b"PK"})
    here.page.wait_for_selector("#problem:has-text('Copy the text of the file')")


def test_a_document_goes_to_the_server_which_reads_it_or_says_why_not(visit, human):
    here = visit()
    here.page.wait_for_selector("#file:not([accept])", state="attached")
    document = f"<html><body><p>{human}</p></body></html>".encode()
    with here.page.expect_response("**/v1/check/file") as answered:
        here.page.set_input_files("#file", {"name": "b.html", "mimeType": "", "buffer": document})
    here.result()
    assert answered.value.json()["file"]["kind"] == "html"
    assert human[-40:] in here.page.locator(".read").text_content()
    with here.page.expect_response("**/v1/check/file") as refused:
        here.page.set_input_files("#file", {"name": "b.docx", "mimeType": "", "buffer": b"PK"})
    assert refused.value.status in (415, 422)
    here.page.wait_for_selector("#problem:visible")
    assert refused.value.json()["error"] in here.page.locator("#problem").text_content()


def test_a_file_that_is_dropped_is_read(visit, human):
    here = visit().ready()
    drop = here.page.evaluate_handle(
        "text => { const data = new DataTransfer(); "
        "data.items.add(new File([text], 'a.txt', {type: 'text/plain'})); return data; }",
        human,
    )
    here.page.dispatch_event("main", "dragover", {"dataTransfer": drop})
    assert here.page.evaluate("document.body.className") == "over"
    here.page.dispatch_event("main", "drop", {"dataTransfer": drop})
    here.result()
    assert here.page.input_value("#text") == human
    assert here.page.evaluate("document.body.className") == ""


def test_a_result_can_be_copied_and_taken_away_as_one_file(visit, browser, human, tmp_path):
    here = visit(permissions=["clipboard-read", "clipboard-write"]).ready()
    here.check(f"{HOSTILE} {human}")
    here.page.click("text=Copy as JSON")
    here.page.wait_for_selector("text=Copied.")
    copied = json.loads(here.page.evaluate("navigator.clipboard.readText()"))
    assert copied == next(a for a in here.answers if a.url.endswith("/v1/check")).json()
    here.page.locator(".badge").first.focus()
    with here.page.expect_download() as saved:
        here.page.click("text=Download")
    path = tmp_path / "result.html"
    saved.value.save_as(path)
    other = Visit(browser.contexts[-1], path.as_uri(), "")
    assert HOSTILE.split("\u202e")[0] in other.page.locator(".read").text_content()
    assert other.page.locator("script, link, button, img, .chosen").count() == 0
    assert other.page.locator(".table").get_attribute("open") is not None
    assert (other.said, other.foreign) == ([], [])


def test_on_paper_there_is_the_result_alone(visit, human):
    here = visit().ready()
    here.check(human)
    here.page.emulate_media(media="print")
    assert not here.page.locator("#form").is_visible()
    assert not here.page.locator(".actions").is_visible()
    assert here.page.locator(".verdict").is_visible()
    assert here.page.pdf(format="A4")[:5] == b"%PDF-"


def test_reading_is_seen_and_can_be_stopped(visit, human):
    here = visit().ready()
    here.page.route("**/v1/check", lambda route: None)
    here.page.fill("#text", human)
    here.page.click("#check")
    assert here.page.locator("progress").is_visible()
    assert "Reading" in here.page.locator("#status").text_content()
    here.page.click("#stop")
    here.page.wait_for_selector("#working", state="hidden")
    assert here.page.locator("#problem").inner_text() == ""


def test_what_the_server_refuses_is_told_in_its_words(visit, human):
    here = visit().ready()
    body = {"error": "512 requests are waiting. Retry in 3 s.", "error_type": "overloaded", "request_id": "x"}
    here.page.route("**/v1/check", lambda route: route.fulfill(status=429, json=body))
    here.page.fill("#text", human)
    here.page.click("#check")
    here.page.wait_for_selector("#problem:has-text('Retry in 3 s.')")
    here.page.unroute("**/v1/check")
    here.page.route("**/v1/check", lambda route: route.abort())
    here.page.click("#check")
    here.page.wait_for_selector("#problem:has-text('does not answer')")


def test_a_server_with_keys_is_asked_with_one_that_stays_in_memory(visit, folder, tmp_path, human):
    ring, token = KeyRing().with_new("alice", ("check",))
    write_keys(tmp_path / "keys.json", ring)
    with running(models=(folder,), keys=tmp_path / "keys.json") as address:
        here = visit(at=address)
        page = here.page
        page.wait_for_selector("#key-form:not([hidden])")
        assert page.evaluate("document.activeElement.id") == "key"
        page.fill("#key", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#key-problem:has-text('not known')")
        page.fill("#key", token)
        page.keyboard.press("Enter")
        here.ready()
        assert "line" in here.check(human).inner_text()
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        assert token not in page.content()
