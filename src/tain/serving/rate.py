"""How often one client may ask: a bucket for each, which fills again with time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

_MOST_CLIENTS = 10_000


class RateLimit:
    """Token buckets: a minute's worth may come at once, and then as many as time brings back."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has asked yet.

        Args:
            per_minute: Requests; 0 for no limit.
            clock: Seconds.
        """
        self._per_minute = per_minute
        self._clock = clock
        # Requests left, and when that was true. The client that was quiet longest is forgotten first.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Count a request; 0 where it may pass, otherwise the seconds until the next one may.

        Args:
            client: Name of a key, or an address.
        """
        if not self._per_minute:
            return 0.0
        now = self._clock()
        left, since = self._buckets.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        is_free = left >= 1
        self._buckets[client] = (left - 1 if is_free else left, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if is_free else (1 - left) * 60 / self._per_minute


def client_of(address: str | None) -> str:
    """One name for all addresses that a client has to itself: of version 6 these are a whole network.

    Args:
        address: Of the other end; None where there is none.
    """
    try:
        number = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    return str(IPv6Network((number, 64), strict=False)) if isinstance(number, IPv6Address) else str(number)
