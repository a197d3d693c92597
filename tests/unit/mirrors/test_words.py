"""Words and sentences, in scripts with spaces and without."""

import pytest

from tain.mirrors.words import count_words, ends_sentence, is_unspaced, sentences, tokens

CHINESE = "人工智能正在改变世界。许多人对此感到担忧，但也有人充满希望。"


def test_english_words_are_what_split_counts():
    text = "Don't count  marks — only runs\nof non-space characters."
    assert count_words(text) == len(text.split())


def test_each_chinese_character_is_a_word():
    assert count_words(CHINESE) == 27
    assert is_unspaced(CHINESE)
    assert count_words("用 Python 写的 3 行代码") == 8


@pytest.mark.parametrize("text", ["Plain words.", "Слова с пробелами.", "हिन्दी में लिखा गया।", "한국어 문장입니다."])
def test_scripts_with_spaces_are_counted_by_them(text):
    assert count_words(text) == len(text.split())
    assert not is_unspaced(text)


def test_tokens_leave_out_marks_and_case():
    assert tokens("“Don't”, SAID he: 3.5_m!") == ["don", "t", "said", "he", "3", "5", "m"]
    assert tokens("人工智能。") == ["人", "工", "智", "能"]


@pytest.mark.parametrize(
    "text",
    [
        "Done.",
        "Done?”",
        "Done…  \n",
        "(see above)",
        '"Yes!"',
        "结束了。",
        "सब कुछ।",
        "Great food 🙂",
        "I quit #justsayin'",
    ],
)
def test_a_text_that_was_not_cut_off_ends(text):
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["and then", "one, two,", "as follows:", "well-", "an (open", "", "  ", "结束了，"])
def test_a_text_that_was_cut_off_does_not(text):
    assert not ends_sentence(text)


def test_sentences_do_not_stop_at_titles_and_numbers():
    text = "Mr. Smith went home at last. Was it late? Nobody knew the hour at all! 1. He slept badly that night"
    assert sentences(text) == [
        "Mr. Smith went home at last.",
        "Was it late? Nobody knew the hour at all!",
        "1. He slept badly that night",
    ]
    assert len(sentences(CHINESE)) == 2
