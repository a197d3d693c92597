import pytest

from tain.evaluation.properties import era_of, length_band, native_of, seen_generators, year_of


@pytest.mark.parametrize(
    ("n_words", "band"),
    [
        (0, "under 25 words"),
        (24, "under 25 words"),
        (25, "25–49 words"),
        (199, "100–199 words"),
        (200, "200–399 words"),
        (400, "400 words or more"),
    ],
)
def test_bands_of_length_meet_without_overlap(n_words, band):
    assert length_band(n_words) == band


@pytest.mark.parametrize(
    ("date", "year", "era"),
    [
        ("2019", "2019", "before 2022-11-30"),
        ("2022-11-29", "2022", "before 2022-11-30"),
        ("2022-11-30T08:00:00Z", "2022", "since 2022-11-30"),
        ("2022-10", "2022", "before 2022-11-30"),
        ("2023", "2023", "since 2022-11-30"),
        ("2022", "2022", None),
        ("2022-11", "2022", None),
        ("", None, None),
        (None, None, None),
        ("yesterday", None, None),
        ("20190101", None, None),
    ],
)
def test_a_date_gives_its_year_and_whether_it_is_older_than_chat_models(date, year, era):
    assert (year_of(date), era_of(date)) == (year, era)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("yes", "native"),
        ("1", "native"),
        ("English", "native"),
        ("False", "non-native"),
        ("non-native", "non-native"),
        ("Korean", "non-native"),
        ("unknown", None),
        ("", None),
        (None, None),
        ("12", None),
    ],
)
def test_a_flag_or_a_first_language_tells_native_writers_from_others(value, expected):
    assert native_of(value) == expected


def test_generators_are_known_by_their_letters_and_digits():
    found = seen_generators(["GPT-4", "claude 3", "human", None, ""], ["gpt_4"])
    assert found == ["seen in training", "not seen in training", None, None, None]
