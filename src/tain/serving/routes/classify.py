"""Drop-in shapes: Hugging Face, text-embeddings-inference, vLLM and SGLang."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from numpy.typing import NDArray

from tain.serving.chosen import model_of
from tain.serving.errors import READING, Refusal
from tain.serving.routes.security import KEY
from tain.serving.served import Apply, Served
from tain.serving.service import ask, service_of
from tain.serving.shapes.classify import Classified, ClassifyRequest, ClassifyResponse, Usage
from tain.serving.shapes.predict import LabelScore, PredictRequest, root_texts, tei_texts

router = APIRouter(tags=["classify"], dependencies=[KEY], responses=READING)
Scores = NDArray[np.float64]


@router.post("/", summary="As Hugging Face's inference API")
async def predict_as_hub(body: PredictRequest, request: Request) -> list[list[LabelScore]]:
    """For each text its labels, highest first. A list of strings is a batch."""
    return await _predict(body, request, root_texts(body.inputs))


@router.post("/predict", summary="As text-embeddings-inference")
async def predict(body: PredictRequest, request: Request) -> list[LabelScore] | list[list[LabelScore]]:
    """The labels of one text, or those of each text of a batch, highest first. A batch is a list of lists."""
    texts, is_batch = tei_texts(body.inputs)
    found = await _predict(body, request, texts)
    return found if is_batch else found[0]


@router.post("/classify", summary="As vLLM and SGLang")
@router.post("/v1/classify", summary="As vLLM and SGLang")
async def classify(body: ClassifyRequest, request: Request) -> ClassifyResponse:
    """For each text its label and a number for every label."""
    model = await model_of(request, body.model)
    _refuse_empty(body.texts)

    def answer(readings: list[Any], n_tokens: int) -> tuple[list[Classified], int]:
        found = _class_scores(model, readings, body.apply)
        # The most likely one also where raw scores are sent, which know nothing of the operating point.
        best = _class_scores(model, readings, "softmax")
        return [_classified(i, model, *each) for i, each in enumerate(zip(found, best, strict=True))], n_tokens

    data, n_tokens = await ask(request, model, body.texts, answer, cut=body.cut)
    return ClassifyResponse(
        id=f"classify-{request.scope['request_id']}",
        created=int(time.time()),
        model=model.id.name,
        data=data,
        usage=Usage(prompt_tokens=n_tokens, total_tokens=n_tokens),
    )


async def _predict(body: PredictRequest, request: Request, texts: Sequence[str]) -> list[list[LabelScore]]:
    model = service_of(request).model(None)
    _refuse_empty(texts)

    def answer(readings: list[Any], n_tokens: int) -> list[list[LabelScore]]:
        return [_ranked(model, scores, body.top_k) for scores in _class_scores(model, readings, body.apply)]

    return await ask(request, model, texts, answer, cut=body.cut)


def _class_scores(model: Served, readings: Sequence[Any], apply: Apply) -> list[Scores]:
    found = [model.class_scores(reading, apply) for reading in readings]
    short = [str(index) for index, scores in enumerate(found) if scores is None]
    if short:
        raise Refusal(
            422,
            f"Not enough text in {', '.join(short)} (counted from 0). This shape has no place for that answer; leave "
            "them out, or use /v1/check, which says too_short.",
            error_type="too_short",
        )
    return [scores for scores in found if scores is not None]


def _ranked(model: Served, scores: Scores, top_k: int | None) -> list[LabelScore]:
    # Stable, so that of a tie the first label comes first: a score on the threshold is human.
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [LabelScore(label=model.labels[i], score=float(scores[i])) for i in order]


def _classified(index: int, model: Served, scores: Scores, best: Scores) -> Classified:
    label = model.labels[int(best.argmax())]
    return Classified(index=index, label=label, probs=scores.tolist(), num_classes=len(scores))


def _refuse_empty(texts: Sequence[str]) -> None:
    for index, text in enumerate(texts):
        if not text.strip():
            raise Refusal(400, f"Text {index} (counted from 0) is empty. Leave it out.", error_type="empty")
