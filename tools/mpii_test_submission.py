"""Write predictions for MPII's test set as the benchmark asks for: pred_keypoints_mpii.mat.

Predictions come from tools/test.py --dump with test_dataloader.dataset.ann_file=
annotations/mpii_test.json, which tools/convert_mpii.py made of the same official file.
"""

import argparse
import io
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'predictions', type=arguments.existing_file, help='.pkl of tools/test.py --dump'
    )
    parser.add_argument('mat', type=arguments.existing_file, help='mpii_human_pose_v1_u12_1.mat')
    parser.add_argument(
        '--annotations',
        type=arguments.existing_file,
        default='data/mpii/annotations/mpii_test.json',
        help='file of tools/convert_mpii.py (%(default)s)',
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file('.mat'),
        default='work_dirs/pred_keypoints_mpii.mat',
        help='file to write (%(default)s)',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from scipy.io import savemat

    from mssh_mmpose.datasets.converters.mpii import read_mpii_release
    from mssh_mmpose.datasets.converters.mpii_submission import submission
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.evaluation.predictions import read_predictions
    from mssh_mmpose.files import read_json, write_whole

    people = read_predictions(args.predictions)
    predictions = {number: person['keypoints'] for number, person in people.items()}
    entries = read_json(args.annotations)
    known = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not known or not all('image_index' in entry for entry in entries):
        raise InputError(
            f'{args.annotations}: no image_index; expected the file of tools/convert_mpii.py.'
        )
    pred = submission(read_mpii_release(args.mat), entries, predictions)
    content = io.BytesIO()
    savemat(content, dict(pred=pred), do_compression=True)
    write_whole(content.getvalue(), args.out)
    print(f'{len(predictions)} people in {pred.size} test images: {args.out}')


if __name__ == '__main__':
    command.run(parse_args, main)
