"""Is there a golden case for every point of SIGMA.md, every row of its table 1.4 and every attribute of its section 3, and does
README.md name them all? `tocsin rules test` runs the cases; rules/CASES.md is their format. The `point` of a case begins with
the point's number, with `1.4 <modifier>` or with `section 3: <attribute>`."""
import json
import pathlib
import re
import unittest

LANGUAGE = pathlib.Path(__file__).resolve().parent
POINTS = [str(point) for point in range(1, 38)]
MODIFIERS = ('contains', 'all', 'neq', 'cased', 'exists', 'base64', 'base64offset', 'wide', 'windash', 're', 'cidr', 'lt', 'minute', 'expand', 'fieldref')
ATTRIBUTES = ('value_first_seen', 'value_change', 'learning', 'values', 'learning_fallback', 'before', 'after', 'early', 'page', 'alert', 'episode_gap')


class Coverage(unittest.TestCase):
    def setUp(self):
        self.cases = sorted(path.parent for path in LANGUAGE.glob('sigma-*/expect.json'))
        if not self.cases:
            self.skipTest('the cases of the language are not there')

    def test_every_point_has_a_case(self):
        points = [json.loads((folder / 'expect.json').read_text())['point'] for folder in self.cases]
        for wanted in [*POINTS, *('1.4 ' + name for name in MODIFIERS), *('section 3: ' + name for name in ATTRIBUTES)]:
            self.assertTrue(any(re.match(re.escape(wanted) + '([ ,:]|$)', point) for point in points), f'no case for {wanted}')

    def test_every_line_has_a_reason(self):
        for folder in self.cases:
            expected = json.loads((folder / 'expect.json').read_text())
            with self.subTest(folder.name):
                self.assertEqual([hit for hit in expected['hits'] if not hit.get('why')], [])
                lines = (folder / 'events.ndjson').read_text().count('\n')  # splitlines() would also split at U+2028
                self.assertEqual({hit['event'] for hit in expected['hits']} | {int(line) for line in expected.get('misses', {})}, set(range(lines)))

    def test_the_readme_names_every_case(self):
        named = set(re.findall(r'`(sigma-[a-z0-9.-]+)`', (LANGUAGE / 'README.md').read_text()))
        self.assertEqual(named ^ {folder.name for folder in self.cases}, set())


if __name__ == '__main__':
    unittest.main(verbosity=2)
