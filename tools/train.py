"""Train a pose network; all of it is in mssh_mmpose/cli/train.py."""

from mssh_mmpose.cli import errors, train

if __name__ == '__main__':
    errors.run(train.main, 'tools/train.py')
