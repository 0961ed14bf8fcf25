"""kill -9 in the middle of a replay, and a disk without room: what was lost is said, and the next run comes to the same end."""
import os
import pathlib
import signal
import subprocess
import time
import unittest

from tocsin import DEMO, PROGRAM, ROOT, Case, events_in, json_lines, no_small_disk, tocsin, without_observed

EVENTS = DEMO / 'ci_runner_before_release/events'
ENVIRONMENT = {**os.environ, 'TOCSIN_CONTENT': str(ROOT / 'rules')}


class KilledReplay(Case):
    def test_the_same_command_again_comes_to_the_same_end(self):
        wanted, wanted_alerts, _, _ = self.replay(EVENTS)
        for delay in (0.02, 0.1, 0.2, 0.3, 0.45):
            with self.subTest(delay=delay):
                store = self.folder / f'{delay}.db'
                process = subprocess.Popen([PROGRAM, 'replay', '--json', '--store', str(store), str(EVENTS)], env=ENVIRONMENT,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(delay)  # where it is hit does not matter: every place must do
                process.send_signal(signal.SIGKILL)
                process.wait()
                out, _ = tocsin('replay', '--json', '--store', store, EVENTS)
                incidents = [line for line in json_lines(out) if 'timeline' in line]
                if not incidents:  # it had ended before it was killed
                    continue
                self.assertEqual([without_observed(i) for i in incidents], [without_observed(i) for i in wanted])

    def test_killed_while_it_reads(self):
        # A pipe that stays open holds it in the middle of its input for certain.
        store = self.folder / 'piped.db'
        lines = (EVENTS / 'github-webhooks.ndjson').read_bytes()
        process = subprocess.Popen([PROGRAM, 'replay', '--json', '--store', str(store), '-'], env=ENVIRONMENT, stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.stdin.write(lines)
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not pathlib.Path(f'{store}.evidence').is_dir() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        self.assertTrue(pathlib.Path(f'{store}.evidence').is_dir())
        out, err = tocsin('replay', '--json', '--store', store, '-', stdin=lines)
        self.assertNotIn('nothing was read again', err)
        self.assertEqual(json_lines(out)[-1]['events'], len(events_in(EVENTS / 'github-webhooks.ndjson')))


class FullDisk(Case):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / 'disk'
        self.disk.mkdir()
        if reason := no_small_disk(self.disk):
            self.skipTest(reason)

    def test_a_replay_without_room_says_so_and_nothing_is_half_done(self):
        store = self.disk / 'store.db'
        script = (f'mount -t tmpfs -o size=1m tmpfs {self.disk} && dd if=/dev/zero of={self.disk}/filler bs=1k count=900 2>/dev/null; '
                  f'"{PROGRAM}" replay --json --store {store} {EVENTS} >/dev/null; echo "first $?"; '
                  f'rm {self.disk}/filler; mount -o remount,size=200m {self.disk}; '
                  f'"{PROGRAM}" replay --json --store {store} {EVENTS} >/dev/null; echo "second $?"; '
                  f'"{PROGRAM}" incidents list --json --store {store}')
        result = subprocess.run(['unshare', '-m', 'sh', '-c', script], capture_output=True, text=True, env=ENVIRONMENT)
        self.assertIn('first 3', result.stdout, result.stderr)
        self.assertRegex(result.stderr, 'No space left|is full')
        self.assertIn('second 0', result.stdout, result.stderr)
        self.assertNotIn('nothing was read again', result.stderr)
        wanted, *_ = self.replay(EVENTS)
        for incident in wanted:
            self.assertIn(incident['id'], result.stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
