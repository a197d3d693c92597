"""Write the word lists of the attacks from their public sources, so that anybody can make them again.

scripts/attacks/make_word_lists.py BREAME CODESPELL WORDNET

BREAME is the unpacked source archive of breame 0.1.2 from PyPI, CODESPELL the unpacked wheel of codespell 2.4.3 from
PyPI, WORDNET the folder of WordNet 3.0's database (`index.noun`, `data.noun`, `index.sense` and the rest; Debian's
packages wordnet-base and wordnet-sense-index hold it). Licences stand in the folder that is written to.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TARGET = Path(__file__).parents[2] / "src" / "tain" / "evaluation" / "attacks" / "words"
WORD = re.compile(r"[a-z]{3,}")
ANY_WORD = re.compile(r"[a-z]+")

N_MISSPELLINGS = 3
N_SYNONYMS = 3
MIN_TAGGED = 2
MIN_SHARE = 0.35
POS_FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
POS_OF_TYPE = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
# Words whose grammar does not survive a swap. WordNet has no prepositions, conjunctions, pronouns or auxiliaries, so it
# takes "after" for an adverb and "might" for a noun.
NEVER = """
able about above across after against ago all almost along already also although always among any anyone are around
away back bad be because been before behind being below beneath beside besides between beyond both but can could did
do does don done down due during each eight either else enough even ever every few first five for four from further
get given goes going gone had half has have having he her here hers him his how however hundred if in inside into is
it its john just let like little living lot made make many may maybe means might million mine more most much must near
neither never next nine no none nor not nothing now of off often on once one only onto open opened or other our out
outside over own past per please pretty quite rather round said same say says second see seen self seven shall she
should since six so some someone something soon still such take taken ten than that the their them then there these
they third this those though thousand three through throughout thus till time times to together too took toward two
under underneath united unless until unto up upon upwards use used very was way we well went were what when where
whether which while who whole whom whose why will with within without would yes yet you your
"""
# Verbs whose past is their base; WordNet does not list them as irregular.
SAME_PAST = "bet burst cast cost cut hit hurt put quit rid set shed shut split spread thrust upset"


def write_spellings(breame: Path) -> None:
    """American and British spelling, one pair a line: the list that RAID downloads, as breame packs it."""
    text = (breame / "breame" / "data" / "spelling_constants.py").read_text(encoding="utf-8")
    tables = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(text).body}
    pairs = {(american, british) for american, british in tables["AMERICAN_ENGLISH_SPELLINGS"].items()}
    pairs = {pair for pair in pairs if pair[0] != pair[1] and all(map(ANY_WORD.fullmatch, pair))}
    _write("spellings.tsv", ("\t".join(pair) for pair in sorted(pairs)))


def write_misspellings(codespell: Path) -> None:
    """A word and its common misspellings, the likeliest slips first."""
    found = defaultdict(list)
    for line in (codespell / "codespell_lib" / "data" / "dictionary.txt").read_text(encoding="utf-8").splitlines():
        wrong, _, right = line.partition("->")
        # A line with a comma names several words or a doubt; the misspelling of several is the misspelling of none.
        if ANY_WORD.fullmatch(wrong) and WORD.fullmatch(right):
            found[right].append(wrong)
    rows = {right: sorted(wrongs, key=lambda wrong: slip(wrong, right)) for right, wrongs in found.items()}
    _write("misspellings.tsv", ("\t".join([right, *rows[right][:N_MISSPELLINGS]]) for right in sorted(rows)))


def slip(wrong: str, right: str) -> tuple[object, ...]:
    """How unlikely a misspelling is as a slip of a person: swapped, left out and doubled letters are the usual ones."""
    is_swap = sorted(wrong) == sorted(right)
    is_doubled = re.sub(r"(.)\1", r"\1", wrong) == re.sub(r"(.)\1", r"\1", right)
    is_short = len(wrong) < len(right)
    return distance(wrong, right), wrong[0] != right[0], not (is_swap or is_doubled), not is_short, wrong


def distance(left: str, right: str) -> int:
    """Letters to insert, delete, replace or swap with a neighbour."""
    before, last, now = [], [], list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, last, now = last, now, [i]
        for j, b in enumerate(right, 1):
            now.append(min(last[j] + 1, now[-1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                now[j] = min(now[j], before[j - 2] + 1)
    return now[-1]


class Reading(NamedTuple):
    """One thing that a form can be: a form of a word in a sense, and how often the tagged texts use that sense."""

    count: int
    lemma: str
    pos: str
    offset: str
    name: str


class WordNet:
    """What the swap needs of the database: senses with counts, their words, and irregular forms."""

    def __init__(self, folder: Path) -> None:
        self.senses: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for line in (folder / "index.sense").read_text(encoding="ascii").splitlines():
            key, offset, _, count = line.split()
            lemma, _, rest = key.partition("%")
            self.senses[lemma].append((int(count), POS_OF_TYPE[rest[0]], offset))
        self.members = {pos: dict(_members(folder / f"data.{name}")) for pos, name in POS_FILES.items()}
        self.irregular = {pos: _exceptions(folder / f"{name}.exc") for pos, name in POS_FILES.items()}

    def count(self, lemma: str, pos: str, offset: str) -> int:
        """How often the tagged texts use a word in a sense."""
        return sum(count for count, *place in self.senses[lemma] if place == [pos, offset])

    def is_plain(self, word: str, lemma: str) -> bool:
        """Whether a word can stand for another: common, no function word, and no "journeying" for "journey"."""
        is_common = sum(count for count, _, _ in self.senses[word]) >= MIN_TAGGED
        return bool(is_common and WORD.fullmatch(word) and word not in NEVER.split() and not word.startswith(lemma))


def _members(path: Path) -> Iterator[tuple[str, list[str]]]:
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith(" "):
            offset, _, _, n_words, *rest = line.split()
            # Adjectives carry their position in brackets.
            yield offset, [word.partition("(")[0] for word in rest[: 2 * int(n_words, 16) : 2]]


def _exceptions(path: Path) -> dict[str, list[str]]:
    forms = defaultdict(list)
    for line in path.read_text(encoding="ascii").splitlines():
        form, *lemmas = line.split()
        for lemma in lemmas:
            forms[lemma].append(form)
    return forms


def write_synonyms(folder: Path) -> None:
    """A word form and up to three synonyms in the same form, the most used first."""
    wordnet = WordNet(folder)
    readings: dict[str, list[Reading]] = defaultdict(list)
    for lemma in filter(WORD.fullmatch, sorted(wordnet.senses)):
        for count, pos, offset in wordnet.senses[lemma]:
            for name, form in inflect(lemma, pos, wordnet.irregular[pos]).items():
                readings[form].append(Reading(count, lemma, pos, offset, name))
    table = {form: synonyms_of(wordnet, form, readings[form]) for form in sorted(readings.keys() - set(NEVER.split()))}
    _write("synonyms.tsv", ("\t".join([form, *words]) for form, words in table.items() if words))


def synonyms_of(wordnet: WordNet, form: str, readings: list[Reading]) -> list[str]:
    """The synonyms of a form in its main sense; none where no sense is the main one."""
    total, best = sum(reading.count for reading in readings), max(readings)
    same = [reading for reading in readings if reading[1:4] == best[1:4]]
    # "Put" is both a present and a past: which one a text means is not known, so it stays.
    if len(same) > 1 or total < MIN_TAGGED or best.count < MIN_SHARE * total:
        return []
    others = {word: wordnet.count(word, best.pos, best.offset) for word in wordnet.members[best.pos][best.offset]}
    used = sorted((-count, word) for word, count in others.items() if count and wordnet.is_plain(word, best.lemma))
    forms = (inflect(word, best.pos, wordnet.irregular[best.pos]).get(best.name) for _, word in used)
    return [word for word in forms if word and word != form][:N_SYNONYMS]


def inflect(lemma: str, pos: str, irregular: Mapping[str, list[str]]) -> dict[str, str]:
    """The forms of a word by name; a form that has no name of its own is named after itself."""
    odd = irregular.get(lemma, [])
    forms = {"base": lemma} | {form: form for form in odd}
    if pos == "n" and len(odd) == 1:
        return {"base": lemma, "plural": odd[0]}
    if pos == "n" and not odd and not re.search(r"[^s]s$", lemma):
        forms["plural"] = _with_s(lemma)
    return forms | _verb_forms(lemma, odd) if pos == "v" else forms


def _verb_forms(lemma: str, odd: list[str]) -> dict[str, str]:
    stem = _doubled(lemma, odd)
    short = stem[:-1] if stem.endswith("e") and not stem.endswith(("ee", "oe", "ye")) else stem
    forms = {"third": _with_s(lemma), "ing": short + "ing"}
    past = {form for form in odd if not form.endswith(("ing", "s"))}
    if lemma in SAME_PAST.split():
        return forms | {"past": lemma}
    if not past:
        return forms | {"past": re.sub(r"(?<![aeiou])y$", "i", stem).removesuffix("e") + "ed"}
    # One form for "they won" and "they have won"; "went" and "gone" cannot be told apart by a swap.
    return forms | ({"past": past.pop()} if len(past) == 1 else {})


def _with_s(lemma: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh)$", lemma):
        return lemma + "es"
    return re.sub(r"(?<![aeiou])y$", "ie", lemma) + "s"


def _doubled(lemma: str, odd: list[str]) -> str:
    # WordNet lists doubled consonants as exceptions ("admitted"); short words double by rule ("stopped").
    if any(form.startswith(lemma + lemma[-1]) for form in odd):
        return lemma + lemma[-1]
    return lemma + lemma[-1] if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", lemma) else lemma


def _write(name: str, lines: Iterator[str]) -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Write the three lists."""
    breame, codespell, wordnet = map(Path, sys.argv[1:])
    write_spellings(breame)
    write_misspellings(codespell)
    write_synonyms(wordnet)
    for path in sorted(TARGET.glob("*.tsv")):
        print(
            f"{path.name}: {len(path.read_text(encoding='utf-8').splitlines()):,} rows, {path.stat().st_size:,} bytes"
        )


if __name__ == "__main__":
    main()
