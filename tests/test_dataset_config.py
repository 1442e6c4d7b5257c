"""Data sets that MMEngine's wrappers repeat or concatenate, wherever a pipeline is replaced."""

import copy

import pytest
from exported import make_config
from mmengine.config import Config
from mmpose.registry import DATASETS

from mssh_mmpose.dataset_config import pipeline_of, with_settings
from mssh_mmpose.evaluation.predictions import dataset_truth
from mssh_mmpose.export.crops import crops_of_dataset, training_dataset
from mssh_mmpose.study.preconditions import check_data
from mssh_mmpose.timing import time_targets, time_transforms

WRAPPERS = {
    'RepeatDataset': lambda dataset: dict(type='RepeatDataset', times=3, dataset=dataset),
    'ConcatDataset': lambda dataset: dict(type='ConcatDataset', datasets=[dataset] * 3),
}


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    return Config.fromfile(make_config(tmp_path_factory.mktemp('plain')))


@pytest.fixture(params=WRAPPERS)
def wrapped(plain, request):
    """A config that trains on everybody three times in an epoch."""
    cfg = copy.deepcopy(plain)
    cfg.train_dataloader.dataset = WRAPPERS[request.param](plain.train_dataloader.dataset)
    return cfg


def test_training_people_without_augmentation(plain, wrapped):
    expected, found = (crops_of_dataset(training_dataset(cfg), 8) for cfg in (plain, wrapped))
    whole = crops_of_dataset(training_dataset(wrapped), 24)
    assert found.shape == expected.shape
    assert (whole[:8] == expected).all() or (whole[::3] == expected).all()


def test_truth_of_each_person(plain, wrapped):
    numbers = [sample['id'] for sample in dataset_truth(wrapped.train_dataloader.dataset)]
    assert sorted(set(numbers)) == list(range(8))
    assert len(numbers) == 24


def test_times(wrapped):
    steps = time_transforms(DATASETS.build(wrapped.train_dataloader.dataset), 2)
    assert 'TopdownAffine' in steps
    assert time_targets(wrapped, 2, 1)['targets'] > 0


def test_a_study_reads_the_data(wrapped):
    check_data({'a': wrapped})
    dataset = with_settings(wrapped.train_dataloader.dataset, ann_file='nothing.json')
    wrapped.train_dataloader.dataset = dataset
    with pytest.raises(ValueError, match='variant a, train_dataloader: .*nothing.json'):
        check_data({'a': wrapped})


def test_the_pipeline_of_a_combination_is_its_own():
    parts = [dict(type='A', pipeline=['convert']), dict(type='A')]
    combined = dict(type='CombinedDataset', datasets=parts, pipeline=['crop'])
    assert pipeline_of(combined) == ['crop']
    assert with_settings(combined, pipeline=[]) == {**combined, 'pipeline': []}
    assert pipeline_of({}) == []
