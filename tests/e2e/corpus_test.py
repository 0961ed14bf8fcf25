"""Real logs: every event is read, every file is recognised or named, and the order of delivery changes nothing."""
import gzip
import json
import os
import random
import unittest

from tocsin import CORPUS, Case, LONG, events_in, json_lines, tocsin, without_observed

AWS_RULES = CORPUS / 'sigmahq/rules/cloud/aws'
CLOUDTRAIL = CORPUS / 'cloudtrail-invictus'


class Corpus(Case):
    def setUp(self):
        super().setUp()
        self.need_corpus()

    def test_cloudtrail_with_the_aws_rules(self):
        store = self.folder / 'aws.db'
        incidents, alerts, summary, _ = self.replay(CLOUDTRAIL, rules=[AWS_RULES], store=store)
        self.assertEqual(summary['events'], 2900)
        self.assertEqual((summary['bad'], summary['unknown_source'], summary['no_time']), (0, 0, 0))
        self.assertGreater(summary['hits'], 0)
        times = [a['first_event'] for a in alerts]
        self.assertEqual(times, sorted(times))
        # 89 % of the events are delivered behind a later one: what `match` prints is in event-time order all the same.
        hits = json_lines(tocsin('match', '--rules', AWS_RULES, CLOUDTRAIL)[0])
        self.assertEqual(len(hits), summary['hits'])
        keys = [(h['time'], h['event']) for h in hits]
        self.assertEqual(keys, sorted(keys))

    def test_shuffled_deliveries_give_the_same_alerts_and_incidents(self):
        files = sorted(CLOUDTRAIL.rglob('*.json'))
        self.assertEqual(len(files), 55)
        events = [event for file in files for event in events_in(file)]
        self.assertEqual(len(events), 2900)
        baseline = None
        for seed in range(30 if LONG else 10):
            r = random.Random(seed)
            shuffled = events[:]
            r.shuffle(shuffled)
            folder = self.folder / f'seed{seed}'
            folder.mkdir()
            # Other files, other wrappings, other order; the transport time is an input and stays.
            while shuffled:
                n = r.randrange(1, 200)
                part, shuffled = shuffled[:n], shuffled[n:]
                name = folder / f'{r.getrandbits(32):08x}'
                form = r.randrange(4)
                if form == 0:
                    data, ending = json.dumps({'Records': part}).encode(), '.json'
                elif form == 1:
                    data, ending = gzip.compress(json.dumps({'Records': part}).encode()), '.json.gz'
                elif form == 2:
                    data, ending = '\n'.join(map(json.dumps, part)).encode(), '.ndjson'
                else:
                    data, ending = json.dumps({'Records': part}, indent=1).encode(), '.json'
                path = name.with_suffix(ending)
                path.write_bytes(data)
                os.utime(path, (1700000000, 1700000000))
            incidents, alerts, summary, _ = self.replay(folder, rules=[AWS_RULES])
            for key in ('load_seconds', 'run_seconds', 'matching', 'bytes'):
                summary.pop(key)
            for incident in incidents:
                for row in incident['timeline']:
                    row.pop('at')       # where an event lay is what was shuffled,
                    row.pop('sha256')   # and re-writing it changed its bytes' spacing
            result = json.dumps([[without_observed(i) for i in incidents], alerts, summary], sort_keys=True)
            if baseline is None:
                baseline = result
            self.assertEqual(result, baseline, f'seed {seed}')

    def test_shuffled_files_are_byte_equal(self):
        files = sorted(CLOUDTRAIL.rglob('*.json'))
        baseline = None
        for seed in range(10):
            order = files[:]
            random.Random(seed).shuffle(order)
            store = self.folder / f'{seed}.db'
            incidents, alerts, summary, _ = self.replay(*order, rules=[AWS_RULES], store=store)
            for key in ('load_seconds', 'run_seconds', 'matching'):
                summary.pop(key)
            result = json.dumps([[without_observed(i) for i in incidents], alerts, summary])
            baseline = baseline or result
            self.assertEqual(result, baseline, f'seed {seed}')

    def test_match_does_not_depend_on_threads(self):
        one = tocsin('match', '--rules', AWS_RULES, CLOUDTRAIL)[0]
        self.assertEqual(tocsin('match', '--rules', AWS_RULES, '--threads', 3, CLOUDTRAIL)[0], one)

    def test_every_file_is_recognised_or_named(self):
        wanted = {'github-webhooks': 'github.', 'github-audit': 'github.', 'k8s-audit': 'k8s.', 'hubble': 'hubble', 'tetragon': 'tetragon'}
        for folder, prefix in wanted.items():
            with self.subTest(folder):
                _, _, summary, err = self.replay(CORPUS / folder)
                self.assertGreater(summary['events'], 0)
                self.assertEqual(summary['bad'], 0)
                for source in summary['sources']:
                    self.assertTrue(source.startswith(prefix), source)
                recognised = sum(summary['sources'].values())
                self.assertEqual(recognised + summary['unknown_source'], summary['events'])
                self.assertGreater(recognised / summary['events'], 0.9)
                # Every file that has an event of no known source is named: without those files there is none.
                files = [path for path in sorted((CORPUS / folder).rglob('*')) if path.suffix in ('.json', '.ndjson', '.jsonl', '.log')]
                named = [path for path in files if f'{path}' in err]
                self.assertEqual(bool(named), bool(summary['unknown_source']), err)
                if named:
                    self.assertIn('no known source', err)
                    _, _, rest, _ = self.replay(*[path for path in files if path not in named])
                    self.assertEqual(rest['unknown_source'], 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
