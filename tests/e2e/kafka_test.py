"""`tocsin run` on a real broker: several topics and partitions, a stop in mid-chain, and the same incidents once."""
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

from tocsin import DEMO, PROGRAM, ROOT, Case, events_in, no_small_disk, tocsin

sys.path.insert(0, str(ROOT / 'tests/kafka'))
import broker as kafka  # noqa: E402

TOOL = os.environ.get('KAFKA_TOOL', str(pathlib.Path(PROGRAM).parent / 'tests/kafka/kafka_tool'))
WAIT_SECONDS = 60


def milliseconds(stamp):
    return int(datetime.datetime.fromisoformat(stamp[:19] + '+00:00').timestamp() * 1000)


def topic_and_partition(name, event):
    """Where an event of a demo file goes: three topics, four partitions."""
    if 'cloudtrail' in name.lower():
        return 'aws', int(event['eventID'][-1] < '8')
    if 'hubble' in name or 'tetragon' in name or 'k8s' in name:
        return 'cluster', 0
    return 'ci', 0


class Run(Case):
    @classmethod
    def setUpClass(cls):
        if reason := kafka.missing():
            raise unittest.SkipTest(reason)
        cls.broker = kafka.Broker().__enter__()
        for topic, partitions in (('ci', 1), ('aws', 2), ('cluster', 1), ('incidents', 2)):
            cls.tool('create', topic, str(partitions))

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()

    @classmethod
    def tool(cls, *arguments, stdin=None):
        result = subprocess.run([TOOL, cls.broker.address, *arguments], input=stdin, capture_output=True, text=True)
        if result.returncode != 0:
            raise AssertionError(result.stderr)
        return result.stdout

    def records(self):
        """The demo as topic records in event-time order, with the time each would have arrived at."""
        out = []
        for path in sorted((DEMO / 'ci_runner_before_release/events').rglob('*')):
            if path.suffix not in ('.ndjson', '.json', '.gz', '.zst'):
                continue
            for event in events_in(path):
                topic, partition = topic_and_partition(path.name, event)
                when = event.get('received_at') or event.get('eventTime') or event.get('time') or event.get('requestReceivedTimestamp')
                ms = milliseconds(when) if when else event.get('@timestamp') or event.get('created_at')
                headers = event.get('headers', {}) if 'payload' in event else {}
                value = event['payload'] if headers else event
                out.append({'topic': topic, 'partition': partition, 'time_ms': int(ms), 'value': json.dumps(value), 'headers': headers})
        return sorted(out, key=lambda r: r['time_ms'])

    def start(self, config):
        log = open(self.folder / f'run{time.monotonic_ns()}.log', 'wb')
        self.addCleanup(log.close)
        process = subprocess.Popen([PROGRAM, 'run', '--config', str(config)], stdout=log, stderr=log,
                                   env={**os.environ, 'TOCSIN_CONTENT': str(ROOT / 'rules')})
        self.addCleanup(lambda: process.poll() is None and process.kill())
        process.log_path = log.name
        return process

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=WAIT_SECONDS)
        self.assertEqual(code, 0, pathlib.Path(process.log_path).read_text())

    def wait_for(self, what, process):
        """Polls the program's own outputs; fails with its log when it ends or takes too long."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if value := what():
                return value
            time.sleep(0.1)
        self.fail('not seen in time:\n' + pathlib.Path(process.log_path).read_text())

    def incidents(self, store):
        if not store.exists():
            return []
        try:
            listed = json.loads(tocsin('incidents', 'list', '--json', '--store', store)[0])
            return [json.loads(tocsin('incidents', 'show', each['id'], '--json', '--store', store)[0]) for each in listed]
        except AssertionError:
            return []

    def alerts(self, store):
        return json.loads(tocsin('incidents', 'list', '--alerts', '--json', '--store', store)[0])

    def test_stop_in_mid_chain_and_go_on(self):
        store = self.folder / 'live.db'
        config = self.folder / 'run.yaml'
        config.write_text(f'''kafka:
  brokers: {self.broker.address}
  group: mid-chain
  topics: [{{name: ci}}, aws, cluster]
  output_topic: incidents
store: {store}
commit_interval: 50ms
''')
        wanted, wanted_alerts, _, _ = self.replay(DEMO / 'ci_runner_before_release/events')
        flagship = next(incident for incident in wanted if incident['severity'] == 'critical')
        chain = next(alert for alert in flagship['alerts'] if alert['rule'] == 'chain_runner_before_release')
        cut = next(alert for alert in flagship['alerts'] if alert['rule'] == 'egress_privileged_job')
        # The first half ends between the egress and the last link of the chain.
        cut_ms = (milliseconds(cut['last_event']) + milliseconds(chain['last_event'])) // 2
        records = self.records()
        first = [record for record in records if record['time_ms'] <= cut_ms]
        second = records[len(first):]
        self.assertGreater(len(first), 10)
        self.assertGreater(len(second), 3)
        places = {(record['topic'], record['partition']) for record in first}
        self.assertEqual(places, {(record['topic'], record['partition']) for record in second})
        self.assertEqual(len(places), 4)

        self.produce(first)
        process = self.start(config)
        opened = self.wait_for(lambda: [i for i in self.incidents(store) if i['id'] == flagship['id']], process)
        self.assertEqual(opened[0]['severity'], 'high')
        self.stop(process)

        self.produce(second)
        process = self.start(config)
        self.wait_for(lambda: [i for i in self.incidents(store) if i['id'] == flagship['id'] and i['severity'] == 'critical'], process)
        # Everything is confirmed once the watermarks have passed it.
        self.wait_for(lambda: len(self.alerts(store)) >= len(wanted_alerts) and all(a['state'] == 'confirmed' for a in self.alerts(store)), process)
        self.stop(process)
        self.assertEqual(sorted(i['id'] for i in self.incidents(store)), sorted(i['id'] for i in wanted))
        self.assertEqual(sorted(a['id'] for a in self.alerts(store)), sorted(a['id'] for a in wanted_alerts))
        # Live or replay: the same story, but for where the events lay and when they came.
        for live, bounded in zip(self.incidents(store), wanted):
            for key in ('severity', 'title', 'playbook', 'entities', 'alerts'):
                self.assertEqual(live[key], bounded[key], key)
            self.assertEqual({k: v['value'] for k, v in live['verdicts'].items()}, {k: v['value'] for k, v in bounded['verdicts'].items()})
            self.assertEqual([(row['time'], row['source'], row['why']) for row in live['timeline']],
                             [(row['time'], row['source'], row['why']) for row in bounded['timeline']])

        # A third start has nothing to add, and nothing is published twice.
        before = self.incidents(store)
        process = self.start_and_settle(config)
        log = pathlib.Path(process.log_path)
        process.send_signal(signal.SIGUSR1)
        self.wait_for(lambda: 'read: ' in log.read_text(), process)
        self.stop(process)
        self.assertEqual(self.incidents(store), before)
        # It said what it did when it was asked to, and at its end. Everything is young enough to be read again.
        counts = re.findall(r'read: events (\d+), bytes \d+, .*, bad 0, read again (\d+).*; found: hits \d+, '
                            r'of events read again \d+, alerts (\d+), incidents (\d+).*; behind: aws (\d+), ci (\d+), cluster (\d+)$', log.read_text(), re.M)
        every = str(len(records))
        self.assertEqual(counts, [(every, every, str(len(wanted_alerts)), str(len(wanted)), '0', '0', '0')] * 2, log.read_text())
        published = [json.loads(line) for partition in (0, 1) for line in self.tool('consume', 'incidents', str(partition)).splitlines()]
        keys = [(message['key'], message['value']['revision']) for message in published]
        self.assertEqual(len(keys), len(set(keys)), keys)
        self.assertEqual(len({message['sequence'] for message in published}), len(published))
        self.assertIn(flagship['id'], {message['key'] for message in published})

    def configure(self, group, store, output=True):
        """Topics of their own for one test; the configuration that reads them."""
        for topic, partitions in (('ci', 1), ('aws', 2), ('cluster', 1)) + ((('incidents', 1),) if output else ()):
            self.tool('create', f'{group}-{topic}', str(partitions))
        config = self.folder / 'run.yaml'
        out = f'\n  output_topic: {group}-incidents' if output else ''
        config.write_text(f'kafka:\n  brokers: {self.broker.address}\n  group: {group}\n  topics: [{group}-ci, {group}-aws, {group}-cluster]{out}\n'
                          f'store: {store}\ncommit_interval: 50ms\n')
        return config

    def records_for(self, group):
        return [{**record, 'topic': f'{group}-{record["topic"]}'} for record in self.records()]

    def test_killed_in_the_middle_and_started_again(self):
        store = self.folder / 'killed.db'
        config = self.configure('killed', store)
        records = self.records_for('killed')
        wanted, wanted_alerts, _, _ = self.replay(DEMO / 'ci_runner_before_release/events')
        # Five times: more arrives, and the process dies while it works on that, each time a little later.
        for part in range(5):
            self.produce(records[len(records) * part // 5:len(records) * (part + 1) // 5])
            process = self.start(config)
            self.wait_for(lambda: 'reading' in pathlib.Path(process.log_path).read_text(), process)
            time.sleep(0.1 * part)  # where it is hit does not matter: every place must do
            process.kill()
            process.wait()
        process = self.start_and_settle(config)
        self.wait_for(lambda: [a['id'] for a in self.alerts(store) if a['state'] == 'confirmed'] == [a['id'] for a in wanted_alerts], process)
        self.stop(process)
        self.assertEqual([i['id'] for i in self.incidents(store)], [i['id'] for i in wanted])
        for live, bounded in zip(self.incidents(store), wanted):
            self.assertEqual([(row['time'], row['why']) for row in live['timeline']], [(row['time'], row['why']) for row in bounded['timeline']])
        published = [json.loads(line) for line in self.tool('consume', 'killed-incidents', '0').splitlines()]
        keys = [(message['key'], message['value']['revision']) for message in published]
        self.assertEqual(len(keys), len(set(keys)), keys)

    def test_a_full_disk_stops_consumption_and_loses_nothing(self):
        disk = self.folder / 'disk'
        disk.mkdir()
        if reason := no_small_disk(disk):
            self.skipTest(reason)
        config = self.configure('full', disk / 'live.db', output=False)
        # All is there before it starts: what it reads after the wait is behind, not late.
        self.produce(self.records_for('full'))
        log = self.folder / 'full.log'
        with open(log, 'wb') as out:  # a store takes some 150 KB to begin with, and the demo's 1 MB
            process = subprocess.Popen(['unshare', '-m', 'sh', '-c', f'mount -t tmpfs -o size=400k tmpfs {disk} && exec "{PROGRAM}" run --config {config}'],
                                       stdout=out, stderr=out, env={**os.environ, 'TOCSIN_CONTENT': str(ROOT / 'rules')})
        self.addCleanup(lambda: process.poll() is None and process.kill())
        process.log_path = str(log)
        inside = ['nsenter', '-t', str(process.pid), '-m']   # the disk as that process sees it

        def listed(*arguments):
            result = subprocess.run([*inside, PROGRAM, 'incidents', 'list', '--json', '--store', str(disk / 'live.db'), *arguments],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            return [each['id'] for each in json.loads(result.stdout) if each['state'] in ('open', 'confirmed')]

        wanted, wanted_alerts, _, _ = self.replay(DEMO / 'ci_runner_before_release/events')
        self.wait_for(lambda: 'waiting: ' in log.read_text(), process)
        self.assertRegex(log.read_text(), 'No space left|is full')
        self.assertLess(len(listed('--alerts')), len(wanted_alerts))
        subprocess.run([*inside, 'mount', '-o', 'remount,size=16m', str(disk)], check=True)
        self.wait_for(lambda: listed('--alerts') == [a['id'] for a in wanted_alerts], process)
        self.assertEqual(listed(), [i['id'] for i in wanted])
        self.stop(process)

    def start_and_settle(self, config):
        process = self.start(config)
        self.wait_for(lambda: 'caught up' in pathlib.Path(process.log_path).read_text(), process)
        return process

    def produce(self, records):
        self.tool('produce', stdin='\n'.join(map(json.dumps, records)) + '\n')

    def test_a_topic_that_does_not_exist_is_named(self):
        config = self.folder / 'run.yaml'
        config.write_text(f'kafka: {{brokers: "{self.broker.address}", topics: [nowhere]}}\nstore: {self.folder}/x.db\n')
        _, err = tocsin('run', '--config', config, expect=3)
        self.assertIn('nowhere', err)

    def test_print_config_shows_every_default(self):
        config = self.folder / 'run.yaml'
        config.write_text('kafka: {brokers: "127.0.0.1:1", topics: [a]}\nstore: x.db\n')
        out, _ = tocsin('run', '--config', config, '--print-config')
        for key in ('brokers', 'group', 'topics', 'output_topic', 'rules', 'site', 'store', 'commit_interval'):
            self.assertIn(key + ':', out)


if __name__ == '__main__':
    unittest.main(verbosity=2)
