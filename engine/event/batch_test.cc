#include "engine/event/batch.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tocsin::event {
namespace {

BatchMemory Memory(std::string_view text, size_t capacity) {
  BatchMemory out{std::make_unique<char[]>(capacity), capacity};
  memset(out.bytes.get(), 'x', capacity);
  memcpy(out.bytes.get(), text.data(), text.size());
  return out;
}

TEST(Batch, ExchangeTakesMemoryWithoutACopyAndGivesItsOwn) {
  Batch batch;
  char* const own = batch.Resize(1000);
  BatchMemory memory = Memory("{}\nmore", 200);
  char* const given = memory.bytes.get();
  EXPECT_EQ(batch.Exchange(memory, 3), given);
  EXPECT_EQ(batch.bytes(), "{}\n");
  EXPECT_EQ(batch.bytes().data(), given);
  EXPECT_EQ(std::string(given + 3, kPadding), std::string(kPadding, '\0'));
  EXPECT_EQ(given[3 + kPadding], 'x') << "what is behind the padding is nobody's business";
  EXPECT_EQ(memory.bytes.get(), own);
  EXPECT_GE(memory.capacity, 1000 + kPadding);
}

TEST(Batch, ExchangeWithABatchThatHasNoMemoryYet) {
  Batch batch;
  BatchMemory memory = Memory("{}", 2 + kPadding);   // as little as may be
  batch.Exchange(memory, 2);
  EXPECT_EQ(batch.bytes(), "{}");
  EXPECT_EQ(memory.bytes, nullptr);
  EXPECT_EQ(memory.capacity, 0u);
}

TEST(Batch, WhatWasExchangedIsResizedLikeItsOwn) {
  Batch batch;
  BatchMemory memory = Memory("{}", 100);
  char* const given = memory.bytes.get();
  batch.Exchange(memory, 2);
  EXPECT_EQ(batch.Resize(100 - kPadding), given);
  const char* const larger = batch.Resize(5000);
  EXPECT_EQ(std::string(larger + 5000, kPadding), std::string(kPadding, '\0'));
  EXPECT_EQ(batch.bytes().size(), 5000u);
}

}  // namespace
}  // namespace tocsin::event
