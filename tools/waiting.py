"""The cost of settings of OpenMP and of the memory allocator in a training step.

``python tools/benchmark.py waiting CONFIG`` runs the steps in a new process for every setting,
alone and beside two busy loops, because settings are read when a process starts.
"""

import contextlib
import ctypes
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# Setting the other runtime's variable keeps tools/command.py from setting one.
GOMP = {
    "the runtime's own": dict(KMP_BLOCKTIME='200'),
    'OMP_WAIT_POLICY=PASSIVE': dict(OMP_WAIT_POLICY='PASSIVE'),
    **{f'GOMP_SPINCOUNT={n}': dict(GOMP_SPINCOUNT=str(n)) for n in (1000, 10000, 100000, 1000000)},
}
# Of Intel's and LLVM's runtime: milliseconds of spinning before a thread sleeps.
KMP = {
    "the runtime's own": dict(GOMP_SPINCOUNT='300000'),
    'OMP_WAIT_POLICY=PASSIVE': dict(OMP_WAIT_POLICY='PASSIVE'),
    **{f'KMP_BLOCKTIME={n}': dict(KMP_BLOCKTIME=str(n)) for n in (0, 1, 10)},
}
MEMORY = {
    "the library's own": {},
    'mallopt: no mmap, no trim': dict(BENCHMARK_MALLOPT='1'),
    'glibc.malloc.hugetlb=1': dict(GLIBC_TUNABLES='glibc.malloc.hugetlb=1'),
    'THP_MEM_ALLOC_ENABLE=1': dict(THP_MEM_ALLOC_ENABLE='1'),
    'mallopt and THP_MEM_ALLOC_ENABLE=1': dict(BENCHMARK_MALLOPT='1', THP_MEM_ALLOC_ENABLE='1'),
}
READ = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME', 'GLIBC_TUNABLES')
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
LIMIT = 60  # seconds per variant; the steps until then count


def keep_freed_memory() -> None:
    """Let glibc serve big tensors from its heap, which it keeps, instead of from new pages."""
    libc = ctypes.CDLL(None)
    for option, value in ((M_MMAP_THRESHOLD, 2**30), (M_TRIM_THRESHOLD, 2**31 - 1)):
        libc.mallopt(option, value)


def print_seconds(step: Callable[[], None], rounds: int) -> None:
    """Run steps, after one to warm up, and print the wall and CPU seconds of each as JSON."""
    step()
    wall, cpu, end = [], [], time.monotonic() + LIMIT
    while len(wall) < rounds and (not wall or time.monotonic() < end):
        start, used = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    print(json.dumps(dict(wall=wall, cpu=cpu, runtime=openmp_runtime())))


def openmp_runtime() -> str:
    """Return the name of the OpenMP library of this process, '' if none is seen."""
    with contextlib.suppress(OSError), open('/proc/self/maps') as maps:
        files = {Path(line.split()[-1]).name for line in maps}
        return next(filter(re.compile('libgomp|libiomp|libomp').match, sorted(files)), '')
    return ''


def run(arguments: list[str], settings: dict[str, str], threads: int | None = None) -> dict:
    """Return the output of print_seconds in a process with these settings; medians in seconds."""
    environment = {name: value for name, value in os.environ.items() if name not in READ}
    environment.update(settings)
    if threads:
        environment['OMP_NUM_THREADS'] = str(threads)
    tool = Path(__file__).with_name('benchmark.py')
    command = [sys.executable, tool, 'seconds', *arguments]
    result = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True)
    said = json.loads(result.stdout.splitlines()[-1])
    return dict(said, wall=statistics.median(said['wall']), cpu=statistics.median(said['cpu']))


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[list[subprocess.Popen]]:
    """Keep that many cores busy; yields the processes."""
    loops = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(count)]
    try:
        yield loops
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def print_tables(arguments: list[str]) -> None:
    """Measure every setting and print Markdown tables.

    Args:
        arguments: Config and options of ``tools/benchmark.py seconds``.
    """
    first = run(arguments, {})
    policies = GOMP if first['runtime'].startswith('libgomp') else KMP
    print(f'OpenMP of {first["runtime"] or "an unknown library"}; medians in seconds\n')
    print('| threads wait by | alone | ratio | beside 2 busy loops | to alone |')
    print('| --- | ---: | ---: | ---: | ---: |')
    base = None
    for name, settings in policies.items():
        alone = run(arguments, settings)['wall']
        base = base or alone
        with busy_loops(2):
            beside = run(arguments, settings)['wall']
        row = f'{alone:.3f} | {alone / base:.2f} | {beside:.3f} | {beside / alone:.2f}'
        print(f'| {name} | {row} |', flush=True)
    print('\n| memory, one thread | seconds | CPU seconds | ratio |\n| --- | ---: | ---: | ---: |')
    base = None
    for name, settings in MEMORY.items():
        said = run(arguments, settings, threads=1)
        base = base or said['cpu']
        row = f'{said["wall"]:.3f} | {said["cpu"]:.3f} | {said["cpu"] / base:.2f}'
        print(f'| {name} | {row} |', flush=True)
