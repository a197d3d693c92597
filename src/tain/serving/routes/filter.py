"""`POST /v1/filter`: fine-tuned classifiers as gates on generation."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request

from tain.serving.chosen import model_of
from tain.serving.errors import READING, Refusal
from tain.serving.gates import Bar, Measured, bar_of, candidate, ranked, result
from tain.serving.routes.security import KEY
from tain.serving.service import ask
from tain.serving.shapes.filter import FilterRequest, FilterResponse

router = APIRouter(tags=["filter"], dependencies=[KEY], responses=READING)

Column = list[Measured | None]
"""What one gate found in each candidate."""


@router.post("/v1/filter", summary="Candidates that pass every gate, best first")
async def pass_gates(body: FilterRequest, request: Request) -> FilterResponse:
    """Read by the models of all gates; what passes comes ranked, what does not with each gate's numbers."""
    # What cannot be asked is refused before anything is read.
    has_prompt = body.prompt is not None
    bars = [bar_of(gate, await model_of(request, gate.model), has_prompt=has_prompt) for gate in body.gates]
    columns: dict[int, Column] = {}
    order = sorted(range(len(bars)), key=lambda i: _way(bars[i]))
    for _, numbers in groupby(order, key=lambda i: _way(bars[i])):
        own = list(numbers)
        columns |= dict(zip(own, await _read(request, body, [bars[i] for i in own]), strict=True))
    found = [
        candidate(i, text, body.gates, [result(n, bar, columns[n][i]) for n, bar in enumerate(bars)])
        for i, text in enumerate(body.candidates)
    ]
    passed = ranked(found)
    return FilterResponse(
        id=request.scope["request_id"],
        n_passed=len(passed),
        passed=passed[: body.top_k],
        dropped=[each for each in found if not each.passed],
    )


def _way(bar: Bar) -> tuple[str, str, bool]:
    """Gates that read the same with the same model, which reads it once."""
    return bar.model.id.name, bar.gate.reads, bar.gate.truncate


async def _read(request: Request, body: FilterRequest, bars: list[Bar]) -> list[Column]:
    """A column for each of some gates that read the same."""
    gate, model = bars[0].gate, bars[0].model
    if not body.candidates:
        raise Refusal(400, "There is no candidate. Expected at least one.", error_type="empty")
    texts = [f"{body.prompt}\n\n{text}" if gate.reads == "prompt_and_answer" else text for text in body.candidates]

    def answer(readings: list[Any], n_tokens: int) -> list[Column]:
        # A classifier has an answer for nothing at all, and it means nothing.
        pairs = list(zip(body.candidates, readings, strict=True))
        return [[bar.measure(reading) if text.strip() else None for text, reading in pairs] for bar in bars]

    return await ask(request, model, texts, answer, cut="right" if gate.truncate else None)
