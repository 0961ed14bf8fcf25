// The filter must never miss a window that it was given, and must be worth asking.
#include "engine/match/internal/nibble_filter.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace tocsin::match {
namespace {

constexpr size_t kPlaces = 32, kReadable = kPlaces + NibbleFilter::kWindow - 1;

NibbleShares EqualShares() {
  NibbleShares out;
  out.low.fill(1.0f / 16);
  out.high.fill(1.0f / 16);
  return out;
}

// Adds literals and gives the window chosen of each.
std::vector<std::string> Windows(NibbleFilter& filter, const std::vector<std::string>& literals) {
  std::vector<std::string> out;
  for (const std::string& literal : literals) {
    const std::vector<float> costs(literal.size());
    const uint32_t at = filter.Add(literal, costs.data(), EqualShares());
    EXPECT_LE(at + NibbleFilter::kWindow, literal.size());
    out.push_back(literal.substr(at, NibbleFilter::kWindow));
  }
  return out;
}

std::vector<std::string> RandomLiterals(std::mt19937& random, size_t count) {
  std::vector<std::string> out(count);
  for (std::string& literal : out) {
    for (size_t n = NibbleFilter::kWindow + random() % 12; n > 0; n--) literal += static_cast<char>(random() % 3 == 0 ? random() : 'a' + random() % 26);
  }
  return out;
}

TEST(NibbleFilter, EveryWindowIsFoundAtEveryPlace) {
  for (uint32_t seed = 1; seed <= 60; seed++) {
    std::mt19937 random(seed);
    NibbleFilter filter;
    const std::vector<std::string> windows = Windows(filter, RandomLiterals(random, 1 + random() % 64));
    std::vector<char> text(kReadable);   // no byte more: the sanitizer sees who reads beyond
    for (const std::string& window : windows) {
      for (size_t place = 0; place < kPlaces; place++) {
        for (char& byte : text) byte = static_cast<char>(random());
        memcpy(text.data() + place, window.data(), window.size());
        ASSERT_TRUE(filter.Passing(text.data()) >> place & 1) << "seed " << seed << ", place " << place;
      }
    }
  }
}

// Of one window each byte's halves must be its own; so nothing else passes.
TEST(NibbleFilter, OneWindowPassesAlone) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; round++) {
    NibbleFilter filter;
    const std::string window = Windows(filter, {RandomLiterals(random, 1)[0].substr(0, NibbleFilter::kWindow)})[0];
    std::string text(kReadable, '\0');
    for (char& byte : text) byte = window[random() % window.size()];
    uint32_t expected = 0;
    for (size_t place = 0; place < kPlaces; place++) expected |= static_cast<uint32_t>(text.compare(place, window.size(), window) == 0) << place;
    ASSERT_EQ(filter.Passing(text.data()), expected) << "round " << round;
  }
}

TEST(NibbleFilter, SixtyFourLiteralsLetLittlePass) {
  std::mt19937 random(3);
  NibbleFilter filter;
  Windows(filter, RandomLiterals(random, 64));
  std::string text(1000 + kReadable, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  int passing = 0;
  for (size_t at = 0; at < 1000; at += 8) passing += std::popcount(filter.Passing(text.data() + at) & 0xFF);
  EXPECT_LT(passing, 250);   // of a thousand places
}

TEST(NibbleFilter, AWindowThatCostsIsLeftForOneThatDoesNot) {
  NibbleFilter filter;
  const float costs[] = {0.5f, 0.5f, 0.0f, 0.5f};
  EXPECT_EQ(filter.Add("abcdefg", costs, EqualShares()), 2u);
}

TEST(NibbleFilter, WithoutLiteralsNothingPasses) {
  const NibbleFilter filter;
  EXPECT_EQ(filter.Passing(std::string(kReadable, 'a').data()), 0u);
}

}  // namespace
}  // namespace tocsin::match
