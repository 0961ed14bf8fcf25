"""Every field path of the demo's events stands in a real event of its source, or in SCHEMAS.md, or in exceptions.txt with a
reason. A demo of invented events would prove nothing."""
import collections
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get('TOCSIN_CORPUS', ROOT.parent / 'shared/corpus'))
DEMO = ROOT / 'rules/demo'
EXCEPTIONS = pathlib.Path(__file__).with_name('exceptions.txt')
# Objects that GitHub builds in one way for every type of webhook: a path of theirs may come from any type.
SHARED_OBJECTS = ('repository', 'sender', 'organization', 'workflow_run', 'workflow', 'deployment')
MOST_BYTES = 3_000_000


def paths(value, prefix=''):
    """All paths of a record: a.b, a[] for the elements of an array."""
    if isinstance(value, dict):
        for key, member in value.items():
            path = f'{prefix}.{key}' if prefix else key
            yield path
            yield from paths(member, path)
    elif isinstance(value, list):
        for member in value:
            yield prefix + '[]'
            yield from paths(member, prefix + '[]')


def records(path):
    data = path.read_bytes()
    if path.suffix == '.gz':
        data = gzip.decompress(data)
    text = data.decode()
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return document['Records'] if isinstance(document, dict) and 'Records' in document else [document]


def schema_tables():
    """Heading of SCHEMAS.md, without the counts -> its paths."""
    tables = collections.defaultdict(set)
    heading = ''
    for line in (CORPUS / 'SCHEMAS.md').read_text().splitlines():
        if line.startswith('## '):
            heading = re.sub(r' \(\d+ events.*', '', line[3:])
        elif match := re.match(r'\| `([^`]+)` \|', line):
            tables[heading].add(match[1])
    return tables


class Known:
    """Paths seen in real events, by feed; for webhooks by type."""

    def __init__(self):
        tables = schema_tables()

        def of(folder):
            return {p for file in sorted((CORPUS / folder).rglob('*')) if file.is_file() and file.suffix in ('.json', '.ndjson') for record in records(file) for p in paths(record)}
        self.feeds = {
            'github-audit': of('github-audit') | tables['GitHub audit log'] | tables['GitHub audit log (elastic)'],
            'cloudtrail': of('cloudtrail-invictus') | tables['CloudTrail'] | {p.removeprefix('detail.') for p in tables['EventBridge envelope']},
            'k8s-audit': of('k8s-audit') | tables['Kubernetes audit'],
            'hubble': of('hubble') | tables['Hubble flow'],
            'tetragon': of('tetragon') | tables['Tetragon'],
        }
        self.webhooks = {folder.name: of(f'github-webhooks/{folder.name}') | tables[f'GitHub webhook {folder.name}'] for folder in (CORPUS / 'github-webhooks').iterdir() if folder.is_dir()}
        self.shared = {p for of_type in self.webhooks.values() for p in of_type if p.split('.')[0] in SHARED_OBJECTS}

    def has(self, feed, path):
        if not feed.startswith('github-webhooks/'):
            return path in self.feeds[feed]
        return path in self.webhooks.get(feed.split('/')[1], ()) or path in self.shared


def demo_events():
    """(feed, record, where) of every event of the demo; a webhook's payload, with its type in the feed."""
    for file in sorted(DEMO.glob('*/events/**/*')):
        if not file.is_file():
            continue
        feed = 'cloudtrail' if file.parent.name == 'cloudtrail' else file.name.split('.')[0]
        for n, record in enumerate(records(file), 1):
            where = f'{file.relative_to(DEMO)} event {n}'
            if feed == 'github-webhooks':
                yield f'{feed}/{record["headers"]["X-GitHub-Event"]}', record['payload'], where
            else:
                yield feed, record, where


def exceptions():
    """(feed, path) -> reason."""
    out = {}
    for line in EXCEPTIONS.read_text().splitlines():
        if not line.strip() or line.startswith('#'):
            continue
        feed, path, reason = re.match(r'(\S+)\s+(\S+)\s+# (.+)', line).groups()
        out[feed, path] = reason
    return out


class DemoPaths(unittest.TestCase):
    def test_every_path_is_a_real_one(self):
        if not CORPUS.is_dir():
            self.skipTest(f'the corpus is not there ({CORPUS})')
        known, allowed = Known(), exceptions()
        missing, used, count = {}, set(), 0
        for feed, record, where in demo_events():
            count += 1
            for path in paths(record):
                if known.has(feed, path):
                    continue
                # An exception for a path covers what is below it.
                parts = re.split(r'(?=[.\[])', path)
                covering = next((''.join(parts[:n]) for n in range(1, len(parts) + 1) if (feed, ''.join(parts[:n])) in allowed), None)
                if covering is None:
                    missing.setdefault((feed, path), where)
                else:
                    used.add((feed, covering))
        self.assertGreater(count, 1000)
        self.assertEqual(missing, {}, 'paths that no real event has')
        self.assertEqual(set(allowed) - used, set(), 'exceptions that nothing needs')

    def test_envelopes(self):
        for file in DEMO.glob('*/events/github-webhooks.ndjson'):
            deliveries = set()
            for record in records(file):
                self.assertEqual(set(record), {'headers', 'payload', 'received_at'})
                deliveries.add(record['headers']['X-GitHub-Delivery'])
            self.assertEqual(len(deliveries), len(records(file)))

    def test_the_generator_writes_what_is_there(self):
        result = subprocess.run([sys.executable, '-B', str(DEMO / 'make_demo.py'), '--check'], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_small_enough_to_clone(self):
        self.assertLess(sum(file.stat().st_size for file in DEMO.rglob('*') if file.is_file()), MOST_BYTES)


if __name__ == '__main__':
    unittest.main(verbosity=2)
