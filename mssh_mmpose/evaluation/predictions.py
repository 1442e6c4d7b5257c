"""Scoring saved predictions without a network."""

import io
import pickle
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, METRICS

from ..checks import check_datasets, check_joint_evaluator, check_mpii_pair
from ..config import metric_configs, read_config
from ..dataset_config import with_settings
from ..datasets.converters.mat import read_mat
from ..datasets.converters.mpii_ground_truth import read_mpii_ground_truth
from ..datasets.inspection import has_detected_boxes
from ..datasets.metainfo import joint_names, pick_joints
from ..engine.pickles import ArrayUnpickler
from ..errors import InputError
from .keypoint_metric import KeypointMetric
from .metrics import OcclusionAccuracy, are_scores

Prediction = dict[str, np.ndarray]


def read_predictions(
    path: str | Path,
    joints: Sequence[str] | None = None,
    unnamed: Sequence[str] | None = None,
    one_based: bool = False,
) -> dict[int, Prediction] | np.ndarray:
    """Read predicted keypoints.

    Args:
        path: What ``tools/test.py --dump`` wrote (.pkl), or an array ``pred`` of shape (N, K, 2)
            in pixels (.npz, .mat). A .npz may name its joints in an array ``names``.
        joints: Names of the joints to return, in order; None returns them as they are.
        unnamed: Names of the joints of files that name none; None returns these as they are.
        one_based: Whether the predictions count pixels from 1, as MATLAB does.

    Returns:
        From a pickle, by the number ``id`` of the person, ``keypoints`` (K, 2) and, if it is
        there, ``keypoints_visible`` (K,); otherwise (N, K, 2).

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'predictions {path} not found.')
    shift = 1.0 if one_based else 0.0
    if path.suffix in ('.pkl', '.pickle'):
        people = _read_dump(path)
        for person in people.values():
            person['keypoints'] -= shift
        if joints is None or unnamed is None:
            return people
        return {
            n: {key: _pick(path, value[None], unnamed, joints)[0] for key, value in person.items()}
            for n, person in people.items()
        }
    pred, names = _read_array(path)
    names = unnamed if names is None else names
    return (pred if joints is None or names is None else _pick(path, pred, names, joints)) - shift


def _pick(
    path: Path, values: np.ndarray, names: Sequence[str], joints: Sequence[str]
) -> np.ndarray:
    if values.shape[1] != len(names):
        raise InputError(f'{path}: {values.shape[1]} joints for {len(names)} names of joints.')
    try:
        return pick_joints(values, names, joints)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error


def _read_array(path: Path) -> tuple[np.ndarray, list[str] | None]:
    """Return ``pred`` of a file and, if a .npz has them, the names of its joints."""
    if path.suffix == '.npz':
        try:
            arrays = dict(np.load(path))
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f'{path} is not a whole .npz file: {error}') from error
    elif path.suffix == '.mat':
        arrays = read_mat(str(path))
    else:
        raise InputError(f'predictions {path}: expected a file ending in .pkl, .npz or .mat.')
    pred = np.asarray(arrays.get('pred'))
    if pred.ndim != 3 or pred.shape[2] != 2 or pred.dtype.kind not in 'iuf':
        found = sorted(name for name in arrays if name[0] != '_')
        raise InputError(
            f"{path}: expected numbers 'pred' of shape (N, K, 2), got {pred.shape} of type "
            f'{pred.dtype}, and {found}.'
        )
    named = path.suffix == '.npz' and 'names' in arrays
    names = [str(name) for name in np.ravel(arrays['names'])] if named else None
    return pred.astype(np.float64), names


def _read_dump(path: Path) -> dict[int, Prediction]:
    try:
        samples = ArrayUnpickler(io.BytesIO(path.read_bytes())).load()
        numbers = [int(sample['id']) for sample in samples]
        people = {n: _read_person(s['pred_instances']) for n, s in zip(numbers, samples)}
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError) as error:
        raise InputError(f'{path} is not what tools/test.py --dump writes: {error}.') from error
    repeated = [number for number, count in Counter(numbers).items() if count > 1]
    if repeated:
        raise InputError(f'{path}: person {repeated[0]} comes twice ({len(repeated)} such people).')
    return people


def _read_person(instances: dict) -> Prediction:
    names = [name for name in ('keypoints', 'keypoints_visible') if name in instances]
    if names[:1] != ['keypoints']:
        raise KeyError('keypoints')
    # MMPose puts the scores there for networks that predict no visibility.
    if names[1:] and are_scores(instances[names[1]], instances.get('keypoint_scores')):
        names.pop()
    # A copy: the caller may shift it.
    return {name: np.array(instances[name][0], dtype=np.float64) for name in names}


def dataset_metainfo(dataset: dict) -> dict:
    """Return MMPose's parsed meta information of a data set, from its config."""
    return DATASETS.build({**dataset, 'lazy_init': True}).metainfo


def dataset_joints(dataset: dict) -> list[str]:
    """Return the names of a data set's joints in order.

    Args:
        dataset: Config of the data set.
    """
    return joint_names(dataset_metainfo(dataset))


def read_test_config(path: str, needs_people: bool = True) -> Config:
    """Read a config to score predictions of its test data set.

    Args:
        path: File, or ``package::path``.
        needs_people: Whether the files of the data set must be there.

    Raises:
        InputError: If there is no such config, or files of its test data set are missing.
    """
    cfg = read_config(path)
    init_default_scope('mmpose')
    if needs_people:
        check_datasets(cfg, ('test_dataloader',))
    return cfg


def dataset_truth(dataset: dict) -> list[dict]:
    """Return a data set's ground truth as samples without predictions; opens no image.

    Args:
        dataset: Config of the data set.

    Raises:
        InputError: If its people are the boxes of a detector.
    """
    built = DATASETS.build(with_settings(dataset, pipeline=[], test_mode=True))
    if has_detected_boxes(built):
        raise InputError(
            'the people of the test data set are boxes of a detector (bbox_file), whose joints it '
            'does not know: score the network with tools/test.py, or set bbox_file to None.'
        )
    samples = []
    for i in range(len(built)):
        info = built.get_data_info(i)
        truth = {
            name: info[name]
            for name in ('keypoints', 'keypoints_visible', 'head_size')
            if name in info
        }
        truth['bboxes'] = info['bbox']
        samples.append(dict(id=info['id'], img_path=info['img_path'], gt_instances=truth))
    return samples


def mpii_truth(path: str) -> list[dict]:
    """Return the ground truth of ``mpii_gt_val.mat`` as samples without predictions."""
    truth = read_mpii_ground_truth(path)
    return [
        dict(
            id=n,
            img_path=path,
            gt_instances=dict(
                keypoints=truth.keypoints[n][None],
                keypoints_visible=truth.labelled[n][None].astype(float),
                head_size=truth.head_sizes[n].reshape(1, 1),
            ),
        )
        for n in range(len(truth.keypoints))
    ]


def add_predictions(
    samples: Sequence[dict], predictions: dict[int, Prediction] | np.ndarray
) -> list[dict]:
    """Join truth and predictions: by ``id`` from a dump, by order from an array.

    Raises:
        InputError: If there are not as many predictions as people, or they are of other people.
    """
    numbers = [sample['id'] for sample in samples]
    if isinstance(predictions, np.ndarray):
        if len(predictions) != len(numbers):
            raise InputError(
                f'{len(predictions)} predictions for {len(numbers)} people: expected one each, in '
                'the order of the data set.'
            )
        joined = zip(samples, predictions)
        return [{**each, 'pred_instances': dict(keypoints=found[None])} for each, found in joined]
    missing, unknown = set(numbers) - set(predictions), set(predictions) - set(numbers)
    if missing or unknown:
        raise InputError(
            f'{len(predictions)} predictions for {len(numbers)} people: {len(missing)} people '
            f'have none{_example(missing)}, {len(unknown)} predictions are of nobody in the data '
            f'set{_example(unknown)}.'
        )
    return [
        {**sample, 'pred_instances': {k: a[None] for k, a in predictions[sample['id']].items()}}
        for sample in samples
    ]


def _example(numbers: set) -> str:
    return f' (such as number {min(numbers)})' if numbers else ''


def fill_metrics(cfg: Config, samples: Sequence[dict]) -> list[BaseMetric]:
    """Build the metrics of ``test_evaluator`` and let them process the samples.

    :class:`OcclusionAccuracy` is left out if the predictions are only positions.

    Raises:
        InputError: If metric and data set count pixels differently, there is a metric per data
            set, or one needs more than keypoints.
    """
    check_mpii_pair(cfg, 'test')
    check_joint_evaluator(cfg)
    metainfo = dataset_metainfo(cfg.test_dataloader.dataset)
    metrics = [METRICS.build(dict(each)) for each in metric_configs(cfg)]
    if not all('keypoints_visible' in sample['pred_instances'] for sample in samples):
        metrics = [metric for metric in metrics if not isinstance(metric, OcclusionAccuracy)]
    for metric in metrics:
        metric.dataset_meta = metainfo
        try:
            metric.process([], samples)
        except LookupError as error:
            raise InputError(
                f'{type(metric).__name__} cannot score keypoints alone, it needs {error}: score '
                'the network with tools/test.py.'
            ) from error
    return metrics


def keypoint_metrics(cfg: Config, samples: Sequence[dict]) -> list[KeypointMetric]:
    """Return those of :func:`fill_metrics` that score keypoints one by one, and so have a curve."""
    return [each for each in fill_metrics(cfg, samples) if isinstance(each, KeypointMetric)]
