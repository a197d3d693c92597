import numpy as np
import pytest

from tain.core.errors import ConfigError
from tain.evaluation.attacks.sentence_splice import SentenceSplice

TEXT = "One is here. Two is here. Three is here. Four is here."
DONORS = ["Red came. Blue came!", "Green went?"]


def test_a_share_of_the_sentences_comes_from_the_donors():
    made = SentenceSplice(DONORS).apply(TEXT, strength=0.5, rng=np.random.default_rng(1))
    assert made.n_edits == 2
    assert {made.text[start:end] for start, end in made.spans} <= {"Red came.", "Blue came!", "Green went?"}
    assert sum(sentence in made.text for sentence in TEXT.split(". ")) == 2


def test_a_text_is_no_donor_to_itself():
    made = SentenceSplice([TEXT]).apply(TEXT, strength=1.0, rng=np.random.default_rng(1))
    assert (made.n_edits, made.text) == (0, TEXT)


@pytest.mark.parametrize("donors", [[], ["", " \n"]])
def test_without_donors_it_says_what_it_needs(donors):
    with pytest.raises(ConfigError, match="sentence_splice needs donors.*--donors FILE"):
        SentenceSplice(donors)
