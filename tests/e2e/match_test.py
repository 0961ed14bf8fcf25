"""`tocsin match`: the contract by which rules are compared with other engines."""
import json
import unittest

from tocsin import DEMO, ROOT, Case, json_lines, tocsin

RULES = """title: Login failed
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1b01
name: failed
logsource: {product: app}
detection: {selection: {what: login, ok: false}, condition: selection}
---
title: No name and no id
logsource: {product: app}
detection: {selection: {what: login}, condition: selection}
---
title: Three failures of one user
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1b02
name: burst
correlation: {type: event_count, rules: [failed], group-by: [user], timespan: 10m, condition: {gte: 3}}
---
title: Failures from two addresses
id: 6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1b03
name: spread
correlation: {type: value_count, rules: [failed], group-by: [user], timespan: 10m, condition: {field: ip, gte: 2}}
"""


def login(minute, user='u', ok=False, **more):
    return json.dumps({'what': 'login', 'ok': ok, 'user': user, 'ts': f'2026-03-01T10:{minute:02}:00Z', **more})


class Match(Case):
    def setUp(self):
        super().setUp()
        self.rules = self.folder / 'rules.yml'
        self.rules.write_text(RULES)

    def match(self, text, *arguments, expect=0):
        path = self.folder / 'log.ndjson'
        path.write_text(text if isinstance(text, str) else '\n'.join(text) + '\n')
        out, err = tocsin('match', '--rules', self.rules, *arguments, path, expect=expect)
        return json_lines(out), err

    def test_an_object_a_hit(self):
        hits, _ = self.match([login(1)], '--time-field', 'ts')
        self.assertEqual(hits, [
            {'event': 0, 'rule': {'id': '6b0f7b8e-6f6c-4c0e-9d0e-0d7f1f0f1b01', 'name': 'failed', 'title': 'Login failed'},
             'kind': 'detection', 'time': '2026-03-01T10:01:00Z'},
            {'event': 0, 'rule': {'id': None, 'name': None, 'title': 'No name and no id'}, 'kind': 'detection', 'time': '2026-03-01T10:01:00Z'}])

    def test_a_correlation_fires_at_every_event_that_keeps_it_true(self):
        hits, _ = self.match([login(m, ip=f'192.0.2.{m % 2}') for m in (1, 2, 3, 4)], '--time-field', 'ts')
        bursts = [hit for hit in hits if hit['rule']['name'] == 'burst']
        self.assertEqual([(h['event'], h['kind'], h['group'], h['value']) for h in bursts],
                         [(2, 'correlation', {'user': 'u'}, 3), (3, 'correlation', {'user': 'u'}, 4)])
        spread = [hit for hit in hits if hit['rule']['name'] == 'spread']
        self.assertEqual([(h['event'], h['value']) for h in spread], [(1, 2), (2, 2), (3, 2)])

    def test_output_is_in_the_order_of_time_then_place_then_rule(self):
        hits, _ = self.match([login(5), login(1), login(3, user='v'), login(3), json.dumps({'what': 'login', 'ok': False, 'user': 'u'})], '--time-field', 'ts')
        keys = [(h['time'] or '', h['event']) for h in hits]
        self.assertEqual(keys, sorted(keys))
        self.assertEqual(hits[0]['time'], None)
        self.assertEqual([h['rule']['title'] for h in hits if h['event'] == 1], ['Login failed', 'No name and no id'])
        # An event without a time takes no part in correlations.
        self.assertEqual([h['event'] for h in hits if h['rule']['name'] == 'burst'], [0])

    def test_every_record_counts_bad_ones_included(self):
        hits, err = self.match([login(1), '{"what":', '', login(2)], '--time-field', 'ts')
        self.assertEqual(sorted({h['event'] for h in hits}), [0, 2])
        self.assertIn('log.ndjson:2', err)

    def test_positions_go_on_over_all_paths(self):
        folder = self.folder / 'logs'
        for name in ('b.ndjson', 'a/z.ndjson', 'a.ndjson'):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(login(1, user=name) + '\n')
        single = self.folder / 'single.ndjson'
        single.write_text(login(1) + '\n' + login(1) + '\n')
        only = self.folder / 'only.yml'
        only.write_text(RULES.split('---')[0])
        out, _ = tocsin('match', '--rules', only, single, folder)
        self.assertEqual([h['event'] for h in json_lines(out)], [0, 1, 2, 3, 4])

    def test_without_a_time_field_there_is_no_time(self):
        hits, _ = self.match([login(1)])
        self.assertEqual({h['time'] for h in hits}, {None})

    def test_the_times_a_time_field_may_hold(self):
        stamps = ['"2026-03-01T10:00:00.5+01:00"', '1772355600', '1772355600500', '"1772355600"']
        text = [f'{{"what":"login","ok":false,"ts":{stamp}}}' for stamp in stamps]
        hits, _ = self.match(text, '--time-field', 'ts')
        times = {h['event']: h['time'] for h in hits}
        self.assertEqual(times, {0: '2026-03-01T09:00:00.500Z', 1: '2026-03-01T09:00:00Z', 2: '2026-03-01T09:00:00.500Z', 3: '2026-03-01T09:00:00Z'})

    def test_count(self):
        counts, _ = self.match([login(1), login(2), login(3), login(4, ok=True)], '--time-field', 'ts', '--count')
        self.assertEqual({c['rule']['title']: c['count'] for c in counts if c['count']}, {
            'Login failed': 3, 'No name and no id': 4, 'Three failures of one user': 1})
        self.assertEqual({c['rule']['title']: c['kind'] for c in counts}['Three failures of one user'], 'correlation')

    def test_stats_are_the_last_line_of_stderr(self):
        _, err = self.match([login(1), '{', login(2)], '--stats')
        stats = json.loads(err.splitlines()[-1])
        self.assertEqual((stats['events'], stats['bad'], stats['hits']), (2, 1, 4))
        self.assertEqual(stats['bytes'], len(login(1)) + len(login(2)) + 1)
        for key in ('load_seconds', 'run_seconds', 'peak_rss_bytes'):
            self.assertGreaterEqual(stats[key], 0)
        self.assertIsNone(stats['matching'])   # too few events to have counted one

    def test_stats_tell_what_matching_costs_whatever_the_threads(self):
        for threads in (1, 3):
            _, err = self.match([login(i % 60) for i in range(3000)], '--stats', '--threads', threads)
            matching = json.loads(err.splitlines()[-1])['matching']
            self.assertEqual(matching['one_of'], 251)
            # Each thread counts for itself.
            self.assertLessEqual(matching['counted'], 3000 // 251)
            self.assertGreaterEqual(matching['counted'], 3000 // 251 - threads + 1)
            self.assertGreater(matching['ns_an_event'], 0)
            self.assertTrue(0 <= matching['share'] < 1, matching)

    def test_logsource_from_event(self):
        text = [login(1), login(2, product='app'), login(3, product='APP', service='x'), login(4, product='other'), login(5, service='x')]
        hits, _ = self.match(text, '--logsource-from-event')
        self.assertEqual(sorted({h['event'] for h in hits}), [0, 1, 2, 4])

    def test_threads_change_nothing(self):
        text = [login(i % 60, user=f'u{i % 7}', ip=f'192.0.2.{i % 5}') for i in range(3000)]
        one, _ = self.match(text, '--time-field', 'ts', '--threads', 1)
        four, _ = self.match(text, '--time-field', 'ts', '--threads', 4)
        self.assertEqual(one, four)
        self.assertGreater(len(one), 6000)

    def test_no_duplicates_are_dropped(self):
        hits, _ = self.match([login(1)] * 3, '--time-field', 'ts')
        self.assertEqual(len([h for h in hits if h['rule']['name'] == 'failed']), 3)
        self.assertEqual([h['value'] for h in hits if h['rule']['name'] == 'burst'], [3])

    def test_rules_that_do_not_load_are_left_out_and_none_left_is_an_error(self):
        bad = self.folder / 'bad.yml'
        bad.write_text('title: x\nlogsource: {product: app}\ndetection: {a: {b|nonsense: 1}, condition: a}\n')
        path = self.folder / 'log.ndjson'
        path.write_text(login(1) + '\n')
        out, err = tocsin('match', '--rules', bad, '--rules', self.rules, path)
        self.assertEqual(len(json_lines(out)), 2)
        self.assertIn('bad.yml:3:', err)
        tocsin('match', '--rules', bad, path, expect=2)

    def test_a_path_that_cannot_be_read_is_exit_3_and_the_rest_is_done(self):
        path = self.folder / 'log.ndjson'
        path.write_text(login(1) + '\n')
        out, err = tocsin('match', '--rules', self.rules, self.folder / 'missing', path, expect=3)
        self.assertEqual(len(json_lines(out)), 2)
        self.assertIn('missing', err)

    def test_standard_input(self):
        out, _ = tocsin('match', '--rules', self.rules, '-', stdin=(login(1) + '\n').encode())
        self.assertEqual(len(json_lines(out)), 2)
        out, _ = tocsin('match', '--rules', self.rules, stdin=(login(1) + '\n').encode())
        self.assertEqual(len(json_lines(out)), 2)

    def test_an_unknown_source_names_those_there_are(self):
        path = self.folder / 'log.ndjson'
        path.write_text(login(1) + '\n')
        _, err = tocsin('match', '--rules', self.rules, '--source', 'aws.cloudtrial', path, expect=2)
        self.assertIn('aws.cloudtrail', err)

    def test_a_named_source_keeps_those_that_extend_it(self):
        logs = DEMO / 'ci_runner_before_release/events/cloudtrail'
        rules = [argument for folder in ('runner', 'release') for argument in ('--rules', ROOT / 'rules' / folder)]
        recognised, _ = tocsin('match', *rules, logs)
        named, _ = tocsin('match', *rules, '--source', 'aws.cloudtrail', logs)
        self.assertEqual(named, recognised)
        self.assertIn('image_pushed', {hit['rule']['name'] for hit in json_lines(named)})


if __name__ == '__main__':
    unittest.main(verbosity=2)
