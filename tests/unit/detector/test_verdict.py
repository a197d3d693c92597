from tain.detector.verdict import evidence


def test_the_sentence_gives_both_numbers():
    assert evidence(12, 3000).sentence == "12 of 3,000 human calibration texts scored higher."
    assert evidence(0, 3000).sentence == "None of 3,000 human calibration texts scored higher."
