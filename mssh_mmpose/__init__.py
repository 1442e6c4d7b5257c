"""Multi-Scale Stacked Hourglass for MMPose; importing it registers everything."""

__version__ = '0.1.0'

try:
    from . import codecs, datasets, engine, evaluation, models, visualization  # noqa: F401
    from .apis import load_model
    from .config import config_path
except ImportError as error:
    if (error.name or '').startswith(__name__):
        raise
    raise ImportError(
        f'mssh_mmpose needs a working MMPose environment: {error}. '
        '"python tools/check_env.py" in its repository lists what is missing or does not fit, '
        'and the command that fixes it; "make env" makes a tested environment.'
    ) from error

__all__ = ['__version__', 'config_path', 'load_model']
