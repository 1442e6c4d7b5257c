"""Synthetic people as a data set on disk, in the layout MMPose reads MPII from."""

import json
import multiprocessing
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np

from ...cores import available_cores
from ...errors import InputError
from ...files import write_whole
from ..converters.mpii_ground_truth import mpii_ground_truth_bytes
from .scene import render_scene

GENERATOR = 'mssh_mmpose.datasets.synthetic'
VERSION = 1  # raise it when the pictures change, so that old folders are replaced
SPLITS = ('train', 'val')
META, STARTED = 'meta.json', '.unfinished'
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]


def image_name(split: str, index: int) -> str:
    """File name, whose stem MMPose reads as an integer, unique over both splits.

    The first digit tells the split; MPII's own nine digits begin with 0.

    >>> image_name('val', 7)
    '200000007.jpg'
    """
    return f'{SPLITS.index(split) + 1}{index:08d}.jpg'


def scene_rng(seed: int, split: str, index: int) -> np.random.Generator:
    """Return the random generator of one picture; it depends only on these three."""
    sequence = np.random.SeedSequence(seed, spawn_key=(SPLITS.index(split), index))
    return np.random.default_rng(sequence)


def _write_image(job: tuple[str, int, str, int]) -> dict[str, object]:
    """Draw and save picture ``index`` of ``split``; return its labels."""
    root, seed, split, index = job
    image, labels = render_scene(scene_rng(seed, split, index))
    name = image_name(split, index)
    # imwrite only returns False on a full disk; write_bytes says what is wrong.
    Path(root, 'images', name).write_bytes(cv2.imencode('.jpg', image, _JPEG)[1].tobytes())
    return dict(image=name, **labels)


def _one_thread() -> None:
    """Turn off OpenCV's threads: they do not survive a fork, and the cores are busy anyway."""
    cv2.setNumThreads(0)


def _draw(jobs: list[tuple], num_workers: int, track: Callable) -> list[dict]:
    """Draw all jobs' pictures; return their labels in order."""
    if num_workers == 1:
        return list(track(map(_write_image, jobs), len(jobs)))
    # Named, since the default context would become the process's own, and MMEngine wants to choose.
    context = multiprocessing.get_context('fork' if sys.platform == 'linux' else 'spawn')
    with context.Pool(num_workers, _one_thread) as pool:
        return list(track(pool.imap(_write_image, jobs, chunksize=8), len(jobs)))


def _ground_truth_bytes(labels: list[dict]) -> bytes:
    """``mpii_gt_val.mat`` of N labels."""
    count = len(labels)
    return mpii_ground_truth_bytes(
        np.reshape([a['joints'] for a in labels], (count, 16, 2)),
        np.reshape([a['joints_vis'] for a in labels], (count, 16)),
        np.reshape([a['headbox'] for a in labels], (count, 2, 2)),
    )


def _check_arguments(**counts: int) -> None:
    for name, value in counts.items():
        least = 1 if name == 'num_workers' else 0
        if not isinstance(value, (int, np.integer)) or value < least:
            raise InputError(f'{name} is {value!r}, expected an integer of at least {least}')


def _is_own(root: Path) -> bool:
    """Whether this module made (or began) the folder."""
    try:
        return (root / STARTED).exists() or json.loads((root / META).read_text())[
            'generator'
        ] == GENERATOR
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_complete(root: Path, meta: dict, names: Iterable[str]) -> bool:
    files = [
        f'annotations/{name}' for name in ('mpii_train.json', 'mpii_val.json', 'mpii_gt_val.mat')
    ]
    files += [f'images/{name}' for name in names]
    return (
        _is_own(root)
        and not (root / STARTED).exists()
        and json.loads((root / META).read_text()) == meta
        and all((root / name).is_file() for name in files)
    )


def _open_folder(root: Path, names: Iterable[str], force: bool) -> None:
    """Create the folders, mark them unfinished and remove pictures of earlier settings."""
    try:
        own = _is_own(root)
        if root.is_dir() and any(root.iterdir()) and not (force or own):
            raise InputError(
                f'{root} is not empty and was not made by {GENERATOR}; '
                'expected a new folder, an empty one, or force'
            )
        for folder in ('images', 'annotations'):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / STARTED).touch()
        (root / META).unlink(missing_ok=True)
        stale = {path.name for path in (root / 'images').iterdir()} - set(names) if own else ()
    except OSError as error:
        raise OSError(
            f'root {root} cannot be written ({error.strerror}); '
            'expected a folder that can be created or written'
        ) from error
    for name in stale:
        if re.fullmatch(r'[12]\d{8}\.jpg', name):
            (root / 'images' / name).unlink()


def write_dataset(
    root: str | Path,
    num_train: int,
    num_val: int,
    seed: int = 0,
    num_workers: int = 1,
    force: bool = False,
    track: Callable = lambda items, total: items,
) -> bool:
    """Write the data set, unless ``root`` already holds all of it.

    The same seed gives the same bytes, and picture i of a split does not depend on the counts
    and the number of workers. ``meta.json`` is written last: without it the folder is written anew.

    Args:
        root: Gets ``images/``, ``annotations/`` and ``meta.json``.
        num_train: Number of training pictures.
        num_val: Number of validation pictures.
        seed: At least 0.
        num_workers: Processes that draw.
        force: Write into a folder of unknown origin; its other files stay.
        track: Called with the iterable of finished pictures and their number; returns an
            iterable of the same, as ``tqdm`` does.

    Returns:
        False if a complete data set with the same settings was kept.

    Raises:
        InputError: For a negative count or seed, no worker, or a folder of other origin.
        OSError: If ``root`` cannot be written.
    """
    _check_arguments(num_train=num_train, num_val=num_val, seed=seed, num_workers=num_workers)
    root = Path(root)
    meta = dict(generator=GENERATOR, version=VERSION, seed=seed, train=num_train, val=num_val)
    plan = [(split, i) for split, n in zip(SPLITS, (num_train, num_val)) for i in range(n)]
    names = [image_name(split, i) for split, i in plan]
    if _is_complete(root, meta, names):
        return False
    _open_folder(root, names, force)
    labels = _draw([(str(root), seed, *item) for item in plan], num_workers, track)
    _write_annotations(root / 'annotations', labels[:num_train], labels[num_train:])
    write_whole(json.dumps(meta), root / META)
    (root / STARTED).unlink()
    return True


def _write_annotations(folder: Path, train: list[dict], val: list[dict]) -> None:
    write_whole(_ground_truth_bytes(val), folder / 'mpii_gt_val.mat')
    for annotation in [*train, *val]:
        annotation.pop('headbox')  # MPII's JSON has no head box
    write_whole(json.dumps(train), folder / 'mpii_train.json')
    write_whole(json.dumps(val), folder / 'mpii_val.json')


def default_workers() -> int:
    """Return the number of cores that this process may use, at most 8."""
    return min(8, available_cores())
