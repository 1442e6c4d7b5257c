"""The cost of settings of OpenMP and of the memory allocator in a training step.

``python tools/benchmark.py waiting CONFIG`` runs the steps in a new process for every setting,
alone and beside two busy loops, because settings are read when a process starts.
"""

import contextlib
import ctypes
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SPIN_COUNTS = (100, 250, 500, 1000, 4000, 10000, 100000)
# Setting the other runtime's variable keeps tools/command.py from setting one.
GOMP = {
    "the runtime's own": dict(KMP_BLOCKTIME='200'),
    'OMP_WAIT_POLICY=PASSIVE': dict(OMP_WAIT_POLICY='PASSIVE'),
    **{f'GOMP_SPINCOUNT={n}': dict(GOMP_SPINCOUNT=str(n)) for n in SPIN_COUNTS},
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
LIMIT = 60  # seconds per process; the steps until then count
TURNS = 3


def keep_freed_memory() -> None:
    """Let glibc serve big tensors from its heap, which it keeps, instead of from new pages."""
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:  # another library, as on macOS
        return
    for option, value in ((M_MMAP_THRESHOLD, 2**30), (M_TRIM_THRESHOLD, 2**31 - 1)):
        mallopt(option, value)


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
    """Return the output of print_seconds in a process with these settings; fastest, in seconds."""
    environment = {name: value for name, value in os.environ.items() if name not in READ}
    environment.update(settings)
    if threads:
        environment['OMP_NUM_THREADS'] = str(threads)
    tool = Path(__file__).with_name('benchmark.py')
    command = [sys.executable, tool, 'seconds', *arguments]
    result = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True)
    said = json.loads(result.stdout.splitlines()[-1])
    return dict(said, wall=min(said['wall']), cpu=min(said['cpu']))


def fastest(
    arguments: list[str], variants: dict[str, dict], threads: int | None = None
) -> dict[str, dict]:
    """Run every variant's settings in turn, a few times; return the fastest of each."""
    found = {}
    for _ in range(TURNS):
        for name, settings in variants.items():
            said = run(arguments, settings, threads)
            best = found.get(name, said)
            found[name] = {key: min(said[key], best[key]) for key in ('wall', 'cpu')}
    return found


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
    runtime = run(arguments, {})['runtime']
    policies = GOMP if runtime.startswith('libgomp') else KMP
    alone = fastest(arguments, policies)
    with busy_loops(2):
        beside = fastest(arguments, policies)
    print(f'OpenMP of {runtime or "an unknown library"}; fastest steps in seconds\n')
    print('| threads wait by | alone | ratio | beside 2 busy loops | to alone |')
    print('| --- | ---: | ---: | ---: | ---: |')
    base = next(iter(alone.values()))['wall']
    for name in policies:
        one, other = alone[name]['wall'], beside[name]['wall']
        print(f'| {name} | {one:.3f} | {one / base:.2f} | {other:.3f} | {other / one:.2f} |')
    print('\n| memory, one thread | seconds | CPU seconds | ratio |\n| --- | ---: | ---: | ---: |')
    single = fastest(arguments, MEMORY, threads=1)
    base = next(iter(single.values()))['cpu']
    for name, said in single.items():
        row = f'{said["wall"]:.3f} | {said["cpu"]:.3f} | {said["cpu"] / base:.2f}'
        print(f'| {name} | {row} |')
