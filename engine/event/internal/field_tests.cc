#include "engine/event/internal/field_tests.h"

#include <algorithm>
#include <charconv>

#include "engine/event/plan.h"

namespace tocsin::event {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameText(std::string_view text, std::string_view wanted, bool cased) {
  if (text.size() != wanted.size()) return false;
  if (cased) return text == wanted;
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

template <class F>
bool AnyOf(const Values& values, F holds) {
  for (const Value& value : values) {
    if (holds(value)) return true;
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
  out.glob = test.pattern;
  if (!out.cased) {
    for (auto& piece : out.glob.pieces) piece.text = LowerText(piece.text);
  }
  out.has_number = !test.number.empty() && ParseNumber(test.number, out.number);
  const auto literal_at = [&](size_t i) { return i < pieces.size() && pieces[i].kind == PieceKind::kLiteral; };
  const auto any_at = [&](size_t i) { return i < pieces.size() && pieces[i].kind == PieceKind::kAny; };
  if (pieces.empty() || (pieces.size() == 1 && literal_at(0))) {
    out.op = Op::kEquals;
    if (!pieces.empty()) out.text = out.glob.pieces[0].text;
  } else if (pieces.size() == 2 && literal_at(0) && any_at(1)) {
    out.op = Op::kStartsWith;
    out.text = out.glob.pieces[0].text;
  } else if (pieces.size() == 2 && any_at(0) && literal_at(1)) {
    out.op = Op::kEndsWith;
    out.text = out.glob.pieces[1].text;
  } else if (pieces.size() == 3 && any_at(0) && literal_at(1) && any_at(2)) {
    out.op = Op::kContains;
    out.text = out.glob.pieces[1].text;
  } else {
    out.op = Op::kGlob;
  }
  return !test.windash;
}

bool FieldTestSet::Compile(const std::vector<content::Item>& items) {
  for (const content::Item& item : items) {
    if (!item.field.valid()) return false;
    Test test{item.field, item.all, item.negated, {}};
    for (const auto& forms : item.values) {
      auto& alternatives = test.values.emplace_back();
      for (const content::ValueTest& form : forms) {
        if (!CompileOne(form, alternatives.emplace_back())) return false;
      }
    }
    const bool needs_value = !test.negated && std::all_of(test.values.begin(), test.values.end(), [](const std::vector<Alternative>& alternatives) {
      return std::none_of(alternatives.begin(), alternatives.end(), [](const Alternative& each) { return each.op == Op::kNull || (each.op == Op::kExists && !each.boolean); });
    });
    if (needs_value) required_.push_back(test.field);
    tests_.push_back(std::move(test));
  }
  return true;
}

bool FieldTestSet::OneValue(const Alternative& alternative, const Value& value) {
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
    case Op::kGlob: return Glob(alternative.glob.pieces, 0, text, alternative.cased);
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

bool FieldTestSet::AnyValue(const Alternative& alternative, const Values& values) {
  if (alternative.op == Op::kExists) return values.empty() != alternative.boolean;
  if (values.empty()) return alternative.op == Op::kNull;
  return AnyOf(values, [&](const Value& value) { return OneValue(alternative, value); });
}

bool FieldTestSet::TestHolds(const Test& test, const EventView& event) {
  const Values values = event.values(test.field);
  const auto entry_holds = [&](const std::vector<Alternative>& alternatives) {
    return std::any_of(alternatives.begin(), alternatives.end(), [&](const Alternative& each) { return AnyValue(each, values); });
  };
  const bool holds = test.all ? std::all_of(test.values.begin(), test.values.end(), entry_holds) : std::any_of(test.values.begin(), test.values.end(), entry_holds);
  return holds != test.negated;
}

bool FieldTestSet::Holds(const EventView& event) const {
  for (const FieldId field : required_) {
    if (event.values(field).empty()) return false;
  }
  return std::all_of(tests_.begin(), tests_.end(), [&](const Test& test) { return TestHolds(test, event); });
}

bool TestsHold(const std::vector<content::Item>& tests, const EventView& event) {
  FieldTestSet set;
  return set.Compile(tests) && set.Holds(event);
}

}  // namespace tocsin::event
