#include "engine/incident/internal/silence.h"

#include <algorithm>

#include "engine/incident/internal/queries.h"
#include "engine/incident/internal/text_times.h"

namespace tocsin::incident {
namespace {

constexpr size_t kStretchesNamed = 3;

}  // namespace

std::vector<content::SourceId> ListedSources(const content::ContentSet& content,
                                             const std::vector<std::string>& names) {
  std::vector<content::SourceId> sources;
  for (size_t i = 0; i < content.sources.size(); ++i) {
    if (SourceListed(names, content.sources[i].name)) sources.emplace_back(static_cast<uint16_t>(i));
  }
  return sources;
}

bool IsConnected(const content::ContentSet& content, const event::SourceClock& clock, content::SourceId source) {
  if (content.site.connected.empty()) return !clock.state(source).coverage.empty();
  return SourceListed(content.site.connected, content.sources[source.value()].name);
}

std::vector<std::pair<event::EventTime, event::EventTime>> Uncovered(const event::Coverage& coverage,
                                                                     event::EventTime from, event::EventTime until) {
  std::vector<std::pair<event::EventTime, event::EventTime>> gaps;
  if (coverage.Covers(from, until)) return gaps;
  int64_t cursor = from.ns;
  for (const auto& [begin, end] : coverage.intervals()) {
    if (end < cursor) continue;
    if (begin > until.ns) break;
    if (begin > cursor) gaps.emplace_back(event::EventTime{cursor}, event::EventTime{begin});
    cursor = std::max(cursor, end);
  }
  if (cursor < until.ns || gaps.empty()) gaps.emplace_back(event::EventTime{std::min(cursor, until.ns)}, until);
  return gaps;
}

std::vector<std::string> SilenceOf(const content::ContentSet& content, const event::SourceClock& clock,
                                   content::SourceId source, event::EventTime from, event::EventTime until) {
  const std::string name = "source " + content.sources[source.value()].name;
  if (!IsConnected(content, clock, source)) return {name + " is not connected"};
  const auto gaps = Uncovered(clock.CoverageOf(source), from, until);
  std::vector<std::string> lines;
  for (const auto& [begin, end] : gaps) {
    if (lines.size() == kStretchesNamed) {
      lines.push_back(name + " silent in " + std::to_string(gaps.size() - kStretchesNamed) + " more stretches");
      break;
    }
    lines.push_back(name + " silent " + Span(event::FormatTime(begin), event::FormatTime(end)));
  }
  return lines;
}

std::vector<std::string> Unanswered(const content::ContentSet& content, const event::SourceClock& clock,
                                    const std::vector<std::string>& names, event::EventTime from,
                                    event::EventTime until) {
  std::vector<std::string> why;
  for (const std::string& name : names) {
    bool connected = false;
    for (const content::SourceId source : ListedSources(content, {name})) {
      if (!IsConnected(content, clock, source)) continue;
      connected = true;
      for (std::string& line : SilenceOf(content, clock, source, from, until)) why.push_back(std::move(line));
    }
    if (!connected) why.push_back("source " + name + " is not connected");
  }
  return why;
}

}  // namespace tocsin::incident
