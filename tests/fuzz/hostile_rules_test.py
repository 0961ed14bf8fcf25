"""Rule files made to hang or to eat memory: each is refused or taken in bounded time and memory, with a place, never a crash.
The bounds are a hundred times what the cases take: they tell a hang from a slow machine."""
import os
import pathlib
import resource
import subprocess
import tempfile
import unittest

PROGRAM = os.environ.get('TOCSIN', str(pathlib.Path(__file__).resolve().parents[2] / 'build/release/tocsin'))
CPU_SECONDS = 20
RSS_BYTES = 2 << 30

RULE = 'title: t\nlogsource: {product: p}\ndetection:\n  s:\n    %s\n  condition: %s\n'


def bomb(levels, width):
    lines = ['a0: &a0 [' + ', '.join(['x'] * width) + ']']
    for level in range(1, levels):
        lines.append(f'a{level}: &a{level} [' + ', '.join([f'*a{level - 1}'] * width) + ']')
    return '\n'.join(lines) + '\n'


def regex(text):
    return RULE % ("f|re: '" + text + "'", 's')


CASES = {
    'a bomb of aliases': bomb(12, 10),
    'a bomb under a detection': RULE.replace('%s\n  condition: %s', 'f: &a [x, y]\n    g: [*a, *a]\n  condition: s') + bomb(10, 9),
    'many aliases of one value': 'a: &a x\nb: [' + ', '.join(['*a'] * 200_000) + ']\n',
    'lists in lists': 'a: ' + '[' * 100_000,
    'maps in maps': 'a: ' + '{a: ' * 100_000,
    'closed lists in lists': 'a: ' + '[' * 100_000 + ']' * 100_000 + '\n',
    'block lists in lists': '- ' * 100_000 + 'x\n',
    'block maps in maps': ''.join(' ' * i + 'a:\n' for i in range(2_000)),
    'keys in question': '? ' * 100_000 + 'x\n',
    'a hundred thousand documents': '---\na: b\n' * 100_000,
    'a line of fifteen megabytes': 'title: ' + 'x' * (15 << 20) + '\n',
    'parentheses in a condition': RULE % ('f: x', '(' * 100_000 + 's' + ')' * 100_000),
    'nots in a condition': RULE % ('f: x', 'not ' * 100_000 + 's'),
    'a long condition': RULE % ('f: x', ' or '.join(['s'] * 100_000)),
    'many modifiers': RULE % ("'f" + '|all' * 200_000 + "': x", 's'),
    'many selections': 'title: t\nlogsource: {product: p}\ndetection:\n' + ''.join(f'  s{i}: {{f: {i}}}\n' for i in range(50_000)) + '  condition: 1 of s*\n',
    'many stars': RULE % ("f: '" + '*a' * 200_000 + "*'", 's'),
    'many question marks': RULE % ("f|contains: '" + '?' * 10_000 + "'", 's'),
    'many flag dashes': RULE % ("f|windash|contains: '" + ' -a' * 200_000 + "'", 's'),
    'a megabyte of regex': regex('a' * (1 << 20)),
    'a megabyte of choices in a regex': regex('|'.join(f'x{i}' for i in range(150_000))),
    'groups in groups in a regex': regex('(' * 100_000 + 'a' + ')' * 100_000),
    'repetitions of repetitions in a regex': regex('((a{1,1000}){1,1000}){1,1000}'),
    'a great repetition in a regex': regex('.*' * 1000 + '(x{1000}|y{1000}){1,2}'),
    'fifteen megabytes of regex': regex('(a|b){1,900}' * 1_200_000),
    'aliases of one long text': 'x: &x ' + 'A' * 5_000_000 + '\nl: [' + ', '.join(['*x'] * 100_000) + ']\n',
    'selectors of all selections': 'title: t\nlogsource: {product: p}\ndetection:\n' + ''.join(f'  s{i}: {{f: {i}}}\n' for i in range(3_000)) + '  condition: ' + ' or '.join(['1 of s*'] * 3_000) + '\n',
    'choices of large selections': 'title: t\nlogsource: {product: p}\ndetection:\n' + ''.join(f'  s{i}: [' + ', '.join('{f: x}' for _ in range(5_000)) + ']\n' for i in range(10)) + '  condition: 5 of s*\n',
    'a condition of a million lines': RULE.replace('condition: %s', 'condition: >\n%s') % ('f: x', '    s or\n' * 1_000_000 + '    s'),
    'references to nobody': RULE % ('f: x', 's') + ''.join(f'---\ntitle: c{i}\nname: c{i}\ncorrelation: {{type: event_count, rules: d{i}, timespan: 1h, condition: {{gte: 1}}}}\n' for i in range(50_000)),
    'a long word that is no selection': 'title: t\nlogsource: {product: p}\ndetection:\n' + ''.join(f'  s{i}: {{f: {i}}}\n' for i in range(1_000)) + '  condition: ' + 'x' * 5_000_000 + '\n',
    'a hundred thousand keys twice': 'title: t\n' + 'k: v\n' * 300_000,
    'selectors in selectors': 'title: t\nsigma-version: 3\nlogsource: {product: p}\ndetection:\n  s:\n    ? \'f' + '[any]' * 100_000 + '\'\n    : x\n  condition: s\n',
    'many regexes': RULE % ('f|re: [' + ', '.join(f"'a.*{i}[bc]+$'" for i in range(20_000)) + ']', 's'),
    'a long chain of correlations': ''.join(f'---\ntitle: c{i}\nname: c{i}\ncorrelation: {{type: event_count, rules: c{i + 1}, timespan: 1h, condition: {{gte: 1}}}}\n' for i in range(100_000)),
    'a long chain over a rule': ''.join(f'---\ntitle: c{i}\nname: c{i}\ncorrelation: {{type: event_count, rules: c{i + 1}, timespan: 1h, condition: {{gte: 1}}}}\n' for i in range(100_000)) + '---\nname: c100000\n' + RULE % ('f: x', 's'),
    'a long circle of correlations': ''.join(f'---\ntitle: c{i}\nname: c{i}\ncorrelation: {{type: event_count, rules: c{(i + 1) % 100_000}, timespan: 1h, condition: {{gte: 1}}}}\n' for i in range(100_000)),
    'not UTF-8': b'title: \xff\xfe\xfa\ndetection: \x80\n',
    'zero bytes': b'\0' * 100_000,
    'a blank file': b' \n' * 500_000,
}
EVENTS = '{"f":"%s"}\n{"f":"%s","g":1}\n' % ('a' * 100_000, '-a ' * 20_000)


class HostileRules(unittest.TestCase):
    def run_bounded(self, *arguments):
        """Exit code and standard error; the largest of all children so far is bounded too."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        result = subprocess.run([PROGRAM, *arguments], capture_output=True, preexec_fn=limit)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, RSS_BYTES)
        return result.returncode, result.stderr.decode(errors='replace') + result.stdout.decode(errors='replace')

    def test_bounded_time_and_memory(self):
        with tempfile.TemporaryDirectory() as folder:
            rules, events = pathlib.Path(folder, 'rules.yml'), pathlib.Path(folder, 'events.ndjson')
            events.write_text(EVENTS)
            for name, text in CASES.items():
                with self.subTest(name):
                    rules.write_bytes(text if isinstance(text, bytes) else text.encode())
                    code, said = self.run_bounded('rules', 'check', str(rules))
                    self.assertIn(code, (0, 1, 2, 3), said[-500:])
                    if code != 0:
                        self.assertIn('rules.yml', said[:100_000])
                    code, said = self.run_bounded('match', '--rules', str(rules), str(events))
                    self.assertIn(code, (0, 2, 3), said[-500:])


if __name__ == '__main__':
    unittest.main(verbosity=2)
