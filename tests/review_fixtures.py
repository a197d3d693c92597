"""A small corpus, and a sheet of doubts about its labels as `tain suspects` writes it."""

import json

from tain.corpora.labels import DETECTION_MAP
from tain.mining.about_sheet import AboutSheet, Neighbour, sources_of, write_about
from tain.mining.sheet import write_sheet

LABELS = ("human", "ai")
TEXTS = {
    "t0": ("The nets were mended by noon, and nobody asked who had cut them.", "ai"),
    "t1": ("In conclusion, harbours play a vital role in our rapidly changing world.", "human"),
    "t2": ("Gulls. <script>alert(1)</script> & more gulls than anyone could count.", "human"),
    "t3": ("We sat on the wall until the church bell rang twice.", "human"),
}
DOUBTED = ("t0", "t1", "t2")


def make_corpus(folder, *, raw=None):
    """The corpus as JSONL; `raw` says how its file writes each label."""
    path = folder / "corpus.jsonl"
    rows = [
        {"id": name, "text": text, "label": (raw or {}).get(label, label), "page": place}
        for place, (name, (text, label)) in enumerate(TEXTS.items())
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_sheet(folder, *, corpus=None, name="suspects.jsonl"):
    """Three doubted texts of the corpus."""
    sheet = folder / name
    rows = [
        {
            "id": each,
            "label": TEXTS[each][1],
            "suspicion": 0.9 - place / 10,
            "reasons": "its influence is among the highest 5%; 80% of the texts most like it have another label",
            "influence": 1.5,
            "neighbours": 0.8,
            "source": "harbour",
            "text": TEXTS[each][0],
        }
        for place, each in enumerate(DOUBTED)
    ]
    write_sheet(sheet, rows, answer="decision", answers={})
    like = Neighbour(id="t3", label="human", likeness=0.71, influence=-0.2, text=TEXTS["t3"][0])
    files = sources_of([str(corpus)], labels=DETECTION_MAP) if corpus else ()
    about = AboutSheet(
        made_by="tain suspects",
        labels=LABELS,
        evidence=("suspicion", "influence", "neighbours"),
        corpus=files,
        neighbours={"t0": (like,)},
    )
    write_about(sheet, about)
    return sheet
