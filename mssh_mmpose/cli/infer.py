"""What tools/infer.py does."""

import argparse
import json
import os
import os.path as osp
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from .. import checks
from ..apis.inputs import BreaksOff, Video, find_inputs
from ..apis.model import PoseModel, load_model, pick_device, read_image
from ..errors import InputError
from ..files import free_stem, named_for_opencv, part_of, read_json, readable, write_whole
from ..pictures import check_boxes, write_picture
from ..structures import FEW_JOINTS, note_of_few_joints, to_instances
from ..visualization.people import draw_people

BETTER_BOX = '--bbox, --detector'
Boxes = Callable[[str, np.ndarray], np.ndarray | list | None]


def choose_boxes(args: argparse.Namespace) -> Boxes:
    """Return a function from a picture to its people's boxes; None is the whole picture.

    Raises:
        InputError: If a file of the options is missing or wrong.
    """
    if args.bbox:
        return lambda name, image: np.array([args.bbox])
    if args.detector:
        from ..apis.detector import PersonDetector  # imports MMDetection

        detector = PersonDetector(*args.detector, pick_device(args.device), args.detector_threshold)
        return lambda name, image: detector(image)
    if args.boxes:
        try:
            table = read_json(args.boxes)
        except ValueError as error:
            raise InputError(f'--boxes {error}') from error
        if not isinstance(table, dict):
            raise InputError(f'--boxes {args.boxes}: expected {{"NAME": [[x1, y1, x2, y2], ...]}}.')
        return lambda name, image: _look_up(table, name, args.boxes)
    return lambda name, image: None


def _look_up(table: dict[str, list], name: str, source: str) -> list:
    found = table.get(name, table.get(osp.basename(name)))
    if found is None:
        raise InputError(f'{source} has no boxes for it.')
    return found


class Outputs:
    """Write the files of the results; equal names get a number."""

    def __init__(self, folder: str):
        self.pictures = osp.join(folder, 'visualizations')
        self.predictions = osp.join(folder, 'predictions')
        for path in (self.pictures, self.predictions):
            checks.check_writable(path, '--out-dir')
        self._taken = set()

    def check_inputs(self, names: list[str]) -> None:
        """Raise InputError if one is where the drawings are written, which may replace it."""
        folder = Path(self.pictures).resolve()
        for name in names:
            if Path(name).resolve().parent == folder:
                raise InputError(f'{name} is where the drawings go; choose another --out-dir.')

    def stem(self, name: str, keep: bool = False) -> str:
        """Return the name of an input's results.

        Args:
            name: Name of the input.
            keep: Do not replace the results of earlier runs.
        """
        taken = set(self._taken)
        if keep:
            files = [*Path(self.pictures).iterdir(), *Path(self.predictions).iterdir()]
            taken |= {path.stem.casefold() for path in files}
        stem = free_stem(name, taken)
        self._taken.add(stem.casefold())
        if stem != osp.splitext(osp.basename(name))[0]:
            say(f'{name}: the results are called {stem}')
        return stem

    def draw(self, stem: str, picture: np.ndarray) -> None:
        write_picture(picture, osp.join(self.pictures, f'{stem}.jpg'))

    @contextmanager
    def film(self, stem: str, fps: float) -> Iterator[Callable[[np.ndarray, float | None], None]]:
        """Yield the function that adds a picture to a video; an error keeps those before it.

        It takes the picture's time in seconds, too, up to which the one before is repeated; None
        for the next of an even series.
        """
        path = osp.join(self.pictures, f'{stem}.mp4')
        part = part_of(path, '.mp4')
        writer, written, last = None, 0, None

        def write(picture: np.ndarray, seconds: float | None) -> None:
            nonlocal writer, written, last
            if writer is None:
                code = cv2.VideoWriter_fourcc(*'mp4v')
                name = osp.join(folder, part.name)
                writer = cv2.VideoWriter(name, code, fps, picture.shape[1::-1])
            if not writer.isOpened():
                raise InputError(f'OpenCV cannot write a video of {fps:g} frames per second here.')
            place = written if seconds is None else round(seconds * fps)
            repeated = [last] * (place - written)
            for each in [*repeated, picture] if written <= place else []:
                writer.write(each)
                written += 1
            last = picture

        with named_for_opencv(self.pictures) as folder:
            try:
                yield write
            finally:
                if writer is not None:
                    writer.release()
                if part.exists():
                    os.replace(part, path)

    def save(self, stem: str, predictions: list[dict]) -> None:
        write_whole(json.dumps(predictions), osp.join(self.predictions, f'{stem}.json'))


def say(text: str) -> None:
    tqdm.write(readable(text), file=sys.stderr)


def report(name: str, problem: object) -> None:
    text, kind = str(problem), 'incomplete' if isinstance(problem, BreaksOff) else 'skipped'
    say(f'tools/infer.py: {kind}: {text if name in text else f"{name}: {text}"}')


def infer_images(
    model: PoseModel, names: list[str], boxes: Boxes, out: Outputs, args: argparse.Namespace
) -> int:
    """Predict, draw and save the pictures; return how many were skipped."""
    skipped = 0
    bar = tqdm(total=len(names), unit='image', dynamic_ncols=True, disable=not names)
    for start in range(0, len(names), args.batch_size):
        batch = []
        for name in names[start : start + args.batch_size]:
            try:
                image = read_image(name, args.max_pixels)
                found = boxes(name, image)
                check_boxes(found, image)
                batch.append((name, image, found))
            except (OSError, ValueError) as error:
                report(name, error)
                skipped += 1
        images, found = ([each[i] for each in batch] for i in (1, 2))
        people = model.predict_many(images, found, args.flip_test, args.batch_size)
        for (name, image, _), of_image in zip(batch, people):
            stem = out.stem(name)
            picture = draw_people(image, of_image, model.metainfo, args.threshold)
            out.draw(stem, picture)
            out.save(stem, to_instances(of_image))
            if note := note_of_few_joints(of_image):
                say(f'{name}: {note} {BETTER_BOX}')
        bar.update(min(args.batch_size, len(names) - start))
    bar.close()
    return skipped


def infer_video(
    model: PoseModel, name: str, boxes: Boxes, out: Outputs, args: argparse.Namespace
) -> None:
    """Predict, draw and save a video; if it breaks off, keep the frames before.

    Raises:
        InputError: If it cannot be opened, or breaks off (BreaksOff).
    """
    video = Video(name)
    stem, frames, doubtful = out.stem(name, keep=video.live), [], 0
    title = readable(osp.basename(name))
    bar = tqdm(total=video.count, desc=title, unit='frame', dynamic_ncols=True)
    try:
        # Ctrl-C is how a webcam ends.
        with (
            suppress(*([KeyboardInterrupt] if video.live else [])),
            out.film(stem, video.fps) as add,
        ):
            for number, frame in enumerate(video):
                found = boxes(name, frame)
                people = model.predict_many([frame], [found], args.flip_test, args.batch_size)[0]
                frames.append(dict(frame_id=number, instances=to_instances(people)))
                if video.live:
                    frames[-1]['seconds'] = round(video.seconds, 3)
                picture = draw_people(frame, people, model.metainfo, args.threshold)
                add(picture, video.seconds if video.live else None)
                doubtful += note_of_few_joints(people) is not None
                bar.update()
                if args.max_frames and number + 1 >= args.max_frames:
                    break
    except KeyboardInterrupt:
        report(name, BreaksOff(f'{name} was stopped after {len(frames)} frames.'))
        raise
    finally:
        bar.close()
        if frames:
            out.save(stem, frames)
        if doubtful > len(frames) / 2:
            say(f'{name}, {doubtful} of {len(frames)} frames: {FEW_JOINTS} {BETTER_BOX}')


def infer(args: argparse.Namespace) -> int:
    """Predict as the arguments of ``tools/infer.py`` ask; return how many inputs were skipped.

    Raises:
        InputError: If there are no inputs or an option is wrong.
    """
    inputs = find_inputs(args.inputs)
    if not inputs.images and not inputs.videos:
        raise InputError(f'no picture and no video in {", ".join(args.inputs)}.')
    out = Outputs(args.out_dir)
    out.check_inputs([*inputs.images, *inputs.videos])
    boxes = choose_boxes(args)
    model = load_model(args.config, args.checkpoint, args.device)
    for name in inputs.missing:
        report(name, 'not found, or no picture or video in it')
    skipped = len(inputs.missing) + infer_images(model, inputs.images, boxes, out, args)
    for name in inputs.videos:
        try:
            infer_video(model, name, boxes, out, args)
        except (OSError, ValueError) as error:
            report(name, error)
            skipped += 1
    count = sum(map(len, inputs))
    print(f'{count} inputs, {skipped} skipped: {readable(args.out_dir)}')
    return skipped
