"""uvicorn, with what it lacks: limits of connections and of the time that a request may take.

Hypercorn limits the time of a single read, which a byte now and then passes for ever, and no
number of connections; a subclass of uvicorn's protocol is the smallest piece that does both.
"""

import asyncio
import json
import sys
from functools import partial
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .limits import Limits

HEADERS = {
    # Nothing is loaded from, or sent to, other servers, and no other page shows this one.
    'Content-Security-Policy': "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    # Files and answers belong together: after an update none comes from a cache.
    'Cache-Control': 'no-cache',
}


def server_options(limits: Limits) -> dict[str, Any]:
    """Return the options of ``uvicorn.run`` that put the limits and the headers into force."""
    return dict(
        http=partial(LimitedProtocol, limits),
        ws='none',
        lifespan='off',
        headers=list(HEADERS.items()),
        server_header=False,
        proxy_headers=False,
        access_log=False,
        timeout_graceful_shutdown=5,
    )


class LimitedProtocol(H11Protocol):
    """A connection that is closed when it takes too long or when there are too many.

    uvicorn's ``limit_concurrency`` answers 503 but keeps the connection, and its only time limit
    is that between two requests.
    """

    def __init__(self, limits: Limits, **settings):
        super().__init__(**settings)
        self.limits = limits
        self.conn = _Connection(h11.SERVER)
        self._refused = False
        self._phase: object = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        if len(self.connections) > 2 * self.limits.connections:
            transport.abort()  # refused ones stay a while, too
        elif len(self.connections) > self.limits.connections:
            self._refuse(503, 'Too many connections are open; try again in a few seconds.')
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline:
            self._deadline.cancel()

    def _watch(self) -> None:
        """Start the time limit of what the connection has come to, unless it runs already."""
        if self._refused:
            phase, seconds = 'refused', self.limits.refused_seconds
        elif self.flow.write_paused or self.transport.is_closing():
            waiting = self.transport.get_write_buffer_size()
            phase, seconds = (
                'answer',
                self.limits.answer_seconds + waiting / self.limits.answer_rate,
            )
        else:
            phase = self.conn.their_state
            seconds = {h11.IDLE: self.limits.head_seconds, h11.SEND_BODY: self.limits.body_seconds}
            seconds = seconds.get(phase)  # None while an answer is computed
        if phase == self._phase:
            return
        self._phase = phase
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._expire) if seconds else None

    def _expire(self) -> None:
        waits = self._phase in (h11.IDLE, h11.SEND_BODY)
        if waits and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(408, 'The request took too long to arrive.')
        else:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is none; called while h11's error is handled."""
        error = sys.exception()
        self._refuse(getattr(error, 'error_status_hint', 400), f'{msg} {error or ""}'.strip())

    def _refuse(self, status: int, text: str) -> None:
        """Answer in place of the application, which is told that the client has gone."""
        body = json.dumps({'detail': text}).encode()
        headers = [
            *self.config.encoded_headers,
            (b'content-type', b'application/json'),
            (b'content-length', str(len(body)).encode()),
            (b'connection', b'close'),
            *([(b'retry-after', b'5')] if status == 503 else []),
        ]
        reason = HTTPStatus(status).phrase.encode()
        answer = h11.Response(status_code=status, headers=headers, reason=reason)
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        if self.cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        # Closed at once, the system would throw the answer away if more of the request arrives.
        self.transport.write_eof()
        self._refused = True
        self._watch()


class _Connection(h11.Connection):
    """Refuses a body in chunks before it is read: a million of one byte would take seconds."""

    def next_event(self):
        event = super().next_event()
        headers = event.headers if isinstance(event, h11.Request) else []
        if any(name == b'transfer-encoding' for name, _ in headers):
            raise h11.RemoteProtocolError('Expected Content-Length, got chunks.', 411)
        return event
