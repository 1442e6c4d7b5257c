"""The size of a picture is read from its header; too large ones are not decoded."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from mssh_mmpose.pictures import decode_picture, picture_size, read_picture, write_picture

SIZE = (300, 70)


def encoded(kind, size=SIZE, **options):
    """A picture as Pillow writes it."""
    stream = io.BytesIO()
    Image.radial_gradient('L').resize(size).convert('RGB').save(stream, kind, **options)
    return stream.getvalue()


def rotated():
    """EXIF flag of a picture to turn by a quarter, and a thumbnail-like segment before the size."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded('JPEG', exif=exif, comment=b'\xff\xc0\0\x11\x08\0\x01\0\x01')


PICTURES = {
    'jpeg': encoded('JPEG'),
    'progressive jpeg': encoded('JPEG', progressive=True),
    'turned jpeg': rotated(),
    'padded jpeg': b'\xff\xd8\xff\xff\xff' + encoded('JPEG')[3:],
    'png': encoded('PNG'),
    'bmp': encoded('BMP'),
    'webp': encoded('WEBP'),
    'lossless webp': encoded('WEBP', lossless=True),
    'extended webp': encoded('WEBP', exif=Image.Exif().tobytes(), xmp=b'<x/>'),
    'tiff': encoded('TIFF'),
    'packed tiff': encoded('TIFF', compression='tiff_lzw'),
}


@pytest.mark.parametrize('name', PICTURES)
def test_the_header_says_what_the_decoder_finds(name):
    data = PICTURES[name]
    assert picture_size(data) == SIZE
    image = decode_picture(data, SIZE[0] * SIZE[1])
    assert image.shape == ((300, 70, 3) if name == 'turned jpeg' else (70, 300, 3))
    with pytest.raises(ValueError, match='has 300 x 70 pixels; at most 20,999 are accepted'):
        decode_picture(data, SIZE[0] * SIZE[1] - 1)


@pytest.mark.parametrize('order', '<>')
def test_both_byte_orders_of_tiff(order):
    head = (b'II*\0' if order == '<' else b'MM\0*') + struct.pack(f'{order}IH', 8, 3)
    entries = [(256, 4, 1, 30_000), (257, 3, 1, 0), (257, 4, 1, 40_000)]
    tags = b''.join(struct.pack(f'{order}HHII', *entry) for entry in entries)
    assert picture_size(head + tags) == (30_000, 40_000)
    # A list of numbers lies elsewhere: the header does not say the size.
    one, two = (struct.pack(f'{order}HHI', 257, 4, number) for number in (1, 2))
    assert picture_size(head + tags.replace(one, two)) is None


def test_a_huge_picture_is_refused_unseen():
    """Its pixels would take 2.7 GB; nothing but the header is there."""
    header = struct.pack('>II', 30_000, 30_000)
    data = b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + header + b'\x08\x02\0\0\0'
    with pytest.raises(ValueError, match='30000 x 30000 pixels'):
        decode_picture(data, 25_000_000)


@pytest.mark.parametrize('name', PICTURES)
def test_torn_pictures(name):
    """Headers cut anywhere do not crash it, and no half picture is accepted."""
    data = PICTURES[name]
    for end in [*range(60), len(data) // 2, len(data) - 20]:
        with pytest.raises(ValueError, match='is not a'):
            decode_picture(data[:end])


def test_what_is_no_picture(tmp_path):
    for data in (b'', b'text', b'GIF89a\1\0\1\0', b'P6 1 1 255\n\0\0\0'):
        with pytest.raises(ValueError, match='is not a picture; expected JPEG, PNG, BMP, WebP or'):
            decode_picture(data)
    with pytest.raises(FileNotFoundError, match='a.png not found'):
        read_picture(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='is a folder; expected a file'):
        read_picture(tmp_path)
    (tmp_path / 'a.png').write_text('text')
    with pytest.raises(ValueError, match=r'a\.png is not a picture'):
        read_picture(tmp_path / 'a.png')


def test_a_kind_of_picture_that_opencv_does_not_read():
    file = io.BytesIO()
    Image.fromarray(np.zeros((20, 30), np.int32)).save(file, 'tiff')
    with pytest.raises(ValueError, match='or of a kind that OpenCV does not read'):
        decode_picture(file.getvalue())


def test_what_is_written_is_read_again(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    write_picture(image, tmp_path / 'a.png')
    np.testing.assert_array_equal(read_picture(tmp_path / 'a.png'), image)
    write_picture(image, tmp_path / 'a.jpg')
    assert cv2.imread(str(tmp_path / 'a.jpg')).shape == image.shape
