"""Test a pose network; all of it is in mssh_mmpose/cli/test.py."""

from mssh_mmpose.cli import errors, test

if __name__ == '__main__':
    errors.run(test.main, 'tools/test.py')
