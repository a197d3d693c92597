"""Which template writes which texts."""

from pathlib import Path

import pytest

from tain.core.example import Example
from tain.mirrors.domains import DOMAINS, template_name
from tain.mirrors.prompts import VARIANTS, load_templates
from tain.mirrors.prompts.rendering import VARIABLES
from tain.mirrors.screen import reasons


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


PAGE = (Path(__file__).parents[3] / "docs" / "mirrors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", DOMAINS)
def test_the_page_lists_each_template_with_its_domains(template):
    assert f"| `{template}` | {', '.join(DOMAINS[template])} |" in PAGE


def test_the_page_lists_each_variant_reason_and_variable():
    names = [*VARIANTS, *reasons(), *VARIABLES]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_the_template_on_the_page_is_one(tmp_path):
    own = PAGE.partition("```toml\n")[2].partition("\n```")[0]
    (tmp_path / "rulings.toml").write_text(own, encoding="utf-8")
    loaded = load_templates(tmp_path)
    assert loaded.get("rulings").kinds[0] == "a court ruling"
    assert loaded.table["legal_document"] == "rulings"
