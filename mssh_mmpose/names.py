"""Configs and trained networks by name.

It imports only the standard library, so that tools can read their command line before anything
heavy is loaded. Hence plain ValueErrors.
"""

import os.path as osp
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

# In a source tree a link to checkpoints/; a wheel holds the files.
CHECKPOINTS = Path(__file__).parent / '.mim' / 'checkpoints'
DEFAULT_NETWORK = 'mssh-s_longer_192x192'
_NAME = re.compile(r'[\w+-]+')
_HASH = re.compile(r'-[0-9a-f]{8}$')
_CHECKPOINT_SUFFIXES = ('.pth', '.pt', '.ckpt', '.tar')
_STREAMS = ('rtsp://', 'rtmp://', 'udp://')
_MEDIA_SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.mp4', '.mov', '.mkv', '.webm', '.m3u8')


class Network(NamedTuple):
    """Where a network is: its config (None: the one inside the checkpoint) and its checkpoint."""

    config: str | None
    checkpoint: str


def find_config(name: str) -> str:
    """Return the path of a config file named by its path or as ``package::path``.

    Raises:
        ValueError: If there is no such file.
    """
    package, separator, relative = name.partition('::')
    if not osp.exists(name) and (shipped := shipped_networks().get(name)):
        raise ValueError(
            f'config {name} is a shipped network; expected the config that it was trained with, '
            f'which {Path(shipped).with_suffix(".md")} names.'
        )
    if not separator:
        return _existing(name, 'config', 'a config file, or PACKAGE::PATH as mssh_mmpose::NAME.py')
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        raise ValueError(f'config {name}: the package {package} is not installed.')
    folder = osp.join(osp.dirname(spec.origin), '.mim', 'configs')
    return _existing(osp.join(folder, relative), 'config', f'a file in {folder}')


def shipped_networks() -> dict[str, str]:
    """Return the files of the shipped networks by name: the file name without hash."""
    return {_HASH.sub('', path.stem): str(path) for path in sorted(CHECKPOINTS.glob('*.pth'))}


def find_checkpoint(network: str) -> str:
    """Return the checkpoint of a network named by a shipped name, a file or a URL.

    Raises:
        ValueError: If there is none; lists the shipped names.
    """
    shipped = shipped_networks()
    if network in shipped:
        return shipped[network]
    names = ', '.join(shipped) or f'none in {CHECKPOINTS}'
    expected = f'a checkpoint file, a URL, or the name of a shipped network ({names})'
    return network if is_remote(network) else _existing(network, 'checkpoint', expected)


def find_result(path: str) -> str:
    """Return where weights of ``results/`` are in the source tree; a wheel does not have them."""
    found = Path(__file__).resolve().parents[1] / 'results' / path
    return str(found) if found.exists() else f'results/{path}'


def is_remote(path: str) -> bool:
    """Whether ``path`` is not a local file: a URL, or a prefix of MMEngine's such as s3://."""
    return '://' in path


def split_network(words: Sequence[str]) -> tuple[Network, list[str]]:
    """Split the words of a command line into the network at their start, and the rest.

    The network is ``CONFIG CHECKPOINT``, a checkpoint with its config inside, the name of a shipped
    network, or nothing: the default network.

    Raises:
        ValueError: If there is no such config or checkpoint, or a config without one.
    """
    first, rest = (words[0], list(words[1:])) if words else ('', [])
    if first.startswith(_STREAMS) or is_remote(first) and first.lower().endswith(_MEDIA_SUFFIXES):
        raise ValueError(f'{first}: expected files, folders or webcam:NUMBER as inputs, not a URL.')
    if first.endswith('.py') or '::' in first:
        if not rest:
            raise ValueError(f'config {first}: expected its checkpoint after it.')
        return Network(find_config(first), find_checkpoint(rest[0])), rest[1:]
    if first.endswith(_CHECKPOINT_SUFFIXES) or is_remote(first) or first in shipped_networks():
        return Network(None, find_checkpoint(first)), rest
    if _NAME.fullmatch(first) and not osp.exists(first):
        raise ValueError(
            f'{first}: there is no such file, and no shipped network of this name; '
            f'expected one of {", ".join(shipped_networks())}.'
        )
    return Network(None, find_checkpoint(DEFAULT_NETWORK)), list(words)


def _existing(path: str, what: str, expected: str) -> str:
    if osp.isfile(path):
        return path
    problem = 'is a folder' if osp.isdir(path) else 'not found'
    raise ValueError(f'{what} {path} {problem}; expected {expected}.')
