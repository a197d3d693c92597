"""What the page of a review asks for. Decisions are on the disk before they are answered."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from tain.recipes.review.items import to_json
from tain.recipes.review.review import Review
from tain.serving.errors import Refusal
from tain.serving.review.shapes import Decision, Listed, Outcome, Overview, Shown
from tain.serving.routes.page import page_response

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page() -> Response:
    """The page."""
    return page_response("review.html")


@router.get("/page/{name}", include_in_schema=False)
async def page_file(name: str) -> Response:
    """A style, a script or the icon."""
    return page_response(name)


@router.get("/v1/review")
async def overview(request: Request) -> Overview:
    """All texts by id, with what is decided."""
    review = _review(request)
    items = [
        Listed(id=item.id, label=item.label, decision=review.decision(place)) for place, item in enumerate(review.items)
    ]
    return Overview(
        name=review.sheet.name, by=review.by, labels=list(review.about.labels), n_decided=review.n_decided, items=items
    )


@router.get("/v1/review/{place}")
async def text(request: Request, place: int) -> Shown:
    """One text with its reasons and what it is like."""
    review = _review(request)
    _require(review, place)
    value = {"place": place, "decision": review.decision(place), **to_json(review.items[place])}
    return Shown.model_validate(value)


@router.post("/v1/review/undo")
async def undo(request: Request) -> Outcome:
    """Take the last decision back."""
    review = _review(request)
    place = await asyncio.to_thread(review.undo)
    decision = None if place is None else review.decision(place)
    return Outcome(place=place, decision=decision, n_decided=review.n_decided)


@router.post("/v1/review/{place}")
async def decide(request: Request, place: int, body: Decision) -> Outcome:
    """Keep a decision."""
    review = _review(request)
    _require(review, place)
    await asyncio.to_thread(review.decide, place, body.decision)
    return Outcome(place=place, decision=review.decision(place), n_decided=review.n_decided)


def _require(review: Review, place: int) -> None:
    if not 0 <= place < len(review.items):
        raise Refusal(404, f"There is no text {place}; they go from 0 to {len(review.items) - 1}.")


def _review(request: Request) -> Review:
    found = request.app.state.review
    assert isinstance(found, Review)
    return found
