"""Writes casefold_table.inc: Unicode simple case folding as ranges. Python's Unicode data stands for CaseFolding.txt.

A code point folds simply when its full folding is one code point; for the few whose full folding is longer, CaseFolding.txt's S
entries are its lower case where that is one code point.
"""
import sys


def fold(code):
    full = chr(code).casefold()
    if len(full) == 1:
        return ord(full)
    lower = chr(code).lower()
    return ord(lower) if len(lower) == 1 else code


pairs = [(c, fold(c)) for c in range(0x80, 0x110000) if not 0xD800 <= c < 0xE000 and fold(c) != c]
ranges = []  # first, last, stride, delta
for code, folded in pairs:
    delta = folded - code
    if ranges and ranges[-1][3] == delta and code - ranges[-1][1] in (1, 2) and ranges[-1][2] in (0, code - ranges[-1][1]):
        ranges[-1][2] = code - ranges[-1][1]
        ranges[-1][1] = code
    else:
        ranges.append([code, code, 0, delta])
out = sys.stdout
out.write('// Written by casefold_table.py. {first, last, stride, delta}\n')
for first, last, stride, delta in ranges:
    out.write(f'{{0x{first:X}, 0x{last:X}, {stride or 1}, {delta}}},\n')
