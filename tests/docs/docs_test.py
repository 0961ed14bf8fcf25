"""What the documents say can be typed and opened: every `tocsin` command and option they name is one the program takes, every
file and link is there, what the README shows of the demo is what the program prints, and the configuration's schema has the
program's keys."""
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get('TOCSIN', str(ROOT / 'build/release/tocsin'))
FOLDERS = ('bench', 'connectors', 'deploy', 'engine', 'rules', 'tests')
DOCUMENTS = sorted(ROOT.glob('*.md')) + sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob('*.md'))
FILE = re.compile(r'[\w.-]+(?:/[\w.-]+)*\.(?:h|cc|md|py|yaml|yml|json|txt|sha256)$')


def tocsin(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


@functools.lru_cache(maxsize=None)
def help_of(*commands):
    result = tocsin(*commands, '--help')
    return result.stdout if result.returncode == 0 else None


def commands_in(text):
    """(commands, options) of every `tocsin ...` in code: a line of a fenced block, or between backticks."""
    code = re.findall(r'```\w*\n(.*?)```', text, re.S) + re.findall(r'`([^`\n]+)`', re.sub(r'```.*?```', '', text, flags=re.S))
    for line in '\n'.join(code).splitlines():
        match = re.match(r'(?:\$ )?(?:\S*/)?tocsin ((?:[a-z]+ ?)*)(.*)', line.split(' #')[0])
        if match:
            yield match.group(1).split(), re.findall(r'(?<!\S)--[a-z-]+', match.group(2))


class Documents(unittest.TestCase):
    def test_commands_and_options(self):
        seen = 0
        for document in DOCUMENTS:
            for words, options in commands_in(document.read_text()):
                with self.subTest(document.relative_to(ROOT), command=' '.join(words), options=options):
                    # The words that are commands; what follows them is an argument ("logs").
                    commands = words if help_of(*words) else words[:1]
                    self.assertIsNotNone(help_of(*commands))
                    for option in options:
                        self.assertRegex(help_of(*commands), rf'(?<![\w-]){option}(?![\w-])')
                    seen += 1
        self.assertGreater(seen, 10)

    def test_links(self):
        for document in DOCUMENTS:
            for target in re.findall(r'\]\(([^)#]+)', document.read_text()):
                if '://' not in target:
                    self.assertTrue((document.parent / target).exists(), f'{document}: {target}')

    def test_files_that_readmes_name(self):
        for document in DOCUMENTS:
            if document.name != 'README.md':
                continue
            for name in re.findall(r'`([^`\s]+)`', document.read_text()):
                if not FILE.match(name) or name.startswith('x_') or 'NAME' in name:
                    continue
                room = document.parent
                places = [room / name, ROOT / name, ROOT / 'engine' / name]
                found = any(place.exists() for place in places) or any(room.rglob(name))
                self.assertTrue(found, f'{document.relative_to(ROOT)}: {name}')


class Demo(unittest.TestCase):
    """The incident that README.md shows, against a replay of the demo."""

    EVENTS = ROOT / 'rules/demo/ci_runner_before_release/events'

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='tocsin-docs-')
        self.addCleanup(folder.cleanup)
        self.store = f'{folder.name}/demo.db'
        self.readme = (ROOT / 'README.md').read_text()

    def replay(self, *options):
        """Incidents and the closing object."""
        result = tocsin('replay', '--json', *options, str(self.EVENTS))
        self.assertEqual(result.returncode, 0, result.stderr)
        *incidents, summary = [json.loads(line) for line in result.stdout.splitlines()]
        return incidents, summary

    def test_what_is_shown_is_printed(self):
        incidents, summary = self.replay('--store', self.store)
        shown = set(re.findall(r'\bi-[0-9a-f]{16}\b', self.readme))
        self.assertTrue(shown)
        self.assertLessEqual(shown, {incident['id'] for incident in incidents})
        self.assertIn(f'Of {summary["events"]:,} events two incidents are left', ' '.join(self.readme.split()))
        self.assertEqual(len(incidents), 2)
        for name, block in re.findall(r'\$ \S*tocsin incidents show (\S+) --store \S+\n(.*?)```', self.readme, re.S):
            printed = tocsin('incidents', 'show', name, '--store', self.store).stdout.splitlines()
            at = 0
            for line in block.splitlines():
                if line.strip() != '[...]':
                    self.assertIn(line, printed[at:], f'README.md: {name}')
                    at = printed.index(line, at) + (line != '')

    def test_what_was_known_at_a_moment(self):
        said = ' '.join(self.readme.split())
        self.assertIn('at 14:06:30 the incident is high, at 14:11:30 the release is to be held, at 14:14:01 it is critical', said)
        for moment, severity, held in (('14:06:30', 'high', False), ('14:11:30', 'high', True), ('14:14:01', 'critical', True)):
            incident = self.replay('--until', f'2026-03-11T{moment}Z')[0][0]
            self.assertEqual((incident['severity'], any('hold_release' in flag for flag in incident['flags'])), (severity, held), moment)


class Profile(unittest.TestCase):
    """The profile that README.md shows: times are a machine's, counts and reasons are not."""

    def test_what_is_shown_is_printed(self):
        def without_times(text):
            return [' '.join(re.sub(r'[\d.,]+ (%|ns)', r'# \1', line).split()) for line in text.splitlines()]
        shown = re.findall(r'\$ tocsin (rules profile [^\n]*)\n(.*?)```', (ROOT / 'README.md').read_text(), re.S)
        self.assertEqual(len(shown), 1)
        for command, block in shown:
            wanted = {line for line in without_times(block) if line != '[...]'}
            # Which rules are among the dearest is the clock's to say; one that took less than reading it is not shown.
            for _ in range(10):
                result = subprocess.run([PROGRAM, *command.split()], capture_output=True, text=True, cwd=ROOT, env={**os.environ, 'COLUMNS': '100'})
                missing = wanted - set(without_times(result.stdout))
                if not missing:
                    break
            self.assertEqual(missing, set(), result.stdout)


class Configuration(unittest.TestCase):
    """deploy/run-config.schema.json against `tocsin run --print-config`."""

    def setUp(self):
        self.schema = json.loads((ROOT / 'deploy/run-config.schema.json').read_text())
        self.printed = tocsin('run', '--print-config').stdout

    def test_the_same_keys(self):
        top = set(re.findall(r'^(\w+):', self.printed, re.M))
        kafka = set(re.findall(r'^  (\w+):', self.printed, re.M))
        self.assertEqual(top, set(self.schema['properties']))
        self.assertEqual(kafka | {'properties'}, set(self.schema['properties']['kafka']['properties']))

    def test_the_same_defaults(self):
        for name, value in {**self.schema['properties'], **self.schema['properties']['kafka']['properties']}.items():
            if 'default' in value:
                said = re.search(rf'^ *{name}: ([^#\n]*)', self.printed, re.M).group(1).strip().strip("'")
                self.assertEqual(said, '[]' if value['default'] == [] else value['default'], name)


if __name__ == '__main__':
    unittest.main(verbosity=2)
