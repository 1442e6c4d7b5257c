"""Which Pythons are tested. It runs on older ones, too, which are told so."""

from __future__ import annotations

import sys

# The first and the last Python that the tests ran on.
PYTHONS = ((3, 11), (3, 14))


def tested_pythons() -> str:
    """Return the tested versions in words.

    >>> tested_pythons()
    '3.11 to 3.14'
    """
    return ' to '.join('.'.join(map(str, version)) for version in PYTHONS)


def this_python() -> str:
    """Return the version of this interpreter, such as '3.11.7'."""
    return '.'.join(map(str, sys.version_info[:3]))


def is_too_old() -> bool:
    """Whether this interpreter is older than the first tested one."""
    return sys.version_info[:2] < PYTHONS[0]
