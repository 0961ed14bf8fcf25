#include "engine/pipeline/rule_list.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "engine/content/diagnostics.h"
#include "engine/content/sigma/describe.h"
#include "engine/pipeline/internal/text_columns.h"
#include "engine/pipeline/json_writer.h"

namespace tocsin::pipeline {
namespace {

using content::RuleId;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Does the filter's text, with or without a trailing *, take the word?
bool Takes(std::string_view filter, std::string_view word) {
  const std::string wanted = Lower(filter), of = Lower(word);
  return wanted.ends_with('*') ? of.starts_with(wanted.substr(0, wanted.size() - 1)) : of == wanted;
}

RuleFacts FactsOf(const content::ContentSet& content, RuleId id, correlate::RuleDecision decision) {
  RuleFacts out;
  out.rule = id;
  out.decision = std::move(decision);
  const content::Rule& rule = content.rules[id.value()];
  std::set<std::string> fields, lists;
  const auto add = [&](content::FieldId field) {
    if (field.valid()) fields.insert(content.fields.name(field));
  };
  if (rule.is_correlation) {
    for (const auto& ref : rule.correlation.refs) out.inner.push_back(ref.rule);
    for (const auto& group : rule.correlation.group_by) std::for_each(group.per_ref.begin(), group.per_ref.end(), add);
    std::for_each(rule.correlation.fields.begin(), rule.correlation.fields.end(), add);
  }
  for (const content::Item& item : rule.detection.items) {
    add(item.field);
    out.keywords |= !item.field.valid();
    lists.insert(item.lists.begin(), item.lists.end());
    for (const auto& forms : item.values) {
      for (const content::ValueTest& test : forms) add(test.other_field);
    }
  }
  out.fields.assign(fields.begin(), fields.end());
  out.lists.assign(lists.begin(), lists.end());
  return out;
}

bool Passes(const RuleFilter& filter, const content::Rule& rule, const RuleFacts& facts,
            const content::ContentSet& content) {
  if (!filter.level.empty() && !Takes(filter.level, content::LevelName(rule.level))) return false;
  if (!filter.playbook.empty() && !Takes(filter.playbook, rule.playbook)) return false;
  if (!filter.tag.empty() &&
      std::none_of(rule.tags.begin(), rule.tags.end(), [&](const std::string& tag) { return Takes(filter.tag, tag); }))
    return false;
  const auto& sources = facts.decision.sources;
  return filter.source.empty() || std::any_of(sources.begin(), sources.end(), [&](content::SourceId source) {
           return Takes(filter.source, content.sources[source.value()].name);
         });
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string Counted(size_t number, const char* one) {
  return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
}

class ListView {
 public:
  ListView(const content::ContentSet& content, int width) : content_(content), width_(static_cast<size_t>(width)) {
    for (const content::SourceDef& source : content.sources) family_sizes_[FamilyOf(source.name)]++;
  }

  std::string Text(const std::vector<RuleFacts>& rules) {
    size_t correlations = 0, alerting = 0, inactive = 0;
    for (const RuleFacts& facts : rules) {
      const content::Rule& rule = content_.rules[facts.rule.value()];
      correlations += rule.is_correlation;
      alerting += rule.alerts;
      inactive += !facts.decision.inactive.empty();
      Rule(rule, facts);
    }
    out_ += Counted(rules.size(), "rule") + ": " + Counted(rules.size() - correlations, "detection") + ", " +
            Counted(correlations, "correlation") + "; " + std::to_string(alerting) +
            (alerting == 1 ? " alerts" : " alert") +
            (inactive > 0 ? ", " + std::to_string(inactive) + " inactive" : "") + "\n";
    return std::move(out_);
  }

 private:
  static std::string FamilyOf(const std::string& source) { return source.substr(0, source.rfind('.')); }
  std::string Names(const std::vector<RuleId>& rules) const {
    std::vector<std::string> names;
    for (const RuleId rule : rules) names.push_back(content::RuleLabel(content_.rules[rule.value()]));
    return Joined(names);
  }

  void Rule(const content::Rule& rule, const RuleFacts& facts) {
    const std::string level = rule.level == content::Level::kNone ? "-" : std::string(content::LevelName(rule.level));
    const bool named = content::RuleLabel(rule) != rule.title;
    AppendWrapped(level + "  ",
                  content::RuleLabel(rule) + (rule.playbook.empty() ? "" : "  -> playbook " + rule.playbook), width_,
                  out_);
    if (named) AppendWrapped(std::string(kIndent, ' '), rule.title, width_, out_);
    Row("is", rule.is_correlation ? std::string(content::CorrelationTypeName(rule.correlation.type)) + ": " +
                                        content::CorrelationWords(rule.correlation, content_)
                                  : "detection" + Logsource(rule));
    if (!facts.decision.inactive.empty()) Row("INACTIVE", facts.decision.inactive);
    Row("alerts", Alerts(rule, facts.decision));
    if (!facts.used_by.empty()) Row("used by", Names(facts.used_by));
    Row("sources", Sources(facts.decision.sources));
    if (!facts.lists.empty()) Row("lists", Joined(facts.lists));
    Row("fields", facts.keywords         ? (facts.fields.empty() ? "every value (keywords)"
                                                                 : "every value (keywords), " + Joined(facts.fields))
                  : facts.fields.empty() ? "none"
                                         : Joined(facts.fields));
    out_ += '\n';
  }

  void Row(std::string_view name, const std::string& text) {
    AppendWrapped(std::string(kIndent, ' ') + Padded(name, 9), text, width_, out_);
  }

  static std::string Logsource(const content::Rule& rule) {
    std::string out;
    const content::Logsource& logsource = rule.detection.logsource;
    for (const auto& [name, value] :
         {std::pair("product", &logsource.product), std::pair("category", &logsource.category),
          std::pair("service", &logsource.service)}) {
      if (!value->empty()) out += (out.empty() ? " on " : ", ") + std::string(name) + " " + *value;
    }
    return out;
  }

  // When an alert may be believed (DESIGN section 4).
  static std::string Alerts(const content::Rule& rule, const correlate::RuleDecision& decision) {
    if (!rule.alerts) return "no: a building block";
    const int64_t delay = decision.lateness_ns + decision.settle_ns;
    const bool waits = rule.alert_class == content::AlertClass::kOnlyConfirmed;
    std::string out = waits ? "once confirmed, " : "at once, confirmed ";
    out += content::SpanWords(delay) + " after its event";
    if (decision.settle_ns > 0)
      out += " (lateness " + content::SpanWords(decision.lateness_ns) + ", then " +
             content::SpanWords(decision.settle_ns) + ")";
    if (rule.alert_class == content::AlertClass::kMayBeRetracted) out += "; until then it may be retracted";
    if (rule.page_early) out += "; pages early";
    return out;
  }

  // A family that is there whole has one name.
  std::string Sources(const std::vector<content::SourceId>& sources) const {
    if (sources.empty()) return "none known: tested only against events of no known source";
    std::map<std::string, std::vector<std::string>> families;
    for (const content::SourceId source : sources)
      families[FamilyOf(content_.sources[source.value()].name)].push_back(content_.sources[source.value()].name);
    std::vector<std::string> names;
    for (const auto& [family, members] : families) {
      if (members.size() > 2 && members.size() == family_sizes_.at(family))
        names.push_back(family + ".*");
      else
        names.insert(names.end(), members.begin(), members.end());
    }
    return Joined(names);
  }

  static constexpr size_t kIndent = 4;
  const content::ContentSet& content_;
  const size_t width_;
  std::map<std::string, size_t> family_sizes_;
  std::string out_;
};

void WriteTexts(JsonWriter& json, const char* key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.Text(text);
  json.EndArray();
}

void WriteRules(JsonWriter& json, const char* key, const std::vector<RuleId>& rules,
                const content::ContentSet& content) {
  json.Key(key).BeginArray();
  for (const RuleId rule : rules) json.Text(content::RuleLabel(content.rules[rule.value()]));
  json.EndArray();
}

}  // namespace

std::string CheckRuleFilter(const RuleFilter& filter, const content::ContentSet& content) {
  const auto check = [](const char* option, const std::string& wanted,
                        const std::vector<std::string_view>& words) -> std::string {
    if (wanted.empty() ||
        std::any_of(words.begin(), words.end(), [&](std::string_view word) { return Takes(wanted, word); }))
      return "";
    const std::string nearest = content::NearestWord(wanted, words);
    return std::string(option) + " " + wanted + ": there is none" +
           (nearest.empty() ? "" : "; did you mean " + nearest + "?");
  };
  std::vector<std::string_view> sources, levels, tags, playbooks;
  for (const content::SourceDef& source : content.sources) sources.push_back(source.name);
  for (int level = 1; level <= static_cast<int>(content::Level::kCritical); level++)
    levels.push_back(content::LevelName(static_cast<content::Level>(level)));
  for (const content::Playbook& playbook : content.playbooks) playbooks.push_back(playbook.id);
  for (const content::Rule& rule : content.rules) {
    tags.insert(tags.end(), rule.tags.begin(), rule.tags.end());
    if (!rule.playbook.empty()) playbooks.push_back(rule.playbook);
  }
  for (const std::string& wrong : {check("--source", filter.source, sources), check("--level", filter.level, levels),
                                   check("--tag", filter.tag, tags), check("--playbook", filter.playbook, playbooks)}) {
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::vector<RuleFacts> ListRules(const content::ContentSet& content, const RuleFilter& filter) {
  std::vector<correlate::RuleDecision> decisions = correlate::DecisionsOfRules(content);
  std::vector<RuleFacts> all;
  for (size_t i = 0; i < content.rules.size(); i++)
    all.push_back(FactsOf(content, RuleId(static_cast<uint32_t>(i)), std::move(decisions[i])));
  for (const RuleFacts& facts : all) {
    for (const RuleId inner : facts.inner) {
      std::vector<RuleId>& used_by = all[inner.value()].used_by;
      if (used_by.empty() || used_by.back() != facts.rule) used_by.push_back(facts.rule);
    }
  }
  std::erase_if(
      all, [&](const RuleFacts& facts) { return !Passes(filter, content.rules[facts.rule.value()], facts, content); });
  std::stable_sort(all.begin(), all.end(), [&](const RuleFacts& a, const RuleFacts& b) {
    return content.rules[a.rule.value()].level > content.rules[b.rule.value()].level;
  });
  return all;
}

std::string RuleListText(const std::vector<RuleFacts>& rules, const content::ContentSet& content, int width) {
  return ListView(content, width).Text(rules);
}

std::string RuleListJson(const std::vector<RuleFacts>& rules, const content::ContentSet& content,
                         const content::Diagnostics& diagnostics) {
  JsonWriter json;
  json.BeginArray();
  for (const RuleFacts& facts : rules) {
    const content::Rule& rule = content.rules[facts.rule.value()];
    json.BeginObject();
    json.Key("id").TextOrNull(rule.id);
    json.Key("name").TextOrNull(rule.name);
    json.Key("title").Text(rule.title);
    json.Key("level").TextOrNull(content::LevelName(rule.level));
    WriteTexts(json, "tags", rule.tags);
    json.Key("kind").Text(rule.is_correlation ? "correlation" : "detection");
    json.Key("type").TextOrNull(rule.is_correlation ? content::CorrelationTypeName(rule.correlation.type) : "");
    json.Key("meaning").TextOrNull(rule.is_correlation ? content::CorrelationWords(rule.correlation, content) : "");
    json.Key("logsource").BeginObject();
    const content::Logsource& logsource = rule.detection.logsource;
    for (const auto& [name, value] :
         {std::pair("product", &logsource.product), std::pair("category", &logsource.category),
          std::pair("service", &logsource.service)}) {
      if (!value->empty()) json.Key(name).Text(*value);
    }
    json.EndObject();
    json.Key("playbook").TextOrNull(rule.playbook);
    json.Key("alerts").Bool(rule.alerts);
    json.Key("class").Text(content::AlertClassName(rule.alert_class));
    json.Key("decision_delay_seconds").Number((facts.decision.lateness_ns + facts.decision.settle_ns) / 1'000'000'000);
    json.Key("inactive").TextOrNull(facts.decision.inactive);
    json.Key("sources").BeginArray();
    for (const content::SourceId source : facts.decision.sources) json.Text(content.sources[source.value()].name);
    json.EndArray();
    WriteTexts(json, "fields", facts.fields);
    json.Key("keywords").Bool(facts.keywords);
    WriteTexts(json, "lists", facts.lists);
    WriteRules(json, "rules", facts.inner, content);
    WriteRules(json, "used_by", facts.used_by, content);
    json.Key("file").Text(rule.place.file < diagnostics.files() ? diagnostics.file_name(rule.place.file) : "");
    json.Key("line").Number(uint64_t{rule.place.line});
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

}  // namespace tocsin::pipeline
