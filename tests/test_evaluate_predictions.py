"""tools/evaluate_predictions.py and tools/plot_pck.py on files as other programs write them."""

import json
import pickle
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from scipy.io import savemat

from mssh_mmpose.datasets import LSPDataset
from mssh_mmpose.datasets.converters import mpii_ground_truth_bytes, read_mpii_ground_truth
from mssh_mmpose.datasets.mpii_meta import MPII_JOINTS
from mssh_mmpose.datasets.synthetic import write_dataset
from mssh_mmpose.errors import InputError
from mssh_mmpose.evaluation.predictions import add_predictions, fill_metrics, read_predictions

LSP = """
test_dataloader = dict(dataset=dict(type='LSPDataset', split='test', data_root={root!r}))
test_evaluator = [
    dict(type='LSPPCKAccuracy'), dict(type='PCPAccuracy'), dict(type='OcclusionAccuracy')]
"""
MPII = """
test_dataloader = dict(dataset=dict(
    type='MPIIOcclusionDataset', data_root={root!r}, ann_file='annotations/mpii_val.json',
    headbox_file='annotations/mpii_gt_val.mat'))
test_evaluator = [dict(type='PCKhAccuracy')]
"""


@pytest.fixture
def mpii(tmp_path, monkeypatch):
    """Config of four synthetic people, in a working folder, and their true keypoints."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / 'data', 1, 4)
    (tmp_path / 'mpii.py').write_text(MPII.format(root=str(tmp_path / 'data')))
    return read_mpii_ground_truth('data/annotations/mpii_gt_val.mat').keypoints


@pytest.fixture
def lsp(tmp_path, monkeypatch, real_data):
    """Config of LSP's test images, in a working folder, and their true keypoints."""
    root = str(real_data('lsp'))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'lsp.py').write_text(LSP.format(root=root))
    dataset = LSPDataset(split='test', data_root=root)
    return np.concatenate([dataset.get_data_info(i)['keypoints'] for i in range(1000)])


def dump(path, keypoints, first=0):
    samples = [
        dict(id=first + n, img_path='x', pred_instances=dict(keypoints=points[None]))
        for n, points in enumerate(keypoints)
    ]
    path.write_bytes(pickle.dumps(samples[::-1]))


def test_arrays(mpii, run_tool, tmp_path):
    """Perfect predictions of the first two people, hopeless ones of the others."""
    pred = mpii.copy()
    pred[2:] += 500
    np.savez('pred.npz', pred=pred)
    savemat('pred.mat', dict(pred=pred + 1))
    status, out, _ = run_tool('evaluate_predictions', 'mpii.py', 'pred.npz', '--out', 'a.json')
    assert status == 0 and '| mpii/PCKh@0.5 |' in out
    run_tool('evaluate_predictions', 'mpii.py', 'pred.mat', '--one-based', '--out', 'b.json')
    a, b = (json.loads((tmp_path / name).read_text()) for name in ('a.json', 'b.json'))
    assert a == pytest.approx(b, nan_ok=True) and 40 < a['mpii/PCKh@0.5'] < 60
    table = tmp_path / 'new' / 't.md'
    gt = ['--ground-truth', 'data/annotations/mpii_gt_val.mat']
    run_tool(
        'evaluate_predictions', 'mpii.py', 'pred.npz', *gt, '--table', table, '--out', 'c.json'
    )
    assert json.loads((tmp_path / 'c.json').read_text()) == pytest.approx(a, nan_ok=True)
    assert table.read_text() == out[out.index('| mpii') :]
    dump(tmp_path / 'pred.pkl', pred + 1)
    run_tool('evaluate_predictions', 'mpii.py', 'pred.pkl', '--one-based', '--out', 'd.json')
    assert json.loads((tmp_path / 'd.json').read_text()) == pytest.approx(a, nan_ok=True)


def test_unlabelled_joints_of_a_ground_truth(mpii, run_tool, tmp_path):
    labelled = np.ones(mpii.shape[:2], bool)
    labelled[:, ::3] = False
    truth = np.where(labelled[..., None], mpii, 9999)
    heads = np.tile([[0.0, 0.0], [30.0, 40.0]], (len(mpii), 1, 1))
    (tmp_path / 'gt.mat').write_bytes(mpii_ground_truth_bytes(truth, labelled, heads))
    np.savez('pred.npz', pred=mpii)
    args = ['mpii.py', 'pred.npz', '--ground-truth', 'gt.mat', '--out', 'a.json']
    status, _, err = run_tool('evaluate_predictions', *args)
    assert status == 0, err
    assert json.loads((tmp_path / 'a.json').read_text())['mpii/PCKh@0.5'] == 100


@pytest.mark.parametrize(
    'dataset, metric',
    [('MpiiDataset', 'PCKhAccuracy'), ('MPIIOcclusionDataset', 'MpiiPCKAccuracy')],
)
def test_pixels_that_are_counted_differently(mpii, run_tool, dataset, metric):
    """MMPose counts those of MPII from 1: every score would be a pixel off."""
    text = Path('mpii.py').read_text()
    text = text.replace('MPIIOcclusionDataset', dataset).replace('PCKhAccuracy', metric)
    Path('mpii.py').write_text(text)
    np.savez('pred.npz', pred=mpii)
    for tool in ('evaluate_predictions', 'plot_pck', 'draw_groups'):
        status, _, err = run_tool(tool, 'mpii.py', 'pred.npz')
        assert status == 2 and 'pixels' in err, err


def test_joints_by_name(mpii, run_tool, tmp_path):
    np.savez('pred.npz', pred=mpii[:, ::-1], names=MPII_JOINTS[::-1])
    status, out, err = run_tool('evaluate_predictions', 'mpii.py', 'pred.npz', '--out', 'a.json')
    assert status == 0, err
    assert json.loads((tmp_path / 'a.json').read_text())['mpii/PCKh@0.5'] == 100
    for names, message in (
        (['nose', *MPII_JOINTS[1:]], 'pred.npz: expected the joint right_ankle, got nose'),
        (MPII_JOINTS[1:], 'pred.npz: 16 joints for 15 names of joints'),
    ):
        np.savez('pred.npz', pred=mpii, names=names)
        status, _, err = run_tool('evaluate_predictions', 'mpii.py', 'pred.npz')
        assert status == 2 and message in err


def test_scores_in_a_dump_are_no_occlusion(tmp_path):
    """MMPose fills ``keypoints_visible`` with the scores of networks that predict none."""
    scores = np.linspace(0, 0.9, 4)[None]
    person = dict(keypoints=np.zeros((1, 4, 2)), keypoint_scores=scores, keypoints_visible=scores)
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps([dict(id=0, pred_instances=person)]))
    assert read_predictions(tmp_path / 'a.pkl')[0].keys() == {'keypoints'}


def test_dump_by_number(lsp, run_tool, tmp_path):
    """People are matched by number, not order; without visibility occlusion is not scored."""
    dump(tmp_path / 'pred.pkl', lsp, first=1001)
    status, out, err = run_tool('evaluate_predictions', 'lsp.py', 'pred.pkl')
    assert status == 0, err
    assert '| ours | 100.0 | 100.0 |' in out
    scored = run_tool('evaluate_predictions', 'lsp.py', 'pred.pkl', '--out', 'm.json')
    assert scored[0] == 0
    scores = json.loads((tmp_path / 'm.json').read_text())
    assert scores['lsp/PCK@0.2'] == scores['lsp/PCP@0.5'] == 100
    assert 'occlusion/F1' not in scores


def test_occlusion_in_a_dump(lsp, run_tool, tmp_path):
    """The dump of a network with signed heatmaps; here everything is visible."""
    samples = [
        dict(id=n, pred_instances=dict(keypoints=k[None], keypoints_visible=np.ones((1, 14))))
        for n, k in enumerate(lsp, 1001)
    ]
    (tmp_path / 'pred.pkl').write_bytes(pickle.dumps(samples))
    status, out, err = run_tool('evaluate_predictions', 'lsp.py', 'pred.pkl', '--out', 'm.json')
    assert status == 0, err
    scores = json.loads((tmp_path / 'm.json').read_text())
    assert scores['lsp/PCK@0.2'] == 100 and scores['occlusion/recall'] == 0


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda pred: pred[:3], '3 predictions for 4 people'),
        (
            lambda pred: pred[:, :14],
            r'needs keypoints of shape \(16, 2\), got predictions \(14, 2\)',
        ),
        (
            lambda pred: pred[..., 0],
            r"expected numbers 'pred' of shape \(N, K, 2\), got \(4, 16\)",
        ),
    ],
)
def test_wrong_arrays(mpii, run_tool, change, message):
    np.savez('pred.npz', pred=change(mpii))
    status, out, err = run_tool('evaluate_predictions', 'mpii.py', 'pred.npz')
    assert status == 2 and out == ''
    assert re.search(message, err)


def test_wrong_files(mpii, tmp_path, run_tool):
    np.savez('other.npz', keypoints=mpii)
    (tmp_path / 'cut.npz').write_bytes((tmp_path / 'other.npz').read_bytes()[:500])
    (tmp_path / 'pred.txt').touch()
    (tmp_path / 'cut.pkl').write_bytes(pickle.dumps([1, 2, 3])[:5])
    (tmp_path / 'list.pkl').write_bytes(pickle.dumps([1, 2, 3]))
    for name, message in {
        'other.npz': "and ['keypoints']",
        'cut.npz': 'cut.npz is not a whole .npz file',
        'pred.txt': 'expected a file ending in .pkl, .npz or .mat',
        'none.npz': 'predictions: none.npz not found',
        'cut.pkl': 'cut.pkl is not what tools/test.py --dump writes',
        'list.pkl': 'list.pkl is not what tools/test.py --dump writes',
    }.items():
        status, _, err = run_tool('evaluate_predictions', 'mpii.py', name)
        assert status == 2 and message in err


class Harmful:
    def __reduce__(self):
        return print, ('code of a stranger runs',)


def test_a_pickle_that_runs_code_is_refused(tmp_path, capsys):
    (tmp_path / 'pred.pkl').write_bytes(pickle.dumps([Harmful()]))
    with pytest.raises(ValueError, match=r'builtins.print, which could run code'):
        read_predictions(tmp_path / 'pred.pkl')
    assert 'stranger' not in capsys.readouterr().out


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_dumps_of_every_protocol(tmp_path, protocol):
    """Python 3.14 writes another one than those before it."""
    keypoints = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
    person = dict(id=np.int64(3), pred_instances=dict(keypoints=keypoints))
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps([person], protocol))
    found = read_predictions(tmp_path / 'a.pkl')
    np.testing.assert_array_equal(found[3]['keypoints'], keypoints[0])


def test_people_that_do_not_match(tmp_path):
    truth = [dict(id=n, gt_instances={}) for n in (3, 4, 5)]
    people = {n: dict(keypoints=np.zeros((16, 2))) for n in (4, 5, 9)}
    message = r'3 predictions for 3 people: 1 people have none \(such as number 3\), 1 .*number 9'
    with pytest.raises(ValueError, match=message):
        add_predictions(truth, people)
    dump(tmp_path / 'pred.pkl', np.zeros((2, 16, 2)))
    samples = pickle.loads((tmp_path / 'pred.pkl').read_bytes())
    (tmp_path / 'pred.pkl').write_bytes(pickle.dumps([*samples, samples[0]]))
    with pytest.raises(ValueError, match='person 1 comes twice'):
        read_predictions(tmp_path / 'pred.pkl')


def test_two_people_of_one_number():
    """Of two data sets that are joined; arrays are in the order of the people."""
    truth = [dict(id=1, img_path=path, gt_instances={}) for path in 'ab']
    joined = add_predictions(truth, np.stack([np.zeros((16, 2)), np.ones((16, 2))]))
    found = [(each['img_path'], each['pred_instances']['keypoints'].mean()) for each in joined]
    assert found == [('a', 0), ('b', 1)]


def test_a_metric_per_data_set():
    cfg = Config(dict(test_evaluator=dict(type='MultiDatasetEvaluator', datasets=[], metrics=[])))
    with pytest.raises(InputError, match='test the data sets one by one'):
        fill_metrics(cfg, [])


def test_curves_of_two_runs(lsp, run_tool, tmp_path):
    rng = np.random.default_rng(0)
    np.savez('good.npz', pred=lsp + rng.normal(0, 3, lsp.shape))
    np.savez('bad.npz', pred=lsp + rng.normal(0, 12, lsp.shape))
    status, out, err = run_tool('plot_pck', 'lsp.py', 'ours=good.npz', 'bad.npz', '--out', 'p.png')
    assert status == 0, err
    assert out == 'Picture: p.png\n'
    picture = cv2.imread('p.png')
    height, width = picture.shape[:2]
    assert width > 2 * height  # a panel for PCK and one for PCP
    status, _, err = run_tool('plot_pck', 'lsp.py', 'a=good.npz', 'a=bad.npz')
    assert status == 2 and 'two are called a' in err
