"""Counts what test logs say was run, names what failed, and what was skipped and why. Reads the output of ctest --verbose, one log
a build. Counted are the tests of GoogleTest and unittest, the cases of `tocsin rules test` and the inputs of the fuzz drivers; what
has none of them (a benchmark) is one test. A program that ctest calls failed has failed, whatever it printed before."""
import collections
import pathlib
import re
import sys


class Counts:
    def __init__(self):
        self.passed, self.known = 0, 0
        self.failed, self.skipped = [], []   # names; (name, reason)


def split(log):
    """Of each ctest test its name, its result and its lines; with -j the lines of several stand in turns."""
    names, lines, results = {}, collections.defaultdict(list), {}
    for line in log.splitlines():
        if m := re.match(r' *Start +(\d+): (\S+)', line):
            names[m.group(1)] = m.group(2)
        elif m := re.match(r' *\d+/\d+ Test +#(\d+): (\S+) [. ]*(Passed|[^*]*\*\*\*.*?)(?: +\d+\.\d+ sec.*)?$', line):
            names[m.group(1)] = m.group(2)
            results[m.group(1)] = m.group(3).replace('***', ' ').strip()
        elif m := re.match(r'(\d+): ?(.*)', line):
            lines[m.group(1)].append(m.group(2))
    return [(names[number], results.get(number, 'without a result'), lines[number]) for number in names]


def googletest(lines, counts):
    reason = []
    for line in lines:
        if line.startswith('[ RUN      ]'):
            reason = None
        elif line.endswith(': Skipped'):
            reason = []
        elif m := re.search(r'\[       OK \] (\S+) \(\d+ ms\)$', line):
            counts.passed += 1
        elif m := re.search(r'\[  FAILED  \] ([^\s,]+).* \(\d+ ms\)$', line):
            counts.failed.append(m.group(1))
        elif m := re.search(r'\[  SKIPPED \] (\S+) \(\d+ ms\)$', line):
            counts.skipped.append((m.group(1), ' '.join(reason or [])))
        elif reason is not None and line.strip():
            reason.append(line.strip())


def unittest(lines, counts):
    name, ran, skipped, failed = '', 0, 0, {}
    for line in lines:
        if m := re.match(r'(FAIL|ERROR): (\w+ \(\S+\))', line):
            failed[m.group(2)] = True   # once, however many of its subtests did
        elif m := re.match(r' *(\w+ \(\S+\))', line):
            name = m.group(1)
        if m := re.search(r"(?:^|\.\.\. )skipped (['\"])(.*)\1$", line):
            counts.skipped.append((name, m.group(2)))
            skipped += not name.startswith('setUp')   # a class that is skipped as a whole is not among those that ran
        elif m := re.match(r'Ran (\d+) tests? in ', line):
            ran = int(m.group(1))
    counts.failed += failed
    counts.passed += ran - skipped - sum(not name.startswith(('setUp', 'tearDown')) for name in failed)


def rule_cases(lines, counts):
    number = lambda text: int(text.replace(',', '')) if text else 0
    for line in lines:
        if m := re.match(r'\d+ cases: ([\d,]+) passed, ([\d,]+) failed(?:, ([\d,]+) unreadable)?(?:, ([\d,]+) known to fail)?$', line):
            counts.passed += number(m.group(1))
            counts.failed += ['a case of `tocsin rules test`'] * (number(m.group(2)) + number(m.group(3)))
            counts.known += number(m.group(4))


def fuzz_inputs(lines, counts):
    counts.passed += sum(re.match(r'/.*: \d+ bytes$', line) is not None for line in lines)


def count(log):
    counts = Counts()
    for program, result, lines in split(log):
        of_program = Counts()
        if result.startswith(('Skipped', 'Not Run (Disabled)')):
            of_program.skipped.append(('all of it', result))
        else:
            for parse in (googletest, unittest, rule_cases, fuzz_inputs):
                parse(lines, of_program)
            if result != 'Passed' and not of_program.failed:
                of_program.failed.append(result)
            elif not (of_program.passed or of_program.failed or of_program.skipped or of_program.known):
                of_program.passed = 1
        counts.passed += of_program.passed
        counts.known += of_program.known
        counts.failed += [f'{program}: {name}' for name in of_program.failed]
        counts.skipped += [(f'{program}: {name}', reason or 'no reason given') for name, reason in of_program.skipped]
    return counts


def main(paths):
    total = Counts()
    empty = False
    for path in map(pathlib.Path, paths):
        counts = count(path.read_text(errors='replace'))
        for name, reason in counts.skipped:
            print(f'{path.stem}: skipped: {name}: {reason}')
        for name in counts.failed:
            print(f'{path.stem}: failed: {name}')
        print(f'{path.stem}: {counts.passed} passed, {len(counts.failed)} failed, {len(counts.skipped)} skipped, {counts.known} known to fail')
        empty |= counts.passed == 0
        total.passed += counts.passed
        total.known += counts.known
        total.failed += counts.failed
        total.skipped += counts.skipped
    print(f'{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped, {total.known} known to fail')
    return 1 if total.failed or empty or not total.passed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
