"""Several data sets of the same joints as one."""

from collections.abc import Sequence

from mmpose.datasets.dataset_wrappers import CombinedDataset
from mmpose.registry import DATASETS

from ..errors import InputError
from .lsp_meta import LSP_METAINFO


@DATASETS.register_module()
class JoinedDataset(CombinedDataset):
    """MMPose's ``CombinedDataset`` with the meta information of its first data set.

    ``CombinedDataset`` takes the joints from the config. MMEngine sorts them as text (0, 1, 10, 2)
    when it writes a config, and who trains from what was written flips the wrong joints. Here the
    config does not have them.

    Args:
        datasets: Configs of data sets. Those after the first that have a pipeline (a
            ``KeypointConverter``) may have other joints.
        kwargs: Other arguments of ``CombinedDataset``: ``pipeline``, ``sample_ratio_factor``.

    Raises:
        InputError: If there is no data set, or one without a pipeline has other joints than the
            first.
    """

    def __init__(self, datasets: Sequence[dict], **kwargs):
        if not datasets:
            raise InputError('datasets must name at least one data set, got none.')
        super().__init__(metainfo=LSP_METAINFO, datasets=datasets, **kwargs)  # any: replaced below
        self._metainfo = self.datasets[0].metainfo
        for cfg, dataset in zip(datasets, self.datasets):
            if not cfg.get('pipeline') and _joints(dataset) != _joints(self):
                raise InputError(
                    f'{cfg["type"]} has the joints {", ".join(_joints(dataset))}; expected those '
                    f'of {datasets[0]["type"]}, {", ".join(_joints(self))}. Give it a pipeline '
                    'with a KeypointConverter, or set joints where it has this argument.'
                )


def _joints(dataset: CombinedDataset) -> list[str]:
    names = dataset.metainfo['keypoint_id2name']
    return [names[number] for number in sorted(names)]
