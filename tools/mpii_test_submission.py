"""Write predictions for MPII's test set as the benchmark asks for: pred_keypoints_mpii.mat.

Predictions come from tools/test.py --dump with test_dataloader.dataset.ann_file=
annotations/mpii_test.json, which tools/convert_mpii.py made of the same official file.
"""

import argparse
import json
import os.path as osp

from scipy.io import savemat

from mssh_mmpose import checks
from mssh_mmpose.cli import errors
from mssh_mmpose.datasets.converters.mpii import read_mpii_release
from mssh_mmpose.datasets.converters.mpii_submission import submission
from mssh_mmpose.evaluation.predictions import read_predictions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('predictions', help='.pkl of tools/test.py --dump')
    parser.add_argument('mat', help='mpii_human_pose_v1_u12_1.mat')
    parser.add_argument('--annotations', default='data/mpii/annotations/mpii_test.json')
    parser.add_argument('--out', default='pred_keypoints_mpii.mat', help='%(default)s')
    args = parser.parse_args()
    checks.check_suffix(args.predictions, 'predictions', ('.pkl', '.pickle'))
    checks.check_suffix(args.out, '--out', ('.mat',))
    checks.check_writable(osp.dirname(osp.abspath(args.out)), '--out')
    checks.check_file(args.annotations, '--annotations', 'mpii_test.json of tools/convert_mpii.py')
    try:
        people = read_predictions(args.predictions)
        predictions = {number: person['keypoints'] for number, person in people.items()}
        with open(args.annotations, encoding='utf-8') as file:
            entries = json.load(file)
        if not all('image_index' in entry for entry in entries):
            raise ValueError(
                f'{args.annotations}: no image_index; expected the file of tools/convert_mpii.py.'
            )
        pred = submission(read_mpii_release(args.mat), entries, predictions)
    except (ValueError, FileNotFoundError) as error:
        raise errors.InputError(str(error)) from error
    savemat(args.out, dict(pred=pred), do_compression=True)
    print(f'{len(predictions)} people in {pred.size} test images: {args.out}')


if __name__ == '__main__':
    errors.run(main, 'tools/mpii_test_submission.py')
