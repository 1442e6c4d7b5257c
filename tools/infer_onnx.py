"""Estimate poses in pictures by a network that tools/export_onnx.py --decode has written.

This file works alone, without PyTorch, MMPose and this project; it needs NumPy, OpenCV, and
onnxruntime or openvino. It writes the same files as tools/infer.py --no-flip-test: for each picture
NAME.jpg OUT_DIR/predictions/NAME.json, the people in the format of MMPose's inferencer, and
OUT_DIR/visualizations/NAME.jpg. A picture that cannot be read is skipped; the exit status is then
1.
"""

import argparse
import glob
import json
import math
import os
import platform
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = 'mssh_mmpose'
KEYPOINTS = ('keypoints', 'scores')
# Those of the last five kinds cannot be read; they are refused one by one, not passed over.
SUFFIXES = ('.jpg', '.jpeg', '.jfif', '.png', '.bmp', '.webp', '.tif', '.tiff') + (
    ('.heic', '.heif', '.avif', '.gif', '.jp2')
)
MAX_PIXELS = 25_000_000
MAX_COORDINATE = 1_000_000.0
MAX_SIDE = 32_766
CONFIDENT_SCORE = 0.2
FEW_JOINTS = 'few joints found with confidence: is one whole person in the box?'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='ONNX file written by tools/export_onnx.py --decode')
    parser.add_argument(
        'inputs', nargs='+', metavar='INPUT', help='picture, folder of pictures, or glob'
    )
    parser.add_argument('--backend', choices=['onnxruntime', 'openvino'], default='onnxruntime')
    parser.add_argument(
        '--out-dir',
        default='onnx_results',
        metavar='DIR',
        help='folder of the results (%(default)s)',
    )
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--bbox',
        nargs=4,
        type=float,
        metavar=('X1', 'Y1', 'X2', 'Y2'),
        help='box of the person in every picture, pixels (default: the whole picture)',
    )
    boxes.add_argument(
        '--boxes', metavar='FILE.json', help='{"NAME.jpg": [[x1, y1, x2, y2], ...], ...}'
    )
    parser.add_argument(
        '--threshold', type=float, default=0.3, help='lowest score that is drawn (%(default)s)'
    )
    parser.add_argument(
        '--max-pixels',
        type=int,
        default=MAX_PIXELS,
        help='larger pictures are skipped before they are decoded (%(default)s)',
    )
    args = parser.parse_args()
    if args.max_pixels < 1 or not math.isfinite(args.threshold):
        parser.error('--max-pixels must be positive, and --threshold finite')
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # answered before OpenCV is loaded, which takes a second

import cv2  # noqa: E402
import numpy as np  # noqa: E402

Function = Callable[[np.ndarray], list[np.ndarray]]

_PART = re.compile(r'\.(?P<host>[\w-]+)\.(?P<process>\d+)\.mssh-part(\.\w+)?$')
_HOST = re.sub(r'[^\w-]', '-', platform.node()) or 'host'
_DAY = 24 * 60 * 60
_cleared: set[Path] = set()


class InputError(ValueError):
    """Wrong input: the message says what came, what was expected and what to do."""


class Stop(Exception):
    """Wrong input that ends the tool."""


def load_onnxruntime(content: bytes) -> tuple[Function, dict[str, str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    metadata = session.get_modelmeta().custom_metadata_map
    return lambda images: session.run(None, {name: images}), metadata


def load_openvino(content: bytes) -> tuple[Function, dict[str, str]]:
    import openvino

    core = openvino.Core()
    model = core.read_model(content)
    entry = ['framework', KEY]
    metadata = {KEY: model.get_rt_info(entry).value} if model.has_rt_info(entry) else {}
    # Otherwise it computes in bfloat16 where the processor can, to other keypoints.
    compiled = core.compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})

    def run(images: np.ndarray) -> list[np.ndarray]:
        results = compiled(images)
        return [results[output] for output in compiled.outputs]

    return run, metadata


BACKENDS = {'onnxruntime': load_onnxruntime, 'openvino': load_openvino}


def load_model(path: str, backend: str) -> tuple[Function, dict]:
    """Return the network as a function from images to outputs, and its metadata."""
    if not Path(path).is_file():
        raise Stop(f'model {path} not found; expected a file of tools/export_onnx.py.')
    try:
        function, entries = BACKENDS[backend](Path(path).read_bytes())
    except ImportError as error:
        raise Stop(f'--backend {backend}: {error}; "pip install {backend}".') from error
    except Exception as error:  # each runtime has its own types
        raise Stop(f'model {path} was not read by {backend}: {first_line(error)}') from error
    try:
        metadata = parse_metadata(entries.get(KEY))
    except InputError as error:
        raise Stop(f'model {path} {error}') from error
    if tuple(metadata['outputs'][:2]) != KEYPOINTS:
        raise Stop(
            f'model {path} gives {", ".join(metadata["outputs"])}; expected keypoints and scores: '
            'export it again with --decode.'
        )
    check_outputs(function, metadata, path)
    return function, metadata


def check_outputs(function: Function, metadata: dict, path: str) -> None:
    """Refuse a network whose inputs or outputs differ from its metadata."""
    width, height = metadata['input_size']
    try:
        outputs = function(np.zeros((1, 3, height, width), np.uint8))
    except Exception as error:  # each runtime has its own types
        raise Stop(
            f'model {path} does not take images of its input_size {metadata["input_size"]}: '
            f'{first_line(error)}'
        ) from error
    count = len(metadata['keypoint_names'])
    expected = [(1, count, 2)] + [(1, count)] * (len(metadata['outputs']) - 1)
    found = [np.shape(output) for output in outputs]
    if found != expected:
        raise Stop(f'model {path} gives {found}; expected {metadata["outputs"]} of {expected}.')


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def find_pictures(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sort files, folders and glob patterns into pictures and names that were not found."""
    pictures, missing = [], []
    for name in names:
        if Path(name).is_dir():
            paths = sorted(str(path) for path in Path(name).iterdir())
        else:
            paths = [name] if Path(name).is_file() else sorted(glob.glob(name, recursive=True))
        if paths != [name]:
            paths = [path for path in paths if path.lower().endswith(SUFFIXES)]
        pictures += paths
        missing += [] if paths else [name]
    return pictures, missing


def choose_boxes(args: argparse.Namespace) -> Callable[[str], Any]:
    """Return the function from a picture's name to its boxes; None is the whole picture."""
    if args.bbox:
        return lambda name: [args.bbox]
    if not args.boxes:
        return lambda name: None
    try:
        table = read_json(args.boxes)
    except (OSError, ValueError) as error:
        raise Stop(f'--boxes {error}') from error
    if not isinstance(table, dict):
        raise Stop(f'--boxes {args.boxes}: expected {{"NAME": [[x1, y1, x2, y2], ...]}}.')

    def look_up(name: str) -> Any:
        found = table.get(name, table.get(os.path.basename(name)))
        if found is None:
            raise InputError(f'{args.boxes} has no boxes for it.')
        return found

    return look_up


def center_and_scale(box: np.ndarray, size: Sequence[int], padding: float):
    """Return centre (2,) and (w, h) of the region around a box with the aspect ratio of ``size``.

    >>> center_and_scale(np.array([0.0, 0.0, 40.0, 80.0]), (128, 128), 1.25)
    (array([20., 40.]), array([100., 100.]))
    """
    center = (box[:2] + box[2:]) * 0.5
    scale = (box[2:] - box[:2]) * padding
    # Slices, which keep the box's precision where single numbers would not.
    width, height, aspect = scale[:1], scale[1:], size[0] / size[1]
    if width > height * aspect:
        return center, np.concatenate([width, width / aspect])
    return center, np.concatenate([height * aspect, height])


def crop_matrix(center: np.ndarray, scale: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Return the matrix (2, 3) from the picture to the crop: centre to centre, edge to edge.

    It is made from three points in float32, as in MMPose, so that crops are equal bit by bit.
    """
    corners = []
    for middle, width in ((center, scale[0]), (np.divide(size, 2), size[0])):
        points = np.zeros((3, 2), np.float32)
        points[0] = middle
        points[1] = middle + np.array([-width / 2, 0])
        x, y = points[0] - points[1]
        points[2] = points[1] + np.array([-y, x])
        corners.append(points)
    return cv2.getAffineTransform(*corners)


def estimate(
    function: Function, image: np.ndarray, boxes: np.ndarray, metadata: dict
) -> list['Person']:
    """Predict the people in the boxes (N, 4), float32, of a picture."""
    if not len(boxes):
        return []
    size = metadata['input_size']
    regions = [center_and_scale(box, size, metadata['padding']) for box in boxes]
    crops = [
        cv2.warpAffine(image, crop_matrix(*region, size), size, flags=cv2.INTER_LINEAR)
        for region in regions
    ]
    outputs = function(np.stack(crops).transpose(0, 3, 1, 2).copy())
    found = dict(zip(metadata['outputs'], outputs))
    people = []
    for i, (box, (center, scale)) in enumerate(zip(boxes, regions)):
        keypoints = found['keypoints'][i] / size * scale + center - 0.5 * scale
        visible = found['visible'][i] >= 0.5 if 'visible' in found else None
        people.append(Person(keypoints.astype(np.float32), found['scores'][i], visible, box))
    return people


def predict(
    name: str, network: tuple[Function, dict], boxes: Any, args: argparse.Namespace
) -> tuple[list['Person'], np.ndarray]:
    """Return the people of a picture and their drawing.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not a picture or too large, or a box is wrong.
    """
    image = read_picture(name, args.max_pixels)
    people = estimate(network[0], image, check_boxes(boxes(name), image), network[1])
    return people, draw_people(image, people, network[1], args.threshold)


def say(text: str) -> None:
    print(readable(text), file=sys.stderr)


def main(args: argparse.Namespace) -> None:
    pictures, missing = find_pictures(args.inputs)
    if not pictures:
        raise Stop(f'no picture in {", ".join(args.inputs)}.')
    folder = Path(args.out_dir, 'visualizations').resolve()
    for name in pictures:
        if Path(name).resolve().parent == folder:
            raise Stop(f'{name} is where the drawings go; choose another --out-dir.')
    boxes = choose_boxes(args)
    network = load_model(args.model, args.backend)
    for name in missing:
        say(f'tools/infer_onnx.py: skipped: {name}: not found, or no picture in it')
    skipped, taken = len(missing), set()
    for name in pictures:
        try:
            people, drawing = predict(name, network, boxes, args)
        except (OSError, ValueError) as error:
            text = str(error) if name in str(error) else f'{name}: {error}'
            say(f'tools/infer_onnx.py: skipped: {text}')
            skipped += 1
            continue
        stem = free_stem(name, taken)
        try:
            write_picture(drawing, Path(args.out_dir, 'visualizations', f'{stem}.jpg'))
            results = json.dumps(to_instances(people))
            write_whole(results, Path(args.out_dir, 'predictions', f'{stem}.json'))
        except OSError as error:
            raise Stop(f'--out-dir {args.out_dir}: {error}') from error
        print(f'{readable(name)}: {len(people)} people, {stem}.json')
        if note := note_of_few_joints(people):
            say(f'{name}: {note} --bbox, --boxes')
    count = len(pictures) + len(missing)
    print(f'{count} pictures, {skipped} skipped: {readable(args.out_dir)}')
    raise SystemExit(1 if skipped else 0)


# What follows is in the package too, word for word (tests/test_infer_onnx.py compares the two):
# mssh_mmpose/structures.py, visualization/people.py, pictures.py, files.py, export/metadata.py.


@dataclass(frozen=True)
class Person:
    """Prediction for one person.

    Attributes:
        keypoints: (K, 2), pixels of the image.
        scores: (K,), heights of the heatmaps' peaks.
        visible: (K,), bool: not occluded; None if the network does not predict it.
        box: (4,): x1, y1, x2, y2 in pixels, where the person was looked for.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    visible: np.ndarray | None
    box: np.ndarray


def few_joints_found(person: Person, threshold: float = CONFIDENT_SCORE) -> bool:
    """Return whether most joints have a low score, as in a box without one whole person.

    >>> person = Person(np.zeros((3, 2)), np.array([0.1, 0.15, 0.9]), None, np.zeros(4))
    >>> few_joints_found(person), few_joints_found(person, threshold=0.12)
    (True, False)
    """
    return bool((person.scores < threshold).mean() > 0.5)


def note_of_few_joints(people: Sequence[Person]) -> str | None:
    """Return the few-joints warning for these people, or None if nobody needs one."""
    numbers = [str(number) for number, one in enumerate(people, 1) if few_joints_found(one)]
    which = f'person {", ".join(numbers)}: ' if len(people) > 1 else ''
    return f'{which}{FEW_JOINTS}' if numbers else None


def to_instances(people: Sequence[Person]) -> list[dict]:
    """Return the people of a picture in the format of MMPose's inferencer."""
    instances = []
    for person in people:
        instance = dict(
            keypoints=person.keypoints.tolist(),
            keypoint_scores=person.scores.tolist(),
            bbox=[person.box.tolist()],
            bbox_score=1.0,
        )
        if person.visible is not None:
            instance['keypoints_visible'] = person.visible.astype(int).tolist()
        instances.append(instance)
    return instances


def draw_people(
    image: np.ndarray, people: Sequence[Person], metainfo: dict, threshold: float = 0.3
) -> np.ndarray:
    """Draw skeletons, right side orange, left side green, occluded joints as rings.

    Args:
        image: (H, W, 3), uint8, BGR.
        people: Predictions for it.
        metainfo: Parsed meta information of the data set (``PoseModel.metainfo``).
        threshold: Joints of a lower score are not drawn.

    Returns:
        A copy of the image with the drawing.
    """
    picture = image.copy()
    for person in people:
        height = float(person.box[3] - person.box[1])
        draw_skeleton(
            picture,
            person.keypoints,
            metainfo,
            shown=person.scores >= threshold,
            hollow=None if person.visible is None else ~person.visible,
            radius=int(np.clip(height / 60, 2, 8)),
        )
    return picture


def draw_skeleton(
    image: np.ndarray,
    keypoints: np.ndarray,
    metainfo: dict,
    shown: np.ndarray | None = None,
    hollow: np.ndarray | None = None,
    radius: int = 3,
) -> None:
    """Draw into an image, the right side orange, the left green.

    Args:
        image: (H, W, 3), uint8, BGR; changed.
        keypoints: (K, 2), pixels.
        metainfo: Parsed meta information of the data set (``dataset.metainfo``).
        shown: (K,), bool: joints that are drawn, by default those with finite coordinates.
        hollow: (K,), bool: joints drawn as rings, such as occluded ones; none by default.
        radius: Radius of a joint, pixels.
    """
    finite = np.isfinite(keypoints).all(axis=1)
    shown = finite if shown is None else finite & shown
    points = [(int(x), int(y)) for x, y in np.rint(np.where(finite[:, None], keypoints, 0))]
    for (a, b), color in zip(metainfo['skeleton_links'], metainfo['skeleton_link_colors']):
        if shown[a] and shown[b]:
            cv2.line(image, points[a], points[b], bgr(color), max(radius - 1, 1), cv2.LINE_AA)
    for k, (point, color) in enumerate(zip(points, metainfo['keypoint_colors'])):
        if not shown[k]:
            continue
        ring = hollow is not None and hollow[k]
        if ring:
            cv2.circle(image, point, radius, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(image, point, radius, bgr(color), 1 if ring else -1, cv2.LINE_AA)


def bgr(color: np.ndarray) -> tuple[int, int, int]:
    """Return an RGB colour in OpenCV's order."""
    red, green, blue = (int(value) for value in color)
    return blue, green, red


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) by the header of a JPEG, PNG, BMP, WebP or TIFF, None for others.

    >>> picture_size(cv2.imencode('.png', np.zeros((40, 30, 3), np.uint8))[1].tobytes())
    (30, 40)
    """
    try:
        if data[:2] == b'\xff\xd8':
            return _jpeg_size(data)
        if data[:8] == b'\x89PNG\r\n\x1a\n' and data[12:16] == b'IHDR':
            return struct.unpack('>II', data[16:24])
        if data[:2] == b'BM':
            old = data[14:18] == b'\x0c\0\0\0'
            width, height = struct.unpack('<HH' if old else '<ii', data[18 : 22 if old else 26])
            return abs(width), abs(height)
        if data[:4] == b'RIFF' and data[8:12] == b'WEBP':
            return _webp_size(data)
        if data[:4] in (b'II*\0', b'MM\0*'):
            return _tiff_size(data, '<' if data[:2] == b'II' else '>')
    except (struct.error, IndexError, KeyError):
        pass
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    place = 2
    while (place := data.find(b'\xff', place)) >= 0:
        marker, place = data[place + 1], place + 1
        if marker in (0, 1, 255) or 0xD0 <= marker <= 0xD8:
            continue  # no segment follows
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack('>HH', data[place + 4 : place + 8])
            return width, height
        if marker in (0xD9, 0xDA):
            return None  # the picture begins or ends without a size
        place += 1 + struct.unpack('>H', data[place + 1 : place + 3])[0]
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b'VP8X':
        width, height = (int.from_bytes(data[i : i + 3], 'little') + 1 for i in (24, 27))
        return width, height
    if kind == b'VP8L':
        (bits,) = struct.unpack('<I', data[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b'VP8 ':
        width, height = struct.unpack('<HH', data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff_size(data: bytes, order: str) -> tuple[int, int]:
    (start,) = struct.unpack(f'{order}I', data[4:8])
    (count,) = struct.unpack(f'{order}H', data[start : start + 2])
    sizes = {}
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack(f'{order}HHI', data[place : place + 8])
        if tag in (256, 257):
            code = {(3, 1): 'H', (4, 1): 'I'}[kind, number]
            (value,) = struct.unpack_from(order + code, data, place + 8)
            sizes[tag] = max(value, sizes.get(tag, 0))
    return sizes[256], sizes[257]


def decode_picture(data: bytes, max_pixels: int | None = None) -> np.ndarray:
    """Decode a picture, upright by its EXIF flag, into (H, W, 3), uint8, BGR.

    Args:
        data: Content of the file.
        max_pixels: Largest width times height; more is refused before it is decoded.

    Raises:
        InputError: If it is not a whole picture, or too large; the message follows the picture's
            name.
    """
    size = picture_size(data)
    if size is None:
        raise InputError('is not a picture; expected JPEG, PNG, BMP, WebP or TIFF.')
    if max_pixels is not None and size[0] * size[1] > max_pixels:
        raise InputError(
            f'has {size[0]} x {size[1]} pixels; at most {max_pixels:,} are accepted (max_pixels).'
        )
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise InputError('is not a whole picture, or of a kind that OpenCV does not read.')
    return image


def read_picture(path: str | Path, max_pixels: int | None = None) -> np.ndarray:
    """Read a picture; see :func:`decode_picture`.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is a folder, not a whole picture, or too large.
    """
    if Path(path).is_dir():
        raise InputError(f'image {path} is a folder; expected a file.')
    if not Path(path).is_file():
        raise FileNotFoundError(f'image {path} not found.')
    try:
        return decode_picture(Path(path).read_bytes(), max_pixels)
    except ValueError as error:
        raise InputError(f'{path} {error}') from error


def check_boxes(boxes: np.ndarray | None, image: np.ndarray) -> np.ndarray:
    """Check boxes and return them, (N, 4), float32; the whole image's box if there are none.

    Raises:
        InputError: If they have another shape, one is not finite, has no area or lies outside the
            image, or the image is too wide or high.

    >>> check_boxes(None, np.zeros((40, 30, 3), np.uint8))
    array([[ 0.,  0., 30., 40.]], dtype=float32)
    """
    height, width = image.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise InputError(
            f'the image has {width} x {height} pixels; OpenCV cuts boxes only out of images whose '
            f'sides are at most {MAX_SIDE}.'
        )
    if boxes is None:
        boxes = [[0, 0, width, height]]
    try:
        boxes = np.asarray(boxes, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f'expected boxes (N, 4) of numbers: {error}') from error
    if boxes.shape in ((0,), (0, 4)):
        return np.zeros((0, 4), np.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InputError(f'expected boxes (N, 4): x1, y1, x2, y2, got shape {boxes.shape}.')
    for box in boxes:
        x1, y1, x2, y2 = box
        text = f'the box ({x1:g}, {y1:g}, {x2:g}, {y2:g})'
        if not np.abs(box).max() <= MAX_COORDINATE:  # nan is refused too
            raise InputError(
                f'{text} cannot be in a picture; expected numbers up to {MAX_COORDINATE:g}.'
            )
        if not (x1 < x2 and y1 < y2 and x2 > 0 and y2 > 0 and x1 < width and y1 < height):
            raise InputError(
                f'{text} must be x1 < x2, y1 < y2, and overlap the image of {width} x {height}.'
            )
    return boxes.astype(np.float32)


def write_picture(image: np.ndarray, path: str | Path) -> None:
    """Write a picture (H, W, 3), uint8, BGR, whole or not at all; its suffix gives the format."""
    write_whole(cv2.imencode(Path(path).suffix, image)[1].tobytes(), path)


@contextmanager
def written_whole(path: str | Path, suffix: str = '') -> Iterator[Path]:
    """Yield a temporary path to write to, which is renamed to ``path`` at the end.

    If there is an error, or the process is killed, ``path`` does not change. A link stays a link.
    Folders are created; unfinished files of killed processes in the folder are removed.

    Args:
        path: The file.
        suffix: End of the yielded path, such as '.mp4'.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        yield path  # /dev/stdout and the like
        return
    part = part_of(path, suffix)
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: str | Path, suffix: str = '') -> Path:
    """Return the path that :func:`written_whole` yields, for writers that rename it themselves."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent not in _cleared:
        _cleared.add(path.parent)
        remove_unfinished(path.parent)
    return path.with_name(f'{path.name}.{_HOST}.{os.getpid()}.mssh-part{suffix}')


def write_whole(content: bytes | str, path: str | Path) -> None:
    """Write a file whole or not at all; text in UTF-8. See :func:`written_whole`."""
    with written_whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_unfinished(folder: Path) -> None:
    """Remove the parts of files whose writers are no longer running, where that is allowed."""
    with suppress(OSError):
        for path in folder.iterdir():
            match = _PART.search(path.name)
            if match and not _is_written(path, match['host'], int(match['process'])):
                path.unlink(missing_ok=True)


def _is_written(path: Path, host: str, process: int) -> bool:
    try:
        if host != _HOST:  # another machine or container, whose processes are not seen here
            return time.time() - path.stat().st_mtime < _DAY
        os.kill(process, 0)
    except (FileNotFoundError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except RecursionError as error:
        raise InputError(f'{path} is nested too deeply.') from error
    except ValueError as error:
        raise InputError(f'{path} is not a whole JSON file: {error}') from error


def free_stem(name: str, taken: set[str]) -> str:
    """Return a file's name without suffix for its results, with a number if it is taken.

    Some file systems do not tell capitals from small letters, and few take more than 255 bytes.

    Args:
        name: The file, or another source such as 'webcam:0'.
        taken: Names that have been given, in small letters; the new one is added.

    >>> taken = set()
    >>> [free_stem(name, taken) for name in ('a/x.jpg', 'b/x.png', 'webcam:0')]
    ['x', 'x_2', 'webcam0']
    """
    base = stem = Path(readable(name).replace(':', '')).stem.encode()[:150].decode(errors='ignore')
    number = 1
    while stem.casefold() in taken:
        number += 1
        stem = f'{base}_{number}'
    taken.add(stem.casefold())
    return stem


def readable(name: str) -> str:
    """Return a file name with bytes that are not UTF-8 written as %E9, for example.

    >>> readable(os.fsdecode(b'caf\\xe9.jpg'))
    'caf%E9.jpg'
    """
    return ''.join(f'%{ord(c) & 255:02X}' if 0xD800 <= ord(c) < 0xE000 else c for c in name)


def parse_metadata(text: str | None) -> dict[str, Any]:
    """Read the metadata; refuse what is missing or implausible.

    ``tools/infer_onnx.py``, which runs without this package, has a copy.

    Raises:
        InputError: What is wrong, to follow the name of the file.
    """
    if text is None:
        raise InputError('was not written by tools/export_onnx.py: it has no metadata.')
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'has metadata that are not JSON ({type(error).__name__}).') from error
    if not isinstance(found, dict):
        raise InputError(f'has {text[:60]} for metadata; expected names and values.')
    padding, joints, bones = (found.get(k) for k in ('padding', 'keypoint_names', 'skeleton_links'))
    joints, bones = (len(each) if isinstance(each, list) else -1 for each in (joints, bones))
    padded = type(padding) in (int, float) and 0 < padding <= 100
    colors = 'three numbers from 0 to 255 for each'
    expected = dict(
        input_size=('two sizes from 1 to 9999', _numbers(found.get('input_size'), 2, 1, 9999)),
        padding=('a number above 0, up to 100', padded),
        outputs=('names', _names(found.get('outputs'))),
        keypoint_names=('names', _names(found.get('keypoint_names'))),
        keypoint_colors=(colors, _rows(found.get('keypoint_colors'), joints, 3, 255)),
        skeleton_links=('joints', _rows(found.get('skeleton_links'), bones, 2, joints - 1)),
        skeleton_link_colors=(colors, _rows(found.get('skeleton_link_colors'), bones, 3, 255)),
    )
    for name, (what, fits) in expected.items():
        if not fits:
            value = str(found.get(name, 'nothing'))[:60]
            raise InputError(f'has {value} for {name} in its metadata; expected {what}.')
    return found


def _numbers(values: Any, count: int, least: int, most: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(type(value) is int and least <= value <= most for value in values)


def _rows(values: Any, count: int, columns: int, most: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(_numbers(row, columns, 0, most) for row in values)


def _names(values: Any) -> bool:
    return isinstance(values, list) and values != [] and all(type(v) is str for v in values)


if __name__ == '__main__':
    try:
        main(ARGS)
    except Stop as error:
        say(f'tools/infer_onnx.py: error: {error}')
        raise SystemExit(2) from None
