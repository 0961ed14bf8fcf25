"""The bundled scenario and its twins, from outside: what a user sees after `tocsin replay rules/demo/...`."""
import json
import re
import shutil
import unittest

from tocsin import Case, DEMO, ROOT, tocsin, without_observed


def scenarios():
    return sorted(path.parent for path in DEMO.glob('*/expect.json'))


class Demo(Case):
    def check(self, folder):
        expected = json.loads((folder / 'expect.json').read_text())
        incidents, alerts, summary, _ = self.replay(folder / 'events')
        self.assertEqual(summary['bad'], 0)
        self.assertEqual(summary['unknown_source'], 0)
        found = sorted((a['rule'], a['level'], a['first_event']) for a in alerts)
        self.assertEqual(found, sorted((a['rule'], a['level'], a['first_event']) for a in expected['alerts']))
        self.assertEqual(len(incidents), len(expected['incidents']))
        for incident, wanted in zip(incidents, expected['incidents']):
            for key, value in wanted.items():
                if key == 'verdicts':
                    for name, verdict in value.items():
                        self.assertEqual(incident['verdicts'][name]['value'], verdict, name)
                elif key == 'preserve':
                    states = {item['id']: item['state'] for item in incident['preserve']}
                    self.assertEqual({k: states.get(k) for k in value}, value)
                elif key == 'alert_rules':
                    self.assertEqual(sorted({a['rule'] for a in incident['alerts']}), sorted(value))
                elif key == 'flags':
                    for flag in value:
                        self.assertTrue(any(flag in have for have in incident['flags']), (flag, incident['flags']))
                else:
                    self.assertEqual(incident[key], value, key)
        return incidents, alerts

    def test_every_scenario(self):
        self.assertGreaterEqual(len(scenarios()), 5)
        for folder in scenarios():
            with self.subTest(folder.name):
                self.check(folder)

    def test_the_incident_has_its_steps_filled_in(self):
        incidents, _ = self.check(DEMO / 'ci_runner_before_release')
        flagship = max(incidents, key=lambda i: i['severity'] == 'critical')
        self.assertEqual(len(flagship['steps']), 3)
        for step in flagship['steps']:
            self.assertNotIn('{?runner}', step['text'])
        self.assertIn('runner-x9f2', json.dumps(flagship['steps']))
        self.assertEqual([item['id'] for item in sorted(flagship['preserve'], key=lambda i: i['id'])], ['R1', 'R2', 'R3', 'R4', 'R5'])

    def test_the_summary_says_what_matching_took(self):
        _, _, summary, err = self.replay(DEMO / 'ci_runner_before_release/events')
        self.assertIn(summary['matching']['counted'], range(1, summary['events'] // 251 + 1))   # some events are evidence alone
        self.assertRegex(err, r'\nTook [^\n]*\nMatching took [\d.]+ [nu]s an event[^\n]* \(\d+ events counted, 1 of 251\)\n')

    def test_counts_stand_below_each_other_whatever_a_source_is_called(self):
        content = self.folder / 'rules'
        shutil.copytree(ROOT / 'rules', content, ignore=shutil.ignore_patterns('demo'))
        name = 'github.webhook.a_kind_of_event_with_a_long_name'
        (content / 'sources/long.yaml').write_text(f'name: {name}\nextends: github.webhook\nrecognise: {{long|exists: true}}\n')
        log = self.folder / 'log.json'
        log.write_text(json.dumps({'headers': {'X-GitHub-Event': 'meta'}, 'payload': {'sender': {'login': 'u'}, 'long': 1}}))
        _, err = tocsin('replay', log, content=content)
        self.assertIn(name, err)
        rows = re.findall(r'^  (?:events|  github\S+|bad|hits) .*\d$', err, re.MULTILINE)
        self.assertEqual(len(rows), 4)
        self.assertEqual(len({len(row) for row in rows}), 1, err)

    def test_a_second_run_into_the_store_changes_nothing(self):
        store = self.folder / 'demo.db'
        arguments = ['replay', '--json', '--store', store, DEMO / 'ci_runner_before_release/events']
        tocsin(*arguments)
        before = tocsin('incidents', 'list', '--json', '--store', store)[0]
        _, err = tocsin(*arguments)
        self.assertIn('nothing was read again', err)
        self.assertEqual(tocsin('incidents', 'list', '--json', '--store', store)[0], before)

    def test_another_run_is_refused(self):
        store = self.folder / 'demo.db'
        tocsin('replay', '--store', store, DEMO / 'ci_runner_before_release/events')
        _, err = tocsin('replay', '--store', store, DEMO / 'variant_a/events', expect=2)
        self.assertIn('another run', err)

    def test_events_twice_change_nothing(self):
        events = DEMO / 'ci_runner_before_release/events'
        once, alerts_once, _, _ = self.replay(events)
        twice, alerts_twice, _, _ = self.replay(events, events)
        strip = lambda incident: {k: v for k, v in without_observed(incident).items() if k in ('id', 'severity', 'playbook', 'alerts', 'verdicts')}
        self.assertEqual([strip(i) for i in once], [strip(i) for i in twice])
        self.assertEqual(alerts_once, alerts_twice)

    def test_text_is_plain_when_piped(self):
        out, _ = tocsin('replay', DEMO / 'ci_runner_before_release/events')
        self.assertNotIn('\x1b', out)
        self.assertIn('CI runner compromise before release', out)

    def test_unique_prefix_of_an_id_is_enough(self):
        store = self.folder / 'demo.db'
        incidents, *_ = self.replay(DEMO / 'ci_runner_before_release/events', store=store)
        out, _ = tocsin('incidents', 'show', incidents[0]['id'][:10], '--store', store, '--json')
        self.assertEqual(json.loads(out), incidents[0])
        tocsin('incidents', 'show', 'i-nothing', '--store', store, expect=2)


if __name__ == '__main__':
    unittest.main(verbosity=2)
