"""The page that Prometheus reads, over HTTP on all interfaces; it needs no login."""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

from attrai.servers import CannotStart


def serve(port: int, registry: CollectorRegistry) -> WSGIServer:
    """Answers from now on, in a thread that does not keep the process from ending.

    Raises:
        CannotStart: the port is another program's, or not to be had.
    """
    try:
        server, _ = start_http_server(port, registry=registry)
    except OSError as error:
        reason = f"can't listen on {port}: {error.strerror}"
        raise CannotStart(f"ATTRAI_METRICS_PORT: {reason}") from error
    return server
