#include "engine/correlate/internal/episodes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "engine/correlate/internal/evaluate.h"

namespace tocsin::correlate {
namespace {

using content::AlertClass;
using content::CorrelationType;

constexpr size_t kIdHexDigits = 24;

std::string Sha256Hex(std::string_view bytes, size_t digits) {
  constexpr char kHex[] = "0123456789abcdef";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (size_t i = 0; i < digits; ++i) hex.push_back(kHex[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15]);
  return hex;
}

// A member that may extend an episode: a firing, or a later sighting of a value that fired.
struct Member {
  uint32_t item;
  int firing;  // index into group.firings; -1: a sighting
};

class Builder {
 public:
  Builder(const EpisodeContext& context, const Group& group)
      : context_(context), group_(group), unit_(context.plan.units[group.unit]) {}

  std::vector<Alert> Build() {
    std::map<std::string, std::vector<Member>> lines;  // by value where each is an alert of its own, else one line
    bool only_settled = unit_.rule->alert_class == AlertClass::kOnlyConfirmed && !unit_.rule->early;
    for (uint32_t f = 0; f < group_.firings.size(); ++f) {
      const FiringRecord& firing = group_.firings[f];
      if (only_settled && TimeOf(firing.at) >= context_.settled_before_ns) continue;
      lines[AlertsByValue(unit_) ? firing.value : std::string()].push_back({firing.at, static_cast<int>(f)});
    }
    if (!unit_.lone() && unit_.type() == CorrelationType::kValueFirstSeen) AddSightings(lines);
    for (auto& [value, members] : lines) Split(members);
    std::sort(alerts_.begin(), alerts_.end(), [](const Alert& a, const Alert& b) {
      return std::tie(a.first_firing, a.id) < std::tie(b.first_firing, b.id);
    });
    return std::move(alerts_);
  }

 private:
  int64_t TimeOf(uint32_t item) const { return group_.items[item].time_ns; }

  void AddSightings(std::map<std::string, std::vector<Member>>& lines) {
    if (lines.empty()) return;
    std::set<std::pair<uint32_t, std::string>> fired;
    for (const FiringRecord& firing : group_.firings) fired.emplace(firing.at, firing.value);
    for (uint32_t i = 0; i < group_.items.size(); ++i) {
      if (TimeOf(i) < group_.emit_from_ns) continue;
      for (const std::string& value : SightedValues(unit_, context_.reader, group_.items[i])) {
        auto line = lines.find(value);
        if (line == lines.end() || fired.contains({i, value})) continue;
        line->second.push_back({i, -1});
      }
    }
    for (auto& [value, members] : lines) {
      std::stable_sort(members.begin(), members.end(),
                       [](const Member& a, const Member& b) { return a.item < b.item; });
    }
  }

  void Split(const std::vector<Member>& members) {
    for (size_t i = 0; i < members.size();) {
      if (members[i].firing < 0) {  // a sighting opens nothing
        ++i;
        continue;
      }
      size_t end = i + 1;
      for (; end < members.size(); ++end) {
        int64_t time = TimeOf(members[end].item);
        if (time > Plus(TimeOf(members[end - 1].item), unit_.rule->episode_gap_ns)) break;
        if (time > Plus(TimeOf(members[i].item), unit_.rule->episode_max_ns)) break;
      }
      MakeAlert({members.begin() + i, members.begin() + end});
      i = end;
    }
  }

  void MakeAlert(const std::vector<Member>& members) {
    Alert alert;
    alert.rule = unit_.rule_id;
    alert.level = unit_.rule->level;
    SetGroup(alert);
    std::vector<ItemRange> ranges;
    AbsenceJudge::Silences silences;
    const FiringRecord* first = nullptr;
    const FiringRecord* last = nullptr;
    for (const Member& member : members) {
      if (member.firing < 0) {
        ranges.emplace_back(member.item, member.item);
        continue;
      }
      const FiringRecord& firing = group_.firings[member.firing];
      ranges.emplace_back(firing.first, firing.at);
      context_.absences.Judge(unit_, group_, firing, silences);
      if (first == nullptr) first = &firing;
      last = &firing;
      ++alert.firings;
    }
    alert.first_firing.ns = TimeOf(first->at);
    alert.last_firing.ns = TimeOf(last->at);
    alert.value = last->value;
    alert.state =
        alert.first_firing.ns < context_.settled_before_ns ? AlertState::kConfirmed : AlertState::kProvisional;
    alert.absence_unverified = !silences.empty();
    alert.notes = context_.absences.Notes(silences);
    if (group_.unbound) alert.notes.push_back("unbound");
    AddMembers(ranges, alert);

    std::string text = unit_.rule->semantic_hash;
    text.push_back('\0');
    for (const auto& [name, value] : alert.group) {
      text.append(name).push_back('\0');
      text.append(value).push_back('\0');
    }
    text.append(event::IdentityText(context_.pool[group_.items[first->at].hit].identity));
    if (AlertsByValue(unit_)) text.append(first->value);
    alert.id = "a-" + Sha256Hex(text, kIdHexDigits);
    alert.handle = alert.id;
    alerts_.push_back(std::move(alert));
  }

  void SetGroup(Alert& alert) const {
    if (unit_.lone()) {
      for (size_t i = 0; i + 1 < group_.values.size(); i += 2) {
        alert.group.emplace_back(group_.values[i], group_.values[i + 1]);
      }
      return;
    }
    for (size_t i = 0; i < group_.values.size(); ++i) {
      alert.group.emplace_back(unit_.correlation->group_by[i].name, group_.values[i]);
    }
  }

  void AddMembers(const std::vector<ItemRange>& ranges, Alert& alert) const {
    std::vector<HitIndex> hits = LeafHits(context_.plan, group_, ranges);
    std::sort(hits.begin(), hits.end(), [&](HitIndex a, HitIndex b) { return context_.pool.Before(a, b); });
    alert.event_count = hits.size();
    alert.first_event = context_.pool[hits.front()].time;
    alert.last_event = context_.pool[hits.back()].time;
    for (size_t i = 0; i < hits.size(); ++i) {
      if (i == kAlertEventsKept && hits.size() > 2 * kAlertEventsKept) i = hits.size() - kAlertEventsKept;
      const match::Hit& hit = context_.pool[hits[i]];
      alert.events.push_back({hit.time, hit.source, hit.identity, hit.rule});
    }
    std::map<content::EntityKind, std::set<std::string, std::less<>>> entities;
    std::vector<event::EntityKey> keys;
    for (HitIndex hit : hits) {
      keys.clear();
      context_.reader.Entities(hit, keys);
      for (const event::EntityKey& key : keys) {
        auto& texts = entities[key.kind];
        if (texts.find(key.text) == texts.end()) texts.emplace(key.text);
      }
    }
    for (size_t field = 0; !unit_.lone() && field < group_.values.size(); ++field) {
      for (const auto& sources : unit_.group) {
        if (sources[field].kind) entities[*sources[field].kind].insert(group_.values[field]);
      }
    }
    for (const auto& [kind, texts] : entities) {
      auto end = texts.begin();
      std::advance(end, std::min(texts.size(), kAlertKeysKept));
      alert.entities[kind].assign(texts.begin(), end);
      if (texts.size() > kAlertKeysKept) {
        alert.notes.push_back("degraded: " + std::to_string(texts.size()) + " keys of kind " +
                              std::string(content::EntityKindName(kind)) + ", the first " +
                              std::to_string(kAlertKeysKept) + " kept");
      }
    }
  }

  const EpisodeContext& context_;
  const Group& group_;
  const Unit& unit_;
  std::vector<Alert> alerts_;
};

bool Near(const Alert& a, const Alert& b, int64_t gap_ns) {
  return a.first_firing.ns <= Plus(b.last_firing.ns, gap_ns) && b.first_firing.ns <= Plus(a.last_firing.ns, gap_ns);
}

}  // namespace

bool AlertsByValue(const Unit& unit) {
  return !unit.lone() &&
         (unit.type() == CorrelationType::kValueFirstSeen || unit.type() == CorrelationType::kValueChange);
}

std::vector<Alert> MakeAlerts(const EpisodeContext& context, const Group& group) {
  return Builder(context, group).Build();
}

void Publish(const Unit& unit, Group& group, std::vector<Alert> alerts, std::vector<AlertChange>& changes) {
  std::map<std::string_view, const Alert*> old_by_id;
  for (const Alert& alert : group.published) old_by_id.emplace(alert.id, &alert);
  std::set<std::string_view> kept;
  for (const Alert& alert : alerts) {
    if (old_by_id.contains(alert.id)) kept.insert(alert.id);
  }
  std::vector<const Alert*> vanished;
  for (const Alert& alert : group.published) {
    if (!kept.contains(alert.id)) vanished.push_back(&alert);
  }
  auto succeeds = [&](const Alert& alert, const Alert& old) {
    return (!AlertsByValue(unit) || alert.value == old.value) && Near(alert, old, unit.rule->episode_gap_ns);
  };
  std::map<std::string, std::string> successor;  // vanished id -> id
  for (Alert& alert : alerts) {
    auto old = old_by_id.find(alert.id);
    if (old != old_by_id.end()) {
      alert.handle = old->second->handle;
      alert.supersedes = old->second->supersedes;
      // After a restart the watermarks may stand further back than those that confirmed it.
      if (old->second->state == AlertState::kConfirmed) alert.state = AlertState::kConfirmed;
    }
    for (const Alert* gone : vanished) {
      if (!succeeds(alert, *gone) || !successor.emplace(gone->id, alert.id).second) continue;
      if (old == old_by_id.end() && alert.supersedes.empty()) {
        alert.supersedes = gone->id;
        alert.handle = gone->handle;
      }
    }
    if (old == old_by_id.end()) {
      changes.push_back({AlertChange::Kind::kNew, alert, ""});
    } else if (!(*old->second == alert)) {
      changes.push_back({AlertChange::Kind::kRevised, alert, ""});
    }
  }
  for (const Alert* gone : vanished) {
    AlertChange change{AlertChange::Kind::kWithdrawn, *gone, "condition no longer holds after late event"};
    change.alert.state = AlertState::kWithdrawn;
    if (auto it = successor.find(gone->id); it != successor.end()) change.reason = "superseded by " + it->second;
    changes.push_back(std::move(change));
  }
  group.published = std::move(alerts);
}

}  // namespace tocsin::correlate
