import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tain.evaluation.html import pieces, render_class_html, render_html, write_class_html, write_html
from tain.evaluation.parts import Stretch
from tain.evaluation.report import evaluate_scores
from tain.evaluation.wording import EVIDENCE

from .made_reports import class_report, full_report, texts, worst

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
    assert all(link.startswith("#") for link in tags.links)
    assert not re.search(r"url\((?!#)|@import", page)


def test_the_page_says_what_a_result_is_and_what_was_measured(page):
    assert page.count(EVIDENCE) == 2
    assert "<h1>Essays &amp; more</h1>" in page
    for heading in (
        *("operating points", "kind of human text", "By generator", "other detectors", "comes from", "Under attack"),
        *(
            "PAN’s shared task",
            "Decisions beside surface features",
            "mistakes to look at first",
            "like those of the calibration",
        ),
    ):
        assert heading in page
    assert "few texts" in page
    assert "Not known for 10 texts" in page
    assert tags_of(page).count("svg") == 8


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


def test_what_makes_the_rates_worthless_stands_before_them(page):
    assert page.index("Before you believe a flag") < page.index("human texts were called AI")
    assert "score higher than those of the calibration" in page
    told = render_html(full_report().model_copy(update={"warnings": ("7 texts were <trained> on.",)}))
    assert told.index("7 texts were &lt;trained&gt; on.") < told.index("score higher than those of the calibration")
    assert "Before you believe" not in render_html(evaluate_scores([0.0, 1.0], [0, 1], n_draws=2))


def test_every_link_leads_to_a_part_of_the_page(page):
    anchors = [link[1:] for link in Tags(page).links]
    assert len(anchors) == 13
    assert [anchor for anchor in anchors if f'id="{anchor}"' not in page] == []


def test_the_text_of_a_mistake_is_escaped_and_its_windows_are_marked(page):
    assert "<script" not in page
    assert "alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert '<mark class="above" title="score 4.25">&lt;script&gt;' in page
    assert '<mark class="below" title="score -0.50">Plain words. </mark>' in page
    assert "8,944 more characters" in page
    assert "1 of 31, at the default threshold of 2.00." in page
    assert "&lt;i&gt;7&lt;/i&gt;" in page
    assert page.count("<details") == 1


def test_windows_that_overlap_or_end_after_the_text_are_shown_once():
    stretches = [(20, 30), (0, 12), (8, 16), (50, 90), (95, 99)]
    windows = tuple(Stretch(start=a, end=b, score=0.0, is_above=False) for a, b in stretches)
    text = worst().false_positives[0].model_copy(update={"windows": windows})
    found = pieces(text)
    assert "".join(piece.text for piece in found) == text.text
    covered = [(piece.window.start, piece.text) for piece in found if piece.window]
    assert [start for start, _ in covered] == [0, 8, 20, 50]
    assert covered[1][1] == text.text[12:16]


def test_a_text_that_is_no_unicode_can_be_written(tmp_path):
    broken = worst().false_positives[0].model_copy(update={"text": "half \ud800 pair", "windows": ()})
    report = full_report().model_copy(update={"worst": worst().model_copy(update={"misses": (broken,)})})
    write_html(report, tmp_path / "report.html")
    assert "half ? pair" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_missing_numbers_say_why_to_those_who_hear_the_page():
    page = render_html(evaluate_scores([0.0, 1.0], [0, 0], n_draws=2))
    assert re.search(r'<span class="unseen">not defined: There are no', page) or "all 2 scored texts are human" in page


@pytest.mark.parametrize("n_classes", [3, 20])
def test_a_page_of_classes_has_every_label_and_what_it_is_taken_for(n_classes, tmp_path):
    page = render_class_html(class_report(n_classes), title="Topics")
    assert not Tags(page).open
    assert "Macro F1" in page
    assert "label &lt;2&gt;" in page
    assert ("Confusion of labels" in page) == (n_classes == 3)
    assert ("most frequent mistakes" in page) == (n_classes == 20)
    write_class_html(class_report(n_classes), tmp_path / "report.html", title="Topics")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
