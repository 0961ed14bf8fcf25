// A content set and hits put together by hand, for the tests and benchmarks of this room.
#ifndef TOCSIN_ENGINE_CORRELATE_TESTING_WORLD_H_
#define TOCSIN_ENGINE_CORRELATE_TESTING_WORLD_H_

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/correlate/engine.h"
#include "engine/match/hit.h"

namespace tocsin::correlate {

using content::Compare;
using content::Correlation;
using content::CorrelationExpr;
using content::CorrelationType;
using content::EntityKind;
using content::RuleId;
using content::SourceId;

inline CorrelationExpr RefExpr(uint32_t ref) {
  CorrelationExpr expr;
  expr.kind = CorrelationExpr::Kind::kRef;
  expr.ref = ref;
  return expr;
}
inline CorrelationExpr NotExpr(CorrelationExpr child) {
  CorrelationExpr expr;
  expr.kind = CorrelationExpr::Kind::kNot;
  expr.children.push_back(std::move(child));
  return expr;
}
inline CorrelationExpr JoinExpr(CorrelationExpr::Kind kind, std::vector<CorrelationExpr> children) {
  CorrelationExpr expr;
  expr.kind = kind;
  expr.children = std::move(children);
  return expr;
}
inline CorrelationExpr AndExpr(std::vector<CorrelationExpr> children) {
  return JoinExpr(CorrelationExpr::Kind::kAnd, std::move(children));
}
inline CorrelationExpr OrExpr(std::vector<CorrelationExpr> children) {
  return JoinExpr(CorrelationExpr::Kind::kOr, std::move(children));
}

// Seeds and rounds of random tests.
inline uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct TestEvent {
  int64_t time_ns = 0;
  SourceId source;
  uint64_t id = 0;
  uint64_t number = 0;
  int64_t precision_ns = 1;
  std::vector<std::pair<std::string, std::string>> fields;  // a field that stands twice has two values
  std::vector<std::pair<EntityKind, std::string>> entities;
};

class World {
 public:
  World() : content_(std::make_shared<content::ContentSet>()) {}

  // Sources must be added in the order of their names.
  SourceId AddSource(const std::string& name, int64_t silence_after_ns = 0, int64_t lateness_ns = 0) {
    content::SourceDef source;
    source.name = name;
    source.logsource.product = name;
    source.silence_after_ns = silence_after_ns;
    source.lateness_ns = lateness_ns;
    content_->sources.push_back(std::move(source));
    return SourceId(static_cast<uint16_t>(content_->sources.size() - 1));
  }
  // A detection rule over one source (or over everything). Its hits keep every field that is interned when Seal is
  // called.
  RuleId AddDetection(const std::string& name, SourceId source = SourceId(), bool alerts = false) {
    content::Rule rule = NewRule(name, alerts);
    if (source.valid()) rule.detection.logsource.product = content_->sources[source.value()].name;
    rule.episode_gap_ns = 3600'000'000'000;
    return AddRule(std::move(rule));
  }
  // Group fields are read by the same name from every reference. `alerts`, class and episodes may be changed in rule().
  RuleId AddCorrelation(const std::string& name, CorrelationType type, const std::vector<RuleId>& refs,
                        const std::vector<std::string>& group_by, int64_t timespan_ns) {
    content::Rule rule = NewRule(name, true);
    rule.is_correlation = true;
    rule.correlation.type = type;
    for (RuleId ref : refs) rule.correlation.refs.push_back({ref});
    for (const std::string& field : group_by) {
      rule.correlation.group_by.push_back({field, std::vector(refs.size(), content_->fields.Intern(field))});
    }
    rule.correlation.timespan_ns = timespan_ns;
    rule.episode_gap_ns = std::min<int64_t>(timespan_ns, 3600'000'000'000);
    return AddRule(std::move(rule));
  }
  void AddThreshold(RuleId id, Compare compare, double number) {
    rule(id).correlation.thresholds.push_back({compare, number});
  }
  void AddField(RuleId id, const std::string& field) {
    rule(id).correlation.fields.push_back(content_->fields.Intern(field));
  }
  content::Rule& rule(RuleId id) { return content_->rules[id.value()]; }
  content::ContentSet& content() { return *content_; }

  // No rules or fields after this.
  std::shared_ptr<const content::ContentSet> Seal() {
    for (content::Rule& rule : content_->rules) {
      if (rule.is_correlation) continue;
      for (uint32_t f = 0; f < content_->fields.size(); ++f) rule.hit_fields.push_back(content::FieldId(f));
    }
    writer_ = std::make_unique<match::HitWriter>(*content_);
    return content_;
  }
  match::Hit MakeHit(RuleId rule, const TestEvent& event) {
    std::vector<event::Value> values;
    std::vector<event::Slot> slots(content_->fields.size());
    for (const auto& [name, text] : event.fields) {
      uint32_t place = static_cast<uint32_t>(values.size());
      values.push_back({text, event::ValueKind::kString, event::kNoValue});
      event::Slot& slot = slots[content_->fields.Intern(name).value()];
      if (slot.epoch == 1) {
        values[slot.last].next = place;
      } else {
        slot.first = place;
      }
      slot.epoch = 1;
      slot.last = place;
    }
    std::vector<event::EntityKey> keys;
    for (const auto& [kind, text] : event.entities) keys.push_back({kind, text, 0});
    event::EventView view;
    view.source = event.source;
    view.number = event.number;
    view.time = {event.time_ns};
    view.precision_ns = event.precision_ns;
    view.identity = {event.id, event.id};
    view.value_base = values.data();
    view.slots = slots.data();
    view.epoch = 1;
    view.entity_base = keys.data();
    view.entity_count = static_cast<uint32_t>(keys.size());
    return writer_->Write(view, rule, arena_);
  }

 private:
  static content::Rule NewRule(const std::string& name, bool alerts) {
    content::Rule rule;
    rule.name = rule.title = name;
    rule.semantic_hash = "hash of " + name;
    rule.level = content::Level::kMedium;
    rule.alerts = alerts;
    rule.episode_max_ns = 24ll * 3600 * 1'000'000'000;
    return rule;
  }
  RuleId AddRule(content::Rule rule) {
    content_->rules.push_back(std::move(rule));
    return RuleId(static_cast<uint32_t>(content_->rules.size() - 1));
  }

  std::shared_ptr<content::ContentSet> content_;
  std::unique_ptr<match::HitWriter> writer_;
  match::HitArena arena_;
};

}  // namespace tocsin::correlate

#endif  // TOCSIN_ENGINE_CORRELATE_TESTING_WORLD_H_
