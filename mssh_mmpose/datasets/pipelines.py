"""Pipelines of top-down networks, as lists of steps for a config.

A config calls these functions, so codecs and augmentation are stated once and derived configs can
change them. MMEngine's configs may import functions below ``_base_``.
"""

from ..config import type_name

PADDING = 1.25
"""Sides of the crop over those of the person's box."""


def make_train_pipeline(
    codecs: dict | list[dict],
    warp: dict | None = None,
    colour: dict | None = None,
    half_body: dict | None = None,
) -> list[dict]:
    """Return the steps of training: random flips, augmentation, targets.

    Args:
        codecs: Codecs of the targets, one per heatmap size; a codec outside a list makes the single
            target of MMPose's heads. ``UDPHeatmap`` also crops by UDP's rule.
        warp: Settings of ``RandomBBoxTransform`` (scales, rotations); None for neither.
        colour: Settings of ``PhotometricDistortion``; None for no change of colour.
        half_body: Settings of ``RandomHalfBody``; None for whole people only.

    >>> codec = dict(type='MSRAHeatmap', input_size=(64, 64), heatmap_size=(16, 16), sigma=1)
    >>> [step['type'] for step in make_train_pipeline([codec], dict(rotate_factor=40.0))][2:5]
    ['RandomFlip', 'RandomBBoxTransform', 'TopdownAffine']
    """
    several = isinstance(codecs, list)
    steps = [*_locate(), dict(type='RandomFlip', direction='horizontal', prob=0.5)]
    if half_body is not None:
        steps.append(dict(type='RandomHalfBody', **half_body))
    if warp is not None:
        steps.append(dict(type='RandomBBoxTransform', shift_prob=0.0) | warp)
    steps.append(_crop(codecs[0] if several else codecs))
    if colour is not None:
        steps.append(dict(type='PhotometricDistortion', **colour))
    target = 'GenerateMultilevelTarget' if several else 'GenerateTarget'
    return [*steps, dict(type=target, encoder=codecs), dict(type='PackPoseInputs')]


def make_test_pipeline(codecs: dict | list[dict]) -> list[dict]:
    """Return the steps of a test for networks of these codecs."""
    crop = _crop(codecs[0] if isinstance(codecs, list) else codecs)
    return [*_locate(), crop, dict(type='PackPoseInputs')]


def _locate() -> list[dict]:
    return [dict(type='LoadImage'), dict(type='GetBBoxCenterScale', padding=PADDING)]


def _crop(codec: dict) -> dict:
    step = dict(type='TopdownAffine', input_size=codec['input_size'])
    return step | dict(use_udp=True) if type_name(codec) == 'UDPHeatmap' else step
