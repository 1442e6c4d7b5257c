"""A wheel of mmcv with operators, compiled for the torch of an interpreter, from a cache."""

from __future__ import annotations  # an older Python is to say what is missing, and not to stumble

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from check_env import ROOT, numbers, read_pins
from packages import CACHE, pip, run

# -O1 builds in two thirds of the time of -O3. Python's own default of -g would double it.
# Naming the header lets GCC take its precompiled form in every file, whatever it includes first.
HEADER = 'mmcv/ops/csrc/common/pytorch_cpp_helper.hpp'
CFLAGS = f'-O1 -g0 -include {Path(HEADER).name}'

# Run by the target interpreter: what its torch asks of the build.
FACTS = """
import json, os, re, subprocess, sysconfig, torch
from torch.utils import cpp_extension
from setuptools import Distribution
from distutils.ccompiler import new_compiler
from distutils.sysconfig import customize_compiler
compiler = new_compiler()
customize_compiler(compiler)
cuda = torch.version.cuda if torch.cuda.is_available() else None
if cuda:
    nvcc = os.path.join(cpp_extension.CUDA_HOME or '/nonexistent', 'bin', 'nvcc')
    text = subprocess.getoutput(nvcc + ' --version')
    cuda = cuda if 'release ' + cuda.split('.')[0] + '.' in text else None
print(json.dumps(dict(
    torch=torch.__version__, cuda=cuda, flags=compiler.compiler_so[1:],
    includes=cpp_extension.include_paths() + [sysconfig.get_path('include')],
    tag='cp' + sysconfig.get_config_var('py_version_nodot'), platform=sysconfig.get_platform(),
)))
"""


def mmcv_wheel(python: Path) -> Path:
    """The wheel of mmcv for the torch of ``python``: from the cache, or compiled into it."""
    output = run([python, '-W', 'ignore', '-c', FACTS], env=build_environment())
    facts = json.loads(output.splitlines()[-1])
    standard = 'c++20' if numbers(facts['torch']) >= (2, 13) else 'c++17'
    digest = hashlib.sha256(f'{facts["flags"]} {standard}'.encode()).hexdigest()[:8]
    ops = f'cu{facts["cuda"]}' if facts['cuda'] else 'cpu'
    parts = (f'torch{facts["torch"]}', facts['tag'], facts['platform'], ops, digest)
    shelf = CACHE / 'wheels' / '-'.join(parts)
    version = read_pins('mmcv')['mmcv']
    for wheel in shelf.glob(f'mmcv-{version}-*.whl'):
        print(f'      from the cache: {wheel}')
        return wheel
    print(f'      compiling for torch {facts["torch"]}, {ops} operators; minutes, once per machine')
    work = CACHE / 'build'  # a fixed place, so that an interrupted build leaves nothing behind
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    pip(python, 'download', '-q', '--no-deps', '--no-binary=:all:', '--no-build-isolation',
        '-r', ROOT / 'requirements' / 'mmcv.txt', '-d', work)  # fmt: skip
    with tarfile.open(next(work.glob('mmcv-*.tar.gz'))) as archive:
        archive.extractall(work)
    source = work / f'mmcv-{version}'
    setup = source / 'setup.py'
    setup.write_text(setup.read_text().replace('-std=c++17', f'-std={standard}'))
    precompile(source, facts, standard)
    environment = build_environment(cpu_only=not facts['cuda'], bin_dir=Path(python).parent)
    run([python, 'setup.py', 'bdist_wheel', '-d', work / 'dist'], cwd=source, env=environment)
    built = next((work / 'dist').glob('*.whl'))
    shelf.mkdir(parents=True, exist_ok=True)
    os.replace(built, shelf / built.name)
    shutil.rmtree(work)
    return shelf / built.name


def available_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def build_environment(cpu_only: bool = False, bin_dir: Path | None = None) -> dict:
    """The environment variables that mmcv's setup.py and torch's build extension read."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    jobs = max(1, min(available_cores(), memory // 2_000_000_000))
    path = os.pathsep.join(filter(None, [bin_dir and str(bin_dir), os.environ.get('PATH')]))
    environment = dict(os.environ, PATH=path, CFLAGS=CFLAGS, MMCV_WITH_OPS='1')
    environment.setdefault('MAX_JOBS', str(jobs))
    if cpu_only:
        # mmcv compiles for CUDA whenever it sees a device, even where there is no nvcc.
        environment.update(CUDA_VISIBLE_DEVICES='', FORCE_CUDA='0')
    return environment


def precompile(source: Path, facts: dict, standard: str) -> None:
    """Precompile torch's headers for GCC: 4 s instead of 17 s per file; only a speed-up.

    GCC takes the result only if it was made with the flags of the build and ignores it silently
    otherwise, hence the flags are those that distutils reports.
    """
    compiler = os.environ.get('CXX', 'c++').split()
    about = subprocess.run([*compiler, '--version'], text=True, capture_output=True).stdout
    if 'Free Software Foundation' not in about:
        return
    flags = [flag for flag in facts['flags'] if flag not in CFLAGS.split()[2:]]
    includes = [f'-I{path}' for path in [(source / HEADER).parent, *facts['includes']]]
    macros = ['-DTORCH_API_INCLUDE_EXTENSION_H', '-DTORCH_EXTENSION_NAME=_ext']
    command = [*compiler, *flags, *includes, f'-std={standard}', *macros, '-x', 'c++-header']
    target = source / f'{HEADER}.gch'
    if subprocess.run([*command, source / HEADER, '-o', target], capture_output=True).returncode:
        target.unlink(missing_ok=True)
