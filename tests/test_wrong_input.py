"""Wrong options and configs: each ends a tool with one line that names what is wrong."""

import re

import pytest
from exported import make_checkpoint, make_config
from forked import forked_tool
from tiny_config import write_tiny_config

# Changes of the tiny config: what to append to it, and words of the message.
CONFIGS = {
    'a syntax error': ('model = dict(\n', r'changed.py, line 2: .*never closed'),
    'an unknown name': ('a = unknown_name\n', r"changed.py, line 2: NameError: .*unknown_name"),
    'a wrong index': ('a = [1]\nb = a[7]\n', r'changed.py, line 3: IndexError: list index'),
    'a missing module': ("import no_such_module\n", r"changed.py, line 2: .*no_such_module"),
    'a division by zero': ('a = 1 / 0\n', r'changed.py, line 2: ZeroDivisionError'),
    'a failing import': (
        "custom_imports = dict(imports=['no_such_module'], allow_failed_imports=False)\n",
        r'no_such_module',
    ),
}
