// `rules explain --json`.

#include "engine/content/sigma/describe.h"
#include "engine/pipeline/explain.h"
#include "engine/pipeline/internal/masked.h"
#include "engine/pipeline/json_writer.h"

namespace tocsin::pipeline {
namespace {

using content::Expr;
using match::Explanation;

class ExplainJsonWriter {
 public:
  ExplainJsonWriter(const ExplainResult& result, const content::ContentSet& content,
                    const content::Diagnostics& diagnostics)
      : result_(result), content_(content), diagnostics_(diagnostics), rule_(content.rules[result.rule.value()]) {}

  std::string Write() {
    json_.BeginObject();
    json_.Key("rule").BeginObject();
    json_.Key("id").TextOrNull(rule_.id);
    json_.Key("name").TextOrNull(rule_.name);
    json_.Key("title").Text(rule_.title);
    json_.EndObject();
    json_.Key("kind").Text(rule_.is_correlation ? "correlation" : "detection");
    WritePlace(rule_.place);
    json_.Key("records").Number(result_.records);
    json_.Key("events").BeginArray();
    for (const EventExplanation& event : result_.events) WriteEvent(event);
    json_.EndArray();
    json_.Key("more_events").Number(result_.more_events);
    if (rule_.is_correlation) WriteCorrelation();
    json_.EndObject();
    return json_.Take();
  }

 private:
  void WritePlace(content::Place place) {
    if (place.file >= diagnostics_.files()) return;
    json_.Key("at").Text(diagnostics_.file_name(place.file) + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column));
  }

  void WriteTime(const char* key, event::EventTime time) { json_.Key(key).TextOrNull(event::FormatTime(time)); }

  void WriteRules(const char* key, const std::vector<content::RuleId>& rules) {
    json_.Key(key).BeginArray();
    for (const content::RuleId rule : rules) json_.Text(content::RuleLabel(content_.rules[rule.value()]));
    json_.EndArray();
  }

  void WriteEvent(const EventExplanation& event) {
    json_.BeginObject();
    json_.Key("event").Number(event.number);
    json_.Key("input").Text(event.input);
    json_.Key("line").Number(uint64_t{event.line});
    json_.Key("bytes").Number(event.bytes);
    json_.Key("source").TextOrNull(event.source.valid() ? content_.sources[event.source.value()].name : "");
    json_.Key("logsource").BeginObject();
    for (const auto& [name, value] :
         {std::pair("product", &event.logsource.product), std::pair("category", &event.logsource.category),
          std::pair("service", &event.logsource.service)}) {
      if (!value->empty()) json_.Key(name).Text(*value);
    }
    json_.EndObject();
    WriteTime("time", event.time);
    json_.Key("time_inferred").Bool(event.flags.time_inferred);
    json_.Key("identity").Text(event.identity);
    json_.Key("entities").BeginArray();
    for (const auto& [kind, key] : event.entities) {
      json_.BeginObject();
      json_.Key("kind").Text(kind);
      json_.Key("key").Text(MaskedValue("", key));
      json_.EndObject();
    }
    json_.EndArray();
    json_.Key("skipped").Bool(event.flags.skip_match);
    WriteRules("hits", event.hits);
    if (!rule_.is_correlation) {
      json_.Key("candidate").Bool(event.conflict.empty() && !event.flags.skip_match);
      json_.Key("conflict").TextOrNull(event.conflict);
      json_.Key("hit").Bool(event.hit);
      if (event.why) {
        json_.Key("condition");
        WriteNode(*event.why, event.why->root);
      }
    }
    json_.EndObject();
  }

  void WriteNode(const Explanation& why, const Explanation::Node& node) {
    json_.BeginObject();
    switch (node.expr->kind) {
      case Expr::Kind::kAnd:
        json_.Key("is").Text("and");
        break;
      case Expr::Kind::kOr:
        json_.Key("is").Text("or");
        break;
      case Expr::Kind::kNot:
        json_.Key("is").Text("not");
        break;
      case Expr::Kind::kSelection:
        json_.Key("is").Text("selection");
        json_.Key("name").Text(node.expr->name);
        break;
      case Expr::Kind::kItem:
        json_.Key("is").Text("item");
        break;
    }
    json_.Key("holds").Bool(node.holds);
    if (node.expr->kind == Expr::Kind::kItem) {
      WriteItem(rule_.detection.items[node.expr->item], why.items[node.expr->item]);
    } else {
      json_.Key("children").BeginArray();
      for (const Explanation::Node& child : node.children) WriteNode(why, child);
      json_.EndArray();
    }
    json_.EndObject();
  }

  void WriteItem(const content::Item& item, const Explanation::Item& explained) {
    const std::string_view field =
        item.field.valid() ? std::string_view(content_.fields.name(item.field)) : std::string_view();
    json_.Key("field").TextOrNull(field);
    json_.Key("all").Bool(item.all);
    json_.Key("negated").Bool(item.negated);
    WritePlace(item.place);
    json_.Key("tests").BeginArray();
    for (size_t entry = 0; entry < item.values.size(); entry++) {
      json_.BeginArray();
      for (size_t form = 0; form < item.values[entry].size(); form++) {
        json_.BeginObject();
        json_.Key("test").Text(event::MaskSecrets(content::TestWords(item.values[entry][form], content_.fields)));
        json_.Key("holds").Bool(explained.tests[entry][form]);
        json_.EndObject();
      }
      json_.EndArray();
    }
    json_.EndArray();
    json_.Key("values").BeginArray();
    for (const Explanation::Value& value : explained.values) {
      static constexpr const char* kKinds[] = {"null", "string", "number", "bool", "object", "empty array"};
      json_.BeginObject();
      json_.Key("kind").Text(kKinds[static_cast<size_t>(value.kind)]);
      if (value.kind != event::ValueKind::kObject) json_.Key("value").Text(MaskedValue(field, value.text));
      if (!value.folded.empty()) json_.Key("folded").Text(MaskedValue(field, value.folded));
      json_.Key("satisfies").Bool(value.satisfies);
      json_.EndObject();
    }
    json_.EndArray();
    json_.Key("more_values").Number(uint64_t{explained.more_values});
  }

  void WriteCorrelation() {
    WriteTime("now", result_.now);
    json_.Key("type").Text(content::CorrelationTypeName(rule_.correlation.type));
    json_.Key("meaning").Text(content::CorrelationWords(rule_.correlation, content_));
    json_.Key("groups").BeginArray();
    for (const GroupExplanation& group : result_.groups) WriteGroup(group);
    json_.EndArray();
    json_.Key("more_groups").Number(uint64_t{result_.more_groups});
    json_.Key("ungrouped").BeginArray();
    for (const auto& [number, rule] : result_.ungrouped) {
      json_.BeginObject();
      json_.Key("event").Number(number);
      json_.Key("rule").Text(content::RuleLabel(content_.rules[rule.value()]));
      json_.EndObject();
    }
    json_.EndArray();
    json_.Key("untimed_hits").Number(result_.untimed_hits);
  }

  void WriteGroup(const GroupExplanation& group) {
    json_.BeginObject();
    json_.Key("group").BeginObject();
    for (const auto& [field, value] : group.group) json_.Key(field).Text(MaskedValue(field, value));
    json_.EndObject();
    json_.Key("firings").Number(uint64_t{group.firings});
    json_.Key("steps").BeginArray();
    for (const GroupExplanation::Step& step : group.steps) {
      json_.BeginObject();
      WriteTime("time", step.time);
      json_.Key("event").Number(step.number);
      json_.Key("rule").Text(content::RuleLabel(content_.rules[rule_.correlation.refs[step.ref].rule.value()]));
      WriteValue("value", step.value);
      json_.Key("fired").Bool(step.fired);
      if (step.decided_at.known()) WriteTime("decided_at", step.decided_at);
      json_.EndObject();
    }
    json_.EndArray();
    WriteValue("value_now", group.value_now);
    std::vector<content::RuleId> in_window;
    for (const uint32_t ref : group.refs_now) in_window.push_back(rule_.correlation.refs[ref].rule);
    WriteRules("in_window", in_window);
    if (group.expires_ns >= 0)
      json_.Key("expires_in_seconds").Raw(std::to_string(static_cast<double>(group.expires_ns) / 1e9));
    else
      json_.Key("expires_in_seconds").Raw("null");
    json_.EndObject();
  }

  // A number as it is; texts pass the masks, as part of a text where they are inside an object.
  void WriteValue(const char* key, const std::string& value) {
    json_.Key(key);
    if (value.empty())
      json_.Raw("null");
    else if (value[0] != '"' && value[0] != '{' && value[0] != '[')
      json_.Raw(value);
    else
      json_.Text(event::MaskSecrets(value));
  }

  const ExplainResult& result_;
  const content::ContentSet& content_;
  const content::Diagnostics& diagnostics_;
  const content::Rule& rule_;
  JsonWriter json_;
};

}  // namespace

std::string ExplainJson(const ExplainResult& result, const content::ContentSet& content,
                        const content::Diagnostics& diagnostics) {
  return ExplainJsonWriter(result, content, diagnostics).Write();
}

}  // namespace tocsin::pipeline
