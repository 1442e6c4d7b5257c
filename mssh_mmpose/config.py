"""Where the configs are, in a source tree and in an installed wheel alike."""

from pathlib import Path

CONFIGS = Path(__file__).parent / '.mim' / 'configs'


def config_path(name: str) -> str:
    """Return the path of one of our configs, for ``Config.fromfile`` or a ``_base_``.

    MMEngine's own ``_base_ = 'package::folder/config.py'`` knows only the packages of OpenMMLab.
    In a config file::

        _base_ = [__import__('mssh_mmpose').config_path('mssh_mpii_256x256.py')]

    Raises:
        FileNotFoundError: If there is no such config; lists those that exist.
    """
    path = CONFIGS / name
    if not path.is_file():
        known = sorted(str(p.relative_to(CONFIGS)) for p in CONFIGS.rglob('*.py'))
        raise FileNotFoundError(f'no config {name!r} in {CONFIGS}; there are {", ".join(known)}')
    return str(path)
