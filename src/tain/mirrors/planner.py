"""What to ask about each human text, of whom, and what to think of the answer."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from tain.core.example import Example
from tain.mirrors.cost import estimate_tokens
from tain.mirrors.prompts import Prompt, PromptPlan, plan_prompts, write_from_topic
from tain.mirrors.request import Answer, MirrorRequest, Sampling
from tain.mirrors.run_parts import Judgement, Written
from tain.mirrors.screen import Rejection, Rules, SeenMirrors, screen, screen_topic, trim
from tain.mirrors.shares import ModelShares

# Tokens are estimated high already; whoever writes half as much again is turned down for the length anyway.
ROOM, MIN_ROOM_TOKENS = 1.5, 128
TOPIC_TOKENS = 256
N_KEPT = 4096
SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How generators sample, for all requests.

    Attributes:
        temperature: None leaves it to the model.
        top_p: None leaves it to the model.
        max_tokens: Of every answer; None makes it follow from the length of the parent. Models that reason before they
            write need more.
        has_seed: A seed is sent, another one for each attempt.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    has_seed: bool = True


@dataclass(slots=True)
class Instructions:
    """The last prompts, so that what was planned for a claim need not be planned again for its answer."""

    plan: PromptPlan
    _kept: OrderedDict[tuple[str, int, str | None], Prompt] = field(default_factory=OrderedDict)

    def prompt(self, parent: Example, *, attempt: int, topic: str | None) -> Prompt:
        """The prompt for a parent.

        Args:
            parent: The human text.
            attempt: Mirrors of it that were turned down.
            topic: What it was found to be about; None where that was not asked.
        """
        key = (parent.id, attempt, topic)
        prompt = self._kept.get(key)
        if prompt is None:
            prompt = self._kept[key] = self._make(parent, attempt, topic)
            if len(self._kept) > N_KEPT:
                self._kept.popitem(last=False)
        return prompt

    def _make(self, parent: Example, attempt: int, topic: str | None) -> Prompt:
        (first,) = plan_prompts(parent, self.plan, attempt=attempt)
        if first.step == "text" or topic is None:
            return first
        return write_from_topic(parent, topic, self.plan, attempt=attempt)


class PromptPlanner:
    """Plans requests from prompt templates, and judges answers by the screen."""

    def __init__(
        self,
        plan: PromptPlan,
        shares: ModelShares,
        *,
        sampling: SamplingSettings,
        rules: Rules,
        seen: SeenMirrors | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            plan: Templates, variants and the seed of all choices.
            shares: Who writes how many.
            sampling: How.
            rules: Of the screen.
            seen: Mirrors accepted before; None knows none.
        """
        self._instructions = Instructions(plan)
        self._seed, self._shares, self._sampling = plan.seed, shares, sampling
        self._rules, self._seen = rules, SeenMirrors() if seen is None else seen

    def request(self, parent: Example, *, attempt: int, topic: str | None) -> MirrorRequest:
        """What to ask now.

        Args:
            parent: The human text.
            attempt: Mirrors of it that were turned down.
            topic: What it was found to be about; None where that was not asked.
        """
        prompt = self._instructions.prompt(parent, attempt=attempt, topic=topic)
        return MirrorRequest(
            parent_id=parent.id,
            group=prompt.group,
            prompt=prompt.messages,
            template=prompt.template,
            template_version=prompt.template_version,
            variant=prompt.variant,
            model=self._shares.model_of(parent.id, seed=self._seed),
            params=self._params(parent, prompt, attempt),
            n_words=prompt.n_words,
            language=prompt.language,
            step=prompt.step,
            attempt=attempt,
        )

    def judge_topic(self, parent: Example, topic: Written) -> tuple[Rejection, ...]:
        """What is wrong with a topic.

        Args:
            parent: The human text.
            topic: What it was found to be about.
        """
        return screen_topic(parent, topic.text, topic)

    def judge(self, parent: Example, request: MirrorRequest, answer: Answer) -> Judgement:
        """What is wrong with a mirror.

        Args:
            parent: The human text.
            request: What was asked.
            answer: What came.
        """
        text = trim(answer.text, parent=parent.text).text
        # The instructions of a text that is written from a topic do not depend on the topic.
        prompt = self._instructions.prompt(parent, attempt=request.attempt, topic="")
        rejections = screen(
            parent,
            text,
            answer,
            rules=self._rules,
            variant=request.variant,
            template=request.template,
            instructions=prompt.instructions,
            seen=self._seen,
        )
        if not rejections:
            self._seen.add(parent.id, text)
        return Judgement(text, rejections)

    def _params(self, parent: Example, prompt: Prompt, attempt: int) -> Sampling:
        sampling = self._sampling
        room = TOPIC_TOKENS if prompt.step == "topic" else MIN_ROOM_TOKENS + int(ROOM * estimate_tokens(parent.text))
        return Sampling(
            max_tokens=sampling.max_tokens or room,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=_seed(self._seed, parent.id, attempt, prompt.step) if sampling.has_seed else None,
        )


def _seed(*parts: object) -> int:
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % SEEDS
