"""What the end-to-end tests share: running the program, reading what it prints, shuffling logs with a seed."""
import copy
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get('TOCSIN', str(ROOT / 'build/release/tocsin'))
CORPUS = pathlib.Path(os.environ.get('TOCSIN_CORPUS', ROOT.parent / 'shared/corpus'))
DEMO = ROOT / 'rules/demo'
LONG = bool(os.environ.get('TOCSIN_LONG_TESTS'))


def tocsin(*arguments, expect=0, stdin=None, content=ROOT / 'rules'):
    """Runs the program; returns (stdout, stderr). Anything but the expected exit code fails the test with what was said."""
    result = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True,
                            env={**os.environ, 'TOCSIN_CONTENT': str(content)})
    out, err = result.stdout.decode(), result.stderr.decode()
    if result.returncode != expect:
        raise AssertionError(f'tocsin {" ".join(map(str, arguments))}: exit {result.returncode}, expected {expect}\n{err[-4000:]}\n{out[-2000:]}')
    return out, err


def no_small_disk(folder):
    """Why no small disk can be mounted on that folder here, in a namespace of its own; None when it can."""
    if os.geteuid() != 0 or shutil.which('unshare') is None:
        return 'mounting a small disk needs root and unshare'
    probe = subprocess.run(['unshare', '-m', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], capture_output=True, text=True)
    return None if probe.returncode == 0 else f'a small disk cannot be mounted: {probe.stderr.strip()}'


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def without_observed(incident):
    """What promise 1 is about: everything but what was merely observed."""
    out = copy.deepcopy(incident)
    for key in ('observed', 'revision', 'opened', 'handle'):
        out.pop(key, None)
    return out


def events_in(path):
    """Events of one log file: NDJSON lines or the Records of a delivery file."""
    data = path.read_bytes()
    if data[:2] == b'\x1f\x8b':
        data = gzip.decompress(data)
    text = data.decode()
    try:
        document = json.loads(text)
        return document['Records'] if isinstance(document, dict) and 'Records' in document else [document]
    except json.JSONDecodeError:
        return json_lines(text)


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tocsin-e2e-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def replay(self, *paths, rules=None, expect=0, store=None):
        """Incidents, alerts and the closing summary of a replay."""
        store = store or self.folder / f'{random.getrandbits(32):08x}.db'
        rule_arguments = [a for rule in rules or [] for a in ('--rules', rule)]
        out, err = tocsin('replay', '--json', '--store', store, *rule_arguments, *paths, expect=expect)
        incidents = json_lines(out)
        summary = incidents.pop()
        alerts = json.loads(tocsin('incidents', 'list', '--alerts', '--json', '--store', store)[0])
        return incidents, alerts, summary, err

    def need_corpus(self):
        if not CORPUS.is_dir():
            self.skipTest(f'the corpus is not there ({CORPUS})')
