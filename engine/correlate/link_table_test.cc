#include "engine/correlate/internal/link_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::correlate {
namespace {

using content::EntityKind;

constexpr int64_t kOpen = INT64_MIN;

struct L {
  std::string from, to;
  int64_t seen, valid_from, valid_until = kOpen;
  int64_t max_open = 0;
  bool replaces = false;
};

void Add(LinkTable& table, const L& l) {
  event::Link link;
  link.from_kind = EntityKind::kHost;
  link.to_kind = EntityKind::kJob;
  link.from = l.from;
  link.to = l.to;
  link.valid_from.ns = l.valid_from;
  link.valid_until.ns = l.valid_until;
  link.max_open_ns = l.max_open;
  link.replaces = l.replaces;
  table.Add(link, {l.seen});
}

std::string At(const LinkTable& table, int64_t time, const std::string& key = "h") {
  std::vector<std::string_view> keys;
  table.Resolve(EntityKind::kHost, key, time, EntityKind::kJob, keys);
  std::string out;
  for (std::string_view k : keys) out += (out.empty() ? "" : " ") + std::string(k);
  return out;
}

TEST(LinkTable, ClosedIntervalsAreInclusive) {
  LinkTable table;
  Add(table, {"h", "j", 100, 100, 200});
  EXPECT_EQ(At(table, 99), "");
  EXPECT_EQ(At(table, 100), "j");
  EXPECT_EQ(At(table, 200), "j");
  EXPECT_EQ(At(table, 201), "");
  EXPECT_EQ(At(table, 150, "other"), "");
  std::vector<std::string_view> wrong_kind;
  table.Resolve(EntityKind::kHost, "h", 150, EntityKind::kRepo, wrong_kind);
  EXPECT_TRUE(wrong_kind.empty());
}

// A job's in_progress event opens the link, its completed event closes it: started_at - 2 m .. completed_at + 10 m.
TEST(LinkTable, LaterEventOfThePairClosesAnOpenLink) {
  LinkTable table;
  Add(table, {"h", "j", 120, 0, kOpen, 100'000});
  EXPECT_EQ(At(table, 99'000), "j");
  EXPECT_EQ(At(table, 100'001), "") << "bounded by max_open";
  Add(table, {"h", "j", 1140, 0, 1740, 100'000});
  EXPECT_EQ(At(table, 1740), "j");
  EXPECT_EQ(At(table, 1741), "");
  EXPECT_EQ(At(table, 0), "j");
  Add(table, {"h", "k", 2000, 2000, kOpen});
  EXPECT_EQ(At(table, 2500), "k") << "the next job of a static runner";
}

TEST(LinkTable, ClosingAnotherPairOrAnEarlierSpanClosesNothing) {
  LinkTable table;
  Add(table, {"h", "j", 100, 100, kOpen, 1000});
  Add(table, {"h", "k", 200, 150, 200});
  Add(table, {"h", "j", 50, 10, 50});   // seen before: an earlier span of the pair
  Add(table, {"h", "j", 300, 10, 60});  // seen later, but about an earlier span
  EXPECT_EQ(At(table, 180), "j k");
  EXPECT_EQ(At(table, 1100), "j");
  EXPECT_EQ(At(table, 40), "j");
  EXPECT_EQ(At(table, 80), "");
}

TEST(LinkTable, ReplacingLinksEndWhereTheNextBegins) {
  LinkTable table;
  Add(table, {"h", "c1", 100, 100, kOpen, 0, true});
  Add(table, {"h", "d9", 200, 200, kOpen, 0, true});
  Add(table, {"h", "e5", 200, 200, kOpen, 0, true});
  EXPECT_EQ(At(table, 199), "c1");
  EXPECT_EQ(At(table, 200), "e5") << "exclusive end; of two that begin together one stands";
  Add(table, {"h", "f7", 150, 150, kOpen, 0, true});
  EXPECT_EQ(At(table, 149), "c1");
  EXPECT_EQ(At(table, 199), "f7") << "a link that arrives late takes its place in time";
}

TEST(LinkTable, CopiesChangeNothing) {
  LinkTable table;
  for (int i = 0; i < 3; ++i) Add(table, {"h", "j", 100, 100, kOpen, 500, true});
  EXPECT_EQ(At(table, 100), "j");
  EXPECT_EQ(At(table, 600), "j");
}

TEST(LinkTable, IsAFunctionOfTheSetAndPruningForgetsOnlyThePast) {
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    std::vector<L> links;
    for (int i = pick(1, 12); i > 0; --i) {
      int64_t seen = pick(0, 50);
      L link{"h",   std::string(1, static_cast<char>('a' + pick(0, 2))),
             seen,  seen - pick(0, 5),
             kOpen, pick(0, 1) * pick(1, 30)};
      if (pick(0, 1) == 0) link.valid_until = seen + pick(-3, 10);
      link.replaces = pick(0, 3) == 0;
      links.push_back(link);
    }
    LinkTable a, b;
    for (const L& link : links) Add(a, link);
    std::shuffle(links.begin(), links.end(), random);
    for (const L& link : links) {
      Add(b, link);
      if (pick(0, 1) == 0) At(b, pick(0, 60));  // settles in between
    }
    int64_t cut = pick(0, 60);
    std::vector<std::string> before;
    for (int64_t t = -10; t < 100; ++t) {
      before.push_back(At(a, t));
      EXPECT_EQ(before.back(), At(b, t)) << t;
    }
    a.Prune(cut);
    for (int64_t t = cut; t < 100; ++t)
      EXPECT_EQ(before[t + 10], At(a, t)) << "pruned before " << cut << ", asked at " << t;
  }
}

}  // namespace
}  // namespace tocsin::correlate
