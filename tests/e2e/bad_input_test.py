"""Bad input: each record counted and named, kept so that it can be read again, and the rest goes on."""
import base64
import gzip
import json
import os
import pty
import random
import shutil
import subprocess
import unittest

from tocsin import CORPUS, DEMO, LONG, PROGRAM, ROOT, Case, json_lines, tocsin

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

    def test_many_inputs_of_a_kind_are_named_in_part_and_counted(self):
        logs = self.folder / 'logs'
        logs.mkdir()
        for i in range(22):
            (logs / f'empty{i:02}.json').write_text('')
        for i in range(25):
            (logs / f'strange{i:02}.json').write_text('{"a":1}\n{"a":2}\n')
        _, _, _, err = self.replay(logs, rules=[self.rule])
        self.assertEqual((err.count('.json: no records in it'), err.count('.json: no known source')), (20, 20), err)
        self.assertIn('note: ... and 2 more: no records in it\n', err)
        self.assertIn('note: ... and 5 more: no known source\n', err)

    def test_rotated_logs_of_a_folder_are_read_and_the_others_named(self):
        logs = self.folder / 'logs'
        logs.mkdir()
        taken = ('audit.log', 'audit.log.1', 'audit.log.2.gz', 'app.log-20260101', 'X.JSON', 'Y.JSON.GZ')
        for i, name in enumerate(taken + ('notes.txt', 'audit.log.bak')):
            data = GOOD.replace('e-1', f'e-{i}').encode() + b'\n'
            (logs / name).write_bytes(gzip.compress(data) if name.lower().endswith('.gz') else data)
        _, _, summary, err = self.replay(logs, rules=[self.rule])
        self.assertEqual((summary['hits'], summary['bad']), (len(taken), 0), err)
        for name in ('notes.txt', 'audit.log.bak'):
            self.assertIn(f'{name}: passed over', err)
        self.assertEqual(err.count('passed over'), 2, err)

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

    def test_what_is_bad_is_named_by_file_and_line(self):
        data = b'\n'.join([GOOD.encode(), b'{"a":"\x00"}', b'{"a":"\xff\xfe"}', b'{"a":', json.dumps({'a': 'x' * (17 << 20)}).encode(), b'', GOOD.replace('e-1', 'e-2').encode()])
        summary, bad, err = self.run_on(data + b'\n')
        self.assertEqual((summary['events'], summary['bad'], summary['hits']), (2, 4, 2))
        self.assertEqual([record['line'] for record in bad], [2, 3, 4, 5])
        offsets = [len(GOOD) + 1]
        for line in data.split(b'\n')[1:4]:
            offsets.append(offsets[-1] + len(line) + 1)
        self.assertEqual([record['offset'] for record in bad], offsets)
        for record, line in zip(bad, data.split(b'\n')[1:5]):
            self.assertTrue(record['input'].endswith('log.ndjson'))
            self.assertTrue(record['reason'])
            self.assertEqual(base64.b64decode(record['bytes']), line[:1 << 20])
            self.assertEqual(record['size'], len(line))
        for line in (2, 3, 4, 5):
            self.assertIn(f'log.ndjson:{line}: ', err)

    def test_the_bad_file_can_be_read_again(self):
        _, bad, _ = self.run_on('{"eventName":\n' + GOOD + '\n')
        again = self.folder / 'again.ndjson'
        again.write_bytes(b'\n'.join(base64.b64decode(record['bytes']) for record in bad) + b'\n')
        _, _, summary, _ = self.replay(again, rules=[self.rule])
        self.assertEqual((summary['events'], summary['bad']), (0, 1))

    def test_a_truncated_zstd_and_a_damaged_gzip(self):
        lines = ''.join(GOOD.replace('e-1', f'e-{i}') + '\n' for i in range(2000)).encode()
        damaged = bytearray(gzip.compress(lines))
        damaged[len(damaged) // 2] ^= 0x55
        _, _, err = self.run_on(bytes(damaged), 'log.json.gz')
        self.assertIn('gzip', err)
        if shutil.which('zstd') is None:
            self.skipTest('zstd is not installed')
        packed = subprocess.run(['zstd', '-c', '-q'], input=lines, capture_output=True, check=True).stdout
        _, _, summary, err = self.replay(self.write('cut.ndjson.zst', packed[:len(packed) // 2]), rules=[self.rule])
        self.assertIn('truncated zstd', err)
        self.assertIn(summary['bad'], (1, 2))   # and the line in which it was cut

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def test_every_wrapping_gives_the_same_events(self):
        records = [GOOD.replace('e-1', f'e-{i}') for i in range(20)]
        lines = '\n'.join(records) + '\n'
        array, envelope = '[' + ','.join(records) + ']', '{"Records":[' + ','.join(records) + ']}'
        forms = {'lines.ndjson': lines, 'crlf.ndjson': lines.replace('\n', '\r\n'), 'array.json': array, 'envelope.json': envelope,
                 'spaced.json': json.dumps(json.loads(envelope), indent=2), 'concatenated.json': ''.join(records), 'bom.json': '\ufeff' + envelope,
                 'lines.log': lines.rstrip('\n'), 'envelopes.ndjson': '\n'.join('{"Records":[%s]}' % r for r in records), 'arrays.ndjson': array + '\n'}
        wanted = None
        for name, text in forms.items():
            packings = {name: text.encode(), name + '.gz': gzip.compress(text.encode())}
            if shutil.which('zstd'):
                packings[name + '.zst'] = subprocess.run(['zstd', '-c', '-q'], input=text.encode(), capture_output=True, check=True).stdout
            for packed, data in packings.items():
                with self.subTest(packed):
                    path = self.write(packed, data)
                    os.utime(path, (1700000000, 1700000000))
                    _, alerts, summary, _ = self.replay(path, rules=[self.rule])
                    self.assertEqual((summary['events'], summary['bad'], summary['sources']), (20, 0, {'aws.cloudtrail': 20}))
                    wanted = wanted or alerts
                    self.assertEqual(alerts, wanted)
        out, _ = tocsin('replay', '--json', '--rules', self.rule, '-', stdin=envelope.encode())
        self.assertEqual(json_lines(out)[-1]['hits'], 20)

    def test_numbers_keys_and_nesting_are_what_they_were(self):
        rule = self.write('odd.yml', b"""title: A number past 2^53
logsource: {product: x}
detection: {selection: {id: 9007199254740993}, condition: selection}
---
title: A key with a dot
logsource: {product: x}
detection: {selection: {a.b: dotted}, condition: selection}
---
title: A key that stands twice
logsource: {product: x}
detection: {first: {twice: one}, second: {twice: two}, condition: first and second}
---
title: Thirty-two levels
logsource: {product: x}
detection: {selection: {behind: deep, n.n.n.n.n.n|exists: true}, condition: selection}
""")
        deep = '{"n":' + '{"n":' * 31 + '"x"' + '}' * 31 + ',"behind":"deep"}'
        lines = ['{"id":9007199254740993}', '{"id":9007199254740992}', '{"a.b":"dotted"}', '{"a":{"b":"dotted"}}', '{"twice":"one","twice":"two"}', deep]
        path = self.write('odd.ndjson', '\n'.join(lines).encode())
        hits = json_lines(tocsin('match', '--rules', rule, path)[0])
        self.assertEqual([(h['event'], h['rule']['title']) for h in hits], [
            (0, 'A number past 2^53'), (2, 'A key with a dot'), (3, 'A key with a dot'), (4, 'A key that stands twice'), (5, 'Thirty-two levels')])

    def test_no_mutation_of_real_input_crashes_it(self):
        for seed in range(20 if LONG else 3):
            r = random.Random(seed)
            lines = [GOOD.encode(), b'{"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"refs/heads/main"}}', b'{"Records":[%s,%s]}' % (GOOD.encode(), GOOD.encode())]
            if CORPUS.is_dir():
                for path in sorted(CORPUS.glob('*/*.ndjson')):
                    lines += path.read_bytes().splitlines()[:40]
            out = []
            for _ in range(2000):
                line = bytearray(r.choice(lines))
                for _ in range(r.randrange(1, 6)):
                    at = r.randrange(len(line) + 1)
                    match r.randrange(5):
                        case 0: line[at:at + r.randrange(20)] = b''
                        case 1: line[at:at] = bytes([r.randrange(256)])
                        case 2: line[at:at + 1] = r.choice([b'{', b'}', b'[', b']', b'"', b'\\', b',', b':', b'\x00', b'1e999', b'-'])
                        case 3: line[at:at] = line[r.randrange(len(line) + 1):][:50]
                        case 4: line[at:] = b''
                out.append(bytes(line).replace(b'\n', b' '))
            path = self.write(f'mutated{seed}.ndjson', b'\n'.join(out) + b'\n')
            _, _, summary, err = self.replay(path)
            self.assertGreater(summary['bad'], 100, f'seed {seed}')
            self.assertGreater(summary['events'], 100, f'seed {seed}')
            tocsin('match', '--rules', self.rule, path)

    def test_wrong_words_name_the_nearest_right_ones(self):
        for arguments, right in ((['replya'], 'replay'), (['incidents', 'lst'], 'list'), (['replay', '--untill', '2026-01-01', '.'], '--until'),
                                 (['match', '--rules', self.rule, '--thread', '2'], '--threads')):
            with self.subTest(arguments):
                _, err = tocsin(*arguments, expect=2)
                self.assertIn(right, err)
        for text, right in (('kafka: {brokers: b, topics: [a]}\nstore: x\ncommit_intervall: 1s\n', 'commit_interval'),
                            ('kafka: {brokers: b, topics: [{nam: a}]}\nstore: x\n', 'name'), ('kafka: {brokers: b, topics: [a]}\nstor: x\n', 'store'),
                            ('kafka: {brokers: b, topics: [{name: a, source: aws.cloudtrial}]}\nstore: x.db\n', 'aws.cloudtrail')):
            with self.subTest(text):
                _, err = tocsin('run', '--config', self.write('run.yaml', text.encode()), expect=2)
                self.assertIn(right, err)

    def test_an_alert_of_a_playbook_that_is_not_loaded_is_listed_and_said(self):
        rule = self.write('token.yml', RULE.replace('level: medium', 'level: high\ntags: [tocsin.playbook.nothing_here]').encode())
        incidents, alerts, _, err = self.replay(self.write('log.ndjson', GOOD.encode()), rules=[rule])
        self.assertEqual((len(incidents), len(alerts)), (0, 1))
        self.assertIn('playbook nothing_here', err)

    def test_known_secrets_are_masked_in_every_rendering(self):
        secret = 'ghp_' + 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'
        event = json.loads(GOOD)
        event['userIdentity']['arn'] = f'arn:aws:iam::1:user/{secret}'
        event['userAgent'] = event['requestParameters'] = secret
        rule = self.write('runner.yml', RULE.replace('level: medium', 'level: high\ntags: [tocsin.playbook.runner]').encode())
        store = self.folder / 'secret.db'
        path = self.write('log.ndjson', json.dumps(event).encode())
        out, err = tocsin('replay', '--rules', rule, '--store', store, path)
        texts = [out, err, *tocsin('replay', '--json', '--rules', rule, path)]
        incident = json.loads(tocsin('incidents', 'list', '--json', '--store', store)[0])[0]['id']
        for arguments in (['list'], ['list', '--json'], ['list', '--alerts'], ['list', '--alerts', '--json'], ['show', incident], ['show', incident, '--json']):
            texts += tocsin('incidents', *arguments, '--store', store)
        for text in texts:
            self.assertNotIn(secret, text)
            self.assertNotIn(secret[4:], text)
        self.assertTrue(any('arn:aws:iam::1:user/' in text for text in texts), 'the key is there, masked')

    def test_colour_and_progress_on_a_terminal_only(self):
        store = self.folder / 'demo.db'
        arguments = [PROGRAM, 'replay', '--store', str(store), str(DEMO / 'ci_runner_before_release/events')]
        try:
            main, side = pty.openpty()
        except OSError as error:
            self.skipTest(f'no terminal can be made here: {error}')
        process = subprocess.Popen(arguments, stdout=side, stderr=side, env={**os.environ, 'TERM': 'xterm-256color', 'TOCSIN_CONTENT': str(ROOT / 'rules')})
        os.close(side)
        seen = b''
        while True:
            try:
                data = os.read(main, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
        os.close(main)
        self.assertEqual(process.wait(), 0, seen[-2000:])
        self.assertIn(b'\x1b[', seen)
        out, err = tocsin('incidents', 'list', '--store', store)
        self.assertNotIn('\x1b', out + err)
        incident = json.loads(tocsin('incidents', 'list', '--json', '--store', store)[0])[0]['id']
        out, err = tocsin('incidents', 'show', incident, '--store', store)
        self.assertNotIn('\x1b', out + err)

    def test_without_a_store_it_says_how_to_keep_what_was_found(self):
        out, err = tocsin('replay', DEMO / 'ci_runner_before_release/events')
        self.assertIn('--store', out + err)

    def test_the_summary_names_what_was_counted(self):
        _, err = tocsin('replay', '--rules', self.rule, self.write('log.ndjson', (GOOD + '\n{\n{"x":1}\n').encode()))
        for word in ('events', 'bytes', 'aws.cloudtrail', 'no known source', 'bad', 'hits', 'alerts', 'incidents', 'ev/s'):
            self.assertIn(word, err)


if __name__ == '__main__':
    unittest.main(verbosity=2)
