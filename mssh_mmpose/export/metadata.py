"""Metadata for the users of an exported network, stored in its ONNX file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from .. import __version__
from ..config import type_name
from ..dataset_config import test_pipeline
from ..datasets.metainfo import joint_names
from ..errors import InputError
from ..models.pose_estimator import head_settings
from .runtimes import require

KEY = 'mssh_mmpose'
"""Name of the entry of ``metadata_props``; its value is JSON."""

NO_LICENCE = 'not stated; see the terms of the data set'


def model_metadata(
    cfg: Config, dataset_meta: dict, output_names: Sequence[str], licence: str
) -> dict[str, Any]:
    """Collect the metadata of an exported network, in types that JSON has.

    Args:
        cfg: The config, of a file or of a checkpoint that holds it.
        dataset_meta: Parsed meta information of the data set (``model.dataset_meta``).
        output_names: Of the graph.
        licence: Terms of the training data.

    Returns:
        ``model`` and ``config`` (name of the config's file, or of the checkpoint that holds it),
        ``version`` of this package, ``input`` (layout),
        ``input_size`` (w, h) in pixels, ``padding`` of the box, ``outputs``, ``codec``,
        ``dataset``, ``keypoint_names``, ``keypoint_colors`` (RGB), ``skeleton_links`` (pairs of
        indices), ``skeleton_link_colors`` (RGB), ``flip_indices``, ``data_licence``.

    Raises:
        InputError: If the test pipeline crops in a way that the metadata cannot express.
    """
    return dict(
        model=Path(cfg.filename).stem,
        config=Path(cfg.filename).name,
        version=__version__,
        input='uint8, (B, 3, H, W), BGR, 0-255',
        input_size=list(cfg.model.head.decoder.input_size),
        padding=box_padding(test_pipeline(cfg)),
        outputs=list(output_names),
        codec=type_name(cfg.model.head.decoder),
        dataset=dataset_meta['dataset_name'],
        keypoint_names=joint_names(dataset_meta),
        keypoint_colors=_lists(dataset_meta['keypoint_colors']),
        skeleton_links=_lists(dataset_meta['skeleton_links']),
        skeleton_link_colors=_lists(dataset_meta['skeleton_link_colors']),
        flip_indices=_lists(dataset_meta['flip_indices']),
        data_licence=licence,
    )


def box_padding(pipeline: Sequence[dict]) -> float:
    """Return the factor by which a test pipeline enlarges the box of a person.

    Raises:
        InputError: If the pipeline crops otherwise than by ``GetBBoxCenterScale`` and
            ``TopdownAffine`` without UDP.

    Examples:
        >>> box_padding([dict(type='GetBBoxCenterScale', padding=1.5), dict(type='TopdownAffine')])
        1.5
        >>> box_padding([dict(type='GetBBoxCenterScale'), dict(type='TopdownAffine')])
        1.25
    """
    steps = {type_name(step): step for step in pipeline}
    if not {'GetBBoxCenterScale', 'TopdownAffine'} <= set(steps):
        raise InputError(
            f'the test pipeline has the steps {list(steps)}; expected GetBBoxCenterScale and '
            'TopdownAffine, by which users of the exported network crop.'
        )
    if steps['TopdownAffine'].get('use_udp'):
        raise InputError('TopdownAffine(use_udp=True) crops otherwise than users of the export.')
    return steps['GetBBoxCenterScale'].get('padding', 1.25)


def write_metadata(model: Any, metadata: dict[str, Any]) -> None:
    """Put metadata into an ``onnx.ModelProto``, in place of any that it has."""
    kept = [prop for prop in model.metadata_props if prop.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=KEY, value=json.dumps(metadata))


def read_metadata(model: Any) -> dict[str, Any]:
    """Return the metadata of an ``onnx.ModelProto``.

    Raises:
        InputError: As :func:`parse_metadata`.
    """
    return parse_metadata({prop.key: prop.value for prop in model.metadata_props}.get(KEY))


def metadata_of(path: str | Path, cfg: Config) -> dict[str, Any]:
    """Read the metadata of an exported network, which must be that of a config.

    Raises:
        InputError: If it is not an ONNX file of ours, or is of another config.
    """
    onnx = require('onnx')
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's own type
        raise InputError(f'model {path} is not an ONNX file: {error}') from error
    try:
        metadata = read_metadata(model)
    except ValueError as error:
        raise InputError(f'model {path} {error}') from error
    codec = cfg.model.head.decoder
    found = (metadata.get('codec'), metadata['input_size'], len(metadata['keypoint_names']))
    keypoints = cfg.model.head.get('out_channels')
    if keypoints is None:
        keypoints = head_settings(cfg.model.backbone)['out_channels']
    wanted = (type_name(codec), list(codec.input_size), keypoints)
    if found != wanted:
        raise InputError(
            f'model {path} has codec, input size and number of keypoints {found}, the config '
            f'{wanted}; expected the config of the exported network, which was in '
            f'{metadata.get("config")}.'
        )
    return metadata


def parse_metadata(text: str | None) -> dict[str, Any]:
    """Read the metadata; refuse what is missing or implausible.

    ``tools/infer_onnx.py``, which runs without this package, has a copy.

    Raises:
        InputError: What is wrong, to follow the name of the file.
    """
    if text is None:
        raise InputError('was not written by tools/export_onnx.py: it has no metadata.')
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f'has metadata that are not JSON ({type(error).__name__}).') from error
    if not isinstance(found, dict):
        raise InputError(f'has {text[:60]} for metadata; expected names and values.')
    padding, joints, bones = (found.get(k) for k in ('padding', 'keypoint_names', 'skeleton_links'))
    joints, bones = (len(each) if isinstance(each, list) else -1 for each in (joints, bones))
    padded = type(padding) in (int, float) and 0 < padding <= 100
    colors = 'three numbers from 0 to 255 for each'
    expected = dict(
        input_size=('two sizes from 1 to 9999', _numbers(found.get('input_size'), 2, 1, 9999)),
        padding=('a number above 0, up to 100', padded),
        outputs=('names', _names(found.get('outputs'))),
        keypoint_names=('names', _names(found.get('keypoint_names'))),
        keypoint_colors=(colors, _rows(found.get('keypoint_colors'), joints, 3, 255)),
        skeleton_links=('joints', _rows(found.get('skeleton_links'), bones, 2, joints - 1)),
        skeleton_link_colors=(colors, _rows(found.get('skeleton_link_colors'), bones, 3, 255)),
    )
    for name, (what, fits) in expected.items():
        if not fits:
            value = str(found.get(name, 'nothing'))[:60]
            raise InputError(f'has {value} for {name} in its metadata; expected {what}.')
    return found


def _numbers(values: Any, count: int, least: int, most: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(type(value) is int and least <= value <= most for value in values)


def _rows(values: Any, count: int, columns: int, most: int) -> bool:
    if not isinstance(values, list) or len(values) != count:
        return False
    return all(_numbers(row, columns, 0, most) for row in values)


def _names(values: Any) -> bool:
    return isinstance(values, list) and values != [] and all(type(v) is str for v in values)


def _lists(values: Any) -> list:
    return np.asarray(values).tolist()
