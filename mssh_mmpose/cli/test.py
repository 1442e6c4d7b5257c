"""What tools/test.py does."""

import argparse
import os.path as osp
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import LoggerHook
from mmengine.runner import BaseLoop, Runner

from .. import checks
from ..config import metric_configs
from ..config_errors import explained
from ..engine.checkpoint import read_checkpoint, weights_of
from ..engine.dist import unwrapped
from ..engine.loading import load_weights, unused_note
from ..errors import InputError
from ..evaluation.tables import results_table, save_scores
from ..files import write_whole
from . import run_config
from .loops import check_loop


def adapt(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options to the config; raise InputError if one does not fit."""
    cfg.load_from, cfg.resume = args.checkpoint, False
    if not cfg.get('test_evaluator'):
        raise InputError('the config has no test_evaluator, the metrics of a test.')
    if args.dump and args.out:
        checks.check_not_input(args.out, args.dump)
    if args.badcase:
        run_config.enable_badcase(cfg, args)
    if args.dump:
        checks.check_joint_evaluator(cfg)
        dump = dict(type='DumpPredictions', out_file_path=osp.abspath(args.dump))
        cfg.test_evaluator = metric_configs(cfg) + [dump]
    run_config.enable_pictures(cfg, args)
    checks.check_datasets(cfg, ('test_dataloader',))
    checks.check_mpii_pair(cfg, 'test')
    checks.check_tested_occlusion(cfg, 'test')


class TestRunner(Runner):
    """Refuses what would end a test, and wrong checkpoints, of which MMEngine only warns."""

    def load_checkpoint(self, filename: str, **kwargs) -> dict:
        checkpoint = read_checkpoint(filename)
        weights = weights_of(checkpoint, filename)
        checkpoint = {**checkpoint, 'state_dict': weights}
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        model = unwrapped(self.model)
        load_weights(model, weights, filename)
        if note := unused_note(model, weights, filename):
            self.logger.warning(note)
        return checkpoint

    @master_only
    def dump_config(self) -> None:
        """Write the config beside the test's log; that of the work dir is the training's."""
        path = Path(self.log_dir, Path(self.cfg.filename).name).with_suffix('.py')
        write_whole(self.cfg.pretty_text, path)

    def build_test_loop(self, loop: dict) -> BaseLoop:
        built = super().build_test_loop(loop)
        check_loop(built, self.cfg, 'test')
        return built


def make_runner(cfg: Config) -> Runner:
    """Build the runner; it logs progress often enough for short tests."""
    runner = TestRunner.from_cfg(cfg)
    for hook in runner.hooks:
        if isinstance(hook, LoggerHook):
            hook.interval = min(hook.interval, max(1, len(runner.test_dataloader) // 5))
    return runner


def test(args: argparse.Namespace) -> None:
    """Test as the arguments of ``tools/test.py`` ask."""
    cfg = run_config.load_config(args)
    with explained(cfg):
        adapt(cfg, args)
        metrics = make_runner(cfg).test()
    if args.out and is_main_process():
        save_scores(metrics, args.out)
    if args.table and is_main_process():
        write_whole(results_table(metrics) + '\n', args.table)
