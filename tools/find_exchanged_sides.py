"""Find the people of LSPET whose left and right labels are exchanged.

A network that has seen nobody of LSPET predicts everybody; the rule is that of
mssh_mmpose/evaluation/exchanged_labels.py. The result are the numbers of the images, as
LSPExtendedDataset reads them (exchanged_sides). With --dataset lsp they are of LSP's test set,
whose labels are right: the count shows how often the rule errs.
"""

import argparse
from collections.abc import Sequence

import arguments
import command

BATCH = 32  # images


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(parser)
    parser.add_argument(
        '--dataset', choices=['lspet', 'lsp'], default='lspet', help='data set (%(default)s)'
    )
    arguments.add_data_root(parser)
    parser.add_argument(
        '--out', type=arguments.output_file('.txt'), metavar='FILE.txt', help='file of the numbers'
    )
    parser.add_argument(
        '--count', type=arguments.integer(1), help='people, from the first (default: all)'
    )
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def main(args: argparse.Namespace) -> None:
    import numpy as np
    from tqdm import tqdm

    from mssh_mmpose import load_model
    from mssh_mmpose.datasets import LSPDataset, LSPExtendedDataset
    from mssh_mmpose.datasets.flags import read_flags
    from mssh_mmpose.datasets.lsp_meta import LSP_JOINTS
    from mssh_mmpose.datasets.metainfo import pick_joints
    from mssh_mmpose.evaluation.comparison import LIMB_JOINTS
    from mssh_mmpose.evaluation.exchanged_labels import judge_labels
    from mssh_mmpose.files import write_whole

    root = arguments.data_root(args)
    if args.dataset == 'lspet':
        dataset = LSPExtendedDataset(data_root=root)
    else:
        dataset = LSPDataset(split='test', data_root=root)
    model = load_model(args.config, args.checkpoint, args.device)
    count = min(args.count or len(dataset), len(dataset))
    infos = [dataset.get_data_info(i) for i in range(count)]
    pred = []
    for start in tqdm(range(0, len(infos), BATCH), unit=f'{BATCH} people'):
        batch = infos[start : start + BATCH]
        images, boxes = ([info[key] for info in batch] for key in ('img_path', 'bbox'))
        pred += [people[0].keypoints for people in model.predict_many(images, boxes)]
    target = np.concatenate([info['keypoints'] for info in infos])
    labelled = np.stack([read_flags(info['keypoints_visible'][0]).labelled for info in infos])
    verdicts = judge_labels(
        pick_joints(np.stack(pred), model.joints, LIMB_JOINTS),
        *(pick_joints(values, LSP_JOINTS, LIMB_JOINTS) for values in (target, labelled)),
    )
    numbers = [info['img_id'] for info, wrong in zip(infos, verdicts.exchanged) if wrong]
    print(
        f'{len(numbers)} of {len(infos)} people have exchanged sides; '
        f'{verdicts.decidable.sum()} have joints that tell.'
    )
    if args.out:
        title = f'# Images of {args.dataset} by tools/find_exchanged_sides.py'
        write_whole('\n'.join([title, *map(str, numbers)]) + '\n', args.out)
    else:
        print(*numbers)


if __name__ == '__main__':
    command.run(parse_args, main)
