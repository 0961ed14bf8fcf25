#!/bin/sh
# Lines of a room that its unit tests run: tests/coverage.sh ROOM [FOLDER], such as `tests/coverage.sh content content/sigma`.
# Builds <room>_test with gcov's counters in build/coverage, runs it and prints each file below engine/FOLDER and their sum.
set -eu
room=$1
folder=engine/${2:-$1}
cd "$(dirname "$0")/.."
cmake -S . -B build/coverage -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="--coverage -O0" > build/coverage.log 2>&1 || { cat build/coverage.log; exit 2; }
cmake --build build/coverage --target "${room}_test"
find build/coverage -name '*.gcda' -delete
"build/coverage/engine/$room/${room}_test" --gtest_brief=1
find "build/coverage/$folder" "build/coverage/engine/$room/CMakeFiles/tocsin_$room.dir" -name '*.gcda' 2> /dev/null | sort -u | xargs gcov --no-output --source-prefix "$PWD" 2> /dev/null |
  awk -v folder="$folder" '
    /^File/ { file = $2; gsub(/\047/, "", file); wanted = index(file, folder "/") == 1 && file ~ /\.cc$/ && file !~ /_test\.cc$/ }
    /^Lines executed/ && wanted {
      split($2, part, ":"); percent = part[2]; sub(/%/, "", percent)
      if (!(file in seen)) { seen[file] = 1; lines += $4; run += $4 * percent / 100; printf "%6.1f %% of %4d  %s\n", percent, $4, file }
      wanted = 0
    }
    END { if (lines) printf "%6.1f %% of %4d  all\n", run * 100 / lines, lines; else { print "nothing was measured"; exit 2 } }'
