#include "connectors/files/framing.h"

#include <gtest/gtest.h>

namespace tocsin::files {
namespace {

struct Case {
  const char* name;
  const char* head;
  Framing expected;
};

TEST(Framing, TellsLinesFromDocuments) {
  const Case cases[] = {
      {"ndjson", "{\"a\":1}\n{\"a\":2}\n", Framing::kLines},
      {"one line", "{\"a\":1}", Framing::kLines},
      {"one envelope in a line", "{\"Records\":[{\"a\":1},{\"a\":2}]}\n", Framing::kLines},
      {"blank lines first", "\n \r\n{\"a\":1}\n{\"a\":2}\n", Framing::kLines},
      {"pretty object", "{\n  \"a\": 1\n}\n", Framing::kDocument},
      {"pretty array", "[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n", Framing::kDocument},
      {"array with events a line", "[{\"a\":1},\n{\"a\":2}]\n", Framing::kDocument},
      {"envelope with events a line", "{\"Records\": [\n{\"a\":1},\n{\"a\":2}\n]}\n", Framing::kDocument},
      {"key at the line's end", "{\"a\":\n{\"b\":1}}\n", Framing::kDocument},
      {"first line cut in a string", "{\"a\":\"x\n{\"a\":2}\n", Framing::kLines},
      {"first line cut after a comma", "{\"a\":1,\n{\"a\":2}\n", Framing::kLines},
      {"two values in a line", "{\"a\":1}{\"a\":2}\n{\"a\":3}\n", Framing::kLines},
      {"brackets in strings", "{\"a\":\"{[\"}\n{\"a\":2}\n", Framing::kLines},
      {"quote escaped", "{\"a\":\"\\\"{\"}\n{\"a\":2}\n", Framing::kLines},
      {"no JSON", "hello\n{\"a\":1}\n", Framing::kLines},
      {"empty", "", Framing::kLines},
      {"closers first", "}}\n{\"a\":1}\n", Framing::kLines},
  };
  for (const Case& c : cases) EXPECT_EQ(DetectFraming(c.head), c.expected) << c.name;
}

TEST(Framing, AFirstLineWithoutASecondIsALineWhateverItsBrackets) {
  EXPECT_EQ(DetectFraming("{\"Records\":[{\"a\":1},"), Framing::kLines);
  EXPECT_EQ(DetectFraming("{\"Records\":[{\"a\":1},\n\n"), Framing::kLines);
}

}  // namespace
}  // namespace tocsin::files
