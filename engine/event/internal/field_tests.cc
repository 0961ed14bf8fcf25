#include "engine/event/internal/field_tests.h"

#include <algorithm>
#include <charconv>

#include "engine/event/plan.h"

namespace tocsin::event {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameText(std::string_view text, std::string_view wanted, bool cased) {
  if (text.size() != wanted.size()) return false;
  if (text == wanted) return true;  // the usual spelling
  if (cased) return false;
  for (size_t i = 0; i < text.size(); i++) {
    if (Lower(text[i]) != wanted[i]) return false;
  }
  return true;
}

bool Contains(std::string_view text, std::string_view wanted, bool cased) {
  if (cased) return text.find(wanted) != std::string_view::npos;
  for (size_t i = 0; i + wanted.size() <= text.size(); i++) {
    if (SameText(text.substr(i, wanted.size()), wanted, false)) return true;
  }
  return false;
}

bool ParseNumber(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool Glob(const std::vector<content::Pattern::Piece>& pieces, size_t piece, std::string_view text, bool cased) {
  if (piece == pieces.size()) return text.empty();
  switch (pieces[piece].kind) {
    case content::Pattern::Kind::kLiteral: {
      const std::string& wanted = pieces[piece].text;
      return text.size() >= wanted.size() && SameText(text.substr(0, wanted.size()), wanted, cased) && Glob(pieces, piece + 1, text.substr(wanted.size()), cased);
    }
    case content::Pattern::Kind::kOne: {
      if (text.empty()) return false;
      size_t n = 1;
      while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) n++;
      return Glob(pieces, piece + 1, text.substr(n), cased);
    }
    case content::Pattern::Kind::kAny:
      for (size_t i = 0; i <= text.size(); i++) {
        if (Glob(pieces, piece + 1, text.substr(i), cased)) return true;
      }
      return false;
  }
  return false;
}

std::string LowerText(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), Lower);
  return text;
}

}  // namespace

bool FieldTestSet::CompileOne(const content::ValueTest& test, Alternative& out) {
  using Kind = content::ValueTest::Kind;
  out.cased = test.cased;
  switch (test.kind) {
    case Kind::kNull: out.op = Op::kNull; return true;
    case Kind::kBool:
      out.op = Op::kBool;
      out.boolean = test.boolean;
      return true;
    case Kind::kExists:
      out.op = Op::kExists;
      out.boolean = test.boolean;
      return true;
    case Kind::kCompare:
      out.op = Op::kCompare;
      out.compare = test.compare;
      return ParseNumber(test.number, out.number);
    case Kind::kPattern: break;
    default: return false;
  }
  using PieceKind = content::Pattern::Kind;
  const auto& pieces = test.pattern.pieces;
  content::Pattern glob = test.pattern;
  if (!out.cased) {
    for (auto& piece : glob.pieces) piece.text = LowerText(piece.text);
  }
  out.has_number = !test.number.empty() && ParseNumber(test.number, out.number);
  const auto literal_at = [&](size_t i) { return i < pieces.size() && pieces[i].kind == PieceKind::kLiteral; };
  const auto any_at = [&](size_t i) { return i < pieces.size() && pieces[i].kind == PieceKind::kAny; };
  if (pieces.empty() || (pieces.size() == 1 && literal_at(0))) {
    out.op = Op::kEquals;
    if (!pieces.empty()) out.text = glob.pieces[0].text;
  } else if (pieces.size() == 2 && literal_at(0) && any_at(1)) {
    out.op = Op::kStartsWith;
    out.text = glob.pieces[0].text;
  } else if (pieces.size() == 2 && any_at(0) && literal_at(1)) {
    out.op = Op::kEndsWith;
    out.text = glob.pieces[1].text;
  } else if (pieces.size() == 3 && any_at(0) && literal_at(1) && any_at(2)) {
    out.op = Op::kContains;
    out.text = glob.pieces[1].text;
  } else {
    out.op = Op::kGlob;
    out.glob = static_cast<uint32_t>(globs_.size());
    globs_.push_back(std::move(glob));
  }
  if (!out.text.empty()) out.first = out.text[0];
  return !test.windash;
}

bool FieldTestSet::Compile(const std::vector<content::Item>& items) {
  for (const content::Item& item : items) {
    if (!item.field.valid()) return false;
    Test test{item.field, static_cast<uint32_t>(groups_.size()), 0, item.negated};
    const auto begin_group = [&] { groups_.push_back({static_cast<uint32_t>(alternatives_.size()), 0}); };
    const auto end_group = [&] { groups_.back().end = static_cast<uint32_t>(alternatives_.size()); };
    // `all`: each value is a group of its own; otherwise all values, with all their forms, are one.
    if (!item.all) begin_group();
    for (const auto& forms : item.values) {
      if (item.all) begin_group();
      for (const content::ValueTest& form : forms) {
        Alternative alternative;
        if (!CompileOne(form, alternative)) return false;
        alternatives_.push_back(std::move(alternative));
      }
      if (item.all) end_group();
    }
    if (!item.all) end_group();
    test.end = static_cast<uint32_t>(groups_.size());
    tests_.push_back(test);
  }
  return true;
}

bool FieldTestSet::HoldsWithoutField(const Alternative& alternative) {
  return alternative.op == Op::kNull || (alternative.op == Op::kExists && !alternative.boolean);
}

FieldBits FieldTestSet::Needs(FieldPresence& presence) {
  FieldBits bits = 0;
  for (Test& test : tests_) {
    if (test.negated) continue;
    // A group of none but alternatives that look at a value cannot hold without one.
    const bool needed = std::any_of(groups_.begin() + test.begin, groups_.begin() + test.end, [&](const Group& group) {
      return std::none_of(alternatives_.begin() + group.begin, alternatives_.begin() + group.end, HoldsWithoutField);
    });
    if (!needed) continue;
    const FieldBits bit = presence.Bit(test.field);
    const bool exists = test.end == test.begin + 1 && std::any_of(alternatives_.begin() + groups_[test.begin].begin, alternatives_.begin() + groups_[test.begin].end,
                                                                  [](const Alternative& each) { return each.op == Op::kExists; });
    test.proven_by_bit = bit != 0 && exists;
    bits |= bit;
  }
  return bits;
}

bool FieldTestSet::OneValue(const Alternative& alternative, const Value& value) const {
  if (value.kind == ValueKind::kNull) return alternative.op == Op::kNull;
  if (value.kind == ValueKind::kObject || value.kind == ValueKind::kEmptyArray) return false;
  const std::string_view text = value.text;
  switch (alternative.op) {
    case Op::kEquals: {
      if (SameText(text, alternative.text, alternative.cased)) return true;
      double number;
      return alternative.has_number && ParseNumber(text, number) && number == alternative.number;
    }
    case Op::kStartsWith: return text.size() >= alternative.text.size() && SameText(text.substr(0, alternative.text.size()), alternative.text, alternative.cased);
    case Op::kEndsWith: return text.size() >= alternative.text.size() && SameText(text.substr(text.size() - alternative.text.size()), alternative.text, alternative.cased);
    case Op::kContains: return Contains(text, alternative.text, alternative.cased);
    case Op::kGlob: return Glob(globs_[alternative.glob].pieces, 0, text, alternative.cased);
    case Op::kBool: return SameText(text, alternative.boolean ? "true" : "false", false);
    case Op::kCompare: {
      double number;
      if (!ParseNumber(text, number)) return false;
      switch (alternative.compare) {
        case content::Compare::kLt: return number < alternative.number;
        case content::Compare::kLte: return number <= alternative.number;
        case content::Compare::kGt: return number > alternative.number;
        case content::Compare::kGte: return number >= alternative.number;
        case content::Compare::kEq: return number == alternative.number;
        case content::Compare::kNeq: return number != alternative.number;
      }
      return false;
    }
    case Op::kNull:
    case Op::kExists: return false;
  }
  return false;
}

// Length and first byte tell most texts apart.
bool FieldTestSet::MayHold(const Alternative& alternative, const Value& value) {
  if (value.kind != ValueKind::kString || alternative.text.empty()) return true;
  if (alternative.op == Op::kEquals && !alternative.has_number && value.text.size() != alternative.text.size()) return false;
  if ((alternative.op != Op::kEquals || alternative.has_number) && alternative.op != Op::kStartsWith) return true;
  return !value.text.empty() && (value.text[0] == alternative.first || (!alternative.cased && Lower(value.text[0]) == alternative.first));
}

bool FieldTestSet::GroupHolds(const Group& group, const Values& values) const {
  for (uint32_t i = group.begin; i < group.end; i++) {
    const Alternative& each = alternatives_[i];
    if (values.empty()) {
      if (HoldsWithoutField(each)) return true;
    } else if (each.op == Op::kExists) {
      if (each.boolean) return true;
    } else {
      for (const Value& value : values) {
        if (MayHold(each, value) && OneValue(each, value)) return true;
      }
    }
  }
  return false;
}

bool FieldTestSet::TestHolds(const Test& test, const EventView& event) const {
  const Values values = event.values(test.field);
  for (uint32_t i = test.begin; i < test.end; i++) {
    if (!GroupHolds(groups_[i], values)) return test.negated;
  }
  return !test.negated;
}

bool FieldTestSet::Holds(const EventView& event) const {
  for (const Test& test : tests_) {
    if (!TestHolds(test, event)) return false;
  }
  return true;
}

bool FieldTestSet::HoldsBeyondNeeds(const EventView& event) const {
  for (const Test& test : tests_) {
    if (!test.proven_by_bit && !TestHolds(test, event)) return false;
  }
  return true;
}

bool TestsHold(const std::vector<content::Item>& tests, const EventView& event) {
  FieldTestSet set;
  return set.Compile(tests) && set.Holds(event);
}

}  // namespace tocsin::event
