import pytest

from tain.core.errors import ConfigError
from tain.evaluation.attacked_rows import MODEL_WRITTEN
from tain.evaluation.attacks.registry import ATTACKS, LOCAL, NEED_ENDPOINT, RAID, expand, get_attack
from tain.evaluation.attacks.truncation import Truncation


def test_every_name_leads_to_the_attack_of_that_name():
    for name in LOCAL:
        attack = get_attack(name)
        assert attack.name == ("truncation_100" if name == "truncation" else name)
        assert 0 < attack.default_strength <= 1


def test_the_eleven_of_raid_answer_to_the_names_of_raid():
    assert len(RAID) == 11
    assert {ATTACKS[name].raid_name for name in RAID} >= {"perplexity_misspelling", "number", "upper_lower"}
    assert get_attack("perplexity_misspelling").name == "misspelling"


def test_what_a_language_model_writes_is_known_to_the_report():
    assert set(NEED_ENDPOINT) == MODEL_WRITTEN


def test_groups_open_up_and_no_attack_is_made_twice():
    assert expand(["raid", "number", "perplexity_misspelling", "truncation", "truncation_100", "truncation_9"]) == (
        *RAID,
        "truncation_100",
        "truncation_9",
    )
    assert set(expand(["local"])) == {*LOCAL} - {"truncation"} | {"truncation_100"}


def test_a_truncation_is_to_any_number_of_words():
    attack = get_attack("truncation_37")
    assert isinstance(attack, Truncation) and attack.n_words == 37
    with pytest.raises(ConfigError, match="cannot be cut to 0 words"):
        get_attack("truncation_0")


@pytest.mark.parametrize("name", ["homoglyf", "truncation_x", "", "none"])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name):
    with pytest.raises(ConfigError, match="is not an attack. Expected one of alternative_spelling, article_deletion"):
        get_attack(name)


def test_an_unknown_name_is_told_its_neighbour():
    with pytest.raises(ConfigError, match=r"Did you mean homoglyph\?"):
        expand(["homoglyf"])
    with pytest.raises(ConfigError, match="No attack is named"):
        expand([])


def test_what_an_attack_needs_is_asked_for(monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="need a language model, but OPENAI_BASE_URL is ''"):
        get_attack("paraphrase")
    with pytest.raises(ConfigError, match="needs donors"):
        get_attack("sentence_splice")
