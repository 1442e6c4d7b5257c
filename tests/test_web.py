"""The web page: its server, and the page in a real browser."""

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import cv2
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from mssh_mmpose import load_model
from mssh_mmpose.datasets.synthetic import render_scene
from mssh_mmpose.errors import InputError
from mssh_mmpose.structures import FEW_JOINTS
from mssh_mmpose.web.app import create_app
from mssh_mmpose.web.limits import Limits

ROOT = Path(__file__).parents[1]
NAME = 'hourglass-s_signed_lsp_128x128'
NETWORK = [str(ROOT / f'configs/{NAME}.py'), str(ROOT / f'results/{NAME}/epoch_48.pth')]
OFFLINE = [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]
CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'chrome'))), None)


@pytest.fixture(scope='module')
def model():
    return load_model(*NETWORK, device='cpu')


@pytest.fixture(scope='module')
def client(model):
    return TestClient(create_app(model, Limits(0.5, 200_000)), base_url='http://127.0.0.1')


@pytest.fixture(scope='module')
def picture():
    return cv2.imencode('.jpg', render_scene(np.random.default_rng(2))[0])[1].tobytes()


def test_answer_is_the_models(client, model, picture):
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    boxes = [[0, 0, 184, 256], [0, 0, 30, 40]]
    answer = client.post('/predict?box=0,0,184,256&box=0,0,30,40', content=picture).json()
    people = model.predict(image, np.array(boxes))
    assert answer['size'] == list(image.shape[1::-1])
    assert [person['box'] for person in answer['people']] == boxes
    for shown, person in zip(answer['people'], people):
        assert [row['name'] for row in shown['joints']] == list(model.joints)
        places = [[row['x'], row['y']] for row in shown['joints']]
        np.testing.assert_allclose(places, person.keypoints, atol=0.06)
        assert [row['visible'] for row in shown['joints']] == person.visible.tolist()
    assert [person['note'] for person in answer['people']] == [None, FEW_JOINTS]


def test_a_network_without_heatmaps(client, picture, monkeypatch):
    def refuse(*_):
        raise InputError('predicts no heatmap per joint')

    monkeypatch.setattr('mssh_mmpose.apis.model.PoseModel.stack_heatmaps', refuse)
    answer = client.post('/predict', content=picture).json()
    assert answer['stacks'] is None and answer['people']


def test_heatmaps_are_those_of_the_chosen_person(client, picture):
    def stacks(query):
        return client.post(f'/predict?joint=head_top&{query}', content=picture).json()['stacks']

    second = stacks('box=5,6,100,120&box=0,0,30,40&person=2')
    assert second == stacks('box=0,0,30,40') != stacks('box=5,6,100,120')


@pytest.mark.parametrize(
    'query, body, status, message',
    [
        ('', b'no picture', 422, 'not a picture'),
        ('', b'', 422, 'not a picture'),
        ('?box=1,2,3', None, 422, 'expected a box'),
        ('?box=1,2,30,40&box=1', None, 422, 'expected a box'),
        ('?person=2', None, 422, 'expected a person from 1 to 1, got 2'),
        ('?box=a,b,c,d', None, 422, 'expected a box'),
        ('?box=9,9,5,5', None, 422, 'must be x1 < x2'),
        ('?person=one', None, 422, 'person: Input should be a valid integer'),
        ('?threshold=a&person=1.5', None, 422, '; threshold: Input should be a valid number'),
        ('?joint=tail', None, 422, 'no joint is called tail'),
        ('?bbox=1,2,30,40', None, 422, 'unknown: bbox; known: box, joint, person, threshold'),
        ('', b'0' * (2**19 + 1), 413, 'larger than 0.5 MiB'),
    ],
)
def test_wrong_requests(client, picture, query, body, status, message):
    answer = client.post(f'/predict{query}', content=picture if body is None else body)
    assert answer.status_code == status
    assert message in answer.json()['detail']


def test_people_are_limited(client, picture):
    boxes = '&'.join(17 * ['box=1,2,30,40'])
    answer = client.post(f'/predict?{boxes}', content=picture)
    assert answer.status_code == 422
    assert 'box: List should have at most 16' in answer.json()['detail']


def test_length_is_limited_without_being_declared(client):
    """Chunks have no length in the header."""
    answer = client.post('/predict', content=(b'0' * 1000 for _ in range(1000)))
    assert answer.status_code == 413


def test_size_is_limited_before_decoding(client):
    """A small file, whose pixels would take 300 MB."""
    file = io.BytesIO()
    Image.new('1', (10000, 10000)).save(file, 'png')
    assert len(file.getvalue()) < 2**19
    answer = client.post('/predict', content=file.getvalue())
    assert answer.status_code == 422 and '10000 x 10000 pixels' in answer.json()['detail']


def test_torn_picture(client, picture):
    answer = client.post('/predict', content=picture[: len(picture) // 2])
    assert answer.status_code == 422 and 'not a whole picture' in answer.json()['detail']


def test_other_names_and_paths(client):
    """Another site's name for this address is refused, and no other file is served."""
    assert client.get('/', headers={'host': 'example.org'}).status_code == 400
    assert client.get('/page.html').status_code == 404


def test_page_below_a_path(client):
    """What it asks for is found where a proxy strips the prefix."""
    page = 'http://127.0.0.1/pose/'
    outer = TestClient(Starlette(routes=[Mount('/pose', client.app)]))
    found = re.findall(r'(?:href|src)="([^":]+)"', outer.get(page).text)
    found += re.findall(r"ask\(['`]([^'`?]+)", outer.get(urljoin(page, 'page.js')).text)
    assert sorted(found) == ['model', 'page.css', 'page.js', 'predict']
    for path in found:
        assert outer.get(urljoin(page, path)).status_code == (405 if path == 'predict' else 200)


OWN, FOREIGN = 'http://127.0.0.1', 'http://127.0.0.1:3000'


@pytest.mark.parametrize(
    'headers, status',
    [
        ({}, 200),
        ({'origin': OWN, 'sec-fetch-site': 'same-origin'}, 200),
        ({'sec-fetch-site': 'none'}, 200),
        ({'origin': OWN, 'host': '127.0.0.1:80'}, 200),
        ({'origin': f'{OWN}:80'}, 200),
        ({'origin': 'https://127.0.0.1', 'host': '127.0.0.1:443'}, 200),
        ({'origin': OWN, 'host': '127.0.0.1:443'}, 403),
        ({'origin': 'https://127.0.0.1', 'host': '127.0.0.1:80'}, 403),
        ({'origin': 'http://example.org'}, 403),
        ({'origin': FOREIGN}, 403),
        ({'origin': 'null'}, 403),
        ({'sec-fetch-site': 'cross-site'}, 403),
        ({'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors'}, 403),
        ({'origin': OWN, 'sec-fetch-site': 'cross-site'}, 403),
    ],
)
def test_requests_of_other_sites(client, headers, status):
    answer = client.post('/predict', content=b'no picture', headers=headers)
    assert answer.status_code == (422 if status == 200 else status)
    assert client.get('/model', headers=headers).status_code == status


@pytest.mark.parametrize(
    'headers, status, message',
    [
        (
            {'host': '<b>.org'},
            400,
            "Host is '<b>.org'; expected the name 127.0.0.1 or localhost or [::1] or ::1. "
            '"tools/serve.py --allowed-host NAME" adds one. A reverse proxy must pass Host with '
            'its port.',
        ),
        (
            {'origin': 'https://a.org:8443', 'host': 'localhost'},
            403,
            "Requests of other sites are refused: Origin is 'https://a.org:8443', Host is "
            "'localhost'; expected the same name and port in both. A reverse proxy must pass Host "
            'with its port.',
        ),
        (
            {'sec-fetch-site': 'same-site'},
            403,
            "Requests of other sites are refused: Sec-Fetch-Site is 'same-site'; expected "
            "'same-origin' or 'none'.",
        ),
        ({'host': 'a' * 9999}, 400, f"Host is '{'a' * 200}'; expected the name"),
    ],
    ids=['host', 'origin', 'site', 'long'],
)
def test_refusals_say_what_came_and_what_was_expected(client, headers, status, message):
    answer = client.get('/', headers=headers)
    assert answer.status_code == status and answer.headers['content-type'] == 'application/json'
    assert answer.json()['detail'].startswith(message)


def test_a_link_of_another_site_works(client):
    link = {'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate'}
    assert client.get('/', headers={**link, 'sec-fetch-dest': 'document'}).status_code == 200
    assert client.get('/', headers={**link, 'sec-fetch-dest': 'iframe'}).status_code == 403
    form = {**link, 'sec-fetch-dest': 'document'}
    assert client.post('/predict', headers=form).status_code == 403


@pytest.mark.parametrize(
    'options, good, warned',
    [
        ([], '127.0.0.1', False),
        (['--host', '127.0.0.2'], '127.0.0.2', False),
        (['--allowed-host', 'pose.example.org'], 'pose.example.org:80', False),
        (
            ['--host', '0.0.0.0', '--allowed-host', 'a', '--allowed-host', '*.b.org'],
            'x.b.org',
            True,
        ),
        (['--host', '192.0.2.7'], '192.0.2.7:8000', True),
        (['--host', '2001:db8::1'], '[2001:db8::1]:8000', True),
    ],
)
def test_names_and_a_warning(run_tool, monkeypatch, model, options, good, warned):
    """The check of the name stays, whatever address is served."""
    apps = []
    monkeypatch.setattr('uvicorn.run', lambda app, **settings: apps.append(app))
    monkeypatch.setattr('mssh_mmpose.load_model', lambda *network: model)
    status, _, err = run_tool('serve', *NETWORK, *options)
    assert status == 0
    assert ('warning: --host' in err and 'no authentication' in err) == warned
    client = TestClient(apps[0])
    assert client.get('/', headers={'host': good}).status_code == 200
    assert client.get('/', headers={'host': 'localhost:8000'}).status_code == 200
    assert client.get('/', headers={'host': 'example.org'}).status_code == 400


@pytest.fixture(scope='module')
def address():
    """Address of tools/serve.py with a network, in a process of its own."""
    command = [sys.executable, ROOT / 'tools/serve.py', *NETWORK, '--port', '0', '--device', 'cpu']
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    seen = []
    for line in server.stderr:
        seen.append(line)
        found = re.search(r'http://127\.0\.0\.1:\d+', line)
        if found:
            break
    else:
        pytest.fail(''.join(seen))
    yield found[0]
    server.terminate()
    server.wait(30)
    server.stderr.close()


def change(page, act):
    """Do something and wait for other scores; return them."""
    before = page.inner_text('#scores')
    act()
    page.wait_for_function(
        "text => document.querySelector('#scores').innerText != text", arg=before
    )
    return page.inner_text('#scores')


def wait_for_status(page, text):
    script = "text => document.querySelector('#status').innerText.includes(text)"
    page.wait_for_function(script, arg=text)


def drag(page, *box):
    """Draw a box, whose corners are shares of the picture."""
    place = page.locator('#picture').bounding_box()
    x1, y1, x2, y2 = np.array(box) * (2 * [place['width'], place['height']])
    page.mouse.move(place['x'] + x1, place['y'] + y1)
    page.mouse.down()
    page.mouse.move(place['x'] + x2, place['y'] + y2)
    page.mouse.up()


def draw_boxes(page, whole, screenshot):
    """Draw two boxes, choose and remove them; ``whole`` are the scores of the whole picture."""
    one = change(page, lambda: drag(page, 0.1, 0, 0.99, 0.99))
    place, box = (page.locator(name).bounding_box() for name in ('#picture', '.box'))
    assert box['width'] == pytest.approx(place['width'] * 0.89, abs=6)
    assert page.locator('.box').count() == 1
    two = change(page, lambda: drag(page, 0.8, 0.05, 0.98, 0.25))
    assert page.locator('.box').count() == 2 and page.locator('.box.chosen').count() == 1
    assert 'included). Person 2: few joints found' in page.inner_text('#status')
    page.screenshot(path=screenshot, full_page=True)
    assert change(page, lambda: drag(page, 0.4, 0.5, 0.4, 0.5)) == one  # a click
    assert page.inner_text('.box.chosen') == '1'
    assert change(page, lambda: page.select_option('#person', '2')) == two
    assert change(page, lambda: page.click('#remove')) == one
    assert page.locator('.box').count() == 1
    assert change(page, lambda: page.click('#whole')) == whole


@pytest.fixture
def messages():
    """What the page writes to the browser's console."""
    return []


@pytest.fixture
def page(address, messages):
    """The page in a browser; what it asks for stays on this machine, and there is no error."""
    if CHROMIUM is None:
        pytest.skip('needs Chromium ("apt-get install chromium")')
    playwright = pytest.importorskip('playwright.sync_api')
    problems, asked = [], []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        page = browser.new_page(viewport=dict(width=1200, height=900))
        page.add_init_script('delete Array.prototype.toSpliced')  # Safari has it from 16 on
        page.on('pageerror', lambda error: problems.append(str(error)))
        page.on('console', lambda message: messages.append(message.text))
        page.on('request', lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_function("() => document.querySelector('#joint').length == 15")
        yield page
        browser.close()
    assert not problems
    assert all(url.startswith((address, 'data:', 'blob:')) for url in asked)


def test_page_in_a_browser(page, messages, picture, tmp_path):
    """Choose a picture, look at a joint, drag boxes, and a file that is no picture."""
    (tmp_path / 'person.jpg').write_bytes(picture)
    (tmp_path / 'text.jpg').write_text('no picture')

    page.set_input_files('#file', tmp_path / 'person.jpg')
    page.wait_for_selector('#result:visible')
    assert page.locator('#scores tr').count() == 14
    assert 'predicted in' in page.inner_text('#status')
    first = page.inner_text('#scores'), page.get_attribute('#stacks', 'src')
    assert 'visible' in first[0]

    page.select_option('#joint', 'right_wrist')
    page.wait_for_function("src => document.querySelector('#stacks').src != src", arg=first[1])
    assert page.inner_text('#scores') == first[0]

    draw_boxes(page, first[0], tmp_path / 'page.png')
    assert not messages

    page.set_input_files('#file', tmp_path / 'text.jpg')
    page.wait_for_selector('#status.error')
    assert 'not a picture' in page.inner_text('#status')
    assert page.is_hidden('#result')  # it is that of another picture


def test_a_proxy_answers_with_its_own_page(page, messages, picture, tmp_path):
    """Too large a file for it, or no answer of the server; HTTP/2 has no text of the status."""
    (tmp_path / 'person.jpg').write_bytes(picture)
    answer = dict(status=413, content_type='text/html', body='<h1>Too large</h1>')
    page.route('**/predict?*', lambda route: route.fulfill(**answer))
    page.set_input_files('#file', tmp_path / 'person.jpg')
    wait_for_status(page, 'The server, or a proxy in front of it, answered 413')
    page.unroute('**/predict?*')
    answer.update(status=502)
    page.route('**/model', lambda route: route.fulfill(**answer))
    page.reload()
    wait_for_status(page, 'answered 502, but not with JSON. Reload the page')
    assert all('Failed to load resource' in text for text in messages)


def boxes_differ(page):
    """Return by how many pixels of the screen the box of the whole picture is off."""
    one, other = (page.locator(name).bounding_box() for name in ('#picture', '.box'))
    return max(abs(one[side] - other[side]) for side in one)


def test_a_tall_and_large_picture(page, picture, tmp_path):
    """Boxes lie where they are, clicks may slip, a changed file may be chosen again."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    large = cv2.resize(image, None, fx=6, fy=6)
    file = tmp_path / 'tall.jpg'
    cv2.imwrite(str(file), cv2.copyMakeBorder(large, 2000, 0, 0, 0, cv2.BORDER_REPLICATE))
    page.set_input_files('#file', file)
    page.wait_for_selector('.box')
    shown = page.locator('#picture').bounding_box()
    assert shown['width'] / shown['height'] == pytest.approx(1104 / 3536, rel=0.01)
    assert boxes_differ(page) < 1
    page.set_viewport_size(dict(width=360, height=500))
    assert boxes_differ(page) < 1
    assert page.evaluate('document.documentElement.scrollWidth') <= 360

    page.set_viewport_size(dict(width=1200, height=900))
    whole = page.inner_text('#scores')
    one = change(page, lambda: drag(page, 0, 0.5, 1, 1))
    page.fill('#typed', '0,1700,1104,3536')
    change(page, lambda: page.press('#typed', 'Enter'))
    assert page.locator('.box').count() == 2
    assert change(page, lambda: page.click('#remove')) == one
    drag(page, 0.5, 0.7, 0.51, 0.7)  # a click that slips by 2 pixels of the screen
    wait_for_status(page, 'predicted')
    assert page.locator('.box').count() == 1
    page.fill('#typed', '5,5,4,9')
    page.press('#typed', 'Enter')
    assert 'Expected a box' in page.inner_text('#status')
    page.fill('#typed', '0,0,2000000,50')
    page.press('#typed', 'Enter')
    wait_for_status(page, 'cannot be in a picture')
    page.select_option('#joint', 'left_wrist')
    wait_for_status(page, 'predicted')  # the refused box is gone
    assert page.locator('.box').count() == 1
    script = """() => ['pointerdown', 'pointermove', 'pointerup'].forEach((type, i) =>
        document.querySelector('#frame').dispatchEvent(new PointerEvent(
            type, {pointerId: 7, button: 0, clientX: 300 + 90 * i, clientY: 300 + 90 * i})))"""
    page.evaluate(script)
    assert page.locator('.box').count() == 1  # a second finger draws none

    file.write_bytes(picture)
    page.select_option('#joint', 'right_wrist')
    assert change(page, lambda: page.click('#whole')) == whole  # of the file as it was chosen
    page.set_input_files('#file', file)
    wait_for_status(page, '184 x 256 pixels')


def test_a_drop_beside_the_text_does_not_leave_the_page(page):
    dragged = "new DragEvent('dragover', {bubbles: true, cancelable: true})"
    script = f'() => !document.documentElement.dispatchEvent({dragged})'
    assert page.evaluate(script)


@pytest.mark.parametrize(
    'options, message',
    [
        (['--max-pixels', 0], 'expected a whole number of at least 1, got 0'),
        (['--max-megabytes', 'nan'], 'expected a finite number above 0, got nan'),
        (['--port', 99999], 'expected a whole number from 0 to 65535, got 99999'),
        (['--max-waiting', -1], 'expected a whole number of at least 0, got -1'),
        (['--allowed-host', 'a.org:80'], 'expected a name such as pose.example.org'),
        (['--allowed-host', 'a*b'], 'expected a name such as pose.example.org'),
    ],
)
def test_wrong_options(run_tool, options, message):
    status, _, err = run_tool('serve', *NETWORK, *options)
    assert status == 2 and message in err


def test_threshold_of_the_drawing(client, picture):
    low, high = (
        client.post(f'/predict?threshold={t}', content=picture).json()['picture'] for t in (0, 99)
    )
    assert low != high
