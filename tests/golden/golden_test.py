"""Golden cases, through `tocsin match` and compared with expect.json.

Language cases, tests/golden/sigma-<point>-<what>/ (README.md maps the points of SIGMA.md to them): rules.yml, lists/ for
%NAME%, events.ndjson and

    {"point": "11 strings: escaping", "judge": [rule names; absent: all of rules.yml], "options": [more options of `match`],
     "hits": [{"event": 0-based line, "rule": name, "why": "...", "group": {..} and "value": .. for correlations}],
     "misses": {"line": "why"}, "errors": [codes while loading], "warnings": [codes]}

Cases of the shipped rules, rules/<family>/tests/<rule>/: events.ndjson and expect.json without errors and warnings.

Of the judged rules exactly these hits must come, in any order; `group` and `value` are compared where they are given. `misses`
says why a line must not hit (or not all of the judged rules); every line is in one of the two, so that none is there without a
purpose. KNOWN_FAILURES names the cases that are right and fail all the same, each with its reason."""
import collections
import json
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / 'rules'
LANGUAGE = ROOT / 'tests/golden'
PROGRAM = os.environ.get('TOCSIN', str(ROOT / 'build/release/tocsin'))
FAMILIES = ('runner', 'egress', 'release', 'tag-change')
POINTS = [str(point) for point in range(1, 38)]
MODIFIERS = ('contains', 'all', 'neq', 'cased', 'exists', 'base64', 'base64offset', 'wide', 'windash', 're', 'cidr', 'lt', 'minute', 'expand', 'fieldref')
ATTRIBUTES = ('value_first_seen', 'value_change', 'learning', 'values', 'learning_fallback', 'before', 'after', 'early', 'page', 'alert', 'episode_gap')


def cases():
    return sorted(path.parent for path in RULES.glob('*/tests/*/expect.json'))


def language_cases():
    return sorted(path.parent for path in LANGUAGE.glob('sigma-*/expect.json'))


def known_failures():
    lines = (LANGUAGE / 'KNOWN_FAILURES').read_text().splitlines()
    return {line.split(':', 1)[0]: line for line in lines if line and not line.startswith('#')}


def rule_names():
    return {line.split(': ', 1)[1].strip() for family in FAMILIES for file in (RULES / family).glob('*.yml') for line in file.read_text().splitlines() if line.startswith('name: ')}


def match(events, arguments, exits=(0,)):
    result = subprocess.run([PROGRAM, 'match', *arguments, str(events)], capture_output=True, text=True, env={**os.environ, 'TOCSIN_CONTENT': str(RULES)})
    if result.returncode not in exits:
        raise AssertionError(f'{events}: exit {result.returncode}\n{result.stderr}')
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def shown(hit):
    text = f"event {hit['event']}, {hit['rule']}"
    for key in ('group', 'value'):
        if key in hit:
            text += f', {key} {json.dumps(hit[key], ensure_ascii=False, sort_keys=True)}'
    return text


def unmatched(expected, actual):
    """The expected hits that did not come and the hits that nobody expected. Of equal event and rule, an expectation that
    says more chooses first."""
    rest = list(actual)
    missing = []
    for wanted in sorted(expected, key=lambda hit: -('group' in hit) - ('value' in hit)):
        fits = [hit for hit in rest if all(hit.get(key) == wanted[key] for key in ('event', 'rule', 'group', 'value') if key in wanted)]
        if fits:
            rest.remove(fits[0])
        else:
            missing.append(f"{shown(wanted)} ({wanted['why']})")
    return missing, [shown(hit) for hit in rest]


def complaints(folder):
    """What is wrong with a language case's outcome; empty when all is as expected."""
    expected = json.loads((folder / 'expect.json').read_text())
    rules = ['--rules', str(folder / 'rules.yml')]
    lists = ['--lists', str(folder / 'lists')] if (folder / 'lists').is_dir() else []
    try:
        hits, said = match(folder / 'events.ndjson', rules + lists + expected.get('options', []), exits=(0, 2) if expected.get('errors') else (0,))
    except (AssertionError, UnicodeDecodeError) as failure:
        return [str(failure)]
    codes = collections.defaultdict(list)
    for severity, code in re.findall(r'^\S*:\d+:\d+: (error|warning) (T\d{4}):', said, re.MULTILINE):
        codes[severity].append(code)
    out = []
    for severity in ('error', 'warning'):
        if sorted(codes[severity]) != sorted(expected.get(severity + 's', [])):
            out.append(f"{severity}s {sorted(codes[severity])}, expected {sorted(expected.get(severity + 's', []))}\n{said}")
    flat = [{**hit, 'rule': hit['rule']['name']} for hit in hits]
    missing, surplus = unmatched(expected['hits'], [hit for hit in flat if 'judge' not in expected or hit['rule'] in expected['judge']])
    out += ['missing: ' + each for each in missing]
    for each in surplus:
        event = each.split(',')[0].split()[1]
        out.append(f"not expected: {each} ({expected.get('misses', {}).get(event, 'nothing is said of it')})")
    lines = (folder / 'events.ndjson').read_text().count('\n')  # splitlines() would also split at U+2028
    spoken_of = {hit['event'] for hit in expected['hits']} | {int(line) for line in expected.get('misses', {})}
    if spoken_of != set(range(lines)):
        out.append(f'lines that nothing is said of, or that are not there: {sorted(spoken_of ^ set(range(lines)))}')
    return out


class Golden(unittest.TestCase):
    maxDiff = 4000

    def test_cases(self):
        self.assertGreater(len(cases()), 0)
        for folder in cases():
            with self.subTest(str(folder.relative_to(RULES))):
                expected = json.loads((folder / 'expect.json').read_text())
                hits, said = match(folder / 'events.ndjson', [a for family in FAMILIES for a in ('--rules', str(RULES / family))])
                self.assertEqual(said.strip(), '')
                judged = [hit for hit in hits if hit['rule']['name'] in expected['judge']]
                self.assertEqual(sorted((h['event'], h['rule']['name']) for h in judged), sorted((h['event'], h['rule']) for h in expected['hits']))
                for wanted in expected['hits']:
                    if 'group' in wanted:
                        groups = [h['group'] for h in judged if (h['event'], h['rule']['name']) == (wanted['event'], wanted['rule'])]
                        self.assertIn(wanted['group'], groups)
                lines = len((folder / 'events.ndjson').read_text().splitlines())
                spoken_of = {h['event'] for h in expected['hits']} | {int(line) for line in expected['misses']}
                self.assertEqual(spoken_of, set(range(lines)), 'lines that nothing is said of')

    def test_every_rule_has_a_case(self):
        judged = {name for folder in cases() for name in json.loads((folder / 'expect.json').read_text())['judge']}
        self.assertEqual(rule_names() - judged, set())


class Language(unittest.TestCase):
    def test_cases(self):
        known = known_failures()
        self.assertGreater(len(language_cases()), 0)
        self.assertEqual(set(known) - {folder.name for folder in language_cases()}, set(), 'KNOWN_FAILURES names cases that are not there')
        for folder in language_cases():
            with self.subTest(folder.name):
                found = complaints(folder)
                if folder.name in known:
                    self.assertNotEqual(found, [], 'passes now: strike it off KNOWN_FAILURES')
                else:
                    self.assertEqual(found, [], '\n' + '\n'.join(found))

    def test_every_point_has_a_case(self):
        points = [json.loads((folder / 'expect.json').read_text())['point'] for folder in language_cases()]
        for wanted in [*POINTS, *('1.4 ' + name for name in MODIFIERS), *('section 3: ' + name for name in ATTRIBUTES)]:
            self.assertTrue(any(re.match(re.escape(wanted) + '([ ,:]|$)', point) for point in points), f'no case for {wanted}')

    def test_the_readme_names_every_case(self):
        named = set(re.findall(r'`(sigma-[a-z0-9.-]+)`', (LANGUAGE / 'README.md').read_text()))
        self.assertEqual(named ^ {folder.name for folder in language_cases()}, set())


if __name__ == '__main__':
    unittest.main(verbosity=2)
