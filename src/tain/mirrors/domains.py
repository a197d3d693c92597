"""Which template writes the mirrors of which texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from tain.core.example import Example

GENERAL = "general"
EVERY = "*"
DOMAINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "essay": ("essay", "student_essay", "persuasive_essay", "toefl", "esl", "opinion", "argument", "coursework"),
        "review": ("review", "product_review", "yelp", "imdb", "amazon", "movie_review", "restaurant", "hotel"),
        "news": ("news", "news_article", "xsum", "cnn", "bbc", "press", "reuters", "journalism"),
        "abstract": ("abstract", "arxiv", "arxiv_abstract", "peerread", "academic_research", "pubmed", "paper"),
        "encyclopedia": ("encyclopedia", "wikipedia", "wiki", "squad", "reference_work"),
        "question_and_answer": (
            "question_and_answer", "qa", "q_a", "reddit_eli5", "eli5", "stack_exchange", "stackoverflow", "quora",
            "wikihow", "finance_qa", "open_qa", "medicine_qa",
        ),
        "fiction": (
            "fiction", "novel", "creative", "story", "writing", "literature_creative_writing", "books",
            "writing_prompts",
        ),
        "email": ("email", "e_mail", "enron", "letter", "personal_communication", "correspondence"),
        "documentation": ("documentation", "docs", "docstring", "reference", "technical_writing", "manual", "readme"),
        "code": ("code", "python", "java", "javascript", "programming", "source_code"),
    }
)  # fmt: skip
"""For each template the domains, or sources, whose texts it writes; any other has the general one."""

POLITE = frozenset({"email", "question_and_answer", "documentation"})
"""Kinds of text that people end in "I hope this helps" and "Let me know if you have questions"."""
CODE = "code"


TABLE: Mapping[str, str] = MappingProxyType({name: template for template, names in DOMAINS.items() for name in names})
"""The same by domain."""


def template_name(
    example: Example, *, overrides: Mapping[str, str] = MappingProxyType({}), table: Mapping[str, str] = TABLE
) -> str:
    """The template for a text, by its domain, else by its source, else the general one.

    Names are compared without regard to case, hyphens and spaces: `ProductReview`, `product-review` and
    `product_review` are one.

    Args:
        example: The human text.
        overrides: Templates by domain or source, before the table is asked; under `*` for all other texts.
        table: Templates by domain or source.
    """
    own = [plain_name(name) for name in (example.domain, example.source) if name]
    asked = {plain_name(name): template for name, template in overrides.items() if name != EVERY}
    for name in own:
        if name in asked:
            return asked[name]
    if EVERY in overrides:
        return overrides[EVERY]
    return next((table[name] for name in own if name in table), GENERAL)


def plain_name(name: str) -> str:
    """A name in lower case with single underscores."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\W_]+", "_", parted).strip("_").lower()
