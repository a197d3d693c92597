import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.core.errors import ConfigError
from tain.corpora.code_comments import strip_comments

C_STRINGS = ('"http://x"', '"a \\" // b"', "'\"'", "'/'", '"/* no */"', '"\\\\"', "'\\''")
PYTHON_STRINGS = ("'#'", '"a # b"', '"""x\n# y"""', "'''it's # z'''", 'r"\\#"', '"\\" # q"', "'http://x'")
WORDS = ("x", "1", "+", "(", ")", "return", "a_b")
LANGUAGES = ("c", "c++", "java", "javascript", "python")


def lines(strings, comments):
    """Lines of code with the comment of each, or none."""
    token = st.sampled_from((*WORDS, *strings))
    return st.lists(st.tuples(st.lists(token, min_size=1, max_size=5), st.sampled_from(("", *comments))), max_size=6)


@settings(max_examples=150, deadline=None)
@given(lines(C_STRINGS, ("// it's", '// "x', "/* a\n\n// b */", "/**/", "// /*")), st.sampled_from(LANGUAGES[:4]))
def test_code_of_the_c_family_keeps_all_but_its_comments(parts, language):
    code = "".join(
        f"{' '.join(tokens)} {comment}\n" if comment else f"{' '.join(tokens)}\n" for tokens, comment in parts
    )
    assert strip_comments(code, language) == "".join(f"{' '.join(tokens)}\n" for tokens, _ in parts)


@settings(max_examples=150, deadline=None)
@given(lines(PYTHON_STRINGS, ("# it's", '# """', "#")))
def test_python_keeps_all_but_its_comments(parts):
    code = "".join(
        f"{' '.join(tokens)}  {comment}\n" if comment else f"{' '.join(tokens)}\n" for tokens, comment in parts
    )
    assert strip_comments(code, "python") == "".join(f"{' '.join(tokens)}\n" for tokens, _ in parts)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \n\"'`/*#\\\r(=R", max_size=40), st.sampled_from(LANGUAGES))
def test_any_text_is_read_to_its_end_and_nothing_is_made_up(code, language):
    stripped = strip_comments(code, language)
    rest = iter(code)
    assert all(character == " " or character in rest for character in stripped)


def test_tokens_of_real_python_are_those_that_were_there():
    code = Path(tokenize.__file__).read_text(encoding="utf-8")
    skipped = {tokenize.COMMENT, tokenize.NL}

    def tokens(source):
        return [
            (t.type, t.string) for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in skipped
        ]

    stripped = strip_comments(code, "python")
    assert tokens(stripped) == tokens(code)
    assert not [t for t in tokenize.generate_tokens(io.StringIO(stripped).readline) if t.type == tokenize.COMMENT]
    assert strip_comments(stripped, "python") == stripped


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("c", "int/*a*/x; // b\n", "int x;\n"),
        ("c", "  /* head\n * body */\n\tint x;\r\n", "\tint x;\r\n"),
        ("c", "f(a, /* b */ c);", "f(a, c);"),
        ("c", "  /* a */ x = 1; /* b */ // c\n", "  x = 1;\n"),
        ("c", "x; // one \\\n   two\ny;", "x;\ny;"),
        ("c", "#error don't // do\nx; // y", "#error don't // do\nx;"),
        ("c", "a = b / c; /* open", "a = b / c;"),
        ("c++", 'auto s = R"x(a // b " )" )x"; // c', 'auto s = R"x(a // b " )" )x";'),
        ("c++", "long n = 1'000'000; // '", "long n = 1'000'000;"),
        ("java", 's = """\n  a // b\n  """; // c', 's = """\n  a // b\n  """;'),
        ("javascript", r"x = /https?:\/\//; // y", r"x = /https?:\/\//;"),
        ("javascript", 'x = s.match(/[/*]"/); /* y */ z', 'x = s.match(/[/*]"/); z'),
        ("javascript", "x = `a // ${b} \n /* c */`; // d", "x = `a // ${b} \n /* c */`;"),
        ("javascript", "y = a / b; // c / d", "y = a / b;"),
        ("python", "#!/bin/x\n\nx = 1  # y\n    # z\n", "\nx = 1\n"),
        ("python", 'def f():\n    """Say # this."""  # not this\n', 'def f():\n    """Say # this."""\n'),
        ("python", "", ""),
    ],
)
def test_comments_go_and_what_looks_like_them_stays(language, code, expected):
    assert strip_comments(code, language) == expected


def test_another_language_is_refused():
    with pytest.raises(ConfigError, match=r"language is 'cobol'. Expected one of c, c\+\+, java"):
        strip_comments("", "cobol")
