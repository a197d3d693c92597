import pytest
from tests.tiny import tiny_tokenizer

from tain.core.errors import DetectorError
from tain.detector.encoder import Encoder


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_and_cutting_stored_with_the_tokenizer_play_no_part(tmp_path, side):
    tokenizer = tiny_tokenizer().backend_tokenizer
    tokenizer.enable_padding(direction=side, length=128, pad_id=0)
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    [short, long] = Encoder.load(tmp_path).encode(["w1 w2", "w1 w2 w3 w4 w5 w6"])
    assert [len(short.ids), len(long.ids)] == [4, 8]
    assert long.starts == [0, 3, 6, 9, 12, 15]


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(DetectorError, match=r"tokenizer.json is missing"):
        Encoder.load(tmp_path)


def test_a_broken_tokenizer_is_named(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(DetectorError, match=r"tokenizer.json: cannot be read as a tokenizer"):
        Encoder.load(tmp_path)
