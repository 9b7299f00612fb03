"""What the HTTP API measures: the requests of its callers, beside its own to the API server.

`server` makes it; `access_log` tells of each request.
"""

from typing import Final

from cronwright.metrics import Metrics

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# What else a caller may write as a method makes no series of its own.
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class ApiMetrics(Metrics):
    """The API's metrics."""

    def __init__(self) -> None:
        super().__init__()
        self._requests = self.counter(
            "cronwright_http_requests_total",
            "Requests to the HTTP API. The route is none where a path leads nowhere, the code 499 "
            "where the caller did not wait.",
            *("method", "route", "code"),
        )
        self._seconds = self.histogram(
            "cronwright_http_request_duration_seconds",
            "How long a request to the HTTP API took.",
            *("method", "route"),
            buckets=_SECONDS,
        )

    def requested(self, method: str, route: str, code: int, seconds: float) -> None:
        """Count a request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(code)).inc()
        self._seconds.labels(method, route).observe(seconds)
