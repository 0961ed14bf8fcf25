"""Rules that are refused or doubted, each with the exact words that its author is told: tests/bad_rules.txt.

A case begins with `=== name`, has files (`--- file NAME`, else rule.yml from the start) and ends with `--- says` and the text of
`tocsin rules check .` in a folder of these files. `=== name portable` adds --portable. BAD_RULES_UPDATE=1 writes what is said now
into the file; read the difference before you commit it."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ROOT / 'tests/bad_rules.txt'
PROGRAM = os.environ.get('TOCSIN', str(ROOT / 'build/release/tocsin'))
# Codes that no rule file can bring about through `rules check`: the configuration of a run (T09), sources and site profiles beside
# the shipped ones, limits that take a file of megabytes, and what the file system says. The unit tests of content have them.
ELSEWHERE = re.compile(r'T09\d\d|T06\d\d|T07\d\d|T10\d\d|T0003|T0007|T0115|T0116|T0801|T0118|T0211')


def read_cases():
    head, *blocks = re.split(r'(?m)^=== ', CASES.read_text())
    cases = []
    for block in blocks:
        title, body = block.split('\n', 1)
        body, _, said = body.partition('--- says\n')
        files = {'rule.yml': ''}
        for part in re.split(r'(?m)^--- file ', body):
            if part == body or not files['rule.yml'] and part == body.split('--- file ')[0]:
                files['rule.yml'] = part
            else:
                name, text = part.split('\n', 1)
                files[name] = text
        cases.append((title, files, said))
    return head, cases


def check(title, files, *options):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as no_content:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        if ' portable' in title:
            options += ('--portable',)
        # No shipped content: what is said is about these files alone.
        return subprocess.run([PROGRAM, 'rules', 'check', '.', *options], cwd=folder, capture_output=True, text=True, timeout=60,
                              env={**os.environ, 'TOCSIN_CONTENT': no_content})


def said_by(run):
    return run.stderr.replace('./rule.yml', 'rule.yml')


class BadRules(unittest.TestCase):
    maxDiff = 4000

    def test_every_case_says_exactly_this(self):
        head, cases = read_cases()
        if os.environ.get('BAD_RULES_UPDATE'):
            out = head
            for title, files, _ in cases:
                out += f'=== {title}\n' + files['rule.yml'] + ''.join(f'--- file {n}\n{t}' for n, t in files.items() if n != 'rule.yml')
                out += '--- says\n' + said_by(check(title, files)).rstrip('\n') + '\n\n'
            CASES.write_text(out)
            self.skipTest('the file was written')
        self.assertGreater(len(cases), 50)
        for title, files, said in cases:
            with self.subTest(title):
                self.assertEqual(said_by(check(title, files)).rstrip('\n'), said.rstrip('\n'))

    def test_every_code_is_met(self):
        listed = set(re.findall(r'(?m)^\| (T\d{4}) ', (ROOT / 'engine/content/CODES.md').read_text()))
        met = set(re.findall(r'(?:error|warning) (T\d{4}): ', CASES.read_text()))
        self.assertEqual(met - listed, set())
        self.assertEqual({code for code in listed - met if not ELSEWHERE.fullmatch(code)}, set())

    def test_codes_are_those_of_the_sources(self):
        listed = re.findall(r'(?m)^\| (T\d{4}) ', (ROOT / 'engine/content/CODES.md').read_text())
        self.assertEqual(len(listed), len(set(listed)))
        used = {code for path in (ROOT / 'engine').rglob('*') if path.suffix in ('.cc', '.h') and not path.name.endswith('_test.cc')
                for code in re.findall(r'"(T\d{4})"', path.read_text())}
        self.assertEqual(used, set(listed))

    def test_json_and_sarif_say_the_same(self):
        _, cases = read_cases()
        title, files, _ = next(case for case in cases if case[0].startswith('misspelt modifier'))
        as_json = json.loads(check(title, files, '--json').stdout)
        of_file = [d for d in as_json['diagnostics'] if d['file'].endswith('rule.yml')]
        self.assertEqual([(d['code'], d['line'], d['column'], d['expected']) for d in of_file], [('T0101', 4, 19, '`contains`')])
        sarif = json.loads(check(title, files, '--sarif').stdout)
        self.assertEqual(sarif['version'], '2.1.0')
        run, = sarif['runs']
        rules = [rule['id'] for rule in run['tool']['driver']['rules']]
        self.assertEqual(rules, sorted(set(rules)))
        self.assertEqual(len(run['results']), len(as_json['diagnostics']))
        for result in run['results']:
            self.assertEqual(rules[result['ruleIndex']], result['ruleId'])
            self.assertIn(result['level'], ('error', 'warning'))
        places = [r['locations'][0]['physicalLocation'] for r in run['results']]
        self.assertEqual([p['region']['startLine'] for p in places if p['artifactLocation']['uri'].endswith('rule.yml')], [4])

    def test_files_that_are_no_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            os.mkfifo(path / 'pipe.yml')
            os.symlink('/dev/zero', path / 'device.yml')
            os.symlink('.', path / 'loop')
            os.symlink('nowhere', path / 'broken.yml')
            (path / 'latin.yml').write_bytes(b'title: t\nx: caf\xe9\n')
            with open(path / 'large.yml', 'wb') as large:
                large.truncate(1 << 30)
            (path / 'nul.yml').write_bytes(b'title: t\n\0')
            (path / 'good.yml').write_text('title: t\nlogsource: {product: x}\ndetection: {s: {a: b}, condition: s}\n')
            (path / 'secret.yml').write_text('title: t\n')
            (path / 'secret.yml').chmod(0)
            run = subprocess.run([PROGRAM, 'rules', 'check', folder], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 1)
            self.assertIn('    x: caf?\n          ^\n', run.stderr)
            if os.geteuid() != 0:   # who may read everything cannot test it
                self.assertIn(f'{folder}/secret.yml: error T0801: cannot be read: Permission denied', run.stderr)
            for name, reason in (('pipe.yml', 'T0801: not a regular file'), ('device.yml', 'T0801: not a regular file'), ('loop', 'T0801: the folder is inside itself'),
                                 ('broken.yml', 'T0801: cannot be read: No such file'), ('latin.yml:2:7', 'T0801: not UTF-8'), ('large.yml', 'T0801: larger than 16 MiB'),
                                 ('nul.yml:2:1', 'T0001: not YAML')):
                self.assertIn(f'{folder}/{name}: error {reason}', run.stderr)
            self.assertIn('1 detection, 0 correlations', run.stdout)


if __name__ == '__main__':
    unittest.main()
