"""Packaging. Nothing is required on install: a working MMPose environment stays as it is.

``make env`` makes such an environment, ``tools/check_env.py`` says what one lacks.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'mssh_mmpose/__init__.py').read_text())[1]


class BuildWithConfigs(build_py):
    """Ship configs, tools, networks and more as OpenMMLab packages do, under ``.mim``.

    In the source tree ``mssh_mmpose/.mim`` holds links to them, which serve editable installs.
    """

    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            return
        target = Path(self.build_lib, 'mssh_mmpose', '.mim')
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.rmtree(target, ignore_errors=True)  # build/ may hold configs that are gone
        for folder in ('configs', 'tools', 'checkpoints', 'requirements'):
            shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
        shutil.copy(ROOT / 'model-index.yml', target)


setup(
    name='mssh_mmpose',
    version=VERSION,
    description='Multi-Scale Stacked Hourglass networks for human pose estimation, for MMPose 1.x',
    license='Apache-2.0',
    packages=find_packages(include=['mssh_mmpose', 'mssh_mmpose.*']),
    package_data={'mssh_mmpose.web': ['files/*'], 'mssh_mmpose.datasets.body': ['*.txt']},
    python_requires='>=3.11, <3.15',
    extras_require={
        # Tested versions are in requirements/.
        'export': ['onnx', 'onnxscript', 'onnxruntime', 'openvino'],
        'web': ['fastapi', 'uvicorn'],
        'test': ['pytest', 'pytest-xdist', 'ruff', 'playwright', 'httpx2', 'tensorboard', 'build'],
    },
    cmdclass={'build_py': BuildWithConfigs},
)
