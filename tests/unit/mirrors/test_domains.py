"""Which template writes which texts."""

import pytest

from tain.core.example import Example
from tain.mirrors.domains import DOMAINS, template_name


def text(domain=None, source=None):
    return Example("1", "words", domain=domain, source=source)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("student_essay", "essay"),
        ("ProductReview", "review"),
        ("arxiv_abstract", "abstract"),
        ("wikipedia", "encyclopedia"),
        ("reddit_eli5", "question_and_answer"),
        ("novel", "fiction"),
        ("LiteratureCreativeWriting", "fiction"),
        ("E-Mail", "email"),
        ("docstring", "documentation"),
        ("Code", "code"),
        ("gov_tech_blog", "general"),
        (None, "general"),
    ],
)
def test_the_domain_chooses(domain, expected):
    assert template_name(text(domain)) == expected


def test_the_source_chooses_where_the_domain_is_unknown():
    assert template_name(text("mixed", "XSum")) == "news"
    assert template_name(text("news", "yelp")) == "news"


def test_overrides_come_first():
    assert template_name(text("news", "yelp"), overrides={"Yelp": "fiction"}) == "fiction"
    assert template_name(text("news"), overrides={"*": "essay"}) == "essay"
    assert template_name(text("news"), overrides={"*": "essay", "NEWS": "review"}) == "review"


def test_no_domain_stands_under_two_templates():
    names = [name for names in DOMAINS.values() for name in names]
    assert len(set(names)) == len(names)
