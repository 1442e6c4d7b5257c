"""The web page's server under slow, many, foreign and broken requests, by sockets on loopback."""

import logging
import socket
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import uvicorn

from mssh_mmpose.structures import Person, StackHeatmaps
from mssh_mmpose.web.app import create_app
from mssh_mmpose.web.limits import Limits
from mssh_mmpose.web.server import HEADERS, server_options

PICTURE = cv2.imencode('.png', np.zeros((40, 30, 3), np.uint8))[1].tobytes()
COLORS = np.zeros((2, 3))
METAINFO = dict(skeleton_links=[(0, 1)], skeleton_link_colors=COLORS, keypoint_colors=COLORS)


class Model:
    """A network that finds two joints as soon as it may."""

    joints = ('head', 'foot')
    metainfo = METAINFO
    flip_test = False

    def __init__(self):
        self.may, self.begun, self.predictions = threading.Event(), threading.Event(), 0
        self.may.set()

    def predict(self, image, boxes=None):
        self.begun.set()
        assert self.may.wait(20)
        self.predictions += 1
        if image.shape[0] == 1:
            raise RuntimeError('a fault')
        boxes = np.array([[0, 0, 30, 40]]) if boxes is None else boxes
        return [Person(np.ones((2, 2)), np.ones(2), None, box) for box in boxes]

    def stack_heatmaps(self, image, box=None):
        return StackHeatmaps(np.zeros((8, 8, 3), np.uint8), [np.zeros((2, 4, 4), np.float32)])


@contextmanager
def serving(limits, model=None, app=None):
    """Serve on a free port of this machine; give the function that connects to it."""
    app = app or create_app(model or Model(), limits)
    config = uvicorn.Config(app, port=0, log_level='warning', **server_options(limits))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        address = server.servers[0].sockets[0].getsockname()
        yield lambda: socket.create_connection(address, 10)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def head(line='GET / HTTP/1.1', **headers):
    headers = {'Host': '127.0.0.1', 'Connection': 'close', **headers}
    lines = [line, *(f'{name.replace("_", "-")}: {value}' for name, value in headers.items())]
    return '\r\n'.join([*lines, '', '']).encode()


def post(body=PICTURE, **headers):
    return head('POST /predict HTTP/1.1', Content_Length=len(body), **headers) + body


def read(connection):
    """Read the answer to the end: status, headers, body; status 0 if there is none."""
    with connection, connection.makefile('rb') as file:
        try:
            status = int((file.readline() or b' 0').split()[1])
            fields = iter(lambda: file.readline().decode().strip(), '')
            headers = dict(field.lower().split(': ', 1) for field in fields)
            return SimpleNamespace(status=status, headers=headers, body=file.read())
        except ConnectionResetError:
            return SimpleNamespace(status=0, headers={}, body=b'')


def ask(connect, request):
    connection = connect()
    connection.sendall(request)
    return read(connection)


@pytest.fixture(scope='module')
def connect():
    with serving(Limits(0.5, 200_000)) as connect:
        yield connect


def test_the_page_is_answered_under_100_predictions():
    """Those beyond the queue are refused at once, the others get their answer."""
    model = Model()
    model.may.clear()
    with serving(Limits(waiting=4), model) as connect:
        waiting = []
        for _ in range(100):
            waiting.append(connect())
            waiting[-1].sendall(post())
        for path in ('/', '/page.js', '/page.css', '/model'):
            assert ask(connect, head(f'GET {path} HTTP/1.1')).status == 200
        model.may.set()
        answers = [read(connection) for connection in waiting]
    assert sorted({answer.status for answer in answers}) == [200, 503]
    assert sum(answer.status == 200 for answer in answers) == 5 == model.predictions
    refused = next(answer for answer in answers if answer.status == 503)
    assert refused.headers['retry-after'] == '5' and b'Too many predictions' in refused.body


@pytest.mark.parametrize('body', [PICTURE, PICTURE + bytes(200_000)], ids=['small', 'large'])
def test_a_place_in_the_queue_comes_back(body):
    """Also, at once, from a client that leaves, whose prediction is not made."""
    model = Model()
    model.may.clear()
    with serving(Limits(waiting=1), model) as connect:
        first = connect()
        first.sendall(post())
        assert model.begun.wait(10)
        leaving = connect()
        leaving.sendall(post(body))
        while not is_refused(connect()):
            time.sleep(0.005)
        leaving.close()
        while is_refused(third := connect()):
            time.sleep(0.005)
        model.may.set()
        assert read(first).status == read(third).status == 200
        assert ask(connect, post(b'no picture')).status == 422
        assert ask(connect, post()).status == 200
    assert model.predictions == 3


def is_refused(connection):
    """Ask for a prediction while another one lasts; return whether the queue is full."""
    connection.sendall(post())
    connection.settimeout(0.5)
    try:
        return connection.recv(12, socket.MSG_PEEK) == b'HTTP/1.1 503'
    except TimeoutError:
        return False
    finally:
        connection.settimeout(10)


@pytest.mark.parametrize(
    'begin',
    [
        b'',
        b'GET / HT',
        head()[:-2],
        post()[:-50],
        post(b'0' * 2**20, Connection='keep-alive')[:-50],
    ],
)
def test_slow_requests_are_closed(begin):
    """Though a byte comes now and then."""
    limits = Limits(0.5, head_seconds=0.15, body_seconds=0.15)
    with serving(limits) as connect:
        connection = connect()
        connection.sendall(begin)
        start = time.perf_counter()
        try:
            while time.perf_counter() - start < 0.12:
                time.sleep(0.02)
                connection.sendall(b'x' if begin else b'')
        except OSError:
            pytest.fail('closed too early')
        answer = read(connection)
        assert answer.status == (413 if len(begin) > 2**19 else 408)
        assert ask(connect, head()).status == 200


def test_second_request_of_a_connection_is_timed_anew():
    with serving(Limits(head_seconds=2)) as connect:
        connection = connect()
        for _ in range(4):
            connection.sendall(head('GET /model HTTP/1.1', Connection='keep-alive'))
            found = b''
            while not found.endswith(b'}'):
                found += connection.recv(9000)
            assert found.startswith(b'HTTP/1.1 200')
            time.sleep(0.6)
        assert read(connection).status in (0, 408)


def test_time_to_compute_is_no_time_of_the_client():
    model = Model()
    model.may.clear()
    with serving(Limits(head_seconds=1, body_seconds=1), model) as connect:
        connection = connect()
        connection.sendall(post())
        assert model.begun.wait(10)
        time.sleep(1.2)
        model.may.set()
        assert read(connection).status == 200


LARGE = 2**25  # bytes, more than is buffered


async def answer_at_length(scope, receive, send):
    length = str(LARGE).encode()
    await send(dict(type='http.response.start', status=200, headers=[(b'content-length', length)]))
    await send(dict(type='http.response.body', body=bytes(LARGE)))


def test_a_large_answer_has_time():
    limits = Limits(answer_seconds=0.1, answer_rate=2**20)
    with serving(limits, app=answer_at_length) as connect, connect() as connection:
        connection.sendall(head(Connection='close'))
        time.sleep(0.5)
        assert len(read(connection).body) == LARGE


@pytest.mark.parametrize('kept', ['close', 'keep-alive'])
def test_a_client_that_does_not_read_is_closed(kept):
    limits = Limits(connections=1, answer_seconds=0.5, answer_rate=2**26)
    with (
        serving(limits, app=answer_at_length) as connect,
        connect() as first,
    ):
        first.sendall(head(Connection=kept))
        assert first.recv(1)
        assert read(connect()).status == 503
        while ask(connect, head('HEAD / HTTP/1.1')).status != 200:
            time.sleep(0.01)


def test_connections_are_limited():
    with serving(Limits(connections=3, refused_seconds=2)) as connect:
        opened = [connect() for _ in range(3)]
        for connection in opened:
            connection.sendall(b'GET / HT')
        refused = read(connect())
        assert refused.status == 503 and refused.headers['retry-after'] == '5'
        staying = [connect() for _ in range(4)]
        assert [connection.recv(12) for connection in staying] == 3 * [b'HTTP/1.1 503'] + [b'']
        opened.pop().close()
        while ask(connect, head()).status != 200:
            time.sleep(0.005)
        for connection in opened + staying:
            connection.close()


def test_a_million_chunks_are_refused_unread(connect):
    begin, chunk = head('POST /predict HTTP/1.1', Transfer_Encoding='chunked'), b'1\r\nx\r\n'
    for chunks in (0, 1_000_000):  # the answer does not wait for a chunk
        answer = ask(connect, begin + chunks * chunk)
        assert answer.status == 411 and b'Content-Length' in answer.body


@pytest.mark.parametrize(
    'request_, status',
    [
        (head(), 200),
        (head('GET /page.html HTTP/1.1'), 404),
        (head('DELETE / HTTP/1.1'), 405),
        (head(Host='example.org'), 400),
        (head(Origin='http://example.org'), 403),
        (post(b'no picture'), 422),
        (post(b'0' * 2**20)[:999], 413),
        (b'no request\r\n\r\n', 400),
        (head(Long='0' * 2**17), 431),
        (post(cv2.imencode('.png', np.zeros((1, 9, 3), np.uint8))[1].tobytes()), 500),
    ],
)
def test_every_answer_has_the_headers(connect, request_, status):
    answer = ask(connect, request_)
    assert answer.status == status
    for name, value in HEADERS.items():
        assert answer.headers[name.lower()] == value.lower()
    assert "frame-ancestors 'none'" in answer.headers['content-security-policy']
    assert 'server' not in answer.headers


@pytest.mark.parametrize('end', [10, -1])
def test_aborted_uploads_are_quiet(connect, caplog, monkeypatch, end):
    """No traceback of what is everyday: a user closes the page."""
    monkeypatch.setattr(logging.getLogger('uvicorn'), 'propagate', True)
    caplog.set_level(logging.WARNING)
    request = post(b'0' * 300_000)
    with connect() as connection:
        connection.sendall(request[: len(head()) + 200] if end == 10 else request[:end])
    time.sleep(0.1)
    assert ask(connect, post()).status == 200
    assert not caplog.records
