// An incident for a tired person: what is decided, what to do, what is about to be lost, then how it happened.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/incident/internal/incident_view.h"
#include "engine/incident/internal/text_layout.h"
#include "engine/incident/internal/text_times.h"
#include "engine/incident/internal/words.h"
#include "engine/incident/render.h"

namespace tocsin::incident {
namespace {

constexpr int kMinWidth = 60;
constexpr int kWideTimeline = 110;  // from here on a timeline row is one line of columns
constexpr size_t kRowEntities = 3;
constexpr int64_t kExpiresSoonNs = 24ll * 3600 * 1'000'000'000;
constexpr std::string_view kHoldFlag = "hold_release";

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

// "sha256:" and the first twelve digits, as registries show it: the whole digest is in the JSON and in the steps.
std::string ShortDigests(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr size_t kDigits = 64, kShown = 12;
  std::string out;
  while (!text.empty()) {
    const size_t at = text.find(kPrefix);
    if (at == std::string_view::npos) break;
    const size_t begin = at + kPrefix.size();
    const size_t end = std::min(text.find_first_not_of("0123456789abcdef", begin), text.size());
    const size_t shown = end - begin == kDigits ? begin + kShown : end;
    out += text.substr(0, shown);
    text.remove_prefix(end);
  }
  return out.append(text);
}

Style LevelStyle(std::string_view level) {
  return level == "critical" ? Style::kBoldRed
         : level == "high"   ? Style::kRed
         : level == "medium" ? Style::kYellow
                             : Style::kNone;
}

Style VerdictStyle(std::string_view value) {
  if (value == "hold" || value == "yes-used") return Style::kBoldRed;
  if (value == "undetermined" || value == "reachable") return Style::kYellow;
  return Style::kGreen;
}

bool IsHold(std::string_view flag) { return flag.starts_with(kHoldFlag); }

std::string FlagText(const std::string& flag) {
  if (IsHold(flag)) return "HOLD THE RELEASE" + flag.substr(kHoldFlag.size());
  return flag == "absence_unverified" ? "rests on an absence that no log could verify" : PlainTimes(flag);
}

void WriteFlags(const std::vector<std::string>& flags, int indent, TextPage& page) {
  for (const std::string& flag : flags) {
    const std::string mark = std::string(static_cast<size_t>(indent), ' ') + (IsHold(flag) ? "!! " : "!  ");
    page.Paragraph(mark, FlagText(flag), indent + 3, IsHold(flag) ? Style::kBoldRed : Style::kYellow);
  }
}

void WriteHeader(const IncidentView& view, TextPage& page) {
  page.Row(0, {{8, Upper(view.severity), LevelStyle(view.severity)}, {page.width() - 10, view.title, Style::kBold}});
  page.Paragraph(
      "", view.id + ", " + view.state + ", playbook " + view.playbook + ", revision " + std::to_string(view.revision),
      0);
  const std::string lasted = Duration(NanosBetween(view.first_event, view.last_event));
  page.Paragraph("",
                 Span(view.first_event, view.last_event) + " UTC (" + lasted + "), " +
                     Counted(view.alerts.size(), "alert") + ", " + Counted(view.events, "event"),
                 0);
  if (!view.merged_into.empty())
    page.Paragraph("", "Merged into " + view.merged_into + ": read that one.", 2, Style::kYellow);
  if (!view.withdrawn_because.empty()) page.Paragraph("", "Withdrawn: " + view.withdrawn_because, 2, Style::kYellow);
  if (!view.follows.empty()) page.Paragraph("", "Follows " + view.follows, 2);
  WriteFlags(view.flags, 0, page);
}

void WriteVerdicts(const IncidentView& view, TextPage& page) {
  if (view.verdicts.empty()) return;
  page.Heading("VERDICTS", "");
  std::vector<const IncidentView::Verdict*> verdicts;
  for (const auto& verdict : view.verdicts) verdicts.push_back(&verdict);
  // A gate is the decision, its facets ("runner_reach.artifacts") are why.
  std::stable_partition(verdicts.begin(), verdicts.end(),
                        [](const auto* v) { return v->name.find('.') == std::string::npos; });
  int name_width = 0;
  for (const auto* verdict : verdicts) name_width = std::max(name_width, DisplayWidth(verdict->name));
  name_width = std::min(name_width, page.width() / 2);
  for (const auto* verdict : verdicts) {
    page.Row(2, {{name_width, verdict->name, Style::kBold},
                 {page.width() - 4 - name_width, Upper(verdict->value), VerdictStyle(verdict->value)}});
    for (const std::string& because : verdict->because) page.Paragraph("    - ", ShortDigests(because), 6);
  }
}

void WriteSteps(const IncidentView& view, TextPage& page) {
  if (view.steps.empty()) return;
  page.Heading("FIRST 15 MINUTES", "nothing is done for you");
  for (const auto& step : view.steps) {
    page.Paragraph("  " + step.id + "  ", step.title + (step.state == "open" ? "" : " [" + step.state + "]"), 5,
                   Style::kBold);
    page.Paragraph("", step.text, 5);
    const std::pair<const char*, const std::string*> lines[] = {
        {"     loses     ", &step.loses}, {"     undo      ", &step.undo}, {"     verified  ", &step.verified_by}};
    for (const auto& [label, text] : lines) {
      if (!text->empty()) page.Paragraph(label, *text, 15, Style::kDim);
    }
    for (const std::string& hint : step.unbound) page.Paragraph("     find out  ", hint, 15, Style::kYellow);
  }
}

void WriteExpiry(const IncidentView& view, const IncidentView::Preserve& item, TextPage& page) {
  if (item.expires_at.empty()) return;
  const std::string when = DateAndClock(item.expires_at);
  const int64_t left = NanosBetween(view.now, item.expires_at);
  if (view.now.empty()) {
    page.Paragraph("", "expires at the origin " + when, 19);
  } else if (left < 0) {
    page.Paragraph("", "gone at the origin since " + when + (item.state == "collected" ? ", kept here" : ""), 19);
  } else {
    page.Paragraph("", "expires at the origin " + when + " (" + Duration(left) + " left)", 19,
                   left < kExpiresSoonNs ? Style::kBoldRed : Style::kNone);
  }
}

void WritePreserve(const IncidentView& view, TextPage& page) {
  if (view.preserve.empty()) return;
  page.Heading("PRESERVE",
               "soonest expiry first" + (view.now.empty() ? "" : "; counted from " + DateAndClock(view.now) + " UTC"));
  constexpr int kText = 19;  // column of everything but id and state
  for (const auto& item : view.preserve) {
    const Style style = item.state == "missing" || item.state == "expired" ? Style::kRed
                        : item.state == "empty"                            ? Style::kNone
                                                                           : Style::kGreen;
    page.Row(2, {{4, item.id, Style::kBold}, {9, item.state, style}, {page.width() - 19, item.title, Style::kBold}});
    // What only a person can save comes before what is saved already.
    for (const std::string& gap : item.gaps) {
      if (gap.rfind("capture by hand", 0) == 0) page.Paragraph("", gap, kText, Style::kBoldRed);
    }
    if (item.events > 0) page.Paragraph("", Counted(item.events, "event") + ", " + Span(item.first, item.last), kText);
    WriteExpiry(view, item, page);
    for (const std::string& gap : item.gaps) {
      if (gap.rfind("capture by hand", 0) != 0) page.Paragraph("                   - ", gap, kText + 2, Style::kYellow);
    }
  }
}

void WriteAlerts(const IncidentView& view, TextPage& page) {
  if (view.alerts.empty()) return;
  page.Heading("ALERTS", "");
  std::string date;
  for (const auto& alert : view.alerts) {
    if (DateOf(alert.first_event) != date) page.Paragraph("  ", date = DateOf(alert.first_event), 2, Style::kDim);
    page.Row(2, {{8, ClockOf(alert.first_event), Style::kNone},
                 {8, alert.level, LevelStyle(alert.level)},
                 {page.width() - 22, alert.title.empty() ? alert.rule : alert.title, Style::kBold}});
    std::vector<std::string> group;
    for (const auto& [name, value] : alert.group) group.push_back(name + "=" + value);
    const auto clock = [&](const std::string& time) {
      return DateOf(time) == DateOf(alert.first_event) ? ClockOf(time) : DateAndClock(time);
    };
    std::string facts = alert.rule + ", " + alert.state;
    if (alert.first_firing != alert.first_event) facts += ", fired " + clock(alert.first_firing);
    facts += ", " + Counted(alert.events, "event");
    if (alert.last_event != alert.first_event) facts += " until " + clock(alert.last_event);
    if (!group.empty()) facts += "; " + Joined(group, ", ");
    if (!alert.value.empty()) facts += "; value " + alert.value;
    page.Paragraph("", facts, 22);
    if (alert.absence_unverified)
      page.Paragraph("", "rests on an absence that could not be verified", 22, Style::kYellow);
    for (const std::string& note : alert.notes) page.Paragraph("", PlainTimes(note), 22, Style::kYellow);
  }
}

std::string Shortened(std::string_view kind, const std::string& key) {
  constexpr size_t kTokenShown = 22;  // "gh:sha256:" and a dozen characters of the hash
  if (kind == "token" && key.size() > kTokenShown) return key.substr(0, kTokenShown) + "…";
  if (const auto known = content::ParseEntityKind(kind); known.has_value()) {
    return ShortDigests(DisplayKey(*known, key));
  }
  return key;
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool HasWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsWordCharacter(text[at - 1])) && (end == text.size() || !IsWordCharacter(text[end]))) return true;
  }
  return false;
}

// Does a text name this key? By its whole text, or without what tells whose name it is ("gh:", "github.com/").
bool IsSaid(std::string_view text, std::string_view key) {
  if (HasWord(text, key)) return true;
  const size_t separator = key.find_first_of("/:");
  return separator != std::string_view::npos && separator + 1 < key.size() && HasWord(text, key.substr(separator + 1));
}

// The few keys that tell an event from its neighbours, most telling first, but for those that the row names
// anyway.
std::string RowEntities(const IncidentView::Row& row) {
  static constexpr std::array<std::string_view, 20> kOrder = {
      "run",    "job",    "runner", "pod",    "host", "token", "access_key",      "api_key",         "hook",  "tag",
      "digest", "deploy", "bucket", "secret", "dest", "ip",    "service_account", "cloud_principal", "actor", "repo"};
  const std::string said = row.summary + "\n" + row.why;
  std::vector<std::string> shown;
  size_t more = 0;
  std::string machine;  // pod, host and runner of one name are said once
  for (const std::string_view kind : kOrder) {
    for (const auto& [name, keys] : row.entities) {
      if (name != kind) continue;
      for (const std::string& key : keys) {
        const std::string text = Shortened(kind, key);
        const std::string last = text.substr(text.rfind('/') == std::string::npos ? 0 : text.rfind('/') + 1);
        if (kind == "runner" || kind == "pod" || kind == "host") {
          if (last == machine) continue;
          machine = last;
        }
        if (IsSaid(said, key) || IsSaid(said, text)) continue;
        shown.size() < kRowEntities ? shown.push_back(name + " " + text) : static_cast<void>(++more);
      }
    }
  }
  return Joined(shown, ", ") + (more > 0 ? " +" + std::to_string(more) : "");
}

void WriteRow(const IncidentView::Row& row, const std::string& repeated, TextPage& page) {
  const Style style = row.alert_event ? Style::kBold : Style::kNone;
  const Cell mark{1, row.alert_event ? "!" : "", Style::kRed};
  const Cell time{9, ClockOf(row.time) + (row.time_inferred ? "~" : ""), style};
  const std::string source = row.source.empty() ? "unknown" : row.source, what = ShortDigests(row.summary) + repeated;
  const std::string entities = RowEntities(row), why = ShortDigests(row.why), classes = Joined(row.classes, " ");
  const std::string ticks = row.ticks.empty() ? "" : "[" + Joined(row.ticks, " ") + "]";
  constexpr int kSource = 15;
  const int rest = page.width() - (1 + 9 + kSource + 3 * TextPage::kColumnGap);
  if (page.width() < kWideTimeline) {
    page.Row(0, {mark,
                 time,
                 {kSource, source, Style::kCyan, classes + (ticks.empty() ? "" : " " + ticks)},
                 {rest, what, style, entities + (entities.empty() ? "" : "\n") + why}});
    return;
  }
  constexpr int kClasses = 5;
  const int told = (rest - kClasses - 2 * TextPage::kColumnGap) * 5 / 8;
  page.Row(0, {mark,
               time,
               {kSource, source, Style::kCyan},
               {told, what, style, entities},
               {kClasses, classes, Style::kDim},
               {rest - told - kClasses - 2 * TextPage::kColumnGap, why, Style::kDim, ticks}});
}

void WriteTimeline(const IncidentView& view, TextPage& page) {
  if (view.timeline.empty()) return;
  page.Heading("TIMELINE", Counted(view.timeline.size(), "event") + ", UTC; ! = part of an alert, ~ = time of arrival");
  std::string date;
  for (size_t i = 0; i < view.timeline.size();) {
    const IncidentView::Row& row = view.timeline[i];
    size_t next = i + 1;
    while (next < view.timeline.size() && view.timeline[next].source == row.source &&
           view.timeline[next].summary == row.summary && view.timeline[next].why == row.why &&
           view.timeline[next].alert_event == row.alert_event && view.timeline[next].ticks == row.ticks &&
           DateOf(view.timeline[next].time) == DateOf(row.time)) {
      ++next;
    }
    if (DateOf(row.time) != date) page.Paragraph("   ", date = DateOf(row.time), 3, Style::kBold);
    const std::string repeated =
        next - i == 1 ? ""
                      : " (" + std::to_string(next - i) + " times until " + ClockOf(view.timeline[next - 1].time) + ")";
    WriteRow(row, repeated, page);
    i = next;
  }
  page.Paragraph(
      "   ",
      "E1 audit logs, E2 identity used, E3 digests, E4 configuration, E5 scope of data, E6 approvals, deploys, runtime",
      3, Style::kDim);
}

void WriteSources(const IncidentView& view, TextPage& page) {
  if (view.sources.empty()) return;
  page.Heading("SOURCES", "silence is not evidence of absence");
  int name_width = 0;
  for (const auto& source : view.sources) name_width = std::max(name_width, DisplayWidth(source.source));
  name_width = std::min(name_width, page.width() / 2 - 4);
  const int text = 2 + name_width + TextPage::kColumnGap;
  for (const auto& source : view.sources) {
    const std::string health = source.gaps.empty()    ? "no gap in the incident's time"
                               : source.first.empty() ? "not seen in this time"
                                                      : "seen " + Span(source.first, source.last);
    const std::string events = Counted(source.events, "event") + " here, ";
    page.Row(2, {{name_width, source.source, Style::kCyan}, {page.width() - text, events + health, Style::kNone}});
    for (const std::string& gap : source.gaps) page.Paragraph("", gap, text, Style::kYellow);
  }
}

}  // namespace

absl::StatusOr<std::string> IncidentText(std::string_view incident_json, const RenderOptions& options) {
  const absl::StatusOr<IncidentView> view = ReadIncident(incident_json);
  if (!view.ok()) return view.status();
  TextPage page(std::max(options.width, kMinWidth), options.color);
  WriteHeader(*view, page);
  WriteVerdicts(*view, page);
  WriteSteps(*view, page);
  WritePreserve(*view, page);
  WriteAlerts(*view, page);
  WriteTimeline(*view, page);
  WriteSources(*view, page);
  return page.Take();
}

absl::StatusOr<std::string> IncidentListText(const std::vector<std::string>& incident_json,
                                             const RenderOptions& options) {
  TextPage page(std::max(options.width, kMinWidth), options.color);
  if (incident_json.empty()) page.Paragraph("", "No incidents.", 0);
  for (const std::string& json : incident_json) {
    const absl::StatusOr<IncidentView> view = ReadIncident(json);
    if (!view.ok()) return view.status();
    page.Row(0,
             {{8, Upper(view->severity), LevelStyle(view->severity)}, {page.width() - 10, view->title, Style::kBold}});
    page.Paragraph("", view->id + ", " + view->state + ", playbook " + view->playbook, 10);
    page.Paragraph("",
                   Span(view->first_event, view->last_event) + " UTC, " + Counted(view->alerts.size(), "alert") + ", " +
                       Counted(view->events, "event"),
                   10);
    WriteFlags(view->flags, 10, page);
  }
  return page.Take();
}

std::string AlertListText(const std::vector<AlertRow>& alerts, const RenderOptions& options) {
  TextPage page(std::max(options.width, kMinWidth), options.color);
  if (alerts.empty()) page.Paragraph("", "No alerts.", 0);
  std::string date;
  for (const AlertRow& alert : alerts) {
    const std::string first = alert.first_event.known() ? event::FormatTime(alert.first_event) : "";
    const std::string last = alert.last_event.known() ? event::FormatTime(alert.last_event) : "";
    if (DateOf(first) != date) page.Paragraph("", date = DateOf(first), 0, Style::kBold);
    page.Row(0,
             {{8, ClockOf(first), Style::kNone},
              {13, alert.level, LevelStyle(alert.level)},
              {page.width() - 25, Clean(alert.rule_title.empty() ? alert.rule_name : alert.rule_title), Style::kBold}});
    std::string facts = Clean(alert.rule_name) + ", " + alert.state + ", " + Counted(alert.events, "event");
    if (last != first) facts += " until " + (DateOf(last) == DateOf(first) ? ClockOf(last) : DateAndClock(last));
    if (!alert.group_text.empty()) facts += "; " + Clean(alert.group_text);
    page.Paragraph("", facts, 25);
    page.Paragraph("", alert.incident_id.empty() ? "in no incident" : "incident " + alert.incident_id, 25, Style::kDim);
  }
  return page.Take();
}

}  // namespace tocsin::incident
