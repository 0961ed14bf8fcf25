"""Rules as text: the values of their detections where they stand in the file, so that copies of a rule can differ in its literals alone.

No YAML reader. It knows the shapes that the community rules have, a value or a list item a line; what has another shape (block scalars, flow
lists) is passed over and stays as it is."""
import re

# What has these modifiers is no literal.
OTHER = {'re', 'cidr', 'gt', 'gte', 'lt', 'lte', 'exists', 'fieldref', 'expand', 'minute', 'hour', 'day', 'week', 'month', 'year'}
LINE = re.compile(r'^(?P<head>\s*(?:- +)*)(?:(?P<key>[\w.$@%/|-]+(?: [\w.|-]+)*) *:(?=\s|$) *)?(?P<value>.*)$')
SINGLE = re.compile(r"'((?:[^']|'')*)'")
DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
PLAIN_OTHER = re.compile(r'[-+.]?\d[\d.]*$|0x[0-9a-fA-F]+$|(true|false|null|~|yes|no)$|[|>\[{&!*%@`?]', re.I)
# One character of the value as Sigma sees it, an escape with what it escapes.
UNITS = {"'": re.compile(r"\\[\\*?]|''|."), '"': re.compile(r'\\\\\\\\|\\\\[*?]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.|.'), '': re.compile(r'\\[\\*?]|.')}


class Value:
    """`text` of a detection's value from `begin` to `end` of a rule's text, between quotes or not; `key` as written, modifiers and all."""

    def __init__(self, key, text, begin, quote):
        self.key, self.text, self.begin, self.end, self.quote = key, text, begin, begin + len(text), quote
        self.field, *self.modifiers = key.split('|')

    @property
    def is_literal(self):
        return not OTHER & set(self.modifiers) and not re.fullmatch(r'\d+', self.text)

    def units(self):
        return UNITS[self.quote].findall(self.text)

    def plain(self):
        """What an event must hold to match it, wildcards left out."""
        escaped = {"''": "'", '\\\\': '\\', '\\*': '*', '\\?': '?'} if self.quote != '"' else {'\\\\\\\\': '\\', '\\\\*': '*', '\\\\?': '?', '\\\\': '\\', '\\"': '"'}
        return ''.join(escaped.get(unit, unit) for unit in self.units() if unit not in ('*', '?'))


def values(rule):
    """The values of a rule's detections that can be told from its text."""
    at, inside, key = 0, False, ''
    for line in rule.splitlines(keepends=True):
        begin, at = at, at + len(line)
        text = line.rstrip('\r\n')
        if text and not text[0].isspace() and not text.startswith(('#', '-')):
            inside = text.startswith('detection:')
            continue
        if not inside or not text.strip() or text.lstrip().startswith('#'):
            continue
        match = LINE.match(text)
        key = match['key'] or key
        if key == 'condition' or not match['value'] or (match['key'] is None and '- ' not in match['head']):
            continue
        value, place = match['value'], begin + match.start('value')
        if value[0] in '\'"':
            quoted = (SINGLE if value[0] == "'" else DOUBLE).match(value)
            if quoted:
                yield Value(key, quoted[1], place + 1, value[0])
            continue
        value = re.split(r'\s+#', value)[0].rstrip()
        if value and not PLAIN_OTHER.match(value):
            yield Value(key, value, place, '')
