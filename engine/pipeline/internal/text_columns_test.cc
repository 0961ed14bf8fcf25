#include "engine/pipeline/internal/text_columns.h"

#include <gtest/gtest.h>

#include "engine/pipeline/internal/masked.h"
#include "engine/pipeline/json_writer.h"

namespace tocsin::pipeline {
namespace {

TEST(TextColumns, WrapsWithAHangingIndent) {
  std::string out;
  AppendWrapped("ab ", "one two three", 10, out);
  EXPECT_EQ(out, "ab one two\n   three\n");
  out.clear();
  AppendWrapped("ab ", "averylongidentifier x", 10, out);  // whole: people copy it
  EXPECT_EQ(out, "ab averylongidentifier\n   x\n");
  out.clear();
  AppendWrapped("ab ", "", 10, out);
  EXPECT_EQ(out, "ab \n");
}

TEST(TextColumns, CountsCodePoints) {
  EXPECT_EQ(Columns("grün"), 4u);
  EXPECT_EQ(Padded("grün", 6), "grün  ");
  EXPECT_EQ(Padded("grün", 4), "grün ");
}

TEST(TextColumns, AValueStaysInItsLine) {
  EXPECT_EQ(OneLine("a\nb\tc\x1b[0m", 80), "a\\nb\\tc\\x1b[0m");
  EXPECT_EQ(OneLine("a\xC2\x9B" "31mb\xE2\x80\xAE" "c", 80), "a\\x9b31mb\\u202ec");
  EXPECT_EQ(OneLine("\xff\xE2\x81\xA6", 80), "\\xff\\u2066");
  EXPECT_EQ(OneLine("grün und blau", 4), "grün…");
  EXPECT_EQ(OneLine("grün", 4), "grün");
}

TEST(MaskedValue, ByTheNameOfItsField) {
  EXPECT_EQ(MaskedValue("user", "hunter2hunter2"), "hunter2hunter2");
  EXPECT_NE(MaskedValue("request.password", "hunter2hunter2"), "hunter2hunter2");
  EXPECT_NE(MaskedValue("request.password", "a \"quoted\" secret"), "a \"quoted\" secret");
  EXPECT_EQ(MaskedValue("entity.token", "gh:token:1234567890"), "gh:token:1234567890");
  const std::string token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
  EXPECT_NE(MaskedValue("", token), token);
}

TEST(JsonWriter, ObjectsArraysAndBytesThatAreNoUtf8) {
  JsonWriter json;
  json.BeginObject();
  json.Key("a").Text("x\"\n\xff\xc3\xbc");
  json.Key("b").BeginArray();
  json.Number(uint64_t{1});
  json.Bool(false);
  json.TextOrNull("");
  json.EndArray();
  json.Key("c").BeginObject();
  json.EndObject();
  json.EndObject();
  EXPECT_EQ(json.Take(), "{\"a\":\"x\\\"\\n\xEF\xBF\xBD\xc3\xbc\",\"b\":[1,false,null],\"c\":{}}");
}

}  // namespace
}  // namespace tocsin::pipeline
