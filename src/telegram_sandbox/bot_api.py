"""The Bot API over HTTP: decoding calls, injecting faults and encoding answers."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from telegram_sandbox.errors import ApiError, bad_request
from telegram_sandbox.faults import AbortedResponse, FaultName
from telegram_sandbox.methods import BotMethods
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.polling import ClientDisconnected, Polling, wait_for_disconnect
from telegram_sandbox.sandbox import Call, Sandbox
from telegram_sandbox.waiting import wait_for_first

#: Status, media type and body of the errors that Telegram and the gateways before it answer with.
_SERVER_ERRORS = (
    (
        500,
        "application/json",
        '{"ok":false,"error_code":500,"description":"Internal Server Error"}',
    ),
    (502, "application/json", '{"ok":false,"error_code":502,"description":"Bad Gateway"}'),
    (502, "text/html", "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"),
)


class BotApi:
    """The HTTP endpoints that bots call."""

    def __init__(self, sandbox: Sandbox, stopping: asyncio.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping
        self._methods = BotMethods(sandbox.state)
        self._polling = Polling(sandbox.state, stopping)
        self._names = {name.lower(): name for name in (*self._methods.names, "getUpdates")}
        self._server_errors = itertools.cycle(_SERVER_ERRORS)

    async def call(self, request: Request) -> Response:
        """Answer a method call, `/bot<token>/<method>`."""
        received_at = time.monotonic()
        method = self._names.get(request.path_params["method"].lower())
        chat_id = topic = fault = None
        items = 1
        try:
            parameters = await Parameters.read(request)
            chat_id, items = _integer(parameters, "chat_id"), _items(parameters)
            topic = _integer(parameters, "message_thread_id")
            self._check_token(request)
            if method is None:
                raise ApiError(404, "Not Found")  # noqa: TRY301  # handled below, like the other errors
            fault = self._sandbox.draw_fault(method)
            response = await self._fault_response(fault, request)
            if response is None:
                response = await self._carry_out(method, parameters, request)
        except ApiError as error:
            response = _json(error.body(), error.code)
        except ClientDisconnected:
            return Response()
        name = method or request.path_params["method"]
        made = Call(name, chat_id, received_at, response.status_code, fault, items, topic)
        return self._record(made, response)

    async def download(self, request: Request) -> Response:
        """Answer a file download, `/file/bot<token>/<path>`."""
        received_at = time.monotonic()
        await request.body()
        fault = None
        try:
            self._check_token(request)
            fault = self._sandbox.draw_fault("file")
            response = await self._fault_response(fault, request)
            if response is None:
                response = self._file(request.path_params["path"])
        except ApiError as error:
            response = _json(error.body(), error.code)
        return self._record(Call("file", None, received_at, response.status_code, fault), response)

    def _check_token(self, request: Request) -> None:
        if request.path_params["token"] != self._sandbox.token:
            raise ApiError(401, "Unauthorized")

    async def _fault_response(self, fault: FaultName | None, request: Request) -> Response | None:
        """Return the answer of a fault that prevents the call, or None if the call goes ahead.

        Raises:
            ApiError: the fault is `rate_limited` or `refused`.
        """
        match fault:
            case "rate_limited":
                retry_after = self._sandbox.faults.retry_after
                raise ApiError(
                    429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after
                )
            case "refused":
                raise bad_request(self._sandbox.faults.refusal)
            case "server_error":
                status, kind, body = next(self._server_errors)
                return Response(body, status, media_type=kind)
            case "timeout":
                seconds = self._sandbox.faults.timeout_seconds
                await wait_for_first(
                    self._stopping.wait(), wait_for_disconnect(request), seconds=seconds
                )
                return AbortedResponse()
            case "drop_before":
                return AbortedResponse()
            case _:
                return None

    async def _carry_out(self, method: str, parameters: Parameters, request: Request) -> Response:
        if method != "getUpdates":
            return _result(await run_in_threadpool(self._methods.call, method, parameters))
        updates = await self._polling.poll(parameters, request)
        if isinstance(updates, bytes):
            return Response(updates, media_type="application/json")
        return _result(updates)

    def _file(self, path: str) -> Response:
        file = self._sandbox.state.files.by_path(path)
        if file is None or self._sandbox.state.local_folder:
            raise ApiError(404, "Not Found")
        return Response(file.data, media_type="application/octet-stream")

    def _record(self, call: Call, response: Response) -> Response:
        self._sandbox.record_call(call)
        match call.fault:
            case "drop_after":
                return AbortedResponse(response if call.method == "file" else None)
            case "garbled":
                body = bytes(response.body)
                return Response(body[: len(body) // 2], media_type=response.media_type)
            case _:
                return response


def _integer(parameters: Parameters, name: str) -> int | None:
    try:
        return int(parameters.text(name))
    except ValueError:
        return None


def _items(parameters: Parameters) -> int:
    """Return how many messages a call asks to send."""
    try:
        return max(1, len(parameters.json("media", list, [])))
    except ApiError:
        return 1


def _result(result: Any) -> Response:
    return _json({"ok": True, "result": result}, 200)


def _json(body: dict[str, Any], status: int) -> Response:
    # Escaped to ASCII: a text may hold lone surrogates, which UTF-8 cannot encode.
    return Response(json.dumps(body), status, media_type="application/json")
