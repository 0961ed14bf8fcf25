"""A CloudTrail set of any size out of a small real one: copies whose ids and times are shifted, so that no event is a duplicate.

    python3 bench/shifted_cloudtrail.py CORPUS_FOLDER OUT_FOLDER COPIES

Copy k has every id (eventID, requestID) hashed anew with k and every time moved by k * SHIFT, which is longer than the corpus and
than any window of the rules over it: each copy is a story of its own, and what one copy gives, n copies give n times. Nothing else
is touched, byte for byte, and the same arguments give the same files. Copy 0 is the corpus itself."""
import datetime
import functools
import hashlib
import pathlib
import re
import sys

SHIFT = datetime.timedelta(hours=36)
ISO, SPELLED = '%Y-%m-%dT%H:%M:%SZ', '%b %d, %Y, %I:%M:%S %p'
MOVED = re.compile(r'("(?:eventID|requestID)"\s*:\s*")([^"]+)"'
                   r'|"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"'
                   r'|"([A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M)"')


@functools.lru_cache(maxsize=None)
def moved_time(text, form, copy):
    time = datetime.datetime.strptime(text, form) + copy * SHIFT
    if form == ISO:
        return time.strftime(ISO)
    return f'{time:%b} {time.day}, {time.year}, {time.hour % 12 or 12}:{time:%M:%S %p}'


def moved_id(text, copy):
    digits = hashlib.sha256(f'{copy} {text}'.encode()).hexdigest()
    return f'{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}'


def shifted(text, copy):
    def replace(match):
        key, identity, iso, spelled = match.groups()
        if identity:
            return f'{key}{moved_id(identity, copy)}"'
        return f'"{moved_time(iso, ISO, copy) if iso else moved_time(spelled, SPELLED, copy)}"'
    return MOVED.sub(replace, text) if copy else text


def generate(corpus, out, copies):
    """Writes the files that are not there yet; `out` holds COPIES folders, whole or not at all."""
    files = sorted(corpus.glob('*.json'))
    for copy in range(copies):
        folder = out / f'{copy:04}'
        if folder.exists():
            continue
        moved_time.cache_clear()
        half = out / f'{copy:04}.half'
        half.mkdir(parents=True, exist_ok=True)
        for file in files:
            (half / file.name).write_text(shifted(file.read_text(), copy))
        half.rename(folder)


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    generate(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]))
