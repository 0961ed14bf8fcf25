"""Bad input: each record counted and named, kept so that it can be read again, and the rest goes on."""
import base64
import gzip
import json
import os
import unittest

from tocsin import Case, ROOT, json_lines, tocsin

GOOD = json.dumps({'eventVersion': '1.08', 'userIdentity': {'type': 'IAMUser', 'arn': 'arn:aws:iam::1:user/u', 'accessKeyId': 'AKIAEXAMPLE'},
                   'eventTime': '2026-03-01T10:00:00Z', 'eventSource': 's3.amazonaws.com', 'eventName': 'ListBuckets', 'awsRegion': 'us-east-1',
                   'sourceIPAddress': '192.0.2.1', 'userAgent': 'x', 'requestParameters': None, 'responseElements': None,
                   'eventID': 'e-1', 'eventType': 'AwsApiCall', 'recipientAccountId': '1'})
RULE = """title: Any bucket listing
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1a01
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: ListBuckets}, condition: selection}
level: medium
"""


class BadInput(Case):
    def setUp(self):
        super().setUp()
        self.rule = self.folder / 'rule.yml'
        self.rule.write_text(RULE)

    def run_on(self, data, name='log.ndjson', expect=0):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        store = self.folder / 'store.db'
        incidents, alerts, summary, err = self.replay(path, rules=[self.rule], store=store, expect=expect)
        bad_path = self.folder / 'store.db.bad.ndjson'
        bad = json_lines(bad_path.read_text()) if bad_path.exists() else []
        return summary, bad, err

    def test_a_malformed_line_costs_one_event(self):
        for line in ('{"eventName":', '{"a":"x', '}{', 'not json', '{"a":1}}', '[[1,2]', '{"a" 1}'):
            with self.subTest(line):
                for old in self.folder.glob('store.db*'):
                    os.system(f'rm -rf {old}')
                summary, bad, err = self.run_on(GOOD + '\n' + line + '\n' + GOOD.replace('e-1', 'e-2') + '\n')
                self.assertEqual((summary['events'], summary['bad'], summary['hits']), (2, 1, 2))
                self.assertEqual(bad[0]['line'], 2)
                self.assertEqual(bad[0]['offset'], len(GOOD) + 1)
                self.assertEqual(base64.b64decode(bad[0]['bytes']).decode(), line)
                self.assertIn('log.ndjson:2', err)

    def test_nul_bytes_and_invalid_utf8(self):
        summary, bad, _ = self.run_on(b'{"a":"\x00"}\n{"a":"\xff\xfe"}\n' + GOOD.encode() + b'\n')
        self.assertEqual((summary['events'], summary['bad']), (1, 2))
        self.assertEqual(base64.b64decode(bad[1]['bytes']), b'{"a":"\xff\xfe"}')

    def test_truncated_gzip(self):
        lines = ''.join(GOOD.replace('e-1', f'e-{i}') + '\n' for i in range(2000))
        data = gzip.compress(lines.encode())
        summary, bad, err = self.run_on(data[:len(data) // 2], 'log.json.gz')
        self.assertGreater(summary['events'], 100)
        self.assertIn('truncated gzip', err)

    def test_empty_file_and_folder_without_logs(self):
        (self.folder / 'nothing').mkdir()
        (self.folder / 'empty.json').write_text('')
        _, _, summary, err = self.replay(self.folder / 'nothing', self.folder / 'empty.json', rules=[self.rule])
        self.assertEqual(summary['events'], 0)
        self.assertIn('nothing: no records in it', err)
        self.assertIn('empty.json: no records in it', err)

    def test_a_path_that_is_missing_is_named_and_the_rest_done(self):
        path = self.folder / 'log.ndjson'
        path.write_text(GOOD + '\n')
        _, _, summary, err = self.replay(self.folder / 'missing.json', path, rules=[self.rule], expect=3)
        self.assertEqual(summary['events'], 1)
        self.assertIn('missing.json: No such file', err)

    def test_an_event_above_the_limit(self):
        long = json.dumps({'a': 'x' * (17 << 20)})
        summary, bad, _ = self.run_on(long + '\n' + GOOD + '\n')
        self.assertEqual((summary['events'], summary['bad']), (1, 1))
        self.assertIn('max_event', bad[0]['reason'])

    def test_a_long_envelope_is_read(self):
        one = json.loads(GOOD)
        records = []
        for i in range(20000):
            records.append({**one, 'eventID': f'e-{i}', 'userAgent': 'x' * 900})
        line = json.dumps({'Records': records}, separators=(',', ':'))
        self.assertGreater(len(line), 16 << 20)
        summary, _, _ = self.run_on(line + '\n')
        self.assertEqual((summary['events'], summary['bad']), (20000, 0))

    def test_a_missing_time_or_one_in_2099_is_matched_and_counted(self):
        event = json.loads(GOOD)
        del event['eventTime']
        far = {**json.loads(GOOD), 'eventTime': '2099-01-01T00:00:00Z', 'eventID': 'e-9'}
        summary, _, _ = self.run_on(json.dumps(event) + '\n' + json.dumps(far) + '\n')
        self.assertEqual((summary['bad'], summary['hits']), (0, 2))
        self.assertEqual((summary['time_inferred'], summary['future_time']), (1, 1))

    def test_a_wrong_flag_names_the_right_one(self):
        _, err = tocsin('replay', '--stor', 'x', '.', expect=2)
        self.assertIn('--store', err)
        _, err = tocsin('match', '--rule', 'x', '.', expect=2)
        self.assertIn('--rules', err)

    def test_a_wrong_configuration_key_names_the_right_one(self):
        config = self.folder / 'run.yaml'
        config.write_text('kafka: {broker: "127.0.0.1:1", topics: [a]}\nstore: x.db\n')
        _, err = tocsin('run', '--config', config, expect=2)
        self.assertIn('brokers', err)
        self.assertIn('run.yaml:1:', err)

    def test_hostile_nesting_does_not_crash(self):
        deep = '{"a":' * 5000 + '1' + '}' * 5000
        arrays = '[' * 100000
        summary, _, _ = self.run_on(deep + '\n' + arrays + '\n' + GOOD + '\n')
        self.assertGreaterEqual(summary['events'], 1)

    def test_bad_content_is_refused_and_the_rest_used(self):
        (self.folder / 'bad.yml').write_bytes(b'\xff\xfe\x00title: x\n')
        path = self.folder / 'log.ndjson'
        path.write_text(GOOD + '\n')
        out, err = tocsin('match', '--rules', self.folder / 'bad.yml', '--rules', self.rule, path)
        self.assertEqual(len(json_lines(out)), 1)
        self.assertIn('bad.yml', err)


if __name__ == '__main__':
    unittest.main(verbosity=2)
