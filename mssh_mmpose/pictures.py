"""Reading and writing pictures, their size before decoding, and boxes in them.

``tools/infer_onnx.py``, which runs without this package, has copies of the functions that read.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .errors import InputError
from .files import write_whole, written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_PIXELS = 25_000_000
"""Width times height of the largest picture that the tools decode unless told otherwise."""

MAX_COORDINATE = 1_000_000.0
"""Pixels. No picture is this large, so no coordinate in one is larger."""

MAX_SIDE = 32_766
"""Width and height of the largest image that OpenCV's ``warpAffine`` takes."""


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


def write_figure(figure: 'Figure', path: str | Path, dpi: int = 110) -> None:
    """Write a figure of Matplotlib whole or not at all; its suffix gives the format."""
    with written_whole(path) as part:
        figure.savefig(part, format=Path(path).suffix[1:], dpi=dpi)
