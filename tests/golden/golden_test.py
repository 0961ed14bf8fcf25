"""Golden cases of the shipped rules: rules/<family>/tests/<rule>/events.ndjson through `tocsin match`, compared with
expect.json:

    {"judge": [rule names], "hits": [{"event": 0-based line, "rule": name, "group": {..}, "why": "..."}], "misses": {"line": "why"}}

Of the judged rules exactly these hits must come, in any order; `group` is compared where it is given. `misses` says why a line
must not hit; a line is in one of the two, so that none is there without a purpose."""
import json
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / 'rules'
PROGRAM = os.environ.get('TOCSIN', str(ROOT / 'build/release/tocsin'))
FAMILIES = ('runner', 'egress', 'release', 'tag-change')


def cases():
    return sorted(path.parent for path in RULES.glob('*/tests/*/expect.json'))


def rule_names():
    return {line.split(': ', 1)[1].strip() for family in FAMILIES for file in (RULES / family).glob('*.yml') for line in file.read_text().splitlines() if line.startswith('name: ')}


def match(events):
    arguments = [a for family in FAMILIES for a in ('--rules', str(RULES / family))]
    result = subprocess.run([PROGRAM, 'match', *arguments, str(events)], capture_output=True, text=True, env={**os.environ, 'TOCSIN_CONTENT': str(RULES)})
    if result.returncode != 0:
        raise AssertionError(f'{events}: exit {result.returncode}\n{result.stderr}')
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


class Golden(unittest.TestCase):
    maxDiff = 4000

    def test_cases(self):
        self.assertGreater(len(cases()), 0)
        for folder in cases():
            with self.subTest(str(folder.relative_to(RULES))):
                expected = json.loads((folder / 'expect.json').read_text())
                hits, said = match(folder / 'events.ndjson')
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


if __name__ == '__main__':
    unittest.main(verbosity=2)
