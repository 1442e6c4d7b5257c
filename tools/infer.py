"""Predict the people in pictures and videos; see --help."""

from mssh_mmpose.cli import errors, infer

if __name__ == '__main__':
    errors.run(infer.main, 'tools/infer.py')
