"""Counts what test logs say was run, and names what was skipped and why. Reads ctest --verbose output."""
import collections
import re
import sys

passed = failed = 0
skipped = collections.Counter()
for path in sys.argv[1:]:
    reason = None
    for line in open(path, errors='replace'):
        line = re.sub(r'^\d+: ', '', line.rstrip('\n'))
        if re.match(r'\[       OK \] ', line):
            passed += 1
        elif re.match(r'\[  FAILED  \] \S+.* \(\d+ ms\)$', line):
            failed += 1
        elif m := re.match(r'.*Skipped$', line):
            reason = ''
        elif reason == '' and line.strip() and not line.startswith('['):
            reason = line.strip()
        elif m := re.match(r'\[  SKIPPED \] (\S+) \(', line):
            skipped[f'{m.group(1)}: {reason or "no reason given"}'] += 1
            reason = None
        elif m := re.match(r'(\w+) \((\S+)\)(?:\n.*)? \.\.\. (ok|FAIL|ERROR|skipped)(.*)', line):
            if m.group(3) == 'ok':
                passed += 1
            elif m.group(3) == 'skipped':
                skipped[f'{m.group(2)}: {m.group(4).strip()}'] += 1
            else:
                failed += 1
        elif re.search(r'\*\*\*(Failed|Timeout|Exception|Not Run)', line) and 'Test #' in line:
            failed += 1
for name, count in sorted(skipped.items()):
    print(f'skipped: {name}' + (f' ({count} times)' if count > 1 else ''))
print(f'{passed} passed, {failed} failed, {sum(skipped.values())} skipped')
sys.exit(1 if failed or not passed else 0)
