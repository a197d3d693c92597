"""The page for many texts, in a real browser, before a server whose jobs are made up."""

import json

import pytest

pytest.importorskip("prometheus_client")

from tests.browser import CONTRAST, PHONE
from tests.detector_fixtures import make_detector
from tests.served_page import Visit, running
from tests.vendor import AXE

HOSTILE = "<img src=x onerror=alert(1)>.csv"
LABELS = ("ai", "human", "too_short", None)


def _row(i):
    label = LABELS[i % 4]
    score = (i * 37 % 101) - 50.5 if label in ("ai", "human") else None
    return {
        "row": i, "line": i + 2, "id": f"<b>essay {i}</b>", "score": score,
        "probability": None if score is None else 0.25, "label": label, "n_words": 60 if label else None,
        "n_windows": 1, "error": None if label else "no text in the column 'text'",
    }  # fmt: skip


ROWS = [_row(i) for i in range(1300)]


class MadeUpJobs:
    """Answers for `/v1/jobs` as its document has them; each look at the list takes a job a step further."""

    def __init__(self):
        self.jobs, self.asked, self.looks = [], [], 0

    def job(self):
        n_done = min(len(ROWS), 650 * self.looks)
        counts = {"human": n_done // 4, "ai": n_done // 4, "too_short": n_done // 4, "failed": n_done // 4}
        return {
            "id": "j1", "state": "done" if n_done == len(ROWS) else "running", "reason": None, "name": HOSTILE,
            "model": "detector", "target_fpr": 0.01, "n_rows": len(ROWS), "n_done": n_done, "counts": counts,
            "created": "2026-11-21T16:00:00.000+00:00",
        }  # fmt: skip

    def answer(self, route):
        request = route.request
        self.asked.append(request)
        if request.method == "POST":
            self.jobs = ["j1"]
            return route.fulfill(status=202, json=self.job())
        if request.method == "DELETE":
            self.jobs = []
            return route.fulfill(status=204)
        if "/results?" in request.url:
            after = int(request.url.rpartition("after=")[2])
            data = [row for row in ROWS if row["row"] > after][:1000]
            end = data[-1]["row"] if data else after
            return route.fulfill(json={"data": data, "next": None if end == len(ROWS) - 1 else end})
        if "/results." in request.url:
            return route.fulfill(body="id,score\n", content_type="text/csv")
        self.looks += bool(self.jobs)
        return route.fulfill(json={"data": [self.job()] if self.jobs else [], "next": None})


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running(models=(make_detector(tmp_path_factory.mktemp("jobs_page")),)) as address:
        yield address


@pytest.fixture
def opened(browser, address):
    contexts = []

    def open_page(*, has_jobs=True, **options):
        context, made_up = browser.new_context(**options), MadeUpJobs()
        contexts.append(context)
        if has_jobs:
            context.route("**/openapi.json", lambda route: route.fulfill(json={"paths": {"/v1/jobs": {}}}))
            context.route("**/v1/jobs**", made_up.answer)
            context.route("**/v1/jobs/**", made_up.answer)
        return Visit(context, address, "/jobs"), made_up

    yield open_page
    for context in contexts:
        context.close()


def _hand_in(here):
    here.ready()
    here.page.set_input_files("#upload", {"name": HOSTILE, "mimeType": "text/csv", "buffer": b"text\nx\n"})
    here.page.click("#hand-in")
    here.page.wait_for_selector(".job")


def _results(here):
    here.page.wait_for_selector(".job:has-text('1,300 of 1,300 rows')")
    here.page.click("text=Show results")
    here.page.wait_for_selector("#results table")


def _column(here, n):
    return here.page.evaluate(
        f"[...document.querySelectorAll('#results tbody tr')].map(e => e.children[{n}].textContent)"
    )


def test_a_file_is_handed_in_and_its_job_shows_how_far_it_is(opened):
    here, made_up = opened()
    here.ready().page.check("input[name=point][value='0.05']")
    here.page.fill("#column", "essay")
    _hand_in(here)
    [sent] = [request for request in made_up.asked if request.method == "POST"]
    assert len(sent.headers["idempotency-key"]) == 32
    body = sent.post_data_buffer.decode()
    for name, value in (("model", "detector"), ("target_fpr", "0.05"), ("prior", "0.5"), ("text_column", "essay")):
        assert f'name="{name}"\r\n\r\n{value}\r\n' in body
    assert here.page.locator(".job progress").get_attribute("value") == "650"
    assert "650 of 1,300 rows" in here.page.locator(".job").inner_text()
    here.page.locator(".job button", has_text="Stop").focus()
    here.page.wait_for_selector(".job:has-text('1,300 of 1,300 rows')")
    assert f"{HOSTILE}: done." in here.page.locator("#status").text_content()


def test_who_stands_on_a_button_stays_there_while_the_list_is_drawn_again(opened):
    here, _ = opened()
    _hand_in(here)
    here.page.locator(".job button", has_text="Show results").focus()
    here.page.wait_for_selector(".job:has-text('1,300 of 1,300 rows')")
    assert here.page.evaluate("document.activeElement.textContent") == "Show results"


def test_results_sort_and_filter_and_those_without_a_number_stay_behind(opened):
    here, _ = opened()
    _hand_in(here)
    _results(here)
    assert "1,300 of 1,300 rows" in here.page.locator(".found").inner_text()
    assert _column(here, 0)[:3] == ["2", "3", "4"]
    for way, sign in (("descending", -1), ("ascending", 1)):
        here.page.click("#results th button:has-text('Score')")
        assert here.page.locator(f"#results th[aria-sort={way}]").inner_text().startswith("Score")
        shown = [float(score.replace("−", "-")) for score in _column(here, 3)]
        assert shown == sorted(shown, key=lambda score: sign * score)
        assert here.page.evaluate("document.activeElement.textContent").startswith("Score")
    here.page.select_option("#results select", "failed")
    assert "325 of 1,300 rows" in here.page.locator(".found").inner_text()
    assert set(_column(here, 2)) == {"no text in the column 'text'"}
    here.page.fill("#results input[type=search]", "essay 1299")
    assert _column(here, 1) == ["<b>essay 1299</b>"]
    here.page.select_option("#results select", "")
    here.page.fill("#results input[type=search]", "")
    assert len(_column(here, 0)) == 200
    here.page.click("text=Show more of the other 1,100")
    assert len(_column(here, 0)) == 400


def test_names_with_markup_are_shown_and_never_run(opened):
    here, _ = opened()
    _hand_in(here)
    _results(here)
    assert here.page.locator(".job h3").text_content() == HOSTILE
    assert here.page.locator("main img, main b").count() == 0
    assert (here.said, here.foreign) == ([], [])


def test_results_can_be_saved_and_a_job_deleted(opened):
    here, _ = opened()
    _hand_in(here)
    _results(here)
    with here.page.expect_download() as saved:
        here.page.click("text=Save as csv")
    assert saved.value.suggested_filename == "results-j1.csv"
    here.page.click("text=Delete")
    here.page.wait_for_selector("text=None yet.")
    assert not here.page.locator("#results").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways_and_axe_finds_nothing_serious(opened, scheme):
    here, _ = opened(viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    _hand_in(here)
    _results(here)
    assert here.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert here.page.evaluate(CONTRAST) == []
    here.page.evaluate(AXE)
    found = here.page.evaluate("axe.run().then(found => found.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []


def test_what_the_server_refuses_is_told_in_its_words(opened):
    here, _ = opened()
    body = {"error": "The file is no CSV.", "error_type": "validation", "request_id": "x"}
    here.ready().page.route("**/v1/jobs", lambda route: route.fulfill(status=422, body=json.dumps(body)))
    here.page.set_input_files("#upload", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"\x00"})
    here.page.click("#hand-in")
    here.page.wait_for_selector("#problem:has-text('The file is no CSV.')")


def test_a_server_without_jobs_says_so(opened):
    here, _ = opened(has_jobs=False)
    here.page.route("**/openapi.json", lambda route: route.fulfill(json={"paths": {}}))
    here.page.reload()
    here.page.wait_for_selector("#problem:has-text('takes no files of texts')")
    assert not here.page.locator("#form").is_visible()
