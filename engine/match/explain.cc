#include "engine/match/explain.h"

#include <algorithm>
#include <utility>

#include "engine/match/internal/casefold.h"
#include "engine/match/internal/predicate.h"
#include "engine/match/logsource.h"

namespace tocsin::match {
namespace {

using content::Expr;
using event::EventView;
using event::Value;
using event::ValueKind;

// An event with one value in one field, and with those of the fields that the item's tests refer to.
class OneValueEvent {
 public:
  OneValueEvent(const EventView& event, const content::Item& item, const Value& value, size_t fields)
      : view_(event), slots_(fields) {
    Push(value, item.field);
    values_.back().leaf = !item.field.valid();
    if (item.field.valid()) slots_[item.field.value()] = {event.epoch, 0, 0};
    for (const auto& forms : item.values) {
      for (const content::ValueTest& test : forms) {
        if (test.kind == content::ValueTest::Kind::kFieldRef) Copy(event, test.other_field);
      }
    }
    view_.plain = {};
    view_.value_base = values_.data();
    view_.value_count = static_cast<uint32_t>(values_.size());
    view_.slots = slots_.data();
  }
  const EventView& view() const { return view_; }

 private:
  void Push(const Value& value, content::FieldId field) {
    values_.push_back(value);
    values_.back().next = event::kNoValue;
    values_.back().field = field;
    values_.back().leaf = false;
  }
  void Copy(const EventView& event, content::FieldId field) {
    event::Slot& slot = slots_[field.value()];
    if (slot.epoch == event.epoch) return;
    for (const Value& value : event.values(field)) {
      const auto place = static_cast<uint32_t>(values_.size());
      Push(value, field);
      if (slot.epoch == event.epoch)
        values_[slot.last].next = place;
      else
        slot.first = place;
      slot.epoch = event.epoch;
      slot.last = place;
    }
  }

  EventView view_;
  std::vector<Value> values_;
  std::vector<event::Slot> slots_;
};

bool FoldsCase(const content::Item& item) {
  return std::any_of(item.values.begin(), item.values.end(), [](const auto& forms) {
    return std::any_of(forms.begin(), forms.end(), [](const content::ValueTest& test) {
      return (test.kind == content::ValueTest::Kind::kPattern || test.kind == content::ValueTest::Kind::kFieldRef) &&
             !test.cased;
    });
  });
}

// The item with one test alone, as a positive statement.
content::Item Alone(const content::Item& item, const content::ValueTest& test) {
  content::Item out;
  out.field = item.field;
  out.place = item.place;
  out.values = {{test}};
  return out;
}

}  // namespace

struct Explainer::CompiledItem {
  Predicate whole;
  std::vector<std::vector<Predicate>> tests;
  bool folds = false;
};

Explainer::Explainer(const content::ContentSet& content, const content::Rule& rule) : content_(content), rule_(rule) {}
Explainer::~Explainer() = default;

std::unique_ptr<const Explainer> Explainer::Compile(const content::ContentSet& content, const content::Rule& rule,
                                                    content::Diagnostics& diagnostics) {
  std::unique_ptr<Explainer> out(new Explainer(content, rule));
  content::Diagnostics said_already;  // of parts: the whole says it
  const GramCounts grams;             // for speed alone
  bool ok = true;
  for (const content::Item& item : rule.detection.items) {
    CompiledItem& compiled = out->items_.emplace_back();
    ok &= compiled.whole.Compile(item, grams, diagnostics);
    compiled.folds = FoldsCase(item);
    for (const auto& forms : item.values) {
      std::vector<Predicate>& tests = compiled.tests.emplace_back();
      for (const content::ValueTest& test : forms)
        ok &= tests.emplace_back().Compile(Alone(item, test), grams, said_already);
    }
  }
  return ok ? std::move(out) : nullptr;
}

Explanation Explainer::Explain(const EventView& event) const {
  Explanation out;
  for (size_t item = 0; item < items_.size(); item++) out.items.push_back(ExplainItem(item, event));
  out.root = ExplainNode(rule_.detection.condition, out);
  return out;
}

Explanation::Item Explainer::ExplainItem(size_t index, const EventView& event) const {
  const CompiledItem& compiled = items_[index];
  const content::Item& item = rule_.detection.items[index];
  Explanation::Item out;
  FoldedTexts texts, texts_alone;
  texts.Begin(event);
  out.holds = compiled.whole.Holds(event, texts);
  for (const std::vector<Predicate>& forms : compiled.tests) {
    std::vector<bool>& outcomes = out.tests.emplace_back();
    for (const Predicate& test : forms) outcomes.push_back(test.Holds(event, texts));
  }
  const auto take = [&](const Value& value) {
    const OneValueEvent alone(event, item, value, content_.fields.size());
    texts_alone.Begin(alone.view());
    const bool satisfies =
        std::any_of(compiled.tests.begin(), compiled.tests.end(), [&](const std::vector<Predicate>& forms) {
          return std::any_of(forms.begin(), forms.end(),
                             [&](const Predicate& test) { return test.Holds(alone.view(), texts_alone); });
        });
    if (!item.field.valid() && !satisfies) return;  // of keywords, only the leaves that matter
    if (out.values.size() == kExplainedValues) {
      out.more_values++;
      return;
    }
    Explanation::Value& kept = out.values.emplace_back();
    kept.text = value.text;
    kept.kind = value.kind;
    kept.satisfies = satisfies;
    if (compiled.folds && value.kind == ValueKind::kString && !IsAscii(value.text)) kept.folded = Folded(value.text);
    if (kept.folded == kept.text) kept.folded.clear();
  };
  if (item.field.valid()) {
    for (const Value& value : event.values(item.field)) take(value);
  } else {
    for (const Value& leaf : event.leaves()) take(leaf);
  }
  return out;
}

Explanation::Node Explainer::ExplainNode(const Expr& expr, const Explanation& explanation) const {
  Explanation::Node out;
  out.expr = &expr;
  for (const Expr& child : expr.children) out.children.push_back(ExplainNode(child, explanation));
  const auto holds = [](const Explanation::Node& child) { return child.holds; };
  switch (expr.kind) {
    case Expr::Kind::kItem:
      out.holds = explanation.items[expr.item].holds;
      break;
    case Expr::Kind::kSelection:
      out.holds = out.children[0].holds;
      break;
    case Expr::Kind::kNot:
      out.holds = !out.children[0].holds;
      break;
    case Expr::Kind::kAnd:
      out.holds = std::all_of(out.children.begin(), out.children.end(), holds);
      break;
    case Expr::Kind::kOr:
      out.holds = std::any_of(out.children.begin(), out.children.end(), holds);
      break;
  }
  return out;
}

content::Logsource EventLogsource(const content::ContentSet& content, const EventView& event) {
  content::Logsource out;
  for (const std::string& name : LogsourceAttributes(content)) {
    const std::optional<content::FieldId> field = content.fields.Find(name);
    if (!field) continue;
    for (const Value& value : event.values(*field)) {
      if (value.kind != ValueKind::kString || value.text.empty()) continue;
      std::string* const known = name == "product" ? &out.product : name == "category" ? &out.category : name == "service" ? &out.service : nullptr;
      if (known != nullptr) *known = value.text;
      else out.custom.emplace_back(name, value.text);
      break;
    }
  }
  return out;
}

std::string LogsourceConflict(const content::Logsource& rule, const content::Logsource& events, bool unstated_excludes) {
  std::vector<std::string> names = {"product", "category", "service"};
  for (const auto& [name, value] : rule.custom) names.push_back(name);
  for (const std::string& name : names) {
    const std::string& wanted = LogsourceAttribute(rule, name);
    const std::string& stated = LogsourceAttribute(events, name);
    if (wanted.empty() || (stated.empty() && !unstated_excludes)) continue;
    if (Folded(wanted) != Folded(stated)) return name;
  }
  return {};
}

}  // namespace tocsin::match
