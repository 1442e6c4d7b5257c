"""Train, test and compare the networks of a study, over several seeds.

Rerunning resumes an interrupted study, to the same numbers: runs that are in OUT_DIR/results.csv
are kept, others resume from their last checkpoint. Ctrl-C stops it.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    parser.add_argument(
        'study',
        type=arguments.existing_file,
        metavar='STUDY.yml',
        help='the study; see docs/studies.md',
    )
    parser.add_argument(
        '--out-dir',
        type=arguments.output_folder,
        metavar='DIR',
        help='folder of the results (next to STUDY.yml, with its name)',
    )
    parser.add_argument(
        '--work-dir',
        type=arguments.output_folder,
        metavar='DIR',
        help='folder of checkpoints and logs (work_dirs/studies/NAME)',
    )
    parser.add_argument(
        '--jobs',
        type=arguments.integer(1),
        help='runs at a time (one per core, or 1 with GPUs)',
    )
    parser.add_argument(
        '--threads', type=arguments.integer(1), default=1, help='threads per run (%(default)s)'
    )
    parser.add_argument(
        '--summary-only',
        action='store_true',
        help='write summary.md and cost.png of the finished runs',
    )
    return parser.parse_args(argv)


def default_jobs() -> int:
    from mmengine.device import get_device

    from mssh_mmpose.cores import available_cores

    return available_cores() if get_device() == 'cpu' else 1


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import checks
    from mssh_mmpose.files import write_whole
    from mssh_mmpose.pictures import write_figure
    from mssh_mmpose.study.cost import plot_cost
    from mssh_mmpose.study.plan import read_study
    from mssh_mmpose.study.preconditions import check_start
    from mssh_mmpose.study.report import summary
    from mssh_mmpose.study.results import Results
    from mssh_mmpose.study.runner import run_study

    study = read_study(args.study)
    out = Path(args.out_dir or Path(args.study).with_suffix(''))
    work = Path(args.work_dir or Path('work_dirs/studies', study.name))
    checks.check_writable(str(out), '--out-dir')
    checks.check_writable(str(work), '--work-dir')
    results = Results(out)
    if not args.summary_only:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the runs, too
        run_study(study, results, work, args.jobs or default_jobs(), args.threads)
    for variant in study.variants:  # without the weights to start from, no run could be told
        check_start(variant, variant.make_config(variant.seeds[0]))
    finished = results.select(study)
    text = summary(study, finished)
    others = len(results.runs) - sum(map(len, finished.values()))
    if others:
        print(f'{others} runs in {results.table} are of other variants or settings: left out')
    write_whole(text, out / 'summary.md')
    if finished:
        write_figure(plot_cost(study.title, finished), out / 'cost.png')
    print(out / 'summary.md')


if __name__ == '__main__':
    command.run(parse_args, main)
