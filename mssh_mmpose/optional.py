"""Packages that only some parts need, such as the export and the web page."""

import shlex
import sys
from pathlib import Path

# In a source tree a link to requirements/; a wheel holds the files.
REQUIREMENTS = Path(__file__).parent / '.mim' / 'requirements'


def install_command(part: str) -> str:
    """Return the command that installs the tested versions of the packages that a part needs.

    Args:
        part: Name of a file in ``requirements/``: 'export' or 'web'.
    """
    folder = REQUIREMENTS.resolve()
    pip = [sys.executable, '-m', 'pip', 'install']
    return shlex.join([*pip, '-r', f'{folder}/{part}.txt', '-c', f'{folder}/constraints.txt'])
