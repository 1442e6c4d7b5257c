import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from mmpose.datasets.transforms import LoadImage

from mssh_mmpose.checks import check_datasets
from mssh_mmpose.datasets.inspection import check_image_file, check_pictures
from mssh_mmpose.errors import InputError


@pytest.fixture(params=['.jpg', '.png', '.bmp'])
def image(request, tmp_path):
    path = tmp_path / f'image – 画{request.param}'
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    path.write_bytes(cv2.imencode(request.param, noise)[1].tobytes())
    return path


def test_whole_image(image):
    check_image_file(str(image))


@pytest.mark.parametrize('share', [0.1, 0.5, 0.99])
def test_cut_off(image, share):
    """MMPose's transform refuses it too, naming the file."""
    data = image.read_bytes()
    image.write_bytes(data[: int(share * len(data))])
    with pytest.raises(OSError, match=r'is not a whole image \(.*get the file again'):
        check_image_file(str(image))
    with pytest.raises(AssertionError, match=image.name):
        LoadImage()(dict(img_path=str(image)))


@pytest.mark.parametrize('content', [b'', b'\xff', b'<html>404</html>', bytes(1000)])
def test_no_image(tmp_path, content):
    path = tmp_path / 'x.jpg'
    path.write_bytes(content)
    with pytest.raises(OSError, match='x.jpg is not a whole image'):
        check_image_file(str(path))


def test_bytes_after_the_end_of_a_jpeg(tmp_path):
    """Some cameras append their own data."""
    path = tmp_path / 'x.jpg'
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    path.write_bytes(cv2.imencode('.jpg', noise)[1].tobytes() + bytes(5000))
    check_image_file(str(path))


class Frames(BaseDataset):
    def load_data_list(self):
        return [dict(img_path=['a.jpg', 'b.jpg']), dict(img_path='a.jpg'), dict(id=0)]


def test_pictures_of_videos_are_looked_for_one_by_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=[dict(type='LoadImage')]))))
    (tmp_path / 'a.jpg').touch()
    with pytest.raises(InputError, match='1 of its 2 pictures are missing: b.jpg'):
        check_pictures(Frames(), cfg, 'test')
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackPoseInputs')]  # it lifts poses
    check_pictures(Frames(), cfg, 'test')


def test_folders_of_images_that_nothing_reads_may_be_absent(tmp_path):
    dataset = dict(type='Human36mDataset', data_root=str(tmp_path), data_prefix=dict(img='images'))
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackPoseInputs')]
    check_datasets(cfg, ['test_dataloader'])
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImage')]
    with pytest.raises(InputError, match=r'images \(test_dataloader.dataset.data_prefix.img\)'):
        check_datasets(cfg, ['test_dataloader'])


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='x.jpg'):
        check_image_file(str(tmp_path / 'x.jpg'))


def test_real_images(real_data):
    for name in ('lsp/images/im0001.jpg', 'lspet/images/im00001.jpg'):
        check_image_file(str(real_data(name)))


class OtherDataset(BaseDataset):
    def __init__(self, *paths):
        self.paths = paths
        super().__init__(serialize_data=False)

    def load_data_list(self):
        return [dict(img_path=path) for path in self.paths]


def test_missing_pictures(image):
    dataset = OtherDataset(image, *(image.with_name(f'{n}.jpg') for n in 'abcd'), 's3://x.jpg')
    message = 'val_dataloader.dataset: 4 of its 6 pictures .*a.jpg, .*b.jpg, .*c.jpg, ...[.] Check'
    with pytest.raises(ValueError, match=message):
        check_pictures(dataset, config(), 'val')
    for wrapped in (RepeatDataset(dataset, 2), ConcatDataset([dataset, dataset])):
        with pytest.raises(ValueError, match='4 of its 6'):
            check_pictures(wrapped, config(), 'val')


def test_pictures_that_are_no_files(image):
    """Keys of a data base look like paths."""
    dataset = OtherDataset(image.with_name('a.jpg'))
    for backend in ('local', None):
        with pytest.raises(ValueError, match='1 of its 1'):
            check_pictures(dataset, config(backend and dict(backend=backend)), 'val')
    check_pictures(dataset, config(dict(backend='lmdb')), 'val')
    check_pictures(torch.utils.data.TensorDataset(torch.zeros(1)), config(), 'val')


def config(backend=None):
    pipeline = [dict(type='LoadImage', backend_args=backend)]
    dataset = dict(type='OtherDataset', pipeline=pipeline)
    return Config(dict(val_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dataset))))
