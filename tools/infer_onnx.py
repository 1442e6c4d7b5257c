"""Estimate poses in pictures by a network that tools/export_onnx.py --decode has written.

Needs NumPy, OpenCV and onnxruntime or openvino, and neither PyTorch nor MMPose nor this project:
this file alone can be copied to where it is used. People are cropped as MMPose does; there is no
flip test. For each picture NAME.jpg it writes OUT_DIR/predictions/NAME.json, the list of instances
that MMPose's inferencer writes, and OUT_DIR/visualizations/NAME.jpg. A picture that cannot be read
is skipped, and the exit status is then 1.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

KEY = 'mssh_mmpose'
KEYPOINTS = ('keypoints', 'scores')
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')
Function = Callable[[np.ndarray], list[np.ndarray]]


class InputError(Exception):
    """Wrong input: the message says what came, what was expected and what to do."""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='ONNX file written by tools/export_onnx.py --decode')
    parser.add_argument('inputs', nargs='+', metavar='input', help='picture, or folder of pictures')
    parser.add_argument('--backend', choices=list(BACKENDS), default='onnxruntime')
    parser.add_argument('--out-dir', default='onnx_results', metavar='DIR', help='%(default)s')
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--bbox',
        nargs=4,
        type=float,
        metavar=('X1', 'Y1', 'X2', 'Y2'),
        help='box of the person in every picture, pixels (default: the whole picture)',
    )
    boxes.add_argument(
        '--boxes', metavar='FILE.json', help='{"NAME.jpg": [[x1, y1, x2, y2], ...], ...}'
    )
    parser.add_argument(
        '--threshold', type=float, default=0.3, help='lowest score that is drawn (%(default)s)'
    )
    return parser.parse_args()


def load_onnxruntime(path: str) -> tuple[Function, dict[str, str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    metadata = session.get_modelmeta().custom_metadata_map
    return lambda images: session.run(None, {name: images}), metadata


def load_openvino(path: str) -> tuple[Function, dict[str, str]]:
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    entry = ['framework', KEY]
    metadata = {KEY: model.get_rt_info(entry).value} if model.has_rt_info(entry) else {}
    # Otherwise it computes in bfloat16 where the processor can, to other keypoints.
    compiled = core.compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})

    def run(images: np.ndarray) -> list[np.ndarray]:
        results = compiled(images)
        return [results[output] for output in compiled.outputs]

    return run, metadata


BACKENDS = {'onnxruntime': load_onnxruntime, 'openvino': load_openvino}


def load_model(path: str, backend: str) -> tuple[Function, dict]:
    """Give the network as a function from images to outputs, and its metadata."""
    if not Path(path).is_file():
        raise InputError(f'model {path} not found; expected a file of tools/export_onnx.py.')
    try:
        function, metadata = BACKENDS[backend](path)
    except ImportError as error:
        raise InputError(f'--backend {backend}: {error}; "pip install {backend}".') from error
    except Exception as error:  # each runtime has its own types
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f'model {path} was not read by {backend}: {reason}') from error
    if KEY not in metadata:
        raise InputError(f'model {path} was not written by tools/export_onnx.py: no {KEY!r} in it.')
    metadata = json.loads(metadata[KEY])
    if tuple(metadata['outputs'][:2]) != KEYPOINTS:
        raise InputError(
            f'model {path} gives {", ".join(metadata["outputs"])}; expected keypoints and scores: '
            'export it again with --decode.'
        )
    return function, metadata


def find_pictures(inputs: Sequence[str]) -> list[Path]:
    """List the pictures, those of folders included, each name once."""
    pictures = []
    for name in inputs:
        path = Path(name)
        found = [path]
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        if not found or not all(p.is_file() for p in found):
            raise InputError(f'input {name}: expected a picture, or a folder with some in it.')
        pictures += found
    names = [path.stem for path in pictures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f'several pictures are named {", ".join(twice)}: run them one by one.')
    return pictures


def find_boxes(args: argparse.Namespace, pictures: Sequence[Path]) -> dict[Path, list | None]:
    """Give the boxes of each picture; None stands for the whole picture."""
    if not args.boxes:
        return {path: [args.bbox] if args.bbox else None for path in pictures}
    try:
        listed = json.loads(Path(args.boxes).read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise InputError(f'--boxes {args.boxes}: {error}') from error
    missing = [str(path) for path in pictures if path.name not in listed]
    if not isinstance(listed, dict) or missing:
        raise InputError(
            f'--boxes {args.boxes}: expected boxes for each picture by its name, got none for '
            f'{", ".join(missing[:3])}.'
        )
    return {path: listed[path.name] for path in pictures}


def check_boxes(boxes: list | None, path: Path, size: tuple[int, int]) -> np.ndarray:
    """Give boxes as (N, 4), those of a whole picture of ``size`` (w, h) if None."""
    width, height = size
    if boxes is None:
        return np.array([[0, 0, width, height]], float)
    try:
        boxes = np.array(boxes, float).reshape(-1, 4)
    except (TypeError, ValueError) as error:
        raise InputError(f'{path}: expected boxes [x1, y1, x2, y2], got {boxes}') from error
    x1, y1, x2, y2 = boxes.T
    inside = (x1 < x2) & (y1 < y2) & (x1 < width) & (y1 < height) & (x2 > 0) & (y2 > 0)
    if not (np.isfinite(boxes).all() and inside.all()):
        raise InputError(
            f'{path}: expected boxes [x1, y1, x2, y2] with x1 < x2 and y1 < y2 that meet the '
            f'picture of {width}x{height} pixels, got {boxes.tolist()}'
        )
    return boxes


def read_image(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    if image is None:
        raise InputError(f'input {path} cannot be read as a picture.')
    return image


def center_and_scale(box: np.ndarray, size: Sequence[int], padding: float):
    """Centre (2,) and (w, h) of the region around a box that has the aspect ratio of ``size``.

    >>> center_and_scale(np.array([0.0, 0.0, 40.0, 80.0]), (128, 128), 1.25)
    (array([20., 40.]), array([100., 100.]))
    """
    center = (box[:2] + box[2:]) * 0.5
    width, height = (box[2:] - box[:2]) * padding
    aspect = size[0] / size[1]
    if width > height * aspect:
        return center, np.array([width, width / aspect])
    return center, np.array([height * aspect, height])


def crop_matrix(center: np.ndarray, scale: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Matrix (2, 3) from the picture to the crop: centre to centre, left edge to left edge.

    From three points in float32, as MMPose has it, so that the crops are equal to the last bit.
    """
    corners = []
    for middle, width in ((center, scale[0]), (np.divide(size, 2), size[0])):
        points = np.zeros((3, 2), np.float32)
        points[0] = middle
        points[1] = middle + np.array([-width / 2, 0])
        x, y = points[0] - points[1]
        points[2] = points[1] + np.array([-y, x])
        corners.append(points)
    return cv2.getAffineTransform(*corners)


def estimate(
    function: Function, image: np.ndarray, boxes: np.ndarray, metadata: dict
) -> list[dict]:
    """Give the instances of a picture in the format of MMPose's inferencer."""
    if not len(boxes):
        return []
    size = metadata['input_size']
    regions = [center_and_scale(box, size, metadata['padding']) for box in boxes]
    crops = [
        cv2.warpAffine(image, crop_matrix(*region, size), size, flags=cv2.INTER_LINEAR)
        for region in regions
    ]
    outputs = function(np.stack(crops).transpose(0, 3, 1, 2).copy())
    people = dict(zip(metadata['outputs'], outputs))
    instances = []
    for i, (box, (center, scale)) in enumerate(zip(boxes, regions)):
        keypoints = people['keypoints'][i] / size * scale + center - 0.5 * scale
        instance = dict(keypoints=keypoints.tolist(), keypoint_scores=people['scores'][i].tolist())
        if 'visible' in people:
            instance['keypoints_visible'] = people['visible'][i].tolist()
        # MMPose's inferencer puts the box into a list of its own.
        instances.append(dict(instance, bbox=[box.tolist()], bbox_score=1.0))
    return instances


def draw(image: np.ndarray, instances: list[dict], metadata: dict, threshold: float) -> np.ndarray:
    """Draw boxes and skeletons on a copy; occluded joints are hollow."""
    canvas = image.copy()
    for instance in instances:
        x1, y1, x2, y2 = np.rint(instance['bbox'][0]).astype(int).tolist()
        points = np.rint(instance['keypoints']).astype(int).tolist()
        shown = [score >= threshold for score in instance['keypoint_scores']]
        visible = instance.get('keypoints_visible', [1] * len(points))
        cv2.rectangle(canvas, (x1, y1), (x2, y2), (200, 200, 200), 1)
        radius = max(2, math.ceil(max(x2 - x1, y2 - y1) / 80))
        links = zip(metadata['skeleton_links'], metadata['skeleton_link_colors'])
        for (a, b), color in links:
            if shown[a] and shown[b]:
                width = max(1, radius - 1)
                cv2.line(canvas, points[a], points[b], color[::-1], width, cv2.LINE_AA)
        for k, color in enumerate(metadata['keypoint_colors']):
            if shown[k] and not visible[k]:
                cv2.circle(canvas, points[k], radius, (255, 255, 255), -1, cv2.LINE_AA)
            if shown[k]:
                width = -1 if visible[k] else 1
                cv2.circle(canvas, points[k], radius, color[::-1], width, cv2.LINE_AA)
    return canvas


def make_folders(out_dir: str) -> tuple[Path, Path]:
    """Make the folders of the results before any work."""
    folders = Path(out_dir, 'predictions'), Path(out_dir, 'visualizations')
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(13, 'no permission to write')
    except OSError as error:
        raise InputError(f'--out-dir {out_dir}: cannot be written ({error.strerror}).') from error
    return folders


def main() -> None:
    args = parse_args()
    pictures = find_pictures(args.inputs)
    boxes = find_boxes(args, pictures)
    function, metadata = load_model(args.model, args.backend)
    predictions, visualizations = make_folders(args.out_dir)
    skipped = 0
    for path in pictures:
        try:
            image = read_image(path)
            people = check_boxes(boxes[path], path, image.shape[1::-1])
        except InputError as error:
            print(f'tools/infer_onnx.py: skipped: {error}', file=sys.stderr)
            skipped += 1
            continue
        instances = estimate(function, image, people, metadata)
        text = json.dumps(instances, indent=2)
        (predictions / f'{path.stem}.json').write_text(text, encoding='utf-8')
        picture = draw(image, instances, metadata, args.threshold)
        if not cv2.imwrite(str(visualizations / f'{path.stem}.jpg'), picture):
            raise InputError(f'--out-dir {args.out_dir}: {path.stem}.jpg cannot be written.')
        print(f'{path}: {len(instances)} people')
    print(f'{len(pictures)} pictures, {skipped} skipped: {args.out_dir}')
    raise SystemExit(1 if skipped else 0)


if __name__ == '__main__':
    try:
        main()
    except InputError as error:
        print(f'tools/infer_onnx.py: error: {error}', file=sys.stderr)
        raise SystemExit(2) from None
