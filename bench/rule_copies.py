#!/usr/bin/env python3
"""The rules of the corpus in any number: seeded copies that do not make a flat curve for free.

    bench/rule_copies.py RULES COUNT FOLDER

Fewer than there are: a seeded choice of them. More: all of them, and copies whose ids and names have a suffix. Of the copies a half has a seeded
suffix of six characters at every literal of four bytes or more, a third keeps the first eight characters of each literal and has others behind
them, the rest are plain copies. Regexes, networks and numbers stay as they are.

For bench/lanes also copies that all have the suffix, and without those rules that would hit even so."""
import pathlib
import random
import re
import sys

import rule_text

SEED = 20261125
ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
RULES_A_FILE = 500
KINDS = {'suffix': 3, 'prefix': 2, 'plain': 1}
SUFFIX = {'suffix': 1}


def changed(value, kind, rng):
    """The value's text with each literal, from wildcard to wildcard, changed."""
    out, literal = [], []

    def letters(count):
        return ''.join(rng.choice(ALPHABET) for _ in range(count))

    def end_literal():
        if kind == 'suffix' and len(literal) >= 4:
            literal.append(letters(6))
        elif kind == 'prefix':
            literal[8:] = letters(len(literal[8:]))
        out.extend(literal)
        literal.clear()

    for unit in value.units():
        if unit in ('*', '?'):
            end_literal()
            out.append(unit)
        else:
            literal.append(unit)
    end_literal()
    return ''.join(out)


def copy(rule, number, kinds, rng):
    kind = rng.choices(tuple(kinds), tuple(kinds.values()))[0]
    out, at = [], 0
    for value in rule_text.values(rule):
        if kind == 'plain' or not value.is_literal:
            continue
        out += [rule[at:value.begin], changed(value, kind, rng)]
        at = value.end
    out.append(rule[at:])
    return re.sub(r'^(id|name): *([^\s#]+)', lambda match: f'{match[1]}: {match[2]}-{number}', ''.join(out), flags=re.M)


def original(rule_id):
    """The id that a copy's comes from."""
    return re.sub(r'^(.{36})-\d+$', r'\1', rule_id)


def generate(rules_folder, count, folder, kinds=KINDS, uncopied=frozenset()):
    rng = random.Random(SEED)
    rules = [path.read_text() for path in sorted(rules_folder.rglob('*.yml'))]
    rng.shuffle(rules)
    chosen = rules[:count]
    copied = [rule for rule in rules if re.search(r'^id: *(\S+)', rule, re.M)[1] not in uncopied]
    for number in range(count - len(chosen)):
        chosen.append(copy(copied[number % len(copied)], number, kinds, rng))
    folder.mkdir(parents=True, exist_ok=True)
    for begin in range(0, count, RULES_A_FILE):
        text = '\n---\n'.join(re.sub(r'\A---\s*\n', '', rule) for rule in chosen[begin:begin + RULES_A_FILE])
        (folder / f'{begin:06}.yml').write_text(text + '\n')


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    generate(pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]))
