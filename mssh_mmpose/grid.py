"""Where the pixels of a heatmap lie in the image."""

from enum import Enum


class Grid(Enum):
    """How a codec lays the n pixels of a heatmap's row over the N pixels of an image's.

    Members:
        STRIDES: Pixel j lies at j N / n; most codecs.
        CELLS: Pixel j lies in the middle of its share of the image, at (j + 1/2) N / n.
        CORNERS: The first and last pixels lie on those of the image, pixel j at j (N-1) / (n-1).
    """

    STRIDES = 'strides'
    CELLS = 'cells'
    CORNERS = 'corners'

    def first_and_step(self, pixels: int, of_image: int) -> tuple[float, float]:
        """Return where a row's first pixel lies in the image, and how far each is from the next.

        Args:
            pixels: n, of the heatmap.
            of_image: N.

        >>> [grid.first_and_step(4, 16) for grid in Grid]
        [(0.0, 4.0), (2.0, 4.0), (0.0, 5.0)]
        """
        if self is Grid.CORNERS:
            return 0.0, (of_image - 1) / max(pixels - 1, 1)
        step = of_image / pixels
        return (step / 2 if self is Grid.CELLS else 0.0), step
