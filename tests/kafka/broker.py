"""A real Kafka broker for tests: KRaft in one JVM on free loopback ports, stopped by its process id.

    with Broker() as broker:
        ... broker.address ...

The jars are fetched once a machine with Maven (the user's own settings) into a cache folder and checked against pinned sums.
"""
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 90


def cache_folder():
    base = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    return pathlib.Path(base) / 'tocsin' / 'kafka-4.3.1'


def jars_are_whole(folder):
    for line in (HERE / 'jars.sha256').read_text().splitlines():
        digest, name = line.split()
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return False
    return True


def fetch_jars():
    """The folder with the broker's jars. Raises when they cannot be had or are not the pinned ones."""
    folder = cache_folder()
    if jars_are_whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = pathlib.Path(temporary)
        shutil.copy(HERE / 'pom.xml', work / 'pom.xml')
        subprocess.run(['mvn', '-q', '-B', 'dependency:copy-dependencies', f'-DoutputDirectory={work}/jars'], cwd=work, check=True)
        if not jars_are_whole(work / 'jars'):
            raise RuntimeError('the jars that Maven brought are not the ones pinned in tests/kafka/jars.sha256')
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(work / 'jars', folder)
    return folder


def missing():
    """Why no broker can be started here, or None."""
    for tool in ('java', 'mvn'):
        if shutil.which(tool) is None:
            return f'{tool} is not installed (./deploy/packages --test installs it)'
    return None


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Broker:
    def __init__(self):
        self.jars = fetch_jars()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='tocsin-kafka-'))
        self.process = None
        self.port = free_port()
        self.controller_port = free_port()
        self.address = f'127.0.0.1:{self.port}'

    def java(self, main, *arguments):
        return ['java', '-Xmx512m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', f'{self.jars}/*', main, *arguments]

    def __enter__(self):
        properties = self.folder / 'server.properties'
        properties.write_text('\n'.join([
            'process.roles=broker,controller', 'node.id=1',
            f'controller.quorum.voters=1@127.0.0.1:{self.controller_port}',
            f'listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}',
            f'advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}',
            'controller.listener.names=CONTROLLER', 'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
            f'log.dirs={self.folder}/logs', 'num.partitions=1', 'offsets.topic.replication.factor=1', 'offsets.topic.num.partitions=1',
            'transaction.state.log.replication.factor=1', 'transaction.state.log.min.isr=1', 'transaction.state.log.num.partitions=1',
            'auto.create.topics.enable=false', 'group.initial.rebalance.delay.ms=0',
            # Test events carry the times of their scenario: nothing of them may be deleted for its age.
            'log.retention.ms=-1', 'log.message.timestamp.before.max.ms=9223372036854775807', '']))
        self.log = open(self.folder / 'broker.log', 'wb')
        subprocess.run(self.java('kafka.tools.StorageTool', 'format', '-t', 'dG9jc2luLXRlc3QtY2x1c3Q', '-c', str(properties)),
                       stdout=self.log, stderr=subprocess.STDOUT, check=True)
        self.process = subprocess.Popen(self.java('kafka.Kafka', str(properties)), stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        self.wait_until_ready()
        return self

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            # The port opens once the broker has caught up with its controller; clients retry until it answers.
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', self.port)) == 0:
                    return
            time.sleep(0.05)
        text = (self.folder / 'broker.log').read_text(errors='replace')
        self.__exit__()
        raise RuntimeError('the broker did not start:\n' + text[-4000:])

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.kill(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
