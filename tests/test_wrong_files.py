"""Wrong weights, pictures and boxes: each is refused with one line that names it."""

import io
import pickle
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pytest
import torch
from exported import make_checkpoint
from forked import check_refused
from mmengine.config import Config
from tiny_config import write_tiny_config

import mssh_mmpose.cli.infer

PICTURE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with a tiny network, its config in one file, and a picture."""
    folder = tmp_path_factory.mktemp('files')
    write_tiny_config(folder)
    Config.fromfile(folder / 'tiny.py').dump(folder / 'flat.py')
    make_checkpoint(folder / 'flat.py', folder / 'good.pth')
    (folder / 'a.jpg').write_bytes(encoded('.jpg'))
    return folder


@pytest.fixture(scope='module')
def loaded(folder):
    """The network is loaded once, for all forks of ``tools/infer.py``."""
    model = mssh_mmpose.cli.infer.load_model(folder / 'flat.py', folder / 'good.pth', 'cpu')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mssh_mmpose.cli.infer, 'load_model', lambda *args: model)
        yield


class Attack:
    def __reduce__(self):
        return exec, ("open('executed', 'w')",)


# ---- weights


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def with_config(config):
    return lambda good: saved(dict(state_dict={'a': torch.ones(1)}, meta=dict(cfg=config)))


def archive(good):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as target:
        target.writestr('a.txt', 'no checkpoint')
    return file.getvalue()


def damaged(good):
    third = len(good) // 3
    return good[:third] + bytes(4000) + good[third + 4000 :]


# What is made of a good file, and words of the message.
WEIGHTS = {
    'empty': (lambda good: b'', r'not complete or not a checkpoint \(0 bytes'),
    'half': (lambda good: good[: len(good) // 2], r'not complete or not a checkpoint \(\d+ bytes'),
    'start': (lambda good: good[:100], r'not complete or not a checkpoint \(100 bytes'),
    'text': (lambda good: b'weights', r'not complete or not a checkpoint \(7 bytes'),
    'page': (lambda good: b'<html>404</html>', 'not complete or not a checkpoint'),
    'pickle': (lambda good: pickle.dumps({'state_dict': {}}), 'not complete or not a checkpoint'),
    'attack by a pickle': (lambda good: pickle.dumps(Attack()), 'not complete or not a checkpoint'),
    'archive': (archive, 'cannot be read: '),
    'damaged': (damaged, 'cannot be read: it is damaged'),
    'list': (lambda good: saved([1]), 'holds a list; expected a dict of weights'),
    'tensor': (lambda good: saved(torch.ones(2)), 'holds a Tensor; expected a dict'),
    'nothing': (lambda good: saved({}), 'holds no weights'),
    'list of weights': (lambda good: saved({'state_dict': [1]}), 'holds no weights'),
    'no weights': (lambda good: saved({'state_dict': {}}), 'holds no weights'),
    'attack': (lambda good: saved({'meta': Attack()}), 'it refers to exec, .*Nothing was executed'),
    'meta is a number': (lambda good: saved({'state_dict': {'a': 1}, 'meta': 3}), 'meta is 3, exp'),
    'no config': (lambda good: good, 'holds no config .* CONFIG CHECKPOINT'),
    'config is a number': (with_config(3), 'holds no config'),
    'config cut off': (with_config('model = dict('), 'config in it was not used: .*never closed'),
    'config with code': (with_config('import os'), 'not used: line 1 does not assign'),
    'config empty': (with_config(''), 'not used: it has no model'),
    'model is a number': (with_config('model = 3'), 'not used: it has no model'),
    'model unknown': (with_config("model = dict(type='No')"), "type 'No' is not registered"),
    'config nested': (with_config('[' * 100_000), 'not used: it cannot be parsed'),
}
NAMES = {
    'none.pth': 'checkpoint none.pth not found; expected a checkpoint file, a URL, or the name',
    '.': r'checkpoint \. is a folder; expected a checkpoint file',
    'torchvision://none': 'torchvision://none: no such model; expected one of',
    'openmmlab://none': 'openmmlab://none: no such model',
    'mmcls://none': 'mmcls://none: no such model',
    'pavi://a': "pavi://a cannot be read: No module named 'pavi'",
    'http://127.0.0.1:9/a.pth': 'cannot be downloaded to .*refused',
}


@pytest.mark.parametrize('name', WEIGHTS)
def test_wrong_weights(folder, name):
    change, message = WEIGHTS[name]
    (folder / 'bad.pth').write_bytes(change((folder / 'good.pth').read_bytes()))
    check_refused(folder, ['infer', 'bad.pth', 'a.jpg'], f'bad.pth.*{message}')
    assert not (folder / 'executed').exists()


@pytest.mark.parametrize('name', NAMES)
def test_names_of_weights(folder, name):
    check_refused(folder, ['infer', 'flat.py', name, 'a.jpg'], NAMES[name])


# ---- pictures


def encoded(suffix):
    return cv2.imencode(suffix, PICTURE)[1].tobytes()


def half(suffix):
    return encoded(suffix)[: len(encoded(suffix)) // 2]


def png(width, height):
    """A PNG of any size with a hundred bytes of picture."""
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    parts = ((b'IHDR', header), (b'IDAT', zlib.compress(bytes(100))), (b'IEND', b''))
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        for kind, data in parts
    )


NO_PICTURE = 'is not a picture; expected JPEG, PNG, BMP, WebP or TIFF'
TORN = 'is not a whole picture'
PICTURES = {
    'empty.jpg': (b'', NO_PICTURE),
    'byte.png': (b'\xff', NO_PICTURE),
    'page.jpg': (b'<html>404</html>', NO_PICTURE),
    'zeros.jpg': (bytes(1000), NO_PICTURE),
    'text.png': (b'a person', NO_PICTURE),
    'gif.jpg': (b'GIF89a' + bytes(50), NO_PICTURE),
    'drawing.jpg': (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NO_PICTURE),
    'paper.jpg': (b'%PDF-1.4\n', NO_PICTURE),
    'archive.jpg': (b'PK\3\4' + bytes(50), NO_PICTURE),
    'start.jpg': (encoded('.jpg')[:20], NO_PICTURE),
    'noise.jpg': (b'\xff\xd8' + PICTURE.tobytes(), NO_PICTURE),
    'half.tif': (half('.tif'), NO_PICTURE),
    'zeros.tif': (b'II*\0' + bytes(100), NO_PICTURE),
    'half.jpg': (half('.jpg'), TORN),
    'half.png': (half('.png'), TORN),
    'half.webp': (half('.webp'), TORN),
    'half.bmp': (half('.bmp'), TORN),
    'short.png': (png(100, 100), TORN),
    'no_size.png': (png(0, 0), TORN),
    'huge.png': (png(30000, 30000), 'has 30000 x 30000 pixels; at most 25,000,000'),
    'wide.png': (png(2**31 - 1, 1), 'has 2147483647 x 1 pixels; at most'),
    'huge.bmp': (b'BM' + bytes(12) + struct.pack('<Iii', 40, 10**5, -(10**5)), '100000 x 100000'),
    'huge.webp': (b'RIFF....WEBPVP8X' + bytes(8) + b'\xff' * 6, '16777216 x 16777216 pixels'),
}


@pytest.mark.parametrize('name', PICTURES)
def test_wrong_pictures(folder, loaded, name):
    content, message = PICTURES[name]
    (folder / name).write_bytes(content)
    check_refused(folder, ['infer', 'flat.py', 'good.pth', name], f'{name} .*{message}', 1)


# ---- boxes

# Of --bbox: exit status and words of the message.
BOXES = {
    '1 2 3': (2, 'argument --bbox: expected 4 arguments'),
    'a b c d': (2, '--bbox: expected a finite number, got a'),
    'nan 0 9 9': (2, '--bbox: expected a finite number, got nan'),
    '0 0 inf 9': (2, '--bbox: expected a finite number, got inf'),
    '0 0 1e39 9': (2, r'--bbox: expected X1 < X2 and Y1 < Y2 up to 1e6, got 0 0 1e\+39 9'),
    '9 9 5 20': (2, '--bbox: expected X1 < X2 .* got 9 9 5 20'),
    '0 0 0 9': (2, '--bbox: expected X1 < X2 .* got 0 0 0 9'),
    '0 0 9 -9': (2, '--bbox: expected X1 < X2 .* got 0 0 9 -9'),
    '500 0 600 90': (1, r'a.jpg: the box \(500, 0, 600, 90\) must .* overlap the image of 64 x 48'),
    '-9 -9 0 0': (1, r'a.jpg: the box \(-9, -9, 0, 0\) must'),
}
# Of --boxes: the file is wrong, or the boxes of the picture are.
NO_JSON = 'is not a whole JSON file'
TABLES = {
    '': NO_JSON,
    '{': NO_JSON,
    '{"a.jpg": [[0, 0, 9, 9]]} x': NO_JSON,
    '1' * 5000: f'{NO_JSON}: .*digits',
    '\x00\x00': NO_JSON,
    '\udc80abc': f"{NO_JSON}: 'utf-8' codec can't decode",
    '[' * 100_000: 'is nested too deeply',
    '{"a":' * 100_000: 'is nested too deeply',
    '[]': 'expected {"NAME": ',
    'null': 'expected {"NAME": ',
    '3': 'expected {"NAME": ',
    '"a"': 'expected {"NAME": ',
}
OF_PICTURE = {
    'null': 'b.json has no boxes for it',
    '{}': 'of numbers: .*dict',
    '3': r'got shape \(\)',
    '"text"': 'of numbers: could not convert',
    '[1, 2, 3, 4]': r'got shape \(4,\)',
    '[[1, 2, 3]]': r'got shape \(1, 3\)',
    '[[1, 2, 3, 4, 5]]': r'got shape \(1, 5\)',
    '[[[0, 0, 9, 9]]]': r'got shape \(1, 1, 4\)',
    '[[0, 0, 9, 9], [1, 2]]': 'of numbers',
    '[["a", 0, 1, 2]]': "of numbers: could not convert string to float: 'a'",
    '[[0, 0, null, 9]]': r'the box \(0, 0, nan, 9\) cannot be in a picture',
    '[[NaN, 0, 9, 9]]': r'the box \(nan, 0, 9, 9\) cannot be in a picture',
    '[[0, 0, Infinity, 9]]': r'the box \(0, 0, inf, 9\) cannot be in a picture',
    '[[0, 0, 1e400, 9]]': r'the box \(0, 0, inf, 9\) cannot be in a picture',
    '[[0, 0, 1e39, 9]]': r'the box \(0, 0, 1e\+39, 9\) cannot be in a picture',
    f'[[0, 0, {"1" * 400}, 9]]': 'int too large to convert',
    '[[9, 9, 5, 20]]': r'the box \(9, 9, 5, 20\) must be x1 < x2',
}


def check_boxes(folder, options, status, message):
    check_refused(folder, ['infer', 'flat.py', 'good.pth', 'a.jpg', *options], message, status)


@pytest.mark.parametrize('box', BOXES)
def test_wrong_boxes(folder, loaded, box):
    check_boxes(folder, ['--bbox', *box.split()], *BOXES[box])


@pytest.mark.parametrize('text', TABLES, ids=lambda text: repr(text)[:20])
def test_wrong_files_of_boxes(folder, loaded, text):
    (folder / 'b.json').write_text(text, errors='surrogateescape')
    check_boxes(folder, ['--boxes', 'b.json'], 2, f'--boxes b.json.*{TABLES[text]}')


@pytest.mark.parametrize('text', OF_PICTURE, ids=lambda text: text[:24])
def test_wrong_boxes_of_a_picture(folder, loaded, text):
    (folder / 'b.json').write_text(f'{{"a.jpg": {text}}}')
    check_boxes(folder, ['--boxes', 'b.json'], 1, f'a.jpg: .*{OF_PICTURE[text]}')
