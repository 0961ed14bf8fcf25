#include "engine/match/internal/predicate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/event/time.h"

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
      if (!event::ParseNetwork(from.text, out.network)) {
        diagnostics.Error("T1102", place, "`" + from.text + "` is no network", "10.0.0.0/8 or 2001:db8::/32");
        return false;
      }
      event::Address masked = out.network.base;
      for (int bit = out.network.bits; bit < 128; bit++) masked.bytes[static_cast<size_t>(bit) / 8] &= static_cast<uint8_t>(~(0x80u >> bit % 8));
      if (masked.bytes != out.network.base.bytes) diagnostics.Warning("T1151", place, "`" + from.text + "` has bits behind its prefix; they are ignored");
      return true;
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

bool Predicate::Compile(const content::Item& item, content::Diagnostics& diagnostics) {
  field_ = item.field;
  all_ = item.all;
  negated_ = item.negated;
  bool ok = true;
  for (const auto& forms : item.values) {
    std::vector<Test> entry;
    bool literal = !all_ && field_.valid();
    for (const content::ValueTest& form : forms) {
      ok &= CompileTest(form, item.place, diagnostics, entry.emplace_back());
      literal &= form.kind == Kind::kPattern && entry.back().pattern.is_literal() && !form.cased && form.number.empty() && form.until_ns == INT64_MAX;
    }
    (literal ? literal_entries_ : entries_).push_back(std::move(entry));
  }
  if (literal_entries_.size() < kLiteralSetFrom) {
    std::move(literal_entries_.begin(), literal_entries_.end(), std::back_inserter(entries_));
    literal_entries_.clear();
    return ok;
  }
  for (const auto& forms : item.values) {
    for (const content::ValueTest& form : forms) {
      if (form.kind != Kind::kPattern || !form.pattern.IsLiteral() || form.cased || form.windash || !form.number.empty() || form.until_ns != INT64_MAX) continue;
      std::string text = form.pattern.pieces.empty() ? "" : form.pattern.pieces[0].text;
      std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      literals_.insert(std::move(text));
    }
  }
  return ok;
}

bool Predicate::InLiterals(const event::EventView& event, std::string& buffer) const {
  for (const Value& value : event.values(field_)) {
    if (!IsScalar(value)) continue;
    buffer.assign(value.text);
    bool ascii = true;
    for (char& c : buffer) {
      ascii &= static_cast<unsigned char>(c) < 0x80;
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    if (ascii) {
      // A letter outside ASCII in a literal may fold into ASCII (the Kelvin sign); such literals are met below.
      if (literals_.contains(buffer)) return true;
      continue;
    }
    for (const auto& entry : literal_entries_) {
      for (const Test& test : entry) {
        if (test.pattern.Matches(value.text)) return true;
      }
    }
  }
  return false;
}

bool Predicate::Holds(const event::EventView& event, std::string& buffer) const {
  const auto holds = [&](const std::vector<Test>& entry) { return EntryHolds(entry, event); };
  bool result;
  if (all_) result = std::all_of(entries_.begin(), entries_.end(), holds);
  else result = (!literals_.empty() && InLiterals(event, buffer)) || std::any_of(entries_.begin(), entries_.end(), holds);
  return result != negated_;
}

bool Predicate::EntryHolds(const std::vector<Test>& entry, const event::EventView& event) const {
  return std::any_of(entry.begin(), entry.end(), [&](const Test& test) { return TestHolds(test, event); });
}

bool Predicate::TestHolds(const Test& test, const event::EventView& event) const {
  if (test.until_ns != INT64_MAX && event.time.known() && event.time.ns > test.until_ns) return false;
  if (!field_.valid()) {
    for (const Value& leaf : event.leaves) {
      if (ValueHolds(test, leaf, event)) return true;
    }
    return false;
  }
  const event::Values values = event.values(field_);
  if (test.kind == Kind::kExists) return values.empty() != test.boolean;
  if (test.kind == Kind::kNull && values.empty()) return true;
  for (const Value& value : values) {
    if (ValueHolds(test, value, event)) return true;
  }
  return false;
}

bool Predicate::ValueHolds(const Test& test, const Value& value, const event::EventView& event) const {
  if (test.kind == Kind::kNull) return value.kind == ValueKind::kNull;
  if (!IsScalar(value)) return false;
  switch (test.kind) {
    case Kind::kPattern:
      return test.pattern.Matches(value.text) || (test.has_number && value.kind != ValueKind::kBool && CompareText(value.text, Compare::kEq, test.number_text));
    case Kind::kBool: return SameWord(value.text, test.boolean ? "true" : "false");
    case Kind::kRegex: return re2::RE2::PartialMatch(re2::StringPiece(value.text.data(), value.text.size()), *test.regex);
    case Kind::kCidr: {
      event::Address address;
      return event::ParseAddress(value.text, address) && event::Contains(test.network, address);
    }
    case Kind::kCompare: return value.kind != ValueKind::kBool && CompareText(value.text, test.compare, test.number_text);
    case Kind::kFieldRef: return FieldRefHolds(test, value.text, event);
    case Kind::kTimePart: {
      const int64_t part = PartOf(value.text, test.time_part);
      return part >= 0 && CompareText(std::to_string(part), test.compare, test.number_text);
    }
    case Kind::kNull:
    case Kind::kExists: break;
  }
  return false;
}

bool Predicate::FieldRefHolds(const Test& test, std::string_view text, const event::EventView& event) const {
  for (const Value& other : event.values(test.other_field)) {
    if (!IsScalar(other)) continue;
    // The other value is a text, not a pattern: its wildcards mean nothing.
    content::Pattern pattern;
    if (test.any_before) pattern.pieces.push_back({content::Pattern::Kind::kAny, ""});
    if (!other.text.empty()) pattern.pieces.push_back({content::Pattern::Kind::kLiteral, std::string(other.text)});
    if (test.any_after && (pattern.pieces.empty() || pattern.pieces.back().kind != content::Pattern::Kind::kAny)) pattern.pieces.push_back({content::Pattern::Kind::kAny, ""});
    if (TextPattern(pattern, test.cased, false).Matches(text)) return true;
  }
  return false;
}

}  // namespace tocsin::match
