"""What tools/infer.py does."""

import argparse
import json
import os
import os.path as osp
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import cv2
import numpy as np
from tqdm import tqdm

from .. import checks
from ..apis.inputs import Video, find_inputs
from ..apis.model import (
    Person,
    PoseModel,
    load_model,
    pick_device,
    read_image,
)
from ..errors import InputError
from ..pictures import check_boxes
from ..visualization.people import draw_people

Boxes = Callable[[str, np.ndarray], np.ndarray | None]


def choose_boxes(args: argparse.Namespace) -> Boxes:
    """Give the function from a picture to the boxes of its people; None is the whole picture.

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
            with open(args.boxes, encoding='utf-8') as file:
                table = {name: np.array(each, float) for name, each in json.load(file).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise InputError(
                f'--boxes {args.boxes}: expected {{"NAME": [[x1, y1, x2, y2], ...]}}: {error}'
            ) from error
        return lambda name, image: _look_up(table, name, args.boxes)
    return lambda name, image: None


def _look_up(table: dict[str, np.ndarray], name: str, source: str) -> np.ndarray:
    found = table.get(name, table.get(osp.basename(name)))
    if found is None:
        raise ValueError(f'{name}: {source} has no boxes for it.')
    return found.reshape(-1, 4) if found.size == 0 else found


def to_instances(people: Sequence[Person]) -> list[dict]:
    """What MMPose's inferencer writes about the people of a picture."""
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


class Outputs:
    """Files of the results; a name that is taken gets a number."""

    def __init__(self, folder: str):
        self.pictures = osp.join(folder, 'visualizations')
        self.predictions = osp.join(folder, 'predictions')
        for path in (self.pictures, self.predictions):
            checks.check_writable(path, '--out-dir')
        self._taken = set()

    def stem(self, name: str) -> str:
        base = osp.splitext(osp.basename(name.replace(':', '')))[0]
        stem, number = base, 1
        while stem in self._taken:
            number += 1
            stem = f'{base}_{number}'
        self._taken.add(stem)
        if stem != base:
            tqdm.write(f'{name}: the results are called {stem}', file=sys.stderr)
        return stem

    def save(self, stem: str, predictions: list[dict]) -> None:
        path = osp.join(self.predictions, f'{stem}.json')
        with open(path + '.part', 'w', encoding='utf-8') as file:
            json.dump(predictions, file)
        os.replace(path + '.part', path)


def report(problem: object) -> None:
    tqdm.write(f'tools/infer.py: skipped: {problem}', file=sys.stderr)


def infer_images(
    model: PoseModel, names: list[str], boxes: Boxes, out: Outputs, args: argparse.Namespace
) -> int:
    """Predict, draw and save the pictures; give the number of those that were skipped."""
    skipped = 0
    bar = tqdm(total=len(names), unit='image', dynamic_ncols=True, disable=not names)
    for start in range(0, len(names), args.batch_size):
        batch = []
        for name in names[start : start + args.batch_size]:
            try:
                image = read_image(name)
                found = boxes(name, image)
                check_boxes(found, image)
                batch.append((name, image, found))
            except (OSError, ValueError) as error:
                report(f'{name}: {error}')
                skipped += 1
        images, found = ([each[i] for each in batch] for i in (1, 2))
        people = model.predict_many(images, found, not args.no_flip_test, args.batch_size)
        for (name, image, _), of_image in zip(batch, people):
            stem = out.stem(name)
            picture = draw_people(image, of_image, model.metainfo, args.threshold)
            cv2.imwrite(osp.join(out.pictures, f'{stem}.jpg'), picture)
            out.save(stem, to_instances(of_image))
        bar.update(min(args.batch_size, len(names) - start))
    bar.close()
    return skipped


def infer_video(
    model: PoseModel, name: str, boxes: Boxes, out: Outputs, args: argparse.Namespace
) -> None:
    """Predict, draw and save a video; what was done stays if it breaks off.

    Raises:
        ValueError: If it cannot be opened, or breaks off.
    """
    video = Video(name)
    stem, frames, writer = out.stem(name), [], None
    path = osp.join(out.pictures, f'{stem}.mp4')
    bar = tqdm(total=video.count, desc=osp.basename(name), unit='frame', dynamic_ncols=True)
    try:
        # Ctrl-C is how a webcam ends.
        with suppress(*([KeyboardInterrupt] if video.live else [])):
            for number, frame in enumerate(video):
                found = boxes(name, frame)
                people = model.predict_many([frame], [found], not args.no_flip_test)[0]
                picture = draw_people(frame, people, model.metainfo, args.threshold)
                if writer is None:
                    size = picture.shape[1::-1]
                    code = cv2.VideoWriter_fourcc(*'mp4v')
                    writer = cv2.VideoWriter(path, code, video.fps, size)
                writer.write(picture)
                frames.append(dict(frame_id=number, instances=to_instances(people)))
                bar.update()
                if args.max_frames and number + 1 >= args.max_frames:
                    break
    finally:
        bar.close()
        if writer is not None:
            writer.release()
            out.save(stem, frames)


def infer(args: argparse.Namespace) -> int:
    """Predict as the arguments of ``tools/infer.py`` ask; return how many inputs were skipped.

    Raises:
        InputError: If there are no inputs or an option is wrong.
    """
    inputs = find_inputs(args.inputs)
    if not inputs.images and not inputs.videos:
        raise InputError(f'no picture and no video in {", ".join(args.inputs)}.')
    out = Outputs(args.out_dir)
    boxes = choose_boxes(args)
    model = load_model(args.config, args.checkpoint, args.device)
    for name in inputs.missing:
        report(f'{name}: not found, or no picture or video in it')
    skipped = len(inputs.missing) + infer_images(model, inputs.images, boxes, out, args)
    for name in inputs.videos:
        try:
            infer_video(model, name, boxes, out, args)
        except (OSError, ValueError) as error:
            report(error)
            skipped += 1
    print(f'{len(inputs.images) + len(inputs.videos)} inputs, {skipped} skipped: {args.out_dir}')
    return skipped
