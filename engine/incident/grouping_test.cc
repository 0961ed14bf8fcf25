#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/incident/builder.h"
#include "engine/incident/internal/lead.h"
#include "engine/incident/internal/stop_keys.h"
#include "engine/incident/testing/sample.h"

namespace tocsin::incident {
namespace {

using namespace sample;  // NOLINT
using correlate::Alert;
using enum content::EntityKind;

class GroupingTest : public ::testing::Test {
 protected:
  Alert Make(uint32_t rule, const std::string& id, int64_t first_minute, int64_t last_minute,
             std::vector<std::pair<EntityKind, std::string>> keys) {
    return MakeAlert(*content_, rule, id, At(first_minute), At(last_minute), std::move(keys));
  }
  // Ids of each group: "a-1 a-2|a-3".
  std::string Groups(const std::vector<Alert>& alerts) {
    std::string text;
    for (const std::vector<Alert>& group : GroupAlerts(alerts, *content_)) {
      if (!text.empty()) text += '|';
      for (size_t i = 0; i < group.size(); ++i) text += (i > 0 ? " " : "") + group[i].id;
    }
    return text;
  }
  std::shared_ptr<content::ContentSet> content_ = Content();
};

TEST_F(GroupingTest, SharedPrincipalJoins) {
  EXPECT_EQ(Groups({Make(kEgressPrivilegedJob, "a-1", 0, 6, {{kRun, "gh:run:1"}}),
                    Make(kUnbound, "a-2", 10, 10, {{kRun, "gh:run:1"}, {kAccessKey, "ASIA1"}}),
                    Make(kCredOffRunner, "a-3", 20, 20, {{kAccessKey, "ASIA1"}})}),
            "a-1 a-2 a-3");
}

TEST_F(GroupingTest, OtherKeysDoNotJoin) {
  EXPECT_EQ(Groups({Make(kEgressPrivilegedJob, "a-1", 0, 6,
                         {{kRun, "gh:run:1"}, {kRepo, "github.com/a/b"}, {kIp, "192.0.2.1"}}),
                    Make(kEgressPrivilegedJob, "a-2", 1, 6,
                         {{kRun, "gh:run:2"}, {kRepo, "github.com/a/b"}, {kIp, "192.0.2.1"}})}),
            "a-1|a-2");
}

TEST_F(GroupingTest, OnlyHighAlertsWithALoadedPlaybookOpen) {
  EXPECT_EQ(Groups({Make(kUnbound, "a-1", 0, 0, {{kRun, "gh:run:1"}})}), "");
  EXPECT_EQ(Groups({Make(kNoPlaybookLoaded, "a-1", 0, 0, {{kBucket, "s3://b"}})}), "");
  EXPECT_EQ(Groups({Make(kNoPlaybookLoaded, "a-1", 0, 0, {{kBucket, "s3://b"}}),
                    Make(kTokenUse, "a-2", 1, 1, {{kBucket, "s3://b"}})}),
            "a-1 a-2");
}

TEST_F(GroupingTest, LowAlertsNeitherJoinNorBridge) {
  EXPECT_EQ(Groups({Make(kEgressPrivilegedJob, "a-1", 0, 6, {{kRun, "gh:run:1"}}),
                    Make(kEgress, "a-2", 3, 3, {{kRun, "gh:run:1"}, {kRun, "gh:run:2"}}),
                    Make(kEgressPrivilegedJob, "a-3", 4, 6, {{kRun, "gh:run:2"}})}),
            "a-1|a-3");
}

TEST_F(GroupingTest, WithdrawnAlertsAreIgnored) {
  std::vector<Alert> alerts = {Make(kEgressPrivilegedJob, "a-1", 0, 6, {{kRun, "gh:run:1"}})};
  alerts[0].state = correlate::AlertState::kWithdrawn;
  EXPECT_EQ(Groups(alerts), "");
}

TEST_F(GroupingTest, SpansMoreThanADayApartAreTwo) {
  const int64_t day = 24 * 60;
  EXPECT_EQ(Groups({Make(kTokenUse, "a-1", 0, 10, {{kToken, "t"}}),
                    Make(kTokenUse, "a-2", day + 10, day + 11, {{kToken, "t"}})}),
            "a-1 a-2");
  EXPECT_EQ(Groups({Make(kTokenUse, "a-1", 0, 10, {{kToken, "t"}}),
                    Make(kTokenUse, "a-2", day + 11, day + 12, {{kToken, "t"}})}),
            "a-1|a-2");
}

TEST_F(GroupingTest, TheGapCountsFromWhoeverReachesFurthest) {
  const int64_t day = 24 * 60;
  // a-2 begins later than a-1 and ends long before it: a-3 is near a-1, not near a-2.
  EXPECT_EQ(Groups({Make(kTokenUse, "a-1", 0, day, {{kToken, "t"}}), Make(kTokenUse, "a-2", 5, 6, {{kToken, "t"}}),
                    Make(kTokenUse, "a-3", 2 * day, 2 * day, {{kToken, "t"}})}),
            "a-1 a-2 a-3");
}

TEST_F(GroupingTest, StopKeysDoNotJoin) {
  const std::vector<Alert> alerts = {
      Make(kTokenUse, "a-1", 0, 1, {{kToken, "t1"}, {kCloudPrincipal, "arn:aws:iam::1:role/ci-deploy"}}),
      Make(kTokenUse, "a-2", 2, 3, {{kToken, "t2"}, {kCloudPrincipal, "arn:aws:iam::1:role/ci-deploy"}})};
  EXPECT_EQ(Groups(alerts), "a-1 a-2");
  content_->lists["ci_principals"].push_back({"*:role/ci-*", INT64_MAX, "", "", {}});
  EXPECT_EQ(Groups(alerts), "a-1|a-2");
  content_->lists["ci_principals"][0].until_ns = At(-1).ns;
  EXPECT_EQ(Groups(alerts), "a-1 a-2") << "an expired entry no longer applies";
  content_->site.stop_keys.emplace_back(kCloudPrincipal, "arn:aws:iam::1:role/ci-deploy");
  EXPECT_EQ(Groups(alerts), "a-1|a-2");
}

TEST_F(GroupingTest, BuiltInStopKeys) {
  const StopKeys stop(*content_);
  EXPECT_TRUE(stop.Contains(kActor, "gh:github-actions[bot]", At(0)));
  EXPECT_TRUE(stop.Contains(kActor, "k8s:system:node:ip-10-0-0-1", At(0)));
  EXPECT_FALSE(stop.Contains(kActor, "gh:lead", At(0)));
  EXPECT_FALSE(stop.Contains(kToken, "gh:github-actions[bot]", At(0)));
}

TEST_F(GroupingTest, Wildcards) {
  EXPECT_TRUE(WildcardMatches("*", ""));
  EXPECT_TRUE(WildcardMatches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(WildcardMatches("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(WildcardMatches("A?C", "abc"));
  EXPECT_FALSE(WildcardMatches("a?c", "ac"));
  EXPECT_TRUE(WildcardMatches(R"(a\*c)", "a*c"));
  EXPECT_FALSE(WildcardMatches(R"(a\*c)", "abc"));
  EXPECT_FALSE(WildcardMatches("", "x"));
}

TEST_F(GroupingTest, OrderOfArrivalDoesNotMatter) {
  std::vector<Alert> alerts;
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    const int64_t start = static_cast<int64_t>(random() % 4000);
    std::vector<std::pair<EntityKind, std::string>> keys = {{kRun, "gh:run:" + std::to_string(random() % 30)}};
    if (random() % 3 == 0) keys.emplace_back(kAccessKey, "ASIA" + std::to_string(random() % 8));
    alerts.push_back(Make(i % 3 == 0 ? kTokenUse : kUnbound, "a-" + std::to_string(100 + i), start,
                          start + static_cast<int64_t>(random() % 60), keys));
  }
  const std::string expected = Groups(alerts);
  EXPECT_NE(expected.find('|'), std::string::npos);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(alerts.begin(), alerts.end(), random);
    EXPECT_EQ(Groups(alerts), expected);
  }
}

// The slow, obvious way: compare all pairs until nothing changes.
TEST_F(GroupingTest, AgreesWithPairwiseComparison) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    std::vector<Alert> alerts;
    for (int i = 0; i < 25; ++i) {
      const int64_t start = static_cast<int64_t>(random() % 20000);
      alerts.push_back(Make(kTokenUse, "a-" + std::to_string(100 + i), start,
                            start + static_cast<int64_t>(random() % 2000),
                            {{kToken, "t" + std::to_string(random() % 4)}}));
    }
    std::sort(alerts.begin(), alerts.end(), correlate::AlertBefore);
    std::vector<size_t> set(alerts.size());
    for (size_t i = 0; i < set.size(); ++i) set[i] = i;
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < set.size(); ++i) {
        for (size_t j = 0; j < set.size(); ++j) {
          const bool near = alerts[j].first_event.ns - alerts[i].last_event.ns <= kJoinGapNs &&
                            alerts[i].first_event.ns - alerts[j].last_event.ns <= kJoinGapNs;
          if (near && alerts[i].entities == alerts[j].entities && set[i] != set[j]) {
            set[i] = set[j] = std::min(set[i], set[j]);
            changed = true;
          }
        }
      }
    }
    std::map<size_t, std::string> expected;
    for (size_t i = 0; i < set.size(); ++i) expected[set[i]] += (expected[set[i]].empty() ? "" : " ") + alerts[i].id;
    std::string text;
    for (const auto& [root, ids] : expected) text += (text.empty() ? "" : "|") + ids;
    EXPECT_EQ(Groups(alerts), text) << "seed " << seed;
  }
}

TEST_F(GroupingTest, CutsAreNamed) {
  std::vector<Alert> alerts;
  for (int day = 0; day < 40; ++day)
    alerts.push_back(Make(kTokenUse, "a-" + std::to_string(100 + day), day * 1440, day * 1440 + 1, {{kToken, "t"}}));
  const auto groups = GroupAlerts(alerts, *content_);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].size(), 31u);
  EXPECT_EQ(groups[0][0].notes, std::vector<std::string>{"cut: 30 d, later alerts are not part of this incident"});
  EXPECT_EQ(groups[1][0].notes, std::vector<std::string>{"cut: continues " + IncidentId(groups[0], *content_)});
}

TEST_F(GroupingTest, CutAtTwoThousandAlerts) {
  std::vector<Alert> alerts;
  for (int i = 0; i < 2001; ++i)
    alerts.push_back(Make(kTokenUse, "a-" + std::to_string(10000 + i), i, i, {{kToken, "t"}}));
  const auto groups = GroupAlerts(alerts, *content_);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].size(), kCutAlerts);
  EXPECT_EQ(groups[0][0].notes.size(), 1u);
}

TEST_F(GroupingTest, IdIsTheEarliestOpeningAlerts) {
  const std::vector<Alert> one = {Make(kUnbound, "a-0", 0, 0, {{kRun, "r"}}),
                                  Make(kTokenUse, "a-1", 1, 1, {{kRun, "r"}})};
  std::vector<Alert> two = one;
  two.push_back(Make(kChain, "a-2", 5, 5, {{kRun, "r"}}));
  const std::string id = IncidentId(one, *content_);
  EXPECT_EQ(id.size(), 18u);
  EXPECT_EQ(id.substr(0, 2), "i-");
  EXPECT_EQ(IncidentId(two, *content_), id);
  EXPECT_EQ(IncidentId({one[0]}, *content_), "");
}

TEST_F(GroupingTest, TheIdStaysWhenAChainReachesFurtherBack) {
  Alert egress = Make(kTokenUse, "a-5", 2, 6, {{kRun, "r"}});
  egress.first_firing = egress.last_event;
  const std::string id = IncidentId({egress}, *content_);
  for (const int begin : {1, 2}) {
    Alert chain = Make(kChain, "a-0", begin, 14, {{kRun, "r"}});
    chain.first_firing = chain.last_event;
    const auto groups = GroupAlerts({egress, chain}, *content_);
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_EQ(groups[0].front().id, "a-0");
    EXPECT_EQ(IncidentId(groups[0], *content_), id);
  }
}

TEST_F(GroupingTest, TheLongestChainOfTheHighestLevelLeads) {
  const std::vector<Alert> alerts = {Make(kTokenUse, "a-0", 0, 0, {}), Make(kCredOffRunner, "a-1", 1, 1, {}),
                                     Make(kChain, "a-2", 2, 2, {})};
  const auto opening = OpeningAlerts(alerts, *content_);
  ASSERT_EQ(opening.size(), 3u);
  EXPECT_EQ(opening[0]->id, "a-2");
  EXPECT_EQ(opening[1]->id, "a-1");
  const auto playbooks = PlaybooksOf(opening, *content_);
  ASSERT_EQ(playbooks.size(), 2u);
  EXPECT_EQ(playbooks[0]->id, "runner");
  EXPECT_EQ(playbooks[1]->id, "token");
}

}  // namespace
}  // namespace tocsin::incident
