"""What Prometheus can ask for. Labels come from short lists of our own, never from a request."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TOKENS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)


class Metrics:
    """Counts and times of one server."""

    def __init__(self) -> None:
        """All at zero."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("tain_requests", "Requests answered.", ("route", "method", "status"), registry=registry)
        self.seconds = Histogram(
            "tain_request_seconds",
            "From the first byte to the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.texts = Counter("tain_texts", "Texts answered.", ("model",), registry=registry)
        self.batch_seconds = Histogram(
            "tain_batch_seconds", "Time that the network took for a batch.", buckets=_SECONDS, registry=registry
        )
        self.batch_tokens = Histogram("tain_batch_tokens", "Tokens in a batch.", buckets=_TOKENS, registry=registry)
        self.adapters = Gauge("tain_adapters", "Adapters in memory.", registry=registry)
        self.adapter_bytes = Gauge("tain_adapter_bytes", "Their memory.", registry=registry)
        self.adapter_loads = Counter("tain_adapter_loads", "Adapters loaded.", registry=registry)
        self.waiting = Gauge("tain_waiting_requests", "Requests taken and not answered.", registry=registry)
        self.waiting_chars = Gauge("tain_waiting_characters", "Their characters.", registry=registry)

    def batch(self, n_tokens: int, seconds: float) -> None:
        """Count a batch."""
        self.batch_tokens.observe(n_tokens)
        self.batch_seconds.observe(seconds)

    def page(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self._registry)
