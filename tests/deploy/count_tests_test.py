"""deploy/count_tests.py: every kind of test program is counted, a failure is never lost, a skip is named with its reason."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / 'deploy/count_tests.py'


def program(number, name, result, *lines):
    """What ctest --verbose writes of one test."""
    body = ''.join(f'{number}: {line}\n' for line in lines)
    return f'      Start {number:2}: {name}\n\n{body}1/9 Test {"#" + str(number):>3}: {name} .................{result:>9}    0.36 sec\n'


GTEST = ('[ RUN      ] Disk.Full', '/x/disk_test.cc:82: Skipped', '/dev/full is not there', '', '[  SKIPPED ] Disk.Full (0 ms)',
         '[ RUN      ] Disk.Empty', 'some output[       OK ] Disk.Empty (3 ms)', '[  PASSED  ] 1 test.', '[  SKIPPED ] 1 test, listed below:', '[  SKIPPED ] Disk.Full')
GTEST_FAILURE = ('[       OK ] A.a (0 ms)', '[  FAILED  ] P/A.b/0, where GetParam() = 4-byte object <00> (2 ms)',
                 '[  FAILED  ] 1 test, listed below:', '[  FAILED  ] P/A.b/0, where GetParam() = 4-byte object <00>')
UNITTEST = ('test_described (__main__.A.test_described)', 'Says what it is. ... ok', 'test_noisy (__main__.A.test_noisy) ... noise', 'ok',
            'test_root (__main__.A.test_root)', "Says what it is. ... skipped 'needs root'", "setUpClass (__main__.B) ... skipped 'no broker'", 'Ran 3 tests in 0.004s', '', 'OK (skipped=2)')
UNITTEST_FAILURE = ('test_a (__main__.A.test_a) ... ok', 'test_parts (__main__.A.test_parts) ... ', '  test_parts (__main__.A.test_parts) [1] ... FAIL',
                    '  test_parts (__main__.A.test_parts) [2] ... FAIL', 'setUpClass (__main__.B) ... ERROR', 'ERROR: setUpClass (__main__.B)',
                    'FAIL: test_parts (__main__.A.test_parts) [1]', 'FAIL: test_parts (__main__.A.test_parts) [2]', 'Ran 2 tests in 0.004s', '', 'FAILED (failures=2, errors=1)')


class Counts(unittest.TestCase):
    def count(self, *logs):
        """Exit code and what was printed."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, f'build{i}.log') for i in range(len(logs))]
            for path, log in zip(paths, logs):
                path.write_text(log)
            result = subprocess.run([sys.executable, str(SCRIPT), *map(str, paths)], capture_output=True, text=True)
            return result.returncode, result.stdout

    def test_what_passes(self):
        code, said = self.count(
            program(1, 'unit.disk', 'Passed', *GTEST) + program(2, 'e2e.all', 'Passed', *UNITTEST) + program(4, 'bench.x', 'Passed', 'BM_X 3 ns')
            + program(3, 'golden.rules', 'Passed', '1203 cases: 1,185 passed, 0 failed, 18 known to fail') + program(12, 'fuzz.x', 'Passed', '/in/a: 3 bytes', '/in/b: 0 bytes'))
        self.assertEqual(code, 0, said)
        self.assertEqual(said.splitlines(), [
            'build0: skipped: unit.disk: Disk.Full: /dev/full is not there',
            'build0: skipped: e2e.all: test_root (__main__.A.test_root): needs root',
            'build0: skipped: e2e.all: setUpClass (__main__.B): no broker',
            'build0: 1191 passed, 0 failed, 3 skipped, 18 known to fail',
            '1191 passed, 0 failed, 3 skipped, 18 known to fail'])

    def test_what_fails(self):
        for name, expected, log in (
                ('GoogleTest', 'unit.a: P/A.b/0', program(1, 'unit.a', '***Failed', *GTEST_FAILURE)),
                ('unittest', 'e2e.a: test_parts (__main__.A.test_parts)', program(1, 'e2e.a', '***Failed', *UNITTEST_FAILURE)),
                ('a class that could not start', 'e2e.a: setUpClass (__main__.B)', program(1, 'e2e.a', '***Failed', *UNITTEST_FAILURE)),
                ('a case', 'golden.rules: a case of `tocsin rules test`', program(1, 'golden.rules', '***Failed', '2 cases: 1 passed, 0 failed, 1 unreadable')),
                ('a crash', 'unit.a: Exception: SegFault', program(1, 'unit.a', '***Exception: SegFault', '[       OK ] A.a (0 ms)')),
                ('an abort', 'unit.a: Subprocess aborted Exception:', program(1, 'unit.a', 'Subprocess aborted***Exception:', '[       OK ] A.a (0 ms)')),
                ('a hang', 'unit.a: Timeout', program(1, 'unit.a', '***Timeout', '[       OK ] A.a (0 ms)')),
                ('a program that is not there', 'unit.a: Not Run', program(1, 'unit.a', '***Not Run')),
                ('ctest itself ended', 'unit.a: without a result', '    Start 1: unit.a\n1: [       OK ] A.a (0 ms)\n')):
            with self.subTest(name):
                code, said = self.count(program(7, 'unit.b', 'Passed', '[       OK ] B.b (0 ms)') + log)
                self.assertEqual(code, 1, said)
                self.assertIn(f'build0: failed: {expected}\n', said)

    def test_a_build_without_tests_has_failed(self):
        code, said = self.count(program(1, 'unit.a', 'Passed', '[       OK ] A.a (0 ms)'), 'No tests were found!!!\n')
        self.assertEqual(code, 1, said)

    def test_lines_of_two_programs_stand_in_turns(self):
        code, said = self.count(
            '    Start 1: unit.a\n    Start 2: unit.b\n1: /x.cc:1: Skipped\n2: /y.cc:1: Skipped\n1: no disk\n2: no net\n1: [  SKIPPED ] A.a (0 ms)\n2: [  SKIPPED ] B.b (0 ms)\n'
            '1: [       OK ] A.c (0 ms)\n1/2 Test #1: unit.a ....   Passed    0.01 sec\n2/2 Test #2: unit.b ....   Passed    0.01 sec\n')
        self.assertEqual(code, 0, said)
        self.assertIn('unit.a: A.a: no disk\n', said)
        self.assertIn('unit.b: B.b: no net\n', said)


if __name__ == '__main__':
    unittest.main(verbosity=2)
