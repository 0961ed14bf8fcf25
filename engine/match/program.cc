#include "engine/match/program.h"

#include <algorithm>
#include <utility>

#include "engine/match/internal/casefold.h"
#include "engine/match/internal/compiled_program.h"
#include "engine/match/internal/compiler.h"
#include "engine/match/internal/number_key.h"
#include "engine/match/internal/profile_probe.h"
#include "engine/match/profile.h"

namespace tocsin::match {
namespace {

using event::EventView;
using event::Value;
using event::ValueKind;

// Classes of events by their own logsource. There are as many as combinations of what rules name, and traffic has a handful. The
// first so many have a dispatch of their own, for ever, as long as those take no more than so many bytes; the others share one
// for all rules, and beyond so many are made anew, so that hostile events cost time and no memory.
constexpr size_t kOwnDispatches = 64, kOwnDispatchBytes = 64u << 20, kMoreClasses = 1024;

// One event on its way through a program. The probe is told of each piece of work; NoProbe costs nothing.
template <class Probe>
class Matcher {
 public:
  Matcher(const CompiledProgram& program, const EventView& event, ScratchState& state, Probe probe) : program_(program), event_(event), state_(state), probe_(probe) {}

  void Run() {
    probe_.Begin();
    if (++state_.epoch > UINT32_MAX / 2) {
      std::fill(state_.outcomes.begin(), state_.outcomes.end(), 0);
      std::fill(state_.seen.begin(), state_.seen.end(), 0);
      state_.epoch = 1;
    }
    state_.texts.Begin(event_);
    state_.candidates.clear();
    state_.hits.clear();
    class_ = program_.options.logsource_from_event ? &ClassByEvent() : &program_.by_source[event_.source.valid() ? event_.source.value() : program_.by_source.size() - 1];
    dispatch_ = class_->dispatch.get();
    probe_.Classified();
    FindCandidates();
    probe_.CandidatesFound(*class_);
    Confirm();
    probe_.End();
  }

 private:
  // The event's own product, category, service and what else rules name. What it does not state (no text, "", null) excludes
  // nothing; an array states its first text.
  const EventClass& ClassByEvent() {
    LogsourceKey& key = state_.key;
    for (size_t i = 0; i < program_.attributes.size(); i++) {
      key[i] = kUnstated;
      const LogsourceAttributeTable& attribute = program_.attributes[i];
      if (!attribute.field.valid()) continue;
      for (const Value& value : event_.values(attribute.field)) {
        if (value.kind != ValueKind::kString || value.text.empty()) continue;
        // What is longer names nothing that a rule names, or is worth no memory.
        if (value.text.size() > ScratchState::AttributeMemo::kLongestText) {
          key[i] = MeaningOf(attribute, value.text);
          break;
        }
        ScratchState::AttributeMemo::Known& known = state_.attributes[i].Of(value.text);
        if (known.text != value.text) {
          known.text = value.text;
          known.value = MeaningOf(attribute, value.text);
        }
        key[i] = known.value;
        break;
      }
    }
    uint32_t hash = 0;
    for (const uint32_t value : key) hash = (hash ^ value) * 0x9E3779B1u;
    ScratchState::ClassMemo& recent = state_.recent[hash >> 29];
    if (recent.of == nullptr || recent.key != key) {
      recent.of = &ClassOf(key);
      recent.key = key;
    }
    return *recent.of;
  }

  uint32_t MeaningOf(const LogsourceAttributeTable& attribute, std::string_view text) {
    FoldTo(text, state_.folded);
    const auto it = attribute.values.find(state_.folded);
    return it == attribute.values.end() ? kForeign : it->second;
  }

  const EventClass& ClassOf(const LogsourceKey& key) {
    for (const auto* classes : {&state_.classes, &state_.more_classes}) {
      const auto it = classes->find(key);
      if (it != classes->end()) return *it->second;
    }
    return MakeClass(key);
  }

  void TablesMade() {
    state_.classes_made++;
    probe_.ClassMade();
  }

  const EventClass& MakeClass(const LogsourceKey& key) {
    if (state_.classes.size() < kOwnDispatches && state_.dispatch_bytes < kOwnDispatchBytes) {
      const EventClass& made = *state_.classes.emplace(key, std::make_unique<EventClass>(program_.MakeClass(key))).first->second;
      state_.dispatch_bytes += made.dispatch->bytes();
      TablesMade();
      return made;
    }
    if (state_.for_all == nullptr) {
      state_.for_all = program_.DispatchForAll();
      TablesMade();
    }
    if (state_.more_classes.size() >= kMoreClasses) {
      state_.more_classes.clear();
      state_.recent = {};
    }
    return *state_.more_classes.emplace(key, std::make_unique<EventClass>(program_.MakeClass(key, state_.for_all))).first->second;
  }

  void FindCandidates() {
    if (class_->shared) {
      for (const uint32_t condition : dispatch_->always) {
        if (Applies(condition)) state_.candidates.push_back(condition);
      }
    } else {
      state_.candidates.assign(dispatch_->always.begin(), dispatch_->always.end());
    }
    const std::span<const Value> values = event_.all_values();
    if (state_.remembered.size() < values.size()) state_.remembered.resize(std::max(values.size(), 2 * state_.remembered.size()));
    for (size_t i = 0; i < values.size(); i++) {
      const Value& value = values[i];
      const uint32_t place = value.field.valid() ? dispatch_->by_field[value.field.value()] : Dispatch::kNone;
      state_.remembered[i] = place != Dispatch::kNone && !event_.superseded(value) ? LookAtValue(dispatch_->fields[place], value) : ValueMemo::kNone;
    }
    probe_.FieldsSought();
    if (dispatch_->keywords.empty()) return;
    LookForKeywords(dispatch_->keywords);
    probe_.KeywordsSought();
  }

  bool Applies(uint32_t condition) const { return class_->Applies(program_.conditions[condition].logsource); }

  // What stands in a leaf stands in the plain event: one pass over that does for all leaves.
  void LookForKeywords(const LiteralIndex& keywords) {
    const auto found = [&](uint32_t literal) {
      Add(dispatch_->literal_postings[literal]);
      return false;   // the search goes on
    };
    if (state_.texts.Whole().data != nullptr) {
      keywords.Find(state_.texts.Whole(), found);
      return;
    }
    for (const Value& leaf : event_.leaves()) keywords.Find(state_.texts.Of(leaf), found);
  }

  // The memo's entry of it, or kNone.
  ValueMemo::Id LookAtValue(const FieldDispatch& field, const Value& value) {
    ValueMemo& memo = state_.memo;
    if (!IsScalar(value) || value.text.size() > ValueMemo::kLongestText || !memo.Pays(value.field)) {
      Seek(field, value, [&](Range postings) { Add(postings); });
      return ValueMemo::kNone;
    }
    const ValueMemo::Key key = ValueMemo::KeyOf(dispatch_, value);
    if (const ValueMemo::Entry* known = memo.Find(key)) {
      for (const Range postings : memo.found(*known)) Add(postings);
      return known->id;
    }
    Range found[ValueMemo::kMostFound];
    size_t count = 0;
    Seek(field, value, [&](Range postings) {
      if (count < ValueMemo::kMostFound) found[count] = postings;
      count++;
      Add(postings);
    });
    return count <= ValueMemo::kMostFound ? memo.Insert(key, {found, count}) : ValueMemo::kNone;
  }

  // Calls found(postings) for all that a value leads to.
  template <class F>
  void Seek(const FieldDispatch& field, const Value& value, F&& found) {
    if (field.present.begin != field.present.end) found(field.present);
    if (!IsScalar(value)) return;
    if (!field.literals.empty()) {
      field.literals.Find(state_.texts.Of(value), [&](uint32_t literal) {
        found(dispatch_->literal_postings[literal]);
        return false;
      });
    }
    if (!field.numbers.empty() && value.kind != ValueKind::kBool) {
      if (const auto key = NumberKey(value.text)) {
        const auto it = field.numbers.find(*key);
        if (it != field.numbers.end()) found(it->second);
      }
    }
  }

  void Add(Range postings) {
    for (uint32_t i = postings.begin; i < postings.end; i++) {
      const uint32_t condition = dispatch_->postings[i];
      probe_.Stands(*dispatch_, i);
      if (state_.seen[condition] == state_.epoch) continue;
      state_.seen[condition] = state_.epoch;
      if (!class_->shared || Applies(condition)) state_.candidates.push_back(condition);
    }
  }

  void Confirm() {
    for (const uint32_t candidate : state_.candidates) {
      const Condition& condition = program_.conditions[candidate];
      uint32_t step = condition.first_step;
      while (step < kMiss) {
        probe_.Asks(step);
        const Step& asked = program_.steps[step];
        step = Holds(asked) ? asked.if_true : asked.if_false;
      }
      if (step == kHit) state_.hits.insert(state_.hits.end(), program_.rules.begin() + condition.rules.begin, program_.rules.begin() + condition.rules.end);
      probe_.Confirmed(candidate, step == kHit);
    }
    // Candidates come as values and literals do; hits go out in the order of the rules.
    if (state_.hits.size() > 1) std::sort(state_.hits.begin(), state_.hits.end());
  }

  // Each predicate is evaluated once an event, and only when a condition asks; not at all where the memo knows its answer. The memo
  // may forget it before the event is done.
  bool Holds(const Step& step) {
    const ValueMemo::Id entry = step.field.valid() ? EntryOf(step.field) : ValueMemo::kNone;
    const ValueMemo::Outcome known = entry != ValueMemo::kNone ? state_.memo.OutcomeOf(step.predicate, entry) : ValueMemo::Outcome::kUnknown;
    if (!Probe::kCounts && known != ValueMemo::Outcome::kUnknown) return known == ValueMemo::Outcome::kTrue;
    uint32_t& outcome = state_.outcomes[step.predicate];
    if (outcome >> 1 == state_.epoch) return outcome & 1;
    const bool holds = known != ValueMemo::Outcome::kUnknown ? known == ValueMemo::Outcome::kTrue : Evaluate(step.predicate);
    outcome = state_.epoch << 1 | static_cast<uint32_t>(holds);
    if (entry != ValueMemo::kNone && known == ValueMemo::Outcome::kUnknown) state_.memo.SetOutcome(step.predicate, entry, holds);
    probe_.Evaluated(step.predicate, holds);
    return holds;
  }

  bool Evaluate(uint32_t predicate) { return program_.predicates[predicate].Holds(event_, state_.texts); }

  // The memo's entry of a field's only value.
  ValueMemo::Id EntryOf(content::FieldId field) const {
    const event::Slot& slot = event_.slots[field.value()];
    return slot.epoch == event_.epoch && slot.first == slot.last ? state_.remembered[slot.first] : ValueMemo::kNone;
  }

  const CompiledProgram& program_;
  const EventView& event_;
  ScratchState& state_;
  const EventClass* class_ = nullptr;
  const Dispatch* dispatch_ = nullptr;   // the class's
  [[no_unique_address]] Probe probe_;
};

}  // namespace

std::shared_ptr<const Program> Program::Compile(std::shared_ptr<const event::Plan> plan, const ProgramOptions& options, content::Diagnostics& diagnostics) {
  auto compiled = std::make_unique<CompiledProgram>();
  compiled->plan = std::move(plan);
  compiled->options = options;
  CompileProgram(*compiled, diagnostics);
  return std::make_shared<Program>(std::move(compiled));
}

Program::Program(std::unique_ptr<const CompiledProgram> compiled) : compiled_(std::move(compiled)) {}
Program::~Program() = default;
size_t Program::predicates() const { return compiled_->predicates.size(); }
size_t Program::rules() const { return compiled_->rules.size(); }

std::span<const RuleId> Program::Match(const event::EventView& event, Scratch& scratch) const {
  Matcher(*compiled_, event, *scratch.state_, NoProbe()).Run();
  return scratch.state_->hits;
}

std::span<const RuleId> Program::MatchCounted(const event::EventView& event, Scratch& scratch, Profile& profile) const {
  Matcher(*compiled_, event, *scratch.state_, CountingProbe(*profile.counts_)).Run();
  return scratch.state_->hits;
}

std::span<const RuleId> Program::MatchTimed(const event::EventView& event, Scratch& scratch, Profile& profile) const {
  CountingProbe probe(*profile.counts_);
  const uint64_t classes_before = scratch.state_->classes_made;
  probe.Begin();
  const std::span<const RuleId> hits = Match(event, scratch);
  if (scratch.state_->classes_made == classes_before) probe.EndOrdinary();
  else probe.EndClass();   // nearly all of it was work for all events of the class
  return hits;
}

Scratch::Scratch(const Program& program) : state_(std::make_unique<ScratchState>(program.compiled_->plan->content().fields.size())) {
  state_->outcomes.resize(program.compiled_->predicates.size());
  state_->seen.resize(program.compiled_->conditions.size());
  state_->attributes.resize(program.compiled_->attributes.size());
  state_->key.resize(program.compiled_->attributes.size());
  state_->candidates.reserve(program.compiled_->conditions.size());
  state_->hits.reserve(program.compiled_->rules.size());
}

Scratch::~Scratch() = default;

}  // namespace tocsin::match
