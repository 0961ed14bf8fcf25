"""What every end-to-end benchmark here needs: a program run and its CPU time, the machine in one line, the machine's memory copy."""
import os
import pathlib
import re
import resource
import subprocess
import sys
import time


class Run:
    """A program that ran to its end: `out`, `err`, `cpu` seconds of all its threads, `elapsed` seconds."""

    def __init__(self, command, stdout=None, env=None):
        command = [str(part) for part in command]
        sink = open(stdout, 'wb') if stdout else subprocess.PIPE
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        result = subprocess.run(command, stdout=sink, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.elapsed = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if stdout:
            sink.close()
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.out = '' if stdout else result.stdout.decode()
        self.err = result.stderr.decode()
        if result.returncode != 0:
            sys.exit(f'{" ".join(command)}: exit {result.returncode}\n{self.err}')


def machine():
    cpu = re.search(r'model name\s*: (.*)', pathlib.Path('/proc/cpuinfo').read_text())[1]
    compiler = Run(['c++', '--version']).out.splitlines()[0]
    return f'{cpu}, {os.cpu_count()} cores, Linux {os.uname().release}, {compiler}, load {os.getloadavg()[0]:.1f}'


def memory_copy():
    """GB copied a second of CPU time, 64 MiB at a time: more than the caches hold. A byte is read and written."""
    size, times = 64 << 20, 8
    source, target = bytearray(os.urandom(1 << 20) * (size >> 20)), bytearray(size)
    view = memoryview(target)
    view[:] = source
    start = time.process_time()
    for _ in range(times):
        view[:] = source
    return size * times / (time.process_time() - start) / 1e9


def scratch_folder():
    """Where files are written that a figure must not depend on the disk for: tmpfs where there is one."""
    return '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
