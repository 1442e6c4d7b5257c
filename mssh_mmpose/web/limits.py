"""What the web page accepts."""

from dataclasses import dataclass

from ..pictures import MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """Sizes, numbers and times beyond which a request is refused.

    Attributes:
        megabytes: Size of a file, in 2^20 bytes.
        pixels: Width times height of a picture.
        people: Boxes in a picture.
        waiting: Predictions that wait for the one that runs; each holds its file in memory.
        connections: Open at once.
        head_seconds: From the start of a connection, or the answer before, to the end of the
            request's headers.
        body_seconds: From there to the end of the file.
        answer_seconds: For which an answer may wait for a browser that does not take it, besides
            the time that it needs at ``answer_rate``.
        answer_rate: Bytes per second, the slowest that an answer is sent.
        refused_seconds: For which the rest of a refused request is read and thrown away.
    """

    megabytes: float = 10
    pixels: int = MAX_PIXELS
    people: int = 16
    waiting: int = 16
    connections: int = 256
    head_seconds: float = 10
    body_seconds: float = 60
    answer_seconds: float = 60
    answer_rate: float = 2**16
    refused_seconds: float = 2
