"""Check every person of a config's data sets: image, joints, pipeline.

Prints each problem with its file and the person's number in the data set, draws random people with
their joints into one picture, and ends with status 1 if a person cannot be used.
"""

import argparse
import os.path as osp
from collections.abc import Sequence

import arguments
import command

SPLITS = ('train', 'val', 'test')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_config(parser)
    parser.add_argument('--splits', nargs='+', choices=SPLITS, default=SPLITS)
    parser.add_argument(
        '--samples', type=arguments.integer(0), default=16, help='people to draw (%(default)s)'
    )
    parser.add_argument(
        '--seed', type=arguments.integer(0), default=0, help='which people to draw (%(default)s)'
    )
    parser.add_argument(
        '--out',
        type=arguments.output_file('.png', '.jpg'),
        default='check_dataset.png',
        help='picture (%(default)s)',
    )
    return parser.parse_args(argv)


def dataset_configs(cfg, splits: list[str]) -> dict[str, dict]:
    """Data sets of the splits; one that serves two splits comes once, under both names."""
    found = {}
    for split in splits:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            continue
        same = [name for name, other in found.items() if other == loader.dataset]
        found[f'{same[0]}+{split}' if same else split] = loader.dataset
        for name in same:
            del found[name]
    return found


def build(name: str, dataset: dict):
    """Build a data set; None, with its error printed, if that fails."""
    from mmpose.registry import DATASETS

    try:
        return DATASETS.build(dataset)
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        print(f'{name}: error: {error}')
        return None


def check(name: str, dataset) -> int:
    """Print the problems of a data set and a summary; give the number of errors."""
    import numpy as np
    from tqdm import tqdm

    from mssh_mmpose.datasets.inspection import check_person

    problems = []
    labels, images = [], set()
    for index in tqdm(range(len(dataset)), desc=name, unit='person', dynamic_ncols=True):
        for problem in check_person(dataset, index):
            kind = 'error' if problem.fatal else 'remark'
            tqdm.write(f'{name}: {kind}: person {index}, {problem.path}: {problem.text}')
            problems.append(problem)
        info = dataset.get_data_info(index)
        images.add(info['img_path'])
        labels.append(np.reshape(info['keypoints_visible'][0], (len(info['keypoints'][0]), -1)))
    errors_found = sum(problem.fatal for problem in problems)
    print(f'{name}: {len(dataset)} people in {len(images)} images, {describe(labels)}')
    print(f'{name}: {errors_found} errors, {len(problems) - errors_found} remarks')
    return errors_found


def describe(labels: list) -> str:
    """Shares of labelled and occluded joints; (K, 1) labelled or (K, 2) labelled, visible."""
    import numpy as np

    labelled = np.concatenate([flags[:, 0] for flags in labels]) > 0
    text = f'{100 * labelled.mean():.1f} % of the joints labelled'
    known = [flags for flags in labels if flags.shape[1] == 2]
    if known:
        labelled, visible = np.concatenate(known).T > 0
        share = 100 * (labelled & ~visible).sum() / max(labelled.sum(), 1)
        text += f', {share:.1f} % of these occluded'
        text += '' if len(known) == len(labels) else f' (flags for {len(known)} people only)'
    return text


def draw(datasets: dict, count: int, seed: int, path: str) -> None:
    """Draw random people of all data sets into one picture; unreadable images are left out."""
    import cv2
    import numpy as np

    from mssh_mmpose.errors import InputError
    from mssh_mmpose.visualization.contact_sheet import arrange, draw_annotation

    everyone = [(name, i) for name, dataset in datasets.items() for i in range(len(dataset))]
    order = np.random.default_rng(seed).permutation(len(everyone))
    people = [everyone[i] for i in order[:count]]

    def tile(person: tuple):
        name, index = person
        dataset = datasets[name]
        info = dataset.get_data_info(index)
        text = f'{name} {index} {osp.basename(info["img_path"])}'
        try:
            return draw_annotation(info, dataset.metainfo, text=text)
        except (OSError, ValueError, cv2.error):
            return np.zeros((240, 240, 3), np.uint8)

    title = f'labelled joints of {len(people)} random people (seed {seed}); rings: occluded'
    if not cv2.imwrite(path, arrange(people, tile, title)):
        raise InputError(f'--out {path}: cannot be written.')
    print(f'Picture: {path}')


def main(args: argparse.Namespace) -> None:
    from mmengine.registry import init_default_scope

    from mssh_mmpose.config import read_config

    cfg = read_config(args.config)
    init_default_scope('mmpose')
    configs = dataset_configs(cfg, args.splits)
    built = {name: build(name, dataset) for name, dataset in configs.items()}
    datasets = {name: dataset for name, dataset in built.items() if dataset is not None}
    failures = len(built) - len(datasets)
    failures += sum(check(name, dataset) for name, dataset in datasets.items())
    if datasets and args.samples > 0:
        draw(datasets, args.samples, args.seed, args.out)
    raise SystemExit(1 if failures else 0)


if __name__ == '__main__':
    command.run(parse_args, main)
