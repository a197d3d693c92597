"""Names of languages, for prompts."""

from __future__ import annotations

_NAMES = """
af Afrikaans,ar Arabic,az Azerbaijani,be Belarusian,bg Bulgarian,bn Bengali,bs Bosnian,ca Catalan,cs Czech,cy Welsh,
da Danish,de German,el Greek,en English,eo Esperanto,es Spanish,et Estonian,eu Basque,fa Persian,fi Finnish,fr French,
ga Irish,gl Galician,gu Gujarati,he Hebrew,hi Hindi,hr Croatian,hu Hungarian,hy Armenian,id Indonesian,is Icelandic,
it Italian,ja Japanese,ka Georgian,kk Kazakh,km Khmer,kn Kannada,ko Korean,ky Kyrgyz,la Latin,lo Lao,lt Lithuanian,
lv Latvian,mk Macedonian,ml Malayalam,mn Mongolian,mr Marathi,ms Malay,mt Maltese,my Burmese,nb Norwegian,ne Nepali,
nl Dutch,nn Norwegian Nynorsk,no Norwegian,pa Punjabi,pl Polish,ps Pashto,pt Portuguese,ro Romanian,ru Russian,
si Sinhala,sk Slovak,sl Slovenian,sq Albanian,sr Serbian,sv Swedish,sw Swahili,ta Tamil,te Telugu,th Thai,tl Tagalog,
tr Turkish,uk Ukrainian,ur Urdu,uz Uzbek,vi Vietnamese,xh Xhosa,yo Yoruba,zh Chinese,zu Zulu
"""
_BY_CODE = dict(pair.strip().split(" ", 1) for pair in _NAMES.strip().split(","))
ISO_CODES = frozenset(_BY_CODE)


def language_name(code: str | None) -> str | None:
    """The English name of a language; a longer word, such as the name of a programming language, stays as it is.

    Args:
        code: ISO 639-1, with or without a region; None where nobody knows.
    """
    if not code:
        return None
    plain = code.replace("_", "-").split("-")[0].lower()
    return _BY_CODE.get(plain) or (code if len(plain) > 3 else None)
