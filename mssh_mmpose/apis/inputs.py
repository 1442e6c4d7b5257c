"""Pictures and videos that a user names."""

import glob
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import InputError
from ..files import named_for_opencv

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.jfif', '.png', '.bmp', '.webp', '.tif', '.tiff')
# Pictures that cannot be read: they are refused one by one, not passed over.
_OTHER_IMAGES = ('.heic', '.heif', '.avif', '.gif', '.jp2')
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')
# Their number of frames is a guess from the duration, which is also that of the sound.
_GUESSED_LENGTH = ('.mkv', '.webm')
_ABSURD = 1000.0  # frames per second; what browsers' recordings say
WEBCAM = 'webcam:'


class BreaksOff(InputError):
    """Raised when a video has fewer frames than it announces; those before have been read."""


class Inputs(NamedTuple):
    """Pictures, videos and webcams ('webcam:0'), and names that were not found."""

    images: list[str]
    videos: list[str]
    missing: list[str]


def find_inputs(names: Sequence[str]) -> Inputs:
    """Sort files, folders (not those below them), glob patterns and webcams.

    >>> find_inputs(['webcam:0', 'nowhere/*.jpg'])
    Inputs(images=[], videos=['webcam:0'], missing=['nowhere/*.jpg'])
    """
    found = Inputs([], [], [])
    for name in names:
        if name.startswith(WEBCAM):
            found.videos.append(name)
            continue
        if Path(name).is_dir():
            paths = [str(path) for path in sorted(Path(name).iterdir()) if _is_known(path)]
        elif Path(name).is_file():
            paths = [name]
        else:
            paths = sorted(path for path in glob.glob(name, recursive=True) if _is_known(path))
        if not paths:
            found.missing.append(name)
        for path in paths:
            is_video = path.lower().endswith(VIDEO_SUFFIXES)
            (found.videos if is_video else found.images).append(path)
    return found


def _is_known(path: str | Path) -> bool:
    return str(path).lower().endswith(IMAGE_SUFFIXES + _OTHER_IMAGES + VIDEO_SUFFIXES)


class Video:
    """Frames of a video file or a webcam.

    Attributes:
        fps: Frames per second, 25 if the source does not say, or says something absurd, as it may
            if its frames are unevenly spaced.
        count: Number of frames according to the file; None if unknown, or for a webcam.
        read: Frames read so far.
        seconds: For a webcam, when the last frame was read, from the first.

    Raises:
        InputError: If it cannot be opened.
    """

    def __init__(self, name: str):
        self.name = name
        self.live = name.startswith(WEBCAM)
        number = name[len(WEBCAM) :]
        if self.live and not number.isdigit():
            raise InputError(f'{name}: expected webcam:NUMBER, such as webcam:0.')
        if self.live:
            self._capture = cv2.VideoCapture(int(number))
        else:
            with named_for_opencv(name) as path:
                self._capture = cv2.VideoCapture(path)
        if not self._capture.isOpened():
            raise InputError(f'{name} cannot be opened as a video.')
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        # .mp4 files cannot hold more decimals at high rates.
        self.fps = round(fps, 2) if 0 < fps < _ABSURD else 25.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.count: int | None = None if self.live or count <= 0 else count
        self.read, self.seconds = 0, 0.0

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames (H, W, 3), uint8, BGR.

        Raises:
            BreaksOff: At the end, if there were fewer frames than announced, in Matroska and WebM
                by more than a second.
            InputError: If there was none.
        """
        start = None
        try:
            while True:
                more, frame = self._capture.read()
                if not more:
                    break
                self.read += 1
                start = start or time.monotonic()
                self.seconds = time.monotonic() - start
                yield frame
        finally:
            self._capture.release()
        slack = self.fps if self.name.lower().endswith(_GUESSED_LENGTH) else 0
        if not self.read:
            raise InputError(f'{self.name} has no frame that can be read.')
        if self.count and self.read < self.count - slack:
            raise BreaksOff(
                f'{self.name} breaks off after {self.read} of {self.count} frames (if it was '
                'trimmed without encoding it again, nothing is missing).'
            )
