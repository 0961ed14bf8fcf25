#include "tests/oracle/event_maker.h"

#include <arpa/inet.h>

#include <algorithm>
#include <map>

namespace tocsin::oracle {
namespace {

// Texts where folding, code points and bytes come apart: Greek, German, French, Turkish, Kelvin, Japanese, beyond the BMP.
constexpr const char32_t* kFillers[] = {U"", U"x", U"ab\ncd", U"\u03C3\u03A3\u03C2", U"\u00DF\u1E9E", U"\u00C9t\u00E9", U"\u0130\u0131", U"\u212A", U"\u65E5\u672C", U"\U00010400", U"*", U"?", U"\\", U" ", U"%", U"\u0000b"};

// A letter's partners in case: what else folds to what it folds to.
const std::map<char32_t, std::vector<char32_t>>& Partners() {
  static const auto* const partners = [] {
    auto* out = new std::map<char32_t, std::vector<char32_t>>;
    for (char32_t code = 0x41; code < 0x1E944; code++) {
      const char32_t folded = Folded(std::u32string(1, code))[0];
      if (folded != code) (*out)[folded].push_back(code);
    }
    return out;
  }();
  return *partners;
}

}  // namespace

std::string EventMaker::Make(const Expr& condition) {
  fields_.clear();
  Want(condition, !Chance(8));
  for (size_t spoils = Chance(2) ? 1 + Pick(2) : 0; spoils > 0; spoils--) Spoil();
  std::shuffle(fields_.begin(), fields_.end(), random_);
  std::vector<std::pair<std::string, std::string>> out;
  for (const Field& field : fields_) out.emplace_back(field.path, JsonText(field));
  return Write(out);
}

void EventMaker::Want(const Expr& expr, bool holds) {
  switch (expr.kind) {
    case Expr::Kind::kItem: WantItem(*expr.item, holds); return;
    case Expr::Kind::kNot: Want(expr.children[0], !holds); return;
    case Expr::Kind::kAtLeast:  // all of them, or none
      for (const Expr& child : expr.children) Want(child, holds);
      return;
    case Expr::Kind::kAnd:
    case Expr::Kind::kOr:
      if ((expr.kind == Expr::Kind::kAnd) == holds) {
        for (const Expr& child : expr.children) Want(child, holds);
      } else {
        Want(expr.children[Pick(expr.children.size())], holds);
      }
  }
}

void EventMaker::WantItem(const Item& item, bool holds) {
  if (item.elements != nullptr || item.path) return;   // selectors have a maker of their own
  if (holds == item.negated) {
    // Nothing is the usual way to miss; a value next to the wanted one is the interesting way.
    if (!Chance(3)) return;
    const std::vector<Test>& forms = item.values[Pick(item.values.size())];
    if (forms.empty()) return;  // of an empty list
    Satisfy(item, forms[0]);
    if (fields_.empty() || !fields_.back().string || fields_.back().path != item.field) return;
    std::u32string text = CodePoints(fields_.back().text);
    if (text.empty()) return;
    const size_t at = Pick(text.size());
    if (Chance(2)) text.erase(at, 1);
    else text[at] = U'\u00F8';
    fields_.back().text = Utf8(text);
    return;
  }
  const size_t one = Pick(item.values.size());
  for (size_t i = 0; i < item.values.size(); i++) {
    if ((item.all || i == one) && !item.values[i].empty()) Satisfy(item, item.values[i][Pick(item.values[i].size())]);
  }
}

std::u32string EventMaker::Sample(const SigmaString& pattern) {
  std::u32string out;
  for (const Token& token : pattern) {
    switch (token.kind) {
      case Token::Kind::kAny: out += kFillers[Pick(std::size(kFillers))]; break;
      case Token::Kind::kOne: out += U"x\u65E5\U00010400?\n"[Pick(5)]; break;
      case Token::Kind::kDash: out += U"-/\u2013\u2014\u2015"[Pick(5)]; break;
      case Token::Kind::kChar: {
        char32_t code = token.code;
        const auto partners = Partners().find(code);
        if (partners != Partners().end() && Chance(4)) code = partners->second[Pick(partners->second.size())];
        out += code;
      }
    }
  }
  return out;
}

void EventMaker::Satisfy(const Item& item, const Test& test) {
  switch (test.kind) {
    case Test::Kind::kString:
      if (!test.number.empty() && Chance(2)) PutJson(item, test.number);
      else Put(item, Sample(test.pattern));
      return;
    case Test::Kind::kBool: PutJson(item, Chance(3) ? (test.boolean ? "\"True\"" : "\"FALSE\"") : test.boolean ? "true" : "false"); return;
    case Test::Kind::kNull:
      if (Chance(2)) PutJson(item, "null");
      return;
    case Test::Kind::kRegex: Put(item, CodePoints(SampleRegex(test.text, random_))); return;
    case Test::Kind::kNetwork: {
      std::vector<bool> bits = test.prefix;
      while (bits.size() < (test.family == AF_INET ? 32u : 128u)) bits.push_back(Chance(2));
      unsigned char bytes[16] = {};
      for (size_t i = 0; i < bits.size(); i++) bytes[i / 8] = static_cast<unsigned char>(bytes[i / 8] | bits[i] << (7 - i % 8));
      char text[64];
      inet_ntop(test.family, bytes, text, sizeof text);
      Put(item, CodePoints(text));
      return;
    }
    case Test::Kind::kCompare: PutJson(item, Chance(2) || test.number.size() > 9 ? test.number : std::to_string(std::stod(test.number) + (test.word[0] == 'l' ? -1 : 1))); return;
    case Test::Kind::kExists:
      if (test.boolean) PutJson(item, Chance(3) ? "null" : Chance(3) ? "[]" : "\"\"");
      return;
    case Test::Kind::kFieldRef: {
      const std::u32string text = kFillers[Pick(std::size(kFillers))];
      Put(item, text);
      fields_.push_back({test.text, Utf8(text)});
      return;
    }
    case Test::Kind::kTimePart: Put(item, U"2026-03-10T08:15:00Z"); return;
  }
}

void EventMaker::Put(const Item& item, std::u32string text) {
  // A second demand on one field may be met by one text or by an array of two.
  if (!item.keyword && Chance(2)) {
    for (Field& field : fields_) {
      if (field.path != item.field || !field.string) continue;
      field.text = Chance(2) ? field.text + Utf8(text) : Utf8(text) + field.text;
      return;
    }
  }
  fields_.push_back({item.keyword ? (Chance(2) ? "message" : "deep.er.k" + std::to_string(Pick(3))) : item.field, Utf8(text)});
}

void EventMaker::PutJson(const Item& item, std::string json) { fields_.push_back({item.keyword ? "message" : item.field, std::move(json), false}); }

void EventMaker::Spoil() {
  if (fields_.empty()) return;
  Field& field = fields_[Pick(fields_.size())];
  const auto as_json = [&](std::string json) {
    field.text = std::move(json);
    field.string = false;
  };
  std::u32string text = CodePoints(field.text);
  switch (Pick(14)) {
    case 0: field = fields_.back(); fields_.pop_back(); break;                       // missing
    case 1: as_json("null"); break;
    case 2: as_json("[" + JsonText(field) + "]"); break;
    case 3: as_json("[\"other\",[" + JsonText(field) + "],null]"); break;
    case 4: as_json(Chance(2) ? "{}" : "{\"inner\":" + JsonText(field) + "}"); break;
    case 5: as_json(Chance(2) ? "[]" : "\"\""); break;
    case 6: as_json(Chance(2) ? "4688" : "-0.50e1"); break;
    case 7:                                                                          // the text of a number, a number for a text
      if (field.string && IsJsonNumber(field.text)) field.string = false;
      else field.string = true;
      break;
    case 8: fields_.push_back({field.path, Chance(2) ? "4688" : "null", false}); break;  // twice
    case 9:
      for (char32_t& code : text) {
        if (code < 0x80 && isalpha(static_cast<int>(code))) code ^= 0x20;
      }
      field.text = Utf8(text);
      field.string = true;
      break;
    case 10:
      if (!text.empty()) text.erase(Pick(text.size()), 1);
      field.text = Utf8(text);
      field.string = true;
      break;
    case 11: text.insert(Pick(text.size() + 1), kFillers[1 + Pick(std::size(kFillers) - 1)]); field.text = Utf8(text); field.string = true; break;
    case 12:
      if (!text.empty()) text[Pick(text.size())] = U"Ab1\u00E9\u03A3-/ "[Pick(8)];
      field.text = Utf8(text);
      field.string = true;
      break;
    case 13: field.path += Chance(2) ? ".more" : "x"; break;
  }
}

std::string EventMaker::JsonText(const Field& field) { return field.string ? Quoted(field.text) : field.text; }

std::string EventMaker::Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char32_t code : CodePoints(text)) {
    char hex[16];
    if (code >= 0x110000) {
      out += "\\ufffd";                      // a byte of no code point cannot stand in JSON
    } else if (code == '"' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code < 0x20 || Chance(60)) {
      if (code >= 0x10000) snprintf(hex, sizeof hex, "\\u%04x\\u%04X", static_cast<unsigned>(0xD800 + ((code - 0x10000) >> 10)), static_cast<unsigned>(0xDC00 + ((code - 0x10000) & 0x3FF)));
      else snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(code));
      out += hex;
    } else {
      out += Utf8(std::u32string(1, code));
    }
  }
  return out + "\"";
}

// A tree of members in order; a path goes into an object that is there, or into one of its own (a key that stands twice).
std::string EventMaker::Write(const std::vector<std::pair<std::string, std::string>>& fields) {
  struct Node {
    std::string json;                          // a leaf
    std::vector<std::pair<std::string, Node>> members;
  };
  Node root;
  for (const auto& [path, json] : fields) {
    Node* at = &root;
    std::string rest = path;
    for (size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      if (Chance(6)) break;                    // what is left is one dotted key
      if (Chance(10) && rest.find('.', dot + 1) != std::string::npos) dot = rest.find('.', dot + 1);
      const std::string key = rest.substr(0, dot);
      Node* inner = nullptr;
      for (auto& [name, member] : at->members) {
        if (name == key && member.json.empty() && !Chance(12)) inner = &member;
      }
      if (inner == nullptr) inner = &at->members.emplace_back(key, Node()).second;
      at = inner;
      rest = rest.substr(dot + 1);
    }
    at->members.emplace_back(rest, Node{json, {}});
  }
  const auto write = [&](const auto& self, const Node& node) -> std::string {
    if (!node.json.empty()) return node.json;
    std::string out = "{";
    for (const auto& [key, member] : node.members) out += (out.size() > 1 ? "," : "") + Quoted(key) + ":" + self(self, member);
    return out + "}";
  };
  return write(write, root);
}

}  // namespace tocsin::oracle
