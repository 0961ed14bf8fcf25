// Dispatches: what leads to conditions, for the events of one class or for all.
#include <algorithm>
#include <utility>

#include "engine/match/internal/compiled_program.h"

namespace tocsin::match {
namespace {

class DispatchBuilder {
 public:
  // With `only`, for the conditions that may apply to its events.
  DispatchBuilder(const CompiledProgram& program, const EventClass* only) : program_(program), only_(only) { out_.by_field.assign(program.plan->content().fields.size(), Dispatch::kNone); }

  Dispatch Run() {
    for (const uint32_t condition : program_.always) {
      if (Wanted(condition)) out_.always.push_back(condition);
    }
    for (const Clue& clue : program_.clues) Add(clue);
    for (FieldDispatch& field : out_.fields) field.literals.Build(program_.grams);
    out_.keywords.Build(program_.grams);
    return std::move(out_);
  }

 private:
  bool Wanted(uint32_t condition) const { return only_ == nullptr || only_->Applies(program_.conditions[condition].logsource); }

  void Add(const Clue& clue) {
    const Witness& witness = clue.witness;
    const Range postings = AddPostings(clue.conditions);
    if (postings.begin == postings.end) return;
    switch (witness.kind) {
      case Witness::Kind::kKeyword: out_.keywords.Add(witness.text, witness.where, AddLiteral(postings)); break;
      case Witness::Kind::kLiteral: FieldOf(witness.field).literals.Add(witness.text, witness.where, AddLiteral(postings)); break;
      case Witness::Kind::kNumber: FieldOf(witness.field).numbers.emplace(witness.number, postings); break;
      case Witness::Kind::kPresent: FieldOf(witness.field).present = postings; break;
    }
  }

  Range AddPostings(Range conditions) {
    const uint32_t begin = static_cast<uint32_t>(out_.postings.size());
    for (uint32_t link = conditions.begin; link < conditions.end; link++) {
      if (!Wanted(program_.led_to[link])) continue;
      out_.postings.push_back(program_.led_to[link]);
      if (program_.options.keep_origins) out_.links.push_back(link);
    }
    return {begin, static_cast<uint32_t>(out_.postings.size())};
  }

  uint32_t AddLiteral(Range postings) {
    out_.literal_postings.push_back(postings);
    return static_cast<uint32_t>(out_.literal_postings.size() - 1);
  }

  FieldDispatch& FieldOf(content::FieldId field) {
    uint32_t& place = out_.by_field[field.value()];
    if (place == Dispatch::kNone) {
      place = static_cast<uint32_t>(out_.fields.size());
      out_.fields.emplace_back();
    }
    return out_.fields[place];
  }

  const CompiledProgram& program_;
  const EventClass* const only_;
  Dispatch out_;
};

}  // namespace

size_t Dispatch::bytes() const {
  size_t out = by_field.capacity() * sizeof(uint32_t) + literal_postings.capacity() * sizeof(Range) + (postings.capacity() + links.capacity() + always.capacity()) * sizeof(uint32_t) + keywords.bytes();
  for (const FieldDispatch& field : fields) out += field.literals.bytes() + field.numbers.capacity() * (sizeof(uint64_t) + sizeof(Range) + 1);
  return out;
}

EventClass CompiledProgram::ClassWithout(const LogsourceKey& key) const {
  EventClass out;
  out.applies.resize((logsources.size() + 63) / 64);
  for (size_t i = 0; i < logsources.size(); i++) {
    bool fits = true;
    for (size_t k = 0; k < key.size(); k++) {
      const uint32_t wanted = logsources[i][k];
      fits &= wanted == kUnstated || key[k] == kUnstated || wanted == key[k];
    }
    if (fits) out.applies[i / 64] |= uint64_t{1} << (i % 64);
  }
  return out;
}

EventClass CompiledProgram::MakeClass(const LogsourceKey& key) const {
  EventClass out = ClassWithout(key);
  out.dispatch = std::make_shared<const Dispatch>(DispatchBuilder(*this, &out).Run());
  return out;
}

EventClass CompiledProgram::MakeClass(const LogsourceKey& key, std::shared_ptr<const Dispatch> for_all) const {
  EventClass out = ClassWithout(key);
  out.dispatch = std::move(for_all);
  out.shared = true;
  return out;
}

std::shared_ptr<const Dispatch> CompiledProgram::DispatchForAll() const { return std::make_shared<const Dispatch>(DispatchBuilder(*this, nullptr).Run()); }

}  // namespace tocsin::match
