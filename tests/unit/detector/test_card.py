import pytest

from tain.detector.card import render_card
from tain.detector.settings import About, CorpusResult, DataSource, PoolRate, Summary

ABOUT = About(
    name="glass",
    licence="CC-BY-SA-4.0",
    languages=("en", "no"),
    data=(DataSource(name="l2r", licence="CC BY 3.0", n_human=3930, n_ai=15681, note="GPT-4o | Llama"),),
    limits=("Poems were not looked at.",),
)
SUMMARY = Summary(
    corpora=(CorpusResult(name="glimpse", n_human=2741, n_ai=3148, auroc=0.9241, tpr=0.52, baseline_auroc=0.904),),
    pools=(
        PoolRate(name="novels", n=1000, n_flagged=8, low=0.0035, high=0.0157),
        PoolRate(name="gov_18f", n=500, n_flagged=50, low=0.075, high=0.13),
    ),
    baseline="TF-IDF",
)


@pytest.fixture(scope="module")
def card(detector):
    described = detector.described(about=ABOUT, summary=SUMMARY)
    return render_card(described.settings, classifier={**detector.reader.engines.classifier, "base": "minilm"})


def test_the_front_matter_is_what_the_hub_reads(card):
    head = card.split("---\n")[1]
    assert head.startswith('library_name: "peft"\n')
    assert 'base_model: "sentence-transformers/all-MiniLM-L6-v2"' in head
    assert 'license: "cc-by-sa-4.0"' in head
    assert 'language:\n- "en"\n- "no"' in head
    assert 'datasets:\n- "l2r"' in head


def test_operating_points_have_their_number_and_bound(card, detector):
    for point in detector.calibration.record.points:
        assert f"| {point.threshold:.4f} | {point.n_human} | {point.n_above} | {100 * point.fpr_upper:.2f}% |" in card
    assert "2,995 or more are needed" in card


def test_pools_come_worst_first(card):
    assert card.index("| gov_18f | 500 | 50 | 10.00% | 7.50% – 13.00% |") < card.index("| novels | 1,000 |")


def test_results_stand_beside_the_baseline(card):
    assert "| glimpse | 2,741 | 3,148 | 0.924 | – | 0.904 | – | 52.0% | – |" in card


def test_data_licences_and_limits_are_told(card):
    assert "| l2r | training | 3,930 | 15,681 | CC BY 3.0 | GPT-4o \\| Llama |" in card
    assert "- Poems were not looked at." in card
    assert "A result is evidence, never a verdict on a person." in card


def test_a_card_without_measurements_has_no_empty_tables(detector):
    card = render_card(detector.settings, classifier=detector.reader.engines.classifier)
    assert "worst first" not in card
    assert "Not stated by the maker." in card


def test_a_network_that_is_no_adapter_is_not_said_to_be_one(detector):
    settings = detector.settings.changed(classifier={"head.safetensors": "0"})
    card = render_card(settings, classifier={**detector.reader.engines.classifier, "method": {"kind": "head_only"}})
    assert 'library_name: "tain"' in card
    assert "method head_only, pooling" in card
