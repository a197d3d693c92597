"""The text of documents: what people see of them, and nothing that a hostile one wants."""

import codecs
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import documents

from tain.serving.documents.docx import MOST_BYTES
from tain.serving.documents.kinds import Unreadable, kind_of
from tain.serving.documents.reading import text_of

MOST = 100_000
MADE = {"docx": documents.docx, "html": documents.html, "rtf": documents.rtf}
_LETTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp", "Co"),
    exclude_characters="\ufeff\ufffe\uffff",
)
PARAGRAPHS = st.lists(
    st.lists(st.text(_LETTERS, min_size=1, max_size=8), min_size=1, max_size=8).map(" ".join), min_size=1, max_size=5
)


def read(content, kind, max_chars=MOST):
    return text_of(content, kind, max_chars=max_chars)[0]


@pytest.mark.parametrize("kind", sorted(MADE))
@settings(max_examples=40, deadline=None)
@given(PARAGRAPHS)
def test_every_character_comes_through(kind, paragraphs):
    assert read(MADE[kind](paragraphs), kind).split("\n") == _spread(kind, paragraphs)


def _spread(kind, paragraphs):
    # A web page keeps an empty line between paragraphs.
    return "\n\n".join(paragraphs).split("\n") if kind == "html" else paragraphs


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
def test_plain_text_is_itself_in_every_unicode_encoding(text):
    text = text.removeprefix("\ufeff") or "x"
    if not text.strip() or sum(ord(char) < 32 for char in text) > 0.01 * len(text):
        return
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-8")):
        assert read(mark + text.encode(encoding), "txt") == text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARAGRAPHS, min_size=4, max_size=6), st.sampled_from(sorted(MADE)))
def test_windows_lie_in_the_text_of_the_document(detector, parts, kind):
    text = read(MADE[kind]([" ".join([*part, *("w1 w2 w3. " * 5).split()]) for part in parts]), kind)
    for window in detector.check(text).windows:
        assert text[window.start_index : window.end_index] == window.text


def test_old_encodings_are_found():
    text = "Der Fluß führt über die Brücke, und später hören wir, daß es schön wäre, dort zu wohnen. " * 5
    assert read(text.encode("cp1252"), "txt") == text
    page = f"<html><head><meta charset='iso-8859-2'></head><body>{'Zażółć gęślą jaźń'}</body></html>".encode(
        "iso-8859-2"
    )
    assert read(page, "html") == "Zażółć gęślą jaźń"


def test_a_page_gives_what_is_seen():
    page = b"""<html><head><title>t</title><style>p{}</style></head><body><script>evil()</script><h1>One &amp; two</h1>
    <p>a <b>bold</b>
      word<br>next</p><div hidden>no</div><ul><li>x<li>y</ul><table><tr><td>1<td>2</tr></table><pre>a  b
 c</pre><!-- no --><template>no</template>end</body></html>"""
    assert read(page, "html").split("\n") == [
        "One & two", "", "a bold word", "next", "", "x", "", "y", "", "1\t2", "", "a  b", "c", "end"
    ]  # fmt: skip


def test_a_word_document_gives_its_text_without_what_was_deleted_or_stands_twice():
    run = "<w:r><w:t>{}</w:t></w:r>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    body = (
        f"<w:p>{run.format('kept')}<w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del>"
        f"<w:r><w:tab/><w:t>after</w:t><w:br/><w:t>line</w:t></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc><w:p>{run.format('cell')}</w:p></w:tc></w:tr></w:tbl>"
        f"<mc:AlternateContent {mc}><mc:Choice><w:p>{run.format('box')}</w:p></mc:Choice>"
        f"<mc:Fallback><w:p>{run.format('box')}</w:p></mc:Fallback></mc:AlternateContent>"
    )
    assert read(documents.docx(body=body), "docx") == "kept\tafter\nline\ncell\nbox"


def test_a_pdf_gives_its_pages():
    text, about = text_of(documents.pdf(["One (1)\ntwo", "three"]), "pdf", max_chars=MOST)
    assert (text, about) == ("One (1)\ntwo\n\nthree", {"n_pages": 2})


@pytest.mark.parametrize(
    ("content", "kind", "status", "told"),
    [
        (documents.docx(["a " * MOST]), "docx", 413, "at most 100,000"),
        (documents.docx(body="x" * (MOST_BYTES + 1)), "docx", 413, "unpacks to more than"),
        (documents.docx(["a" * 2_000_000]), "docx", 413, "200 times its size"),
        (documents.docx(["a"])[:-40], "docx", 422, "damaged"),
        (documents.docx(body="<w:p>"), "docx", 422, "damaged"),
        (gzip.compress(b"x", mtime=0), "docx", 422, "damaged"),
        (documents.pdf(["x"])[:60], "pdf", 422, "damaged"),
        (documents.pdf([""]), "pdf", 422, "picture of text"),
        (documents.pdf(["many words " * 500] * 30), "pdf", 413, "more than 100,000"),
        (b" \n\t", "txt", 422, "no text"),
        (b"<html><body><script>x</script></body></html>", "html", 422, "no text"),
        (bytes(range(32)) * 9, "txt", 415, "binary"),
        (b"\xff\xfe\x00\xd8\x00", "txt", 422, "none of it"),
        (b"{\\rtf1 }", "rtf", 422, "no text"),
    ],
)  # fmt: skip
def test_what_gives_no_text_says_why(content, kind, status, told):
    with pytest.raises(Unreadable, match=told) as raised:
        read(content, kind)
    assert raised.value.status == status


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_entities_are_refused_before_they_grow_or_reach_out(prolog):
    with pytest.raises(Unreadable, match="defines entities"):
        read(documents.docx(body="<w:p><w:r><w:t>&a;&b;</w:t></w:r></w:p>", prolog=prolog), "docx")


def test_other_files_of_an_archive_are_not_read():
    bomb = ("word/media/bomb.bin", b"\0" * 30_000_000)
    names = [("../../evil.txt", b"x"), ("/etc/passwd", b"x"), bomb]
    assert read(documents.docx(["fine"], extra=names), "docx") == "fine"


@pytest.mark.parametrize("name", ["PASSWORD.docx", "a.txt", "notes", "a.pdf", "x.html"])
def test_the_content_decides_and_the_name_must_not_say_otherwise(name):
    heads = {"docx": b"PK\x03\x04...", "pdf": b"\n%PDF-1.7", "rtf": b"{\\rtf1", "txt": b"Dear all", "html": b"<html>"}
    taken = {kind for kind, head in heads.items() if _is_taken(name, head)}
    expected = {"docx": {"docx"}, "txt": {"txt", "html"}, "notes": set(heads), "pdf": {"pdf"}, "html": {"txt", "html"}}
    assert taken == expected[name.lower().rpartition(".")[2]]


def _is_taken(name, head):
    try:
        return bool(kind_of(name, head))
    except Unreadable:
        return False


@pytest.mark.parametrize("head", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x89PNG", b"PAR1", b"MZ\x90\0"])
def test_what_is_no_document_is_named(head):
    with pytest.raises(Unreadable, match=r"This is (an?|the) .* Expected \.txt"):
        kind_of("a.txt", head)


def test_an_answer_is_plain_json():
    assert json.loads(json.dumps({"text": read("🙂\ud7ff é".encode(), "txt")}))["text"] == "🙂\ud7ff é"
