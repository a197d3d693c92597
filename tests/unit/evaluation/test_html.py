import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tain.evaluation.html import render_html, write_html
from tain.evaluation.report import evaluate_scores
from tain.evaluation.wording import EVIDENCE

from .made_reports import full_report, texts

VOID = {"meta", "br", "path", "use"}


class Tags(HTMLParser):
    """Collects tags and checks that they close in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.links = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page():
    return render_html(full_report(), title="Essays & more")


def test_the_page_needs_nothing_but_itself(page):
    tags = Tags(page)
    assert not tags.open
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not tags.links
    assert not re.search(r"url\((?!#)|@import", page)


def test_the_page_says_what_a_result_is_and_what_was_measured(page):
    assert page.count(EVIDENCE) == 2
    assert "<h1>Essays &amp; more</h1>" in page
    for heading in ("operating points", "kind of human text", "By generator", "other detectors", "comes from"):
        assert heading in page
    assert "few texts" in page
    assert "Not known for 10 texts" in page
    assert tags_of(page).count("svg") == 7


def tags_of(page):
    return Tags(page).seen


def test_what_users_wrote_is_escaped(page):
    assert "<b>tiny</b>" not in page
    assert "&lt;b&gt;tiny&lt;/b&gt;" in page


def test_names_of_slices_cannot_break_the_page():
    scores, is_ai, *_ = texts()
    evil = ["<script>alert('x')</script>", '"><img src=x>'] * 400
    page = render_html(evaluate_scores(scores, is_ai, slices={'<i>"kind"': evil}, n_draws=2))
    assert not {"script", "img", "i"} & set(Tags(page).seen)


@pytest.mark.parametrize("label", [0, 1])
def test_a_page_of_one_class_gives_reasons(label):
    page = render_html(evaluate_scores([0.0, 1.0], [label] * 2, n_draws=2))
    assert not Tags(page).open
    assert f"all 2 scored texts are {'ai' if label else 'human'}" in page
    assert "Calibrate it first" in page
    assert "The detector gives no probabilities." in page


def test_a_page_without_a_score_is_a_page():
    page = render_html(evaluate_scores([np.nan], [0], probabilities=[0.2], n_draws=2))
    assert "There are no" in page or "no scored texts" in page


def test_long_tables_are_cut_and_say_so():
    scores, is_ai, *_ = texts()
    page = render_html(evaluate_scores(scores, is_ai, slices={"domain": [f"d{i % 60}" for i in range(800)]}, n_draws=2))
    assert page.count("And 20 more in report.json.") == 1


def test_it_is_written_whole(tmp_path):
    write_html(full_report(), tmp_path / "new" / "report.html")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8").endswith("</html>")
