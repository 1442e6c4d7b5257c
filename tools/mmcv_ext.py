"""mmcv's operators where none is compiled: ``nms`` by torchvision, any other raises when called.

tools/install.py puts this file into mmcv-lite as ``mmcv/_ext.py``, so that ``import mmcv.ops``
works, which mmdet and mmpose do when they are imported. Top-down networks call no operator, except
for PoseWarper's neck, and one-stage detectors such as YOLOX ``nms`` alone. Two-stage detectors,
DEKR and, on a GPU, EDPose call others.
"""

from torch import Tensor
from torchvision.ops import boxes as torchvision_boxes


def nms(bboxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Return the indices of the boxes that stay, best score first.

    Boxes of equal scores may come in another order than from mmcv's own operator.

    Args:
        bboxes: (N, 4), x1, y1, x2, y2.
        scores: (N,).
        iou_threshold: A box that overlaps a better one by more goes.
        offset: 1 if the last pixel belongs to a box, 0 if not.
    """
    widened = bboxes + bboxes.new_tensor([0, 0, offset, offset])
    return torchvision_boxes.nms(widened, scores, iou_threshold)


def get_compiler_version() -> str:
    return 'nothing compiled'


get_compiling_cuda_version = get_compiler_version


def __getattr__(name: str):
    if name.startswith('_'):
        raise AttributeError(name)

    def operator(*args, **kwargs):
        raise NotImplementedError(
            f"mmcv's operator '{name}' is not compiled in this environment. In the source tree of "
            'mssh_mmpose, "make env OPS=1" (or "python tools/install.py --ops") compiles it, with '
            'Python 3.11 or 3.12.'
        )

    return operator
