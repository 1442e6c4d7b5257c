"""A web page that shows what a network sees in a picture.

A picture is the whole body of a request, so that its length is limited while it is read.
"""

import base64
import io
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ..apis import Person, PoseModel
from ..errors import InputError
from ..pictures import decode_picture
from ..visualization.people import draw_people
from ..visualization.stacks import ALL_JOINTS, draw_stacks

FILES = Path(__file__).parent / 'files'
LOOPBACK = ('127.0.0.1', 'localhost', '[::1]', '::1')
HEADERS = {
    # Nothing is loaded from, or sent to, other servers.
    'Content-Security-Policy': "default-src 'self'; img-src 'self' data: blob:",
    'X-Content-Type-Options': 'nosniff',
}


@dataclass(frozen=True)
class Limits:
    """What is accepted.

    Attributes:
        megabytes: Size of a file, in 2^20 bytes.
        pixels: Width times height of a picture.
    """

    megabytes: float
    pixels: int


def create_app(model: PoseModel, limits: Limits, hosts: Sequence[str] = LOOPBACK) -> FastAPI:
    """Make the web application.

    Args:
        model: Shown network.
        limits: Larger uploads are refused before they are read whole or decoded.
        hosts: Names by which the server may be asked; '*' for any. The default keeps other web
            sites from reaching a server on this machine by a name of theirs.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    lock = threading.Lock()  # one prediction at a time: each uses all cores

    @app.middleware('http')
    async def add_headers(request: Request, call_next):
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get('/')
    def page() -> FileResponse:
        return FileResponse(FILES / 'index.html')

    @app.get('/page.{kind}')
    def part(kind: str) -> FileResponse:
        if kind not in ('js', 'css'):
            raise HTTPException(404)
        return FileResponse(FILES / f'page.{kind}')

    @app.get('/model')
    def about() -> dict:
        return dict(joints=model.joints, megabytes=limits.megabytes, pixels=limits.pixels)

    @app.post('/predict')
    async def predict(
        request: Request, box: str | None = None, joint: str = ALL_JOINTS, threshold: float = 0.3
    ) -> dict:
        body = await read_body(request, int(limits.megabytes * 2**20))

        def work() -> dict:
            image = decode_image(body, limits.pixels)
            with lock:
                return answer(model, image, parse_box(box), joint, threshold)

        try:
            return await run_in_threadpool(work)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    return app


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request; answer 413 as soon as it is known to be too long."""
    declared = request.headers.get('content-length', '')
    body = b''
    if not (declared.isdigit() and int(declared) > limit):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return body
    raise HTTPException(413, f'The file is larger than {limit / 2**20:g} MiB.')


def decode_image(data: bytes, max_pixels: int) -> np.ndarray:
    """Decode an uploaded picture; see :func:`decode_picture`."""
    try:
        return decode_picture(data, max_pixels)
    except ValueError as error:
        raise InputError(f'The file {error}') from error


def parse_box(text: str | None) -> np.ndarray | None:
    """Read a box.

    >>> parse_box('1,2,30,40.5')
    array([[ 1. ,  2. , 30. , 40.5]])
    """
    if text is None:
        return None
    try:
        return np.array([[float(number) for number in text.split(',')]])
    except ValueError as error:
        raise InputError(f'expected a box x1,y1,x2,y2, got {text!r}') from error


def answer(
    model: PoseModel, image: np.ndarray, boxes: np.ndarray | None, joint: str, threshold: float
) -> dict:
    """Predict one person and draw it: what the page shows, in types that JSON has."""
    start = time.perf_counter()
    (person,) = model.predict(image, boxes)
    seconds = time.perf_counter() - start
    found = model.stack_heatmaps(image, None if boxes is None else boxes[0])
    picture = draw_people(image, [person], model.metainfo, threshold)
    figure = io.BytesIO()
    draw_stacks(found, model.joints, [joint]).savefig(figure, format='png', dpi=90)
    return dict(
        size=[image.shape[1], image.shape[0]],
        box=person.box.tolist(),
        milliseconds=round(1000 * seconds, 1),
        joints=joint_rows(model, person),
        picture=data_url(cv2.imencode('.jpg', picture)[1].tobytes(), 'jpeg'),
        stacks=data_url(figure.getvalue(), 'png'),
    )


def joint_rows(model: PoseModel, person: Person) -> list:
    visible = person.visible if person.visible is not None else [None] * len(model.joints)
    return [
        dict(
            name=name,
            x=round(float(x), 1),
            y=round(float(y), 1),
            score=round(float(score), 3),
            visible=None if seen is None else bool(seen),
        )
        for name, (x, y), score, seen in zip(model.joints, person.keypoints, person.scores, visible)
    ]


def data_url(content: bytes, kind: str) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
