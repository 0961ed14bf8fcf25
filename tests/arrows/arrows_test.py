"""The arrows between rooms: every #include of engine/ and connectors/ and every room's CMake target, against the table of
ARCHITECTURE.md. A wrong arrow is found here and not by whoever has to untangle it.

The table's last column is read as it stands: `content` is every public header of that room, "match's `Hit`" the header
engine/match/hit.h alone, "`event/batch.h`" that header, "all of engine" and "every public header" what they say. A header is
public unless it stands in internal/; one in testing/ is for tests and benchmarks alone.
"""
import pathlib
import re
import shutil
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a quoted include may name besides the tree: libraries whose own headers are spelt so.
LIBRARIES = ('absl/', 'simdjson.h')


class Table:
    """Rooms, and which headers each may include, from the arrows table of ARCHITECTURE.md."""

    def __init__(self, root):
        self.uses = {}       # room -> rooms
        self.only = {}       # (room, used room) -> headers, where not all public ones
        rows = re.findall(r'^\| `(engine|connectors)/([a-z{},]+)` \|[^|]*\| ([^|]+) \|$', (root / 'ARCHITECTURE.md').read_text(), re.M)
        for folder, names, uses in rows:
            for name in names.strip('{}').split(','):
                self.uses[f'{folder}/{name}'] = uses.strip()
        for room, text in list(self.uses.items()):
            self.uses[room] = self.read(room, text)

    def read(self, room, text):
        if text == '-':
            return set()
        if text in ('all of engine', 'every public header'):
            return {other for other in self.uses if other != room and (other.startswith('engine/') or text != 'all of engine')}
        found = set()
        for item in text.split(', '):
            if part := re.fullmatch(r"([a-z]+)'s (`\w+`(?: and `\w+`)*)", item):
                used = f'engine/{part[1]}'
                # `HitReader` stands in the header of `Hit`: the file is named by the first.
                first = re.search(r'`(\w+)`', part[2])[1]
                self.only.setdefault((room, used), set()).add(f'{used}/{first.lower()}.h')
            elif part := re.fullmatch(r'`([a-z]+)/(\w+\.h)`', item):
                used = f'engine/{part[1]}'
                self.only.setdefault((room, used), set()).add(f'{used}/{part[2]}')
            elif re.fullmatch('[a-z]+', item):
                used = f'engine/{item}'
            else:
                raise AssertionError(f'ARCHITECTURE.md: {room}: "{item}" is no arrow that this test can read')
            if used not in self.uses:
                raise AssertionError(f'ARCHITECTURE.md: {room}: there is no room {used}')
            found.add(used)
        return found


def room_of(path, table):
    return next((room for room in table.uses if path.startswith(room + '/')), None)


def is_test(path):
    return '/testing/' in path or re.search(r'_(test|bench|fuzz)\.cc$', path) is not None


def wrong_include(path, included, table):
    """Why `path` may not include `included`, or None."""
    room = room_of(path, table)
    if included.startswith(LIBRARIES):
        return None
    used = room_of(included, table)
    if used is None:
        return 'is no header of a room (name it from the root of the tree)'
    if '/testing/' in included and not is_test(path):
        return 'is for tests alone'
    if used == room:
        return None
    if used not in table.uses[room]:
        return f'{room} may not use {used}'
    if '/internal/' in included:
        return f'is internal to {used}'
    only = table.only.get((room, used))
    if only is not None and '/testing/' not in included and included not in only:
        return f'of {used}, {room} may use {", ".join(sorted(only))} alone'
    return None


def wrong_includes(root):
    table = Table(root)
    errors = []
    for folder in ('engine', 'connectors'):
        for file in sorted((root / folder).rglob('*')):
            if file.suffix not in ('.h', '.cc', '.inc'):
                continue
            path = file.relative_to(root).as_posix()
            if room_of(path, table) is None:
                errors.append(f'{path}: stands in no room of the table')
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                if found and (reason := wrong_include(path, found[1], table)):
                    errors.append(f'{path}:{number}: {found[1]}: {reason}')
    return errors


def wrong_targets(root):
    """Rooms whose CMake target is linked to others than the table says."""
    table = Table(root)
    errors = []
    for room, uses in table.uses.items():
        file = root / room / 'CMakeLists.txt'
        name = room.split('/')[1]
        call = re.search(rf'tocsin_room\({name}\b([^)]*)\)', file.read_text()) if file.exists() else None
        if call is None:
            errors.append(f'{room}: its CMakeLists.txt declares no room {name}')
            continue
        declared = re.search(r'\bUSES\b((?:\s+[a-z_]+)*)', call[1])
        linked = set(declared[1].split()) if declared else set()
        wanted = {used.split('/')[1] for used in uses}
        for extra in sorted(linked - wanted):
            errors.append(f'{room}/CMakeLists.txt: USES {extra}, which the table does not have')
        for lacking in sorted(wanted - linked):
            errors.append(f'{room}/CMakeLists.txt: USES lacks {lacking}, which the table has')
    for file in sorted(root.glob('*/*/CMakeLists.txt')):
        room = file.parent.relative_to(root).as_posix()
        if room.split('/')[0] in ('engine', 'connectors') and room not in table.uses:
            errors.append(f'{room}: is no room of the table')
    return errors


class Arrows(unittest.TestCase):
    def test_every_include(self):
        self.assertEqual(wrong_includes(ROOT), [])

    def test_every_target(self):
        self.assertEqual(wrong_targets(ROOT), [])

    def test_the_table_has_every_room(self):
        self.assertGreaterEqual(len(Table(ROOT).uses), 10)


class Planted(unittest.TestCase):
    """The test is able to fail: one wrong thing at a time in a copy of the tree."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='tocsin-arrows-'))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(ROOT / 'ARCHITECTURE.md', self.root)
        for folder in ('engine', 'connectors'):
            shutil.copytree(ROOT / folder, self.root / folder,
                            ignore=lambda _, names: [n for n in names if '.' in n and not n.endswith(('.h', '.cc', '.inc', 'CMakeLists.txt'))])
        self.assertEqual(wrong_includes(self.root), [])

    def test_includes(self):
        cases = {
            ('engine/event/time.cc', 'engine/match/program.h'): 'engine/event may not use engine/match',
            ('engine/content/content_set.cc', 'engine/event/event.h'): 'engine/content may not use engine/event',
            ('engine/match/program.cc', 'engine/event/internal/trie.h'): 'is internal to engine/event',
            ('engine/correlate/engine.cc', 'engine/match/program.h'): 'may use engine/match/hit.h, engine/match/value_list.h alone',
            ('engine/incident/builder.cc', 'engine/pipeline/ports.h'): 'engine/incident may not use engine/pipeline',
            ('connectors/kafka/kafka_input.cc', 'connectors/files/file_input.h'): 'connectors/kafka may not use connectors/files',
            ('connectors/kafka/kafka_sink.cc', 'engine/event/reader.h'): 'may use engine/event/batch.h alone',
            ('connectors/cli/main.cc', 'engine/incident/internal/sqlite.h'): 'is internal to engine/incident',
            ('engine/match/hit.cc', 'engine/content/testing/inline_content.h'): 'is for tests alone',
            ('engine/match/hit.h', 'hit_pool.h'): 'is no header of a room',
            ('engine/match/hit.h', 'bench/generator.h'): 'is no header of a room',
        }
        for (path, included), reason in cases.items():
            with self.subTest(path, included=included):
                file = self.root / path
                text = file.read_text()
                file.write_text(text + f'\n#include "{included}"\n')
                errors = wrong_includes(self.root)
                file.write_text(text)
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(f'{path}:{text.count(chr(10)) + 2}: {included}: ', errors[0])
                self.assertIn(reason, errors[0])

    def test_targets(self):
        file = self.root / 'engine/event/CMakeLists.txt'
        text = file.read_text()
        file.write_text(text.replace('USES content', 'USES content match'))
        self.assertEqual(wrong_targets(self.root), ['engine/event/CMakeLists.txt: USES match, which the table does not have'])
        file.write_text(text.replace('USES content ', ''))
        self.assertEqual(wrong_targets(self.root), ['engine/event/CMakeLists.txt: USES lacks content, which the table has'])
        file.write_text(text)
        (self.root / 'engine/util').mkdir()
        (self.root / 'engine/util/CMakeLists.txt').write_text('tocsin_room(util)\n')
        self.assertEqual(wrong_targets(self.root), ['engine/util: is no room of the table'])


if __name__ == '__main__':
    unittest.main(verbosity=2)
