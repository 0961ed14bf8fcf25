"""`tocsin rules list, explain, profile, test` from outside: what a rule author types and sees."""
import json
import os
import subprocess
import unittest
import xml.etree.ElementTree

from tocsin import CORPUS, Case, PROGRAM, ROOT, json_lines, tocsin

RULES = ROOT / 'rules'
CASES = sorted(path.parent for path in RULES.glob('*/tests/*/expect.json'))

MINE = '''title: Failed login
name: failed
level: low
logsource: {category: login}
detection:
  selection:
    ok: false
    user|contains: adm
  condition: selection
---
title: Many failed logins
name: many
level: high
correlation:
  type: event_count
  rules: [failed]
  group-by: [user]
  timespan: 1m
  condition: {gte: 3}
'''
TOKEN = 'ghp_' + '0123456789abcdefghijklmnopqrstuvwxyz'


def login(second, user='admin', ok=False, **more):
    return json.dumps({'t': f'2026-03-11T14:00:{second:02}Z', 'user': user, 'ok': ok, **more}) + '\n'


class RulesCase(Case):
    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def case(self, name, expect, events=login(0) + login(1) + login(2, ok=True) + login(3), rules=MINE):
        self.write(f'{name}/rules.yml', rules)
        self.write(f'{name}/events.ndjson', events)
        self.write(f'{name}/expect.json', json.dumps({'options': ['--time-field', 't'], **expect}))


class Check(RulesCase):
    def test_one_and_many_are_counted_in_words(self):
        out, _ = tocsin('rules', 'check', self.write('one.yml', MINE))
        self.assertRegex(out, r'^1 detection, 1 correlation, \d+ sources, \d+ playbooks?: 0 errors, 0 warnings\n$')
        out, _ = tocsin('rules', 'check', self.write('wrong.yml', MINE.replace('gte', 'get')), expect=1)
        self.assertRegex(out, r'^1 detection, 0 correlations, .*: 1 error, 0 warnings\n$')

    def test_a_site_profile_is_told_where_it_is_wrong(self):
        self.write('site/site.yaml', 'name: here\ninternal_prefixes:\n  - 10.0.0.0/8\n  - 10.0.0.0/80\n')
        _, err = tocsin('rules', 'check', self.write('one.yml', MINE), '--site', self.folder / 'site', expect=1)
        self.assertIn('site.yaml:4:5: error T1004: internal_prefixes: `10.0.0.0/80` is no network\n', err)
        self.assertIn('      - 10.0.0.0/80\n        ^\n', err)


class List(RulesCase):
    def test_shipped_rules(self):
        out, err = tocsin('rules', 'list')
        self.assertEqual(err, '')
        names = [line.split()[1] for line in out.splitlines() if line and not line.startswith(' ')][:-1]
        self.assertIn('egress_privileged_job', names)
        self.assertRegex(out.splitlines()[-1], r'^\d+ rules: \d+ detections, \d+ correlations; \d+ alert$')

    def test_it_reads_well_at_80_columns(self):
        out = subprocess.run([PROGRAM, 'rules', 'list'], capture_output=True, text=True, env={**os.environ, 'TOCSIN_CONTENT': str(RULES), 'COLUMNS': '80'}).stdout
        self.assertEqual([line for line in out.splitlines() if len(line) > 80], [])

    def test_filters(self):
        def names(*arguments):
            return {rule['name'] for rule in json.loads(tocsin('rules', 'list', '--json', *arguments)[0])}
        everything = names()
        self.assertTrue(names('--level', 'critical') < everything)
        self.assertEqual(names('--playbook', 'runner') & {'privileged_job', 'chain_runner_before_release'}, {'chain_runner_before_release'})
        self.assertIn('ci_session_call', names('--source', 'aws.cloudtrail'))
        self.assertNotIn('privileged_job', names('--source', 'aws.cloudtrail'))
        self.assertEqual(names('--tag', 'attack.t1567'), {'egress_privileged_job'})

    def test_what_a_rule_needs(self):
        rules = {rule['name']: rule for rule in json.loads(tocsin('rules', 'list', '--json')[0])}
        self.assertEqual(rules['privileged_job']['lists'], ['prod_env', 'self_hosted_labels'])
        self.assertFalse(rules['privileged_job']['alerts'])
        self.assertIn('egress_privileged_job', rules['privileged_job']['used_by'])
        self.assertEqual(rules['egress_privileged_job']['rules'], ['privileged_job', 'egress_not_allowed'])
        self.assertEqual(rules['runner_cred_off_runner']['class'], 'never retracted')

    def test_wrong_words_name_the_nearest(self):
        _, err = tocsin('rules', 'list', '--source', 'aws.cloudtrial', expect=2)
        self.assertIn('did you mean aws.cloudtrail?', err)

    def test_community_rules(self):
        self.need_corpus()
        rules = json.loads(tocsin('rules', 'list', '--json', CORPUS / 'sigmahq/rules')[0])
        self.assertGreater(len(rules), 3000)

    def test_an_absence_that_nobody_can_show(self):
        rules = MINE + '---\ntitle: w\nname: without\ncorrelation: {type: temporal, condition: many and not failed, group-by: [user], timespan: 1m}\n'
        out, _ = tocsin('rules', 'list', self.write('r.yml', rules))
        self.assertIn('INACTIVE it needs the absence of failed', out)
        self.assertIn('1 inactive', out)


class Explain(RulesCase):
    def explain(self, *arguments, expect=0, **more):
        return tocsin('rules', 'explain', *arguments, expect=expect, **more)

    def test_every_event_of_every_case_agrees_with_match(self):
        families = [a for family in ('runner', 'egress', 'release', 'tag-change') for a in ('--rules', RULES / family)]
        for folder in CASES:
            hits = json_lines(tocsin('match', *families, folder / 'events.ndjson')[0])
            for rule in json.loads((folder / 'expect.json').read_text())['judge']:
                with self.subTest(folder.name, rule=rule):
                    explained = json.loads(self.explain(rule, '--json', '--event', folder / 'events.ndjson')[0])
                    wanted = sorted(h['event'] for h in hits if h['rule']['name'] == rule)
                    if explained['kind'] == 'detection':
                        self.assertEqual([e['event'] for e in explained['events'] if e['hit']], wanted)
                        for event in explained['events']:
                            self.assertEqual(event['hit'], event['candidate'] and event['condition']['holds'])
                    else:
                        self.assertEqual(sorted(s['event'] for g in explained['groups'] for s in g['steps'] if s['fired']), wanted)

    def test_a_hit_and_a_miss(self):
        rules, events = self.write('r.yml', MINE), self.write('e.ndjson', login(0) + login(1, user='bob'))
        out, _ = self.explain('failed', '--rules', rules, '--event', events)
        self.assertIn('  0     hit: selection\n', out)
        self.assertIn('  1     miss: selection: user contains "adm" fails; the event has "bob"\n', out)
        out, _ = self.explain('Failed login', '--rules', rules, '--event', events, '--number', 1)
        self.assertIn('no  selection: all of\n', out)
        self.assertIn('yes   ok is false\n', out)
        self.assertIn('event "bob"\n', out)
        self.assertIn('r.yml:8: user|contains: adm\n', out)

    def test_a_missing_field_and_standard_input(self):
        out, _ = self.explain('failed', '--rules', self.write('r.yml', MINE), '--event', '-', stdin=b'{"ok": false}\n')
        self.assertIn('miss: selection: user contains "adm" fails; the event has nothing there', out)

    def test_a_correlation_on_its_way(self):
        events = self.write('e.ndjson', login(0) + login(9) + login(18, user='badmin'))
        out, _ = self.explain('many', '--rules', self.write('r.yml', MINE), '--event', events, '--time-field', 't')
        self.assertIn('user admin: did not fire\n', out)
        self.assertIn('event 1    failed, 2 of 3\n', out)
        self.assertIn('now 2 of 3; the oldest expires in 42 s\n', out)
        events.write_text(login(0) + login(9) + login(18))
        out, _ = self.explain('many', '--rules', self.folder / 'r.yml', '--event', events, '--time-field', 't')
        self.assertIn('user admin: fired once\n', out)
        self.assertIn('event 2    failed, 3 of 3: fires\n', out)

    def test_no_candidate(self):
        out, _ = self.explain('ci_session_call', '--event', RULES / 'runner/tests/privileged_job/events.ndjson')
        self.assertIn('no candidate: the rule is for product aws, the event is of github', out)

    def test_secrets_are_masked(self):
        rules = self.write('r.yml', MINE)
        events = self.write('e.ndjson', login(0, user=TOKEN) + login(1, user=TOKEN))
        secret_rule = self.write('s.yml', MINE.replace('user|contains: adm', f'user: {TOKEN}'))
        for arguments in (('failed', '--number', 0), ('failed',), ('many',), ('failed', '--json'), ('many', '--json')):
            for path in (rules, secret_rule):
                out, err = self.explain(*arguments, '--rules', path, '--event', events, '--time-field', 't')
                self.assertNotIn(TOKEN, out + err)

    def test_wrong_words_name_the_nearest(self):
        _, err = self.explain('privileged_jb', '--event', '-', expect=2, stdin=b'')
        self.assertIn('did you mean `privileged_job`?', err)

    def test_what_cannot_be_read(self):
        self.explain('privileged_job', '--event', self.folder / 'nowhere', expect=3)
        _, err = self.explain('privileged_job', '--event', self.write('e.ndjson', '{"a":\n'))
        self.assertIn('bad record', err)


class Profile(RulesCase):
    RULES = MINE + '''---
title: Not from the office
name: outside
logsource: {category: login}
detection: {office: {ip|startswith: 10.}, condition: not office}
'''

    def profile(self, *arguments, **more):
        return tocsin('rules', 'profile', '--rules', self.write('r.yml', self.RULES), *arguments, **more)

    def test_counts_are_exact_and_hits_are_those_of_match(self):
        log = self.write('log.ndjson', ''.join(login(i % 60, user=['admin', 'bob'][i % 2], ok=i % 3 == 0, ip=['10.0.0.1', '192.0.2.1'][i % 5 == 0]) for i in range(1000)) + '{\n')
        out, err = self.profile('--json', log)
        self.assertIn('log.ndjson:1001: bad record', err)
        profile = json.loads(out)
        rules = {rule['name']: rule for rule in profile['rules']}
        self.assertEqual(set(rules), {'failed', 'outside'})   # detections; a correlation has no part in matching
        hits = {count['rule']['name']: count['count'] for count in json_lines(tocsin('match', '--count', '--rules', self.folder / 'r.yml', log)[0])}
        self.assertEqual({name: rule['hits'] for name, rule in rules.items()}, {name: hits[name] for name in rules})
        self.assertEqual((profile['events'], profile['bad'], profile['hits']), (1000, 1, rules['failed']['hits'] + rules['outside']['hits']))
        self.assertEqual((rules['outside']['candidates'], rules['outside']['asked'], rules['outside']['always']), (1000, 1000, True))
        self.assertEqual(rules['outside']['obstacles'], ['a `not` names nothing that must be there'])
        self.assertFalse(rules['failed']['always'])
        self.assertEqual(rules['failed']['candidates'], sum(lead['events'] for lead in rules['failed']['leads']))
        predicates = {predicate['text']: predicate for predicate in profile['predicates']}
        office = predicates['"ip" any["10."*]']
        self.assertEqual((office['asked'], office['evaluated'], office['true'], office['rules']), (1000, 1000, 800, ['outside']))

    def test_the_parts_add_up(self):
        log = self.write('log.ndjson', ''.join(login(i % 60) for i in range(2000)))
        profile = json.loads(self.profile('--json', log)[0])
        ns = profile['ns']
        self.assertAlmostEqual(sum(ns['of_counted'].values()), ns['counted'], delta=10)   # each is rounded
        self.assertAlmostEqual(sum(rule['ns'] for rule in profile['rules']), ns['of_counted']['led'] + ns['of_counted']['always'], delta=10)
        self.assertAlmostEqual(sum(predicate['ns'] for predicate in profile['predicates']), ns['predicates'], delta=10)
        self.assertLessEqual(sum(rule['share'] for rule in profile['rules']), 1)
        # Reading is what is left of CPU time beside clocks that run on while others have the core: nothing, on a busy machine.
        self.assertGreaterEqual(ns['reading'], 0)
        for key in ('matching', 'counted'):
            self.assertGreater(ns[key], 0)

    def test_text_reads_well_at_80_columns(self):
        log = self.write('log.ndjson', ''.join(login(i % 60) for i in range(500)))
        out = subprocess.run([PROGRAM, 'rules', 'profile', '--rules', self.write('r.yml', self.RULES), log], capture_output=True, text=True,
                             env={**os.environ, 'TOCSIN_CONTENT': str(RULES), 'COLUMNS': '80'}).stdout
        self.assertEqual([line for line in out.splitlines() if len(line) > 80 and str(self.folder) not in line], [])
        self.assertRegex(out, r'^500 events, 2 rules, 3 predicates; 1,000 hits\n')
        # On a busy machine a rule's time may be less than what reading the clock takes; then it is not among the dearest.
        self.assertEqual('tried on every event of category login: a `not` names nothing that must be there' in ' '.join(out.split()), 'rule    outside' in out)

    def test_top(self):
        log = self.write('log.ndjson', ''.join(login(i % 60) for i in range(500)))
        self.assertRegex(self.profile('--top', 1, log)[0], r'\nThe dearest rule: ')
        self.assertIn('--top', self.profile('--top', 0, log, expect=2)[1])

    def test_wrong_input_is_named(self):
        self.assertIn('did you mean', self.profile('--source', 'aws.cloudtrial', '-', stdin=b'', expect=2)[1])
        self.assertIn('nothing.ndjson', self.profile(self.folder / 'nothing.ndjson', expect=3)[1])
        self.assertIn('no rule is left', tocsin('rules', 'profile', '--rules', self.write('none.yml', ''), '-', stdin=b'', expect=2)[1])

    def test_community_rules(self):
        self.need_corpus()
        log = self.write('log.ndjson', json.dumps({'product': 'windows', 'category': 'process_creation', 'Image': 'C:\\Windows\\System32\\whoami.exe', 'CommandLine': 'whoami /priv'}) + '\n')
        profile = json.loads(tocsin('rules', 'profile', '--rules', CORPUS / 'sigmahq/rules', '--logsource-from-event', '--json', log)[0])
        self.assertGreater(len(profile['rules']), 3000)
        for rule in profile['rules']:
            self.assertEqual(rule['always'] and rule['obstacles'] == [], False, rule)


class Test(RulesCase):
    PASSES = {'hits': [{'event': 0, 'rule': 'failed'}, {'event': 1, 'rule': 'failed'}, {'event': 3, 'rule': 'failed'}, {'event': 3, 'rule': 'many', 'group': {'user': 'admin'}, 'value': 3}],
              'misses': {'2': 'it went well'}, 'alerts': [{'rule': 'many', 'level': 'high', 'first': '2026-03-11T14:00:00Z', 'last': '2026-03-11T14:00:03Z'}]}

    def test_the_shipped_rules(self):
        out, _ = tocsin('rules', 'test', '--json', RULES)
        result = json.loads(out)
        self.assertEqual(result['passed'], len(CASES))
        self.assertEqual((result['failed'], result['unreadable'], result['rules_without_case']), (0, 0, []))

    def test_a_case_of_its_own_rules(self):
        self.case('passes', self.PASSES)
        out, _ = tocsin('rules', 'test', self.folder)
        self.assertEqual(out, '1 case: 1 passed, 0 failed\n')

    def test_failures_name_what_came(self):
        def failing(name, **change):
            self.case(name, {**self.PASSES, **change})
        failing('missing', hits=[*self.PASSES['hits'], {'event': 2, 'rule': 'failed', 'why': 'it should'}])
        failing('surplus', hits=self.PASSES['hits'][1:], misses={'0': 'quiet', '2': ''})
        failing('value', hits=[*self.PASSES['hits'][:3], {'event': 3, 'rule': 'many', 'group': {'user': 'admin'}, 'value': 4}])
        failing('alert', alerts=[])
        failing('unspoken', misses={})
        failing('code', errors=['T0101'])
        failing('name', judge=['faild'])
        self.case('passes', self.PASSES)
        out, _ = tocsin('rules', 'test', self.folder, expect=1)
        for line in ('event 2: failed expected (it should), did not come', 'event 0: failed came, not expected (quiet)',
                     'event 3: many expected for {user: admin} with value 4, came for {user: admin} with value 3', 'alert of many not expected: high, {user: admin}, ',
                     'event 2 stands neither in hits nor in misses', 'error T0101 did not come', 'no rule `faild` is loaded; did you mean `failed`?'):
            self.assertIn('  ' + line, out)
        self.assertTrue(out.endswith('8 cases: 1 passed, 7 failed\n'), out)

    def test_the_command_that_explains_works(self):
        self.case('surplus', {'hits': []})
        out, _ = tocsin('rules', 'test', self.folder, expect=1)
        command = next(line.split('why: tocsin ', 1)[1] for line in out.splitlines() if 'why: ' in line)
        self.assertIn('event 0: hit: selection', tocsin(*command.split())[0])

    def test_cases_that_cannot_be_read(self):
        self.case('passes', self.PASSES)
        self.case('key', {**self.PASSES, 'hit': []})
        self.write('syntax/rules.yml', MINE)
        self.write('syntax/expect.json', '{')
        self.write('lacks/rules.yml', MINE)
        self.write('lacks/events.ndjson', '')
        out, _ = tocsin('rules', 'test', self.folder, expect=2)
        self.assertIn('UNREADABLE  ', out)
        self.assertIn('unknown key `hit`; did you mean `hits`?', out)
        self.assertTrue(out.endswith('4 cases: 1 passed, 0 failed, 3 unreadable\n'), out)
        _, err = tocsin('rules', 'test', self.folder / 'nowhere', expect=2)
        self.assertIn('nowhere', err)
        (self.folder / 'empty').mkdir()
        _, err = tocsin('rules', 'test', self.folder / 'empty', expect=2)
        self.assertIn('no golden case', err)

    def test_known_failures(self):
        self.case('wrong', {'hits': []})
        self.case('right', self.PASSES)
        self.write('KNOWN_FAILURES', '# why\nwrong: not yet\n')
        out, _ = tocsin('rules', 'test', self.folder)
        self.assertEqual(out, '2 cases: 1 passed, 0 failed, 1 known to fail\n')
        self.write('KNOWN_FAILURES', 'wrong: not yet\nright: never\n')
        out, _ = tocsin('rules', 'test', self.folder, expect=1)
        self.assertIn('passes now: strike it off KNOWN_FAILURES (never)', out)

    def test_rules_under_test(self):
        self.case('c', self.PASSES)
        (self.folder / 'c/rules.yml').rename(self.folder / 'mine.yml')
        tocsin('rules', 'test', self.folder / 'c', expect=1)   # the shipped rules are not these
        out, _ = tocsin('rules', 'test', self.folder / 'c', '--rules', self.folder / 'mine.yml')
        self.assertIn('1 passed', out)
        self.write('c/expect.json', json.dumps({**self.PASSES, 'options': ['--time-field', 't'], 'rules': '../mine.yml'}))
        tocsin('rules', 'test', self.folder / 'c')

    def test_lists_and_refused_rules(self):
        rules = MINE.replace('user|contains: adm', "user|expand: '%admins%'") + '---\ntitle: b\nname: b\nlogsource: {category: x}\ndetection: {s: {f|contians: x}, condition: s}\n'
        self.case('lists', {**self.PASSES, 'errors': ['T0101']}, rules=rules)
        self.write('lists/lists/admins.txt', 'admin\nroot\n')
        tocsin('rules', 'test', self.folder)

    def test_junit(self):
        self.case('passes', self.PASSES)
        self.case('fails', {'hits': [], 'note': '<&"'})
        self.case('unreadable', {'hit': []})
        self.case('known', {'hits': []})
        self.write('KNOWN_FAILURES', 'known: not yet & soon\n')
        report = self.folder / 'report.xml'
        tocsin('rules', 'test', self.folder, '--junit', report, expect=2)
        suite = xml.etree.ElementTree.parse(report).getroot().find('testsuite')
        self.assertEqual({key: suite.get(key) for key in ('tests', 'failures', 'errors', 'skipped')}, {'tests': '4', 'failures': '1', 'errors': '1', 'skipped': '1'})
        outcome = {case.get('name'): [child.tag for child in case] for case in suite.findall('testcase')}
        self.assertEqual(outcome, {'passes': [], 'fails': ['failure'], 'unreadable': ['error'], 'known': ['skipped']})
        self.assertIn('event 0: failed came', suite.find("testcase[@name='fails']/failure").text)
        tocsin('rules', 'test', self.folder / 'passes', '--junit', self.folder / 'no/such/folder.xml', expect=3)

    def test_the_hits_are_those_of_match(self):
        families = [a for family in ('runner', 'egress', 'release', 'tag-change') for a in ('--rules', RULES / family)]
        for folder in CASES:
            with self.subTest(folder.name):
                hits = json_lines(tocsin('match', *families, folder / 'events.ndjson')[0])
                expect = {'hits': [{'event': h['event'], 'rule': h['rule']['name'], **({'group': h['group'], 'value': h['value']} if h['kind'] == 'correlation' else {})} for h in hits]}
                self.write(f'{folder.name}/expect.json', json.dumps(expect))
                self.write(f'{folder.name}/events.ndjson', (folder / 'events.ndjson').read_text())
        tocsin('rules', 'test', self.folder)


if __name__ == '__main__':
    unittest.main(verbosity=2)
