#include "engine/content/internal/template_parser.h"

#include <utility>

namespace tocsin::content {
namespace {

struct FilterName {
  std::string_view name;
  Template::Filter filter;
  bool takes_argument;
};
constexpr FilterName kFilters[] = {
    {"lower", Template::Filter::kLower, false},
    {"after", Template::Filter::kAfter, true},
    {"after_last", Template::Filter::kAfterLast, true},
    {"before", Template::Filter::kBefore, true},
    {"before_last", Template::Filter::kBeforeLast, true},
    {"starts", Template::Filter::kRequirePrefix, true},
    {"ends", Template::Filter::kRequireSuffix, true},
    {"has", Template::Filter::kRequireText, true},
    {"hasnot", Template::Filter::kRejectText, true},
    {"nonzero", Template::Filter::kNonZero, false},
    {"strip_padding", Template::Filter::kStripPadding, false},
    {"ip", Template::Filter::kIp, false},
};

class TemplateParser {
 public:
  TemplateParser(const YamlNode& node, FieldTable& fields, Diagnostics& diagnostics) : node_(node), fields_(fields), diagnostics_(diagnostics) {}

  bool Parse(Template& out) {
    const std::string_view text = node_.text;
    if (text.empty()) return Refuse(0, "an empty template", "text with {field} in it");
    Template::Part part;
    for (size_t i = 0; i < text.size(); i++) {
      if ((text[i] == '{' || text[i] == '}') && i + 1 < text.size() && text[i + 1] == text[i]) {
        part.literal += text[i++];
      } else if (text[i] == '{') {
        const size_t end = text.find('}', i);
        if (end == std::string_view::npos) return Refuse(i, "a `{` that is not closed", "{field}, or `{{` for the brace itself");
        if (!ParseField(text.substr(i + 1, end - i - 1), i + 1, part)) return false;
        out.parts.push_back(std::move(part));
        part = {};
        i = end;
      } else if (text[i] == '}') {
        return Refuse(i, "a `}` that closes nothing", "`}}` for the brace itself");
      } else {
        part.literal += text[i];
      }
    }
    if (!part.literal.empty()) out.parts.push_back(std::move(part));
    return true;
  }

 private:
  bool Refuse(size_t at, std::string message, std::string expected) {
    Place place = node_.place;
    place.column += static_cast<uint32_t>(at + (node_.quoted ? 1 : 0));
    diagnostics_.Error("T0601", place, std::move(message), std::move(expected));
    return false;
  }

  // field|filter|filter:argument
  bool ParseField(std::string_view text, size_t at, Template::Part& part) {
    const size_t bar = text.find('|');
    const std::string_view field = text.substr(0, bar);
    if (field.empty()) return Refuse(at, "braces without a field", "{field}");
    part.field = fields_.Intern(field);
    size_t from = bar;
    while (from != std::string_view::npos) {
      const size_t begin = from + 1;
      from = text.find('|', begin);
      if (!ParseFilter(text.substr(begin, from == std::string_view::npos ? from : from - begin), at + begin, part)) return false;
    }
    return true;
  }

  bool ParseFilter(std::string_view text, size_t at, Template::Part& part) {
    const size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    std::vector<std::string_view> names;
    for (const FilterName& each : kFilters) {
      names.push_back(each.name);
      if (each.name != name) continue;
      const bool has_argument = colon != std::string_view::npos;
      if (each.takes_argument != has_argument || (has_argument && colon + 1 == text.size())) {
        return Refuse(at, "`" + std::string(name) + "` takes " + (each.takes_argument ? "an argument" : "no argument"), each.takes_argument ? std::string(name) + ":text" : std::string(name));
      }
      part.steps.push_back({each.filter, has_argument ? std::string(text.substr(colon + 1)) : ""});
      return true;
    }
    const std::string nearest = NearestWord(name, names);
    return Refuse(at, "unknown filter `" + std::string(name) + "`", nearest.empty() ? "lower, after:X, before:X, starts:X, ..." : "`" + nearest + "`");
  }

  const YamlNode& node_;
  FieldTable& fields_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool ParseTemplate(const YamlNode& node, FieldTable& fields, Diagnostics& diagnostics, Template& out) {
  if (!node.IsScalar()) {
    diagnostics.Error("T0601", node.place, "a template is text", "'text {field}'");
    return false;
  }
  return TemplateParser(node, fields, diagnostics).Parse(out);
}

}  // namespace tocsin::content
