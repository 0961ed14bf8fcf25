"""Events made to be dear: each shape in any size, of the logsource that most rules have. A size of 1 MB makes 100,000 keys."""
import json
import random

import rule_text

FIELD = 'CommandLine'


def literals(rules_folder):
    """The literals and the regexes that rules ask of FIELD."""
    found, regexes = [], []
    for path in sorted(rules_folder.rglob('*.yml')):
        for value in rule_text.values(path.read_text()):
            if value.field == FIELD:
                (regexes if 're' in value.modifiers else found).append(value.plain())
    return found, regexes


def event(text=None, **fields):
    return {**fields, **({} if text is None else {FIELD: text}), 'product': 'windows', 'category': 'process_creation'}


def to_size(text, size):
    return (text * (size // len(text) + 1))[:size]


class Shapes:
    """`names[name](size)`: an event of about so many bytes."""

    def __init__(self, rules_folder):
        wanted, regexes = literals(rules_folder)
        rng = random.Random(1)
        words = ' '.join(''.join(rng.choice('etaoinshrdlucmfwyp') for _ in range(rng.randint(2, 9))) for _ in range(20_000))
        everything, almost = ' '.join(wanted), ' '.join(literal[:-1] for literal in wanted)
        self.names = {
            'long value': lambda size: event(to_size(words, size)),
            'many keys': lambda size: event(**{f'k{i:06}': i % 10 for i in range(size // 10)}),
            'one key again and again': self.repeated_key,
            'many elements': lambda size: event([f'-x{i:05}' for i in range(size // 11)]),
            'every literal at once': lambda size: event(to_size(everything, size)),
            'every literal but its last byte': lambda size: event(to_size(almost, size)),
            'the text of every regex': lambda size: event(to_size(' '.join(regexes), size)),
            'blanks': lambda size: event(' ' * size),
            'carets and quotes': lambda size: event(to_size('^"', size // 2)),
            'dashes': lambda size: event(to_size('-/ ', size)),
            'one letter': lambda size: event('a' * size),
            'what regexes begin with': lambda size: event(to_size('${ (( "{0}{1}" -f [char] set %a:~1,2% && &&', size)),
            'not ASCII': lambda size: event(to_size('ſK—é', size // 2)),
        }

    @staticmethod
    def repeated_key(size):
        pairs = ','.join(f'"{FIELD}":"-x{i:05}"' for i in range(size // 24))
        return '{' + pairs + ',"product":"windows","category":"process_creation"}'

    def lines(self, name, size, total):
        """As many events of the size as make `total` bytes."""
        made = self.names[name](size)
        line = made if isinstance(made, str) else json.dumps(made, ensure_ascii=False, separators=(',', ':'))
        return (line + '\n') * max(1, total // size)
