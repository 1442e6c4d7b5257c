"""Drawing of signed heatmaps."""

import numpy as np

from mssh_mmpose.visualization import draw_signed_heatmaps


def test_sign_is_the_colour():
    heatmaps = np.zeros((2, 8, 8), dtype=np.float32)
    heatmaps[0, 2, 2] = 1
    heatmaps[1, 5, 5] = -1
    image = np.full((8, 8, 3), 100, dtype=np.uint8)
    drawn = draw_signed_heatmaps(heatmaps, image)
    red, green, blue = drawn[2, 2]
    assert red > 100 > green and blue < 100
    red, green, blue = drawn[5, 5]
    assert blue > 100 > green and red < 100
    assert (drawn[0, 7] == 100).all()
    assert (image == 100).all()


def test_drawn_at_the_size_of_the_image():
    image = np.zeros((32, 48, 3), dtype=np.uint8)
    assert draw_signed_heatmaps(np.zeros((3, 8, 12), dtype=np.float32), image).shape == image.shape
