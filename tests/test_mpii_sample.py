"""The main config's network, narrow but with all stacks, on real MPII images."""

import json
from pathlib import Path

import cv2
from forked import forked_tool

ROOT = Path(__file__).parents[1]
CONFIG = 'configs/mssh_mpii-sample_256x256.py'
NARROW = ['--cfg-options', 'model.backbone.feat_channels=16', 'train_dataloader.batch_size=2']


def tool(name, *args):
    done = forked_tool(name, *args, cwd=ROOT)
    assert done.status == 0, done.err[-3000:]
    return done.out + done.err


def test_train_resume_test_and_draw(real_data, tmp_path):
    folder = real_data('mpii_sample')
    work_dir = tmp_path / 'work'
    tool('train', CONFIG, '--work-dir', str(work_dir), *NARROW)
    more = ['--resume', *NARROW, 'train_cfg.max_epochs=2']
    output = tool('train', CONFIG, '--work-dir', str(work_dir), *more)
    assert 'resumed epoch: 1' in output
    checkpoint, metrics, pictures = (
        work_dir / 'epoch_2.pth',
        tmp_path / 'out.json',
        tmp_path / 'show',
    )
    tool(
        'test', CONFIG, str(checkpoint), '--out', str(metrics), '--show-dir', str(pictures), *NARROW
    )
    assert 0 <= json.loads(metrics.read_text())['sample/PCK'] <= 1
    drawn = sorted(pictures.rglob('*.jpg'))
    assert len(drawn) == len(json.loads((folder / 'test_mpii.json').read_text()))
    original = cv2.imread(str(folder / f'{drawn[0].stem.split("_")[0]}.jpg'))
    # MMPose puts the heatmaps below the keypoints.
    assert cv2.imread(str(drawn[0])).shape[0] == 2 * original.shape[0]
