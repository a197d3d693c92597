"""The model that a request names, which may have to be loaded first."""

from __future__ import annotations

import asyncio
import time

from fastapi import Request

from tain.serving.errors import Refusal
from tain.serving.served import Served
from tain.serving.served_detector import ServedDetector
from tain.serving.service import require_detector, service_of


async def model_of(request: Request, name: str | None) -> Served:
    """The model that a request names, which is loaded if it is an adapter that is not in memory.

    Args:
        request: Waits no longer than its time.
        name: None takes the first.

    Raises:
        Refusal: 404 if there is none of that name, 424 if there is no room for it, 504 if loading takes too long.
        DetectorError: If it is damaged, or was changed since it was saved.
    """
    service = service_of(request)
    if name is None or name in service.models or service.shelf is None:
        return service.model(name)
    if (model := service.shelf.at_hand(name)) is not None:
        return model
    left_s = request.scope["deadline"] - time.monotonic()
    try:
        return await asyncio.wait_for(asyncio.wrap_future(service.shelf.load(name)), max(0.0, left_s))
    except TimeoutError as error:
        raise Refusal(504, "Loading the model took too long. Come back in a moment.") from error


async def detector_of(request: Request, name: str | None) -> ServedDetector:
    """The detector that a request names; arguments and errors as in `model_of`.

    Raises:
        Refusal: 422 if it gives no verdicts.
    """
    return require_detector(await model_of(request, name))
