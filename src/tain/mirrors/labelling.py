"""Labels instead of mirrors: a large model is asked what a text is, and its answer is read strictly.

The store, the endpoint, the budget and the loop are those of mirrors; here a human text's "mirror" is the name of its
label. Source: LlamBERT, Csanády et al. 2024, arXiv:2403.15938: a large model labels a share of the texts by prompt,
answers that cannot be read are dropped, and a small encoder is trained on the rest, with or without true labels.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from tain.core.errors import ConfigError, sample
from tain.core.example import Example
from tain.mirrors.request import Answer, Message, MirrorRequest, Sampling
from tain.mirrors.run_parts import Judgement, Written
from tain.mirrors.screen import Rejection
from tain.mirrors.store_rows import Accepted

TEXT, LABELS = "{text}", "{labels}"
TEMPLATE = "label"
COLUMNS = (
    "id",
    "text",
    "label",
    "group",
    "source",
    "domain",
    "generator",
    "language",
    "date",
    "licence",
    "labeller",
    "labeller_version",
    "label_date",
    "label_prompt",
)
_EDGES = re.compile(r"\A[\W_]+|[\W_]+\Z")


class LabelPlanner:
    """Asks one question of each text, and takes nothing but the name of a label for an answer."""

    def __init__(self, prompt: str, labels: Sequence[str], *, model: str, params: Sampling) -> None:
        """Check the question. Nothing is asked.

        Args:
            prompt: The instruction. Where it holds `{text}` the text is put there; otherwise it is the system's message
                and the text the user's. `{labels}` becomes the labels with commas between.
            labels: The words to choose from.
            model: Who is asked.
            params: How it samples.

        Raises:
            ConfigError: If there are fewer than two labels, two are alike, or the prompt does not name one of them.
        """
        self.labels = tuple(labels)
        self._by_word = {_plain(label): label for label in labels}
        if len(labels) < 2 or len(self._by_word) < len(labels) or "" in self._by_word:
            raise ConfigError(
                f"--labels {','.join(labels)!r}: expected two or more that differ in more than case and marks, such as "
                "positive,negative."
            )
        unnamed = [label for label in labels if LABELS not in prompt and label.casefold() not in prompt.casefold()]
        if unnamed:
            raise ConfigError(
                f"--prompt {sample(prompt)!r} is neither a file nor a question that names the label {unnamed[0]!r}. "
                f"Name every label in it, or write {LABELS} where they belong."
            )
        self._prompt, self._model, self._params = prompt, model, params

    @property
    def version(self) -> str:
        """A hash of the question and the labels: answers to another one are of no use here."""
        asked = json.dumps([self._prompt, self.labels], ensure_ascii=False)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def request(self, parent: Example, *, attempt: int, topic: str | None) -> MirrorRequest:
        """The question about a text.

        Args:
            parent: The text.
            attempt: Answers that could not be read; another one samples by another seed.
            topic: Has no effect.
        """
        params = self._params
        return MirrorRequest(
            parent_id=parent.id,
            group=parent.group,
            prompt=self._messages(parent.text),
            template=TEMPLATE,
            template_version=self.version,
            variant=TEMPLATE,
            model=self._model,
            params=Sampling(params.max_tokens, params.temperature, params.top_p, attempt),
            n_words=len(parent.text.split()),
            language=parent.language,
            attempt=attempt,
        )

    def judge_topic(self, parent: Example, topic: Written) -> tuple[Rejection, ...]:
        """Nothing: no topic is ever asked for."""
        return ()

    def judge(self, parent: Example, request: MirrorRequest, answer: Answer) -> Judgement:
        """The label that an answer names, or why it names none."""
        found = read_label(answer, self._by_word)
        return Judgement("", (found,)) if isinstance(found, Rejection) else Judgement(found, ())

    def _messages(self, text: str) -> tuple[Message, ...]:
        # The text goes in last: what stands in it is no place to put anything.
        instruction = self._prompt.replace(LABELS, ", ".join(self.labels))
        if TEXT in instruction:
            return (Message("user", instruction.replace(TEXT, text)),)
        return (Message("system", instruction), Message("user", text))


def read_label(answer: Answer, labels: Mapping[str, str]) -> str | Rejection:
    """The label that an answer consists of, case and marks around it aside.

    A sentence about a label is no label: "not positive" holds the word too.

    Args:
        answer: Of the model.
        labels: By their plain form.

    Returns:
        The label, or why there is none: `empty`, `refusal`, `truncated`, `ambiguous` (several labels) or `no_label`.
    """
    word = _plain(answer.text)
    shown = repr(sample(answer.text))
    if answer.finish_reason == "content_filter":
        return Rejection("refusal", f"the endpoint's filter: {shown}")
    if answer.finish_reason == "length":
        return Rejection("truncated", f"the limit of tokens was met: {shown}")
    if word in labels:
        return labels[word]
    if not word:
        return Rejection("empty", shown)
    named = [label for plain, label in labels.items() if re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", word)]
    if len(named) > 1:
        return Rejection("ambiguous", f"{shown} names {' and '.join(named)}")
    return Rejection("no_label", f"{shown} is none of {', '.join(labels.values())}")


def labelled_row(accepted: Accepted) -> Mapping[str, str | None]:
    """A labelled text as a row, with who labelled it, when, and by which prompt.

    Args:
        accepted: From the store.
    """
    parent, request = accepted.parent, accepted.request
    own = {name: getattr(parent, name) for name in COLUMNS if hasattr(parent, name)}
    made = {
        "label": accepted.text,
        "labeller": request.model,
        "labeller_version": accepted.answer.model,
        "label_date": accepted.date,
        "label_prompt": request.template_version,
    }
    return {name: (own | made)[name] for name in COLUMNS}


def _plain(text: str) -> str:
    return " ".join(_EDGES.sub("", text).casefold().split())
