// Golden files are testdata/*.txt: read a new one with your own eyes before you keep it.
// TOCSIN_UPDATE_GOLDEN=1 writes them.
#include "engine/incident/render.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/incident/internal/json_writer.h"
#include "engine/incident/internal/text_layout.h"
#include "engine/incident/internal/text_times.h"
#include "engine/incident/internal/words.h"
#include "engine/incident/testing/sample.h"
#include "simdjson.h"

namespace tocsin::incident {
namespace {

using namespace sample;  // NOLINT

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/engine/incident/testdata/" + name;
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << path;
}

int WidestLine(const std::string& text) {
  std::istringstream lines(text);
  int widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, DisplayWidth(line));
  return widest;
}

std::vector<AlertRow> SampleAlerts() {
  return {{"a-1", "a-1", "", "egress_privileged_job", "Egress from a runner during a privileged job", "high",
           "confirmed", "i-3fa9c1d2e4b5a697", "{}", "entity.job=gh:job:88001", At(1), At(6), 2},
          {"a-2", "a-2", "", "chain_runner_before_release", "CI runner compromise before release", "critical",
           "provisional", "i-3fa9c1d2e4b5a697", "{}", "entity.repo=github.com/acme/api", At(1), At(14), 5},
          {"a-3", "a-3", "", "root_login", "", "medium", "confirmed", "", "{}", "", At(1500), At(1500), 1}};
}

TEST(IncidentJsonTest, HasTheContractsFieldsInOrder) {
  const std::string json = IncidentJson(FlagshipIncident());
  EXPECT_EQ(json.find('\n'), std::string::npos);
  size_t at = 0;
  for (const char* key :
       {"id",     "revision", "state",    "severity",      "playbook", "title",  "first_event", "last_event",
        "opened", "events",   "flags",    "content_hash",  "entities", "alerts", "timeline",    "timeline_truncated",
        "steps",  "preserve", "verdicts", "source_health", "observed"}) {
    const size_t next = json.find("\"" + std::string(key) + "\":", at);
    ASSERT_NE(next, std::string::npos) << key;
    at = next;
  }
  simdjson::dom::parser parser;
  simdjson::dom::object document;
  ASSERT_EQ(parser.parse(json).get(document), simdjson::SUCCESS);
  const auto row = document["timeline"].at(1);
  EXPECT_EQ(std::string_view(row["time"].get_string().value_unsafe()), "2026-03-14T12:01:00Z");
  EXPECT_EQ(std::string_view(row["class"].at(0).get_string().value_unsafe()), "E1");
  EXPECT_EQ(std::string_view(row["entities"]["run"].at(0).get_string().value_unsafe()), "gh:run:7001");
  EXPECT_EQ(std::string_view(document["verdicts"]["release_gate"]["value"].get_string().value_unsafe()), "hold");
  EXPECT_EQ(std::string_view(document["alerts"].at(0)["rule"].get_string().value_unsafe()), "egress_privileged_job");
  EXPECT_EQ(document["alerts"].at(2)["value"].get_uint64().value_unsafe(), 2u);
}

TEST(IncidentJsonTest, ListEntry) {
  const auto entry = IncidentListEntryJson(IncidentJson(FlagshipIncident()));
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(
      *entry,
      R"({"id":"i-3fa9c1d2e4b5a697","revision":1,"state":"open","severity":"critical","playbook":"runner",)"
      R"("title":"CI runner compromise before release","first_event":"2026-03-14T12:01:00Z","last_event":"2026-03-14T12:14:00Z",)"
      R"("opened":null,"alerts":3,"events":11,"flags":["hold_release since 12:11","absence_unverified",)"
      R"("degraded: host runner-x9f2 has more than 2,000 events in a stretch of the timeline; the later ones are not shown"]})");
  EXPECT_TRUE(absl::IsDataLoss(IncidentListEntryJson("{").status()));
  EXPECT_TRUE(absl::IsDataLoss(IncidentListEntryJson("{}").status()));
}

TEST(IncidentJsonTest, SecretsAreMaskedWhereverTheyStand) {
  const std::string secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  Incident incident = FlagshipIncident();
  incident.timeline[0].summary = "clone with " + secret;
  incident.timeline[0].why = "pivot " + secret;
  incident.timeline[0].entities = {{EntityKind::kDest, secret}};
  incident.entities[EntityKind::kDest] = {secret};
  incident.steps[0].text = secret;
  incident.steps[0].parameters["x"] = {secret};
  incident.verdicts[0].because = {secret};
  incident.preserve[0].gaps = {secret};
  incident.alerts[0].group = {{"x", secret}};
  incident.alerts[0].value = "{\"from\":\"" + secret + "\",\"to\":4.50}";
  incident.alerts[0].notes = {secret};
  incident.flags = {secret};
  const std::string json = IncidentJson(incident);
  EXPECT_EQ(json.find(secret), std::string::npos);
  EXPECT_EQ(IncidentText(json, {.width = 120})->find(secret), std::string::npos);
  EXPECT_EQ(AlertJson(incident.alerts[0], *Content()).find(secret), std::string::npos);
}

TEST(IncidentJsonTest, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  JsonWriter json;
  json.Plain(
      "a\xff"
      "b\xC3\xA9\x01\"\\\n\xED\xA0\x80");
  EXPECT_EQ(json.Take(),
            "\"a\xEF\xBF\xBD"
            "b\xC3\xA9\\u0001\\\"\\\\\\n\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(AlertJsonTest, ComesBackWhole) {
  const auto content = Content();
  correlate::Alert alert = MakeAlert(*content, kChain, "a-0123", At(1), At(14),
                                     {{EntityKind::kRun, "gh:run:1"}, {EntityKind::kRun, "gh:run:2"}});
  alert.handle = "a-first";
  alert.supersedes = "a-second";
  alert.state = correlate::AlertState::kProvisional;
  alert.group = {{"entity.repo", "a \"quoted\" \xC3\xA9"}, {"x", ""}};
  alert.first_firing = {At(3).ns + 123456789};
  alert.firings = 7;
  alert.event_count = 1234567890123ull;
  alert.events = {
      {At(1), content::SourceId(2), {0x0123456789abcdefull, 0xfedcba9876543210ull}, content::RuleId(kEgress)},
      {At(2), {}, {1, 2}, content::RuleId(kPrivilegedJob)}};
  alert.absence_unverified = true;
  alert.notes = {"degraded: x", "unverified: y"};
  for (const std::string value : {"", "4", "18446744073709551615", "4.50", "\"text\"", R"({"from":"a","to":1.5})"}) {
    alert.value = value;
    const auto back = AlertFromJson(AlertJson(alert, *content), *content);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->value, value);
    EXPECT_TRUE(*back == alert) << AlertJson(*back, *content) << "\n" << AlertJson(alert, *content);
  }
}

TEST(AlertJsonTest, AnAggregatePast64BitsDoesNotBreakTheDocument) {
  const auto content = Content();
  correlate::Alert alert = MakeAlert(*content, kChain, "a-0123", At(1), At(14), {});
  alert.value = "12345678901234567890123";
  const auto back = AlertFromJson(AlertJson(alert, *content), *content);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->value, "\"12345678901234567890123\"");
}

TEST(AlertJsonTest, ARuleThatIsGoneIsNamed) {
  auto content = Content();
  const std::string json = AlertJson(MakeAlert(*content, kChain, "a-0123", At(1), At(14), {}), *content);
  content->rules[kChain].semantic_hash = "changed";
  const auto back = AlertFromJson(json, *content);
  EXPECT_TRUE(absl::IsInvalidArgument(back.status()));
  EXPECT_NE(std::string(back.status().message()).find("chain_runner_before_release"), std::string::npos);
  EXPECT_TRUE(absl::IsDataLoss(AlertFromJson("nonsense", *content).status()));
}

TEST(IncidentTextTest, At80Columns) {
  const auto text = IncidentText(IncidentJson(FlagshipIncident()), {.width = 80});
  ASSERT_TRUE(text.ok());
  EXPECT_LE(WidestLine(*text), 80);
  ExpectGolden("incident_80.txt", *text);
}

TEST(IncidentTextTest, At120Columns) {
  const auto text = IncidentText(IncidentJson(FlagshipIncident()), {.width = 120});
  ASSERT_TRUE(text.ok());
  EXPECT_LE(WidestLine(*text), 120);
  ExpectGolden("incident_120.txt", *text);
}

TEST(IncidentTextTest, NoLineIsLongerThanAskedFor) {
  Incident incident = FlagshipIncident();
  incident.title = std::string(500, 'x');
  incident.timeline[3].summary = "\xE6\xBC\xA2\xE5\xAD\x97 wide " + std::string(300, 'y') + " \xE6\xBC\xA2";
  incident.verdicts[0].name = std::string(100, 'v');
  incident.preserve[0].id = "very-long-id";
  incident.source_health[0].source = std::string(50, 's');
  incident.timeline[0].source = "a.source.with.a.long.name";
  for (int width = 60; width < 200; width += 7) {
    const auto text = IncidentText(IncidentJson(incident), {.width = width});
    ASSERT_TRUE(text.ok());
    EXPECT_LE(WidestLine(*text), width);
  }
}

TEST(IncidentTextTest, EventTextCannotSteerTheTerminal) {
  const auto text = IncidentText(IncidentJson(FlagshipIncident()), {.width = 120});
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->find('\x1b'), std::string::npos);
  EXPECT_EQ(text->find("\xE2\x80\xAE"), std::string::npos);
  EXPECT_NE(text->find("\\x1b[2J"), std::string::npos) << "what stood there is still visible";
}

TEST(IncidentTextTest, ColorChangesNothingButColor) {
  const std::string json = IncidentJson(FlagshipIncident());
  const std::string plain = *IncidentText(json, {.width = 80, .color = false});
  const std::string colored = *IncidentText(json, {.width = 80, .color = true});
  EXPECT_NE(plain, colored);
  std::string stripped;
  for (size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      stripped += colored[i];
    }
  }
  EXPECT_EQ(stripped, plain);
}

TEST(IncidentTextTest, AnOlderDocumentStillReads) {
  const auto text = IncidentText(R"({"id":"i-1","state":"open","severity":"high","title":"Old"})", {});
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("HIGH      Old"), std::string::npos);
  EXPECT_TRUE(absl::IsDataLoss(IncidentText("{}", {}).status()));
}

TEST(ListTextTest, Incidents) {
  Incident other = FlagshipIncident();
  other.id = "i-9b01c1d2e4b5a697";
  other.severity = Level::kHigh;
  other.title = "Egress from a runner during a privileged job";
  other.flags.clear();
  const std::vector<std::string> documents = {IncidentJson(FlagshipIncident()), IncidentJson(other)};
  for (const int width : {80, 120}) {
    const auto text = IncidentListText(documents, {.width = width});
    ASSERT_TRUE(text.ok());
    EXPECT_LE(WidestLine(*text), width);
    ExpectGolden("incident_list_" + std::to_string(width) + ".txt", *text);
  }
  EXPECT_EQ(*IncidentListText({}, {}), "No incidents.\n");
}

TEST(ListTextTest, Alerts) {
  for (const int width : {80, 120}) {
    const std::string text = AlertListText(SampleAlerts(), {.width = width});
    EXPECT_LE(WidestLine(text), width);
    ExpectGolden("alert_list_" + std::to_string(width) + ".txt", text);
  }
  EXPECT_EQ(AlertListText({}, {}), "No alerts.\n");
}

TEST(TextLayoutTest, Wraps) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(Wrap("", 5), Lines{""});
  EXPECT_EQ(Wrap("ab cd ef", 5), (Lines{"ab cd", "ef"}));
  EXPECT_EQ(Wrap("abcdefgh", 3), (Lines{"abc", "def", "gh"}));
  EXPECT_EQ(Wrap("ab cdefg", 5), (Lines{"ab", "cdefg"}));
  EXPECT_EQ(Wrap("ab cd ef", 5, 3), (Lines{"ab", "cd ef"}));
  EXPECT_EQ(Wrap("abcd ef", 5, 3), (Lines{"", "abcd", "ef"}));
  EXPECT_EQ(Wrap("ab\ncd", 9), (Lines{"ab", "cd"}));
  EXPECT_EQ(Wrap("arn:aws:role/deploy", 9), (Lines{"arn:aws:", "role/", "deploy"}));
  EXPECT_EQ(Wrap("a/bcdefghijkl", 9), (Lines{"a/bcdefgh", "ijkl"})) << "a joint that leaves next to nothing behind is none";
  EXPECT_EQ(Wrap("\xE6\xBC\xA2\xE5\xAD\x97", 3), (Lines{"\xE6\xBC\xA2", "\xE5\xAD\x97"}));
}

TEST(TextLayoutTest, Widths) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("\xC3\xA9"), 1);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);
  EXPECT_EQ(DisplayWidth("\xE6\xBC\xA2"), 2);
}

TEST(TextLayoutTest, CleansControls) {
  EXPECT_EQ(Clean("a\tb\r\nc"), "a b  c");
  EXPECT_EQ(Clean("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
  EXPECT_EQ(Clean("\xC2\x9B"
                  "31m"),
            "\\x9b31m");
  EXPECT_EQ(Clean("\xE2\x80\xAE\xEF\xBB\xBF"), "\\u202e\\ufeff");
  EXPECT_EQ(Clean("\xff"), "\\xff");
}

TEST(TextTimesTest, TimesInsideATextArePlain) {
  EXPECT_EQ(PlainTimes("silent 2026-03-11T14:02:58.403634569Z - 2026-03-11T14:06:11Z"),
            "silent 2026-03-11 14:02:58 - 2026-03-11 14:06:11");
  EXPECT_EQ(PlainTimes("2026-03-11T14:02:58 2026-03-11T14:02Z."), "2026-03-11T14:02:58 2026-03-11T14:02Z.");
}

TEST(TextTimesTest, Durations) {
  EXPECT_EQ(Duration(40 * kSecond), "40 s");
  EXPECT_EQ(Duration(19 * kMinute + 5 * kSecond), "19 min");
  EXPECT_EQ(Duration(3 * kHour + 5 * kMinute), "3 h 5 min");
  EXPECT_EQ(Duration(49 * kHour), "2 d 1 h");
  EXPECT_EQ(Span("2026-03-14T12:00:00Z", "2026-03-15T01:02:03.5Z"), "2026-03-14 12:00:00 - 2026-03-15 01:02:03");
  EXPECT_EQ(Span("2026-03-14T12:00:00Z", "2026-03-14T12:00:00.9Z"), "2026-03-14 12:00:00");
}

TEST(WordsTest, Numbers) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1234567), "1,234,567");
  EXPECT_EQ(Counted(1, "event"), "1 event");
}

}  // namespace
}  // namespace tocsin::incident
