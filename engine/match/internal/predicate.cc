#include "engine/match/internal/predicate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/event/time.h"
#include "engine/match/internal/casefold.h"
#include "engine/match/internal/element_match.h"

namespace tocsin::match {
namespace {

using content::Compare;
using event::Value;
using event::ValueKind;
using Kind = content::ValueTest::Kind;

// A hash probe pays from this many literals on.
constexpr size_t kLiteralSetFrom = 4;

bool IsScalar(const Value& value) { return value.kind == ValueKind::kString || value.kind == ValueKind::kNumber || value.kind == ValueKind::kBool; }

bool SameWord(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

bool Holds(Compare compare, std::strong_ordering order) {
  switch (compare) {
    case Compare::kLt: return order < 0;
    case Compare::kLte: return order <= 0;
    case Compare::kGt: return order > 0;
    case Compare::kGte: return order >= 0;
    case Compare::kEq: return order == 0;
    case Compare::kNeq: return order != 0;
  }
  return false;
}

bool CompareText(std::string_view text, Compare compare, const std::string& number) {
  Decimal value, wanted;
  return ParseDecimal(text, value) && ParseDecimal(number, wanted) && Holds(compare, CompareDecimals(value, wanted));
}

int IsoWeek(std::chrono::sys_days day) {
  using namespace std::chrono;
  // The week of a day is that of its Thursday.
  const sys_days thursday = day - (weekday(day) - Monday) + days(3);
  const sys_days first = sys_days(year_month_day(thursday).year() / January / 1);
  return static_cast<int>((thursday - first).count() / 7) + 1;
}

// The part of a time in UTC; negative when the text is none.
int64_t PartOf(std::string_view text, content::TimePart part) {
  using namespace std::chrono;
  const event::ParsedTime parsed = event::ParseTime(text);
  if (!parsed.time.known()) return -1;
  const sys_time<nanoseconds> time{nanoseconds(parsed.time.ns)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  switch (part) {
    case content::TimePart::kMinute: return clock.minutes().count();
    case content::TimePart::kHour: return clock.hours().count();
    case content::TimePart::kDay: return static_cast<int64_t>(static_cast<unsigned>(date.day()));
    case content::TimePart::kWeek: return IsoWeek(day);
    case content::TimePart::kMonth: return static_cast<int64_t>(static_cast<unsigned>(date.month()));
    case content::TimePart::kYear: return static_cast<int>(date.year());
  }
  return -1;
}

}  // namespace

bool Predicate::CompileTest(const content::ValueTest& from, content::Place place, content::Diagnostics& diagnostics, Test& out) const {
  out.kind = from.kind;
  out.boolean = from.boolean;
  out.compare = from.compare;
  out.time_part = from.time_part;
  out.other_field = from.other_field;
  out.until_ns = from.until_ns;
  out.cased = from.cased;
  out.has_number = !from.number.empty();
  out.number_text = from.number;
  switch (from.kind) {
    case Kind::kPattern: {
      content::Pattern pattern = from.pattern;
      if (!field_.valid()) {  // a keyword stands anywhere in a value
        const auto any = [](const content::Pattern::Piece& piece) { return piece.kind == content::Pattern::Kind::kAny; };
        if (pattern.pieces.empty() || !any(pattern.pieces.front())) pattern.pieces.insert(pattern.pieces.begin(), {content::Pattern::Kind::kAny, ""});
        if (!any(pattern.pieces.back())) pattern.pieces.push_back({content::Pattern::Kind::kAny, ""});
      }
      out.pattern = TextPattern(pattern, from.cased, from.windash);
      return true;
    }
    case Kind::kRegex: {
      re2::RE2::Options options;
      options.set_log_errors(false);
      options.set_max_mem(kRegexMemory);
      out.regex = std::make_unique<re2::RE2>(re2::StringPiece(from.text.data(), from.text.size()), options);
      if (out.regex->ok()) return true;
      diagnostics.Error("T1101", place, "the regex is refused: " + out.regex->error(), "RE2 syntax: no look-around, no back-references");
      return false;
    }
    case Kind::kCidr: {
      const std::optional<Network> network = ParseNetwork(from.text);
      if (!network) {
        diagnostics.Error("T1102", place, "`" + from.text + "` is no network", "10.0.0.0/8 or 2001:db8::/32");
        return false;
      }
      if (network->host_bits) diagnostics.Warning("T1151", place, "`" + from.text + "` has bits behind its prefix; they are ignored");
      out.network = *network;
      return true;
    }
    case Kind::kElements: {
      auto elements = std::make_shared<ElementMatcher>();
      const bool ok = elements->Compile(*from.elements, diagnostics);
      out.elements = std::move(elements);
      return ok;
    }
    case Kind::kFieldRef: {
      const auto& pieces = from.pattern.pieces;
      out.any_before = !pieces.empty() && pieces.front().kind == content::Pattern::Kind::kAny;
      out.any_after = !pieces.empty() && pieces.back().kind == content::Pattern::Kind::kAny;
      return true;
    }
    default: return true;
  }
}

// Equality of folded texts is all there is to it.
bool Predicate::IsPlainLiteral(const content::ValueTest& test) {
  return test.kind == Kind::kPattern && test.pattern.IsLiteral() && !test.cased && !test.windash && test.number.empty() && test.until_ns == INT64_MAX;
}

bool Predicate::Compile(const content::Item& item, content::Diagnostics& diagnostics) {
  field_ = item.field;
  all_ = item.all;
  negated_ = item.negated;
  const auto plain = [](const std::vector<content::ValueTest>& forms) { return std::all_of(forms.begin(), forms.end(), IsPlainLiteral); };
  const bool probe = !all_ && field_.valid() && static_cast<size_t>(std::count_if(item.values.begin(), item.values.end(), plain)) >= kLiteralSetFrom;
  bool ok = true;
  for (const auto& forms : item.values) {
    if (probe && plain(forms)) {
      for (const content::ValueTest& form : forms) literals_.insert(form.pattern.pieces.empty() ? "" : Folded(form.pattern.pieces[0].text));
      continue;
    }
    std::vector<Test>& entry = entries_.emplace_back();
    for (const content::ValueTest& form : forms) ok &= CompileTest(form, form.place.line > 0 ? form.place : item.place, diagnostics, entry.emplace_back());
  }
  return ok;
}

bool Predicate::InLiterals(const event::EventView& event, std::string& buffer) const {
  for (const Value& value : event.values(field_)) {
    if (!IsScalar(value)) continue;
    FoldTo(value.text, buffer);
    if (literals_.contains(buffer)) return true;
  }
  return false;
}

bool Predicate::Holds(const event::EventView& event, std::string& buffer) const {
  const auto holds = [&](const std::vector<Test>& entry) { return EntryHolds(entry, event, buffer); };
  bool result;
  if (all_) result = std::all_of(entries_.begin(), entries_.end(), holds);
  else result = (!literals_.empty() && InLiterals(event, buffer)) || std::any_of(entries_.begin(), entries_.end(), holds);
  return result != negated_;
}

bool Predicate::EntryHolds(const std::vector<Test>& entry, const event::EventView& event, std::string& buffer) const {
  return std::any_of(entry.begin(), entry.end(), [&](const Test& test) { return TestHolds(test, event, buffer); });
}

bool Predicate::TestHolds(const Test& test, const event::EventView& event, std::string& buffer) const {
  if (test.until_ns != INT64_MAX && event.time.known() && event.time.ns > test.until_ns) return false;
  if (test.kind == Kind::kElements) return test.elements->Holds(event);
  if (!field_.valid()) {
    for (const Value& leaf : event.leaves) {
      if (ValueHolds(test, leaf, event, buffer)) return true;
    }
    return false;
  }
  const event::Values values = event.values(field_);
  if (test.kind == Kind::kExists) return values.empty() != test.boolean;
  if (test.kind == Kind::kNull && values.empty()) return true;
  for (const Value& value : values) {
    if (ValueHolds(test, value, event, buffer)) return true;
  }
  return false;
}

bool Predicate::ValueHolds(const Test& test, const Value& value, const event::EventView& event, std::string& buffer) const {
  if (test.kind == Kind::kNull) return value.kind == ValueKind::kNull;
  if (!IsScalar(value)) return false;
  switch (test.kind) {
    case Kind::kPattern:
      return test.pattern.Matches(value.text) || (test.has_number && value.kind != ValueKind::kBool && CompareText(value.text, Compare::kEq, test.number_text));
    case Kind::kBool: return SameWord(value.text, test.boolean ? "true" : "false");
    case Kind::kRegex: return re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), *test.regex);
    case Kind::kCidr: {
      const std::optional<Address> address = ParseAddress(value.text);
      return address && test.network.Contains(*address);
    }
    case Kind::kCompare: return value.kind != ValueKind::kBool && CompareText(value.text, test.compare, test.number_text);
    case Kind::kFieldRef: return FieldRefHolds(test, value.text, event, buffer);
    case Kind::kTimePart: {
      const int64_t part = PartOf(value.text, test.time_part);
      return part >= 0 && CompareText(std::to_string(part), test.compare, test.number_text);
    }
    case Kind::kNull:
    case Kind::kExists:
    case Kind::kElements: break;
  }
  return false;
}

bool Predicate::FieldRefHolds(const Test& test, std::string_view text, const event::EventView& event, std::string& buffer) const {
  const auto stands_in = [&](std::string_view whole, std::string_view other) {
    if (test.any_before && test.any_after) return whole.find(other) != std::string_view::npos;
    if (test.any_before) return whole.ends_with(other);
    if (test.any_after) return whole.starts_with(other);
    return whole == other;
  };
  for (const Value& other : event.values(test.other_field)) {
    if (!IsScalar(other)) continue;
    if (test.cased) {
      if (stands_in(text, other.text)) return true;
      continue;
    }
    // Both folded into the one buffer, the text first.
    buffer.resize(FoldedSizeMax(text.size()) + FoldedSizeMax(other.text.size()));
    const size_t text_size = Fold(text, buffer.data());
    const size_t other_size = Fold(other.text, buffer.data() + text_size);
    if (stands_in({buffer.data(), text_size}, {buffer.data() + text_size, other_size})) return true;
  }
  return false;
}

}  // namespace tocsin::match
