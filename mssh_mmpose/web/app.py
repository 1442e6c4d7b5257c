"""A web page that shows what a network sees in a picture.

A picture is the whole body of a request, so that its length is limited while it is read.
"""

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import cv2
import numpy as np
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.requests import ClientDisconnect

from ..apis import Person, PoseModel
from ..errors import InputError
from ..pictures import decode_picture
from ..structures import note_of_few_joints
from ..visualization.people import draw_people
from ..visualization.stacks import ALL_JOINTS, draw_stacks
from .access import AllowedHosts, SameSite
from .limits import Limits

# Of ``POST /predict``.
PARAMETERS = {'box', 'person', 'joint', 'threshold'}
FILES = Path(__file__).parent / 'files'
LOOPBACK = ('127.0.0.1', 'localhost', '[::1]', '::1')


def create_app(model: PoseModel, limits: Limits, hosts: Sequence[str] = LOOPBACK) -> FastAPI:
    """Make the web application; serve it with :func:`server_options`.

    Args:
        model: Shown network.
        limits: Larger uploads are refused before they are read whole or decoded.
        hosts: Names by which the server may be asked; '*' for any. The default keeps other web
            sites from reaching a server on this machine by a name of theirs.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SameSite)
    app.add_middleware(AllowedHosts, hosts=hosts)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        text = '; '.join(f'{each["loc"][1]}: {each["msg"]}' for each in error.errors())
        return JSONResponse({'detail': text}, 422)

    add_page(app, model, limits)
    add_predictions(app, model, limits)
    return app


def add_page(app: FastAPI, model: PoseModel, limits: Limits) -> None:
    """Add the page, its files and what it says about the network."""

    @app.get('/')
    async def page() -> FileResponse:
        return FileResponse(FILES / 'index.html')

    @app.get('/page.{kind}')
    async def part(kind: str) -> FileResponse:
        if kind not in ('js', 'css'):
            raise HTTPException(404)
        return FileResponse(FILES / f'page.{kind}')

    @app.get('/model')
    async def about() -> dict:
        return dict(joints=model.joints, megabytes=limits.megabytes, people=limits.people)


def add_predictions(app: FastAPI, model: PoseModel, limits: Limits) -> None:
    """Add ``POST /predict``, whose body is a picture."""
    queue = Queue(limits.waiting)

    @app.post('/predict')
    async def predict(
        request: Request,
        box: Annotated[list[str], Query(max_length=limits.people)] = [],
        person: int = 1,
        joint: str = ALL_JOINTS,
        threshold: float = 0.3,
    ) -> Response:
        if unknown := set(request.query_params) - PARAMETERS:
            text = f'unknown: {", ".join(sorted(unknown))}; known: {", ".join(sorted(PARAMETERS))}.'
            raise HTTPException(422, text)
        async with queue.place():
            body = await read_body(request, int(limits.megabytes * 2**20))

            def work() -> Response:
                image = decode_image(body, limits.pixels)
                boxes = np.array([parse_box(text) for text in box]) if box else None
                return JSONResponse(answer(model, image, boxes, Shown(person, joint, threshold)))

            try:
                return await queue.run(work, request)
            except ValueError as error:
                raise HTTPException(422, str(error)) from error


class Queue:
    """Predictions one after the other, since each uses all cores; too many are refused.

    Args:
        waiting: Largest number of those that wait, or whose file is still arriving.
    """

    def __init__(self, waiting: int):
        self._free = 1 + waiting
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place, or answer 503 if none is free."""
        if not self._free:
            text = 'Too many predictions are waiting; try again in a few seconds.'
            raise HTTPException(503, text, {'Retry-After': '5'})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def run(self, work: Callable[[], Response], request: Request) -> Response:
        """Do the work in a thread when its turn comes, unless the client goes before.

        Its body has been read, so that the next message says that it has gone.
        """
        gone = asyncio.ensure_future(request.receive())
        turn = asyncio.ensure_future(self._turn.acquire())
        try:
            await asyncio.wait((gone, turn), return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise ClientDisconnect
            return await run_in_threadpool(work)
        finally:
            gone.cancel()
            if not turn.cancel():  # it has come
                self._turn.release()


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request; answer 413 as soon as it is known to be too long."""
    declared = request.headers.get('content-length', '')
    body = bytearray()
    if not (declared.isdigit() and int(declared) > limit):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    raise HTTPException(413, f'The file is larger than {limit / 2**20:g} MiB.')


def decode_image(data: bytes, max_pixels: int) -> np.ndarray:
    """Decode an uploaded picture; see :func:`decode_picture`."""
    try:
        return decode_picture(data, max_pixels)
    except ValueError as error:
        raise InputError(f'The file {error}') from error


def parse_box(text: str) -> list[float]:
    """Read a box.

    >>> parse_box('1,2,30,40.5')
    [1.0, 2.0, 30.0, 40.5]
    """
    try:
        x1, y1, x2, y2 = (float(number) for number in text.split(','))
    except ValueError as error:
        raise InputError(f'expected a box x1,y1,x2,y2, got {text!r}') from error
    return [x1, y1, x2, y2]


class Shown(NamedTuple):
    """What is drawn: heatmaps of a joint of the n-th person (from 1), joints from a score up."""

    person: int
    joint: str
    threshold: float


def answer(model: PoseModel, image: np.ndarray, boxes: np.ndarray | None, shown: Shown) -> dict:
    """Predict the people in boxes and draw them: what the page shows, in types that JSON has."""
    start = time.perf_counter()
    people = model.predict(image, boxes)
    seconds = time.perf_counter() - start
    if not 1 <= shown.person <= len(people):
        raise InputError(f'expected a person from 1 to {len(people)}, got {shown.person}')
    picture = draw_people(image, people, model.metainfo, shown.threshold)
    return dict(
        size=[image.shape[1], image.shape[0]],
        people=[
            dict(
                box=person.box.tolist(),
                note=note_of_few_joints([person]),
                joints=joint_rows(model, person),
            )
            for person in people
        ],
        milliseconds=round(1000 * seconds, 1),
        flip_test=model.flip_test,
        picture=data_url(cv2.imencode('.jpg', picture)[1].tobytes(), 'jpeg'),
        stacks=stacks_url(model, image, people[shown.person - 1].box, shown.joint),
    )


def stacks_url(model: PoseModel, image: np.ndarray, box: np.ndarray, joint: str) -> str | None:
    """Draw the heatmaps of every stack; None if the network has none."""
    try:
        found = model.stack_heatmaps(image, box)
    except InputError:
        return None
    figure = io.BytesIO()
    draw_stacks(found, model.joints, [joint]).savefig(figure, format='png', dpi=90)
    return data_url(figure.getvalue(), 'png')


def joint_rows(model: PoseModel, person: Person) -> list[dict]:
    """Return what the answer says of each joint; pixels of the picture."""
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
    """Return a picture as a ``data:`` address; ``kind`` is 'png' or 'jpeg'."""
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
