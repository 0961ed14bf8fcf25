#include "engine/content/internal/playbook_reader.h"

#include <utility>

#include "engine/content/internal/map_reader.h"
#include "engine/content/sigma/detection.h"

namespace tocsin::content {
namespace {

class PlaybookReader {
 public:
  PlaybookReader(SigmaContext context, Playbook& out) : context_(context), out_(out) {}

  bool Read(const YamlNode& document) {
    MapReader map(document, "a playbook", {"id", "title", "attribution", "bind", "steps", "preserve", "verdicts"}, context_.diagnostics);
    for (const auto& [key, example] : {std::pair{"id", "runner"}, {"title", "Compromised runner"}, {"steps", "[...]"}, {"preserve", "[...]"}}) map.Require(key, example);
    if (!map.ok()) return false;
    out_.place = document.place;
    map.Text("id", out_.id);
    map.Text("title", out_.title);
    map.Text("attribution", out_.attribution);
    if (const YamlNode* bind = map.Find("bind")) {
      if (!bind->IsMap()) map.Fail(bind->place, "`bind` is not a map", "bind: {runner: {entities: [runner]}}");
      for (const auto& [name, value] : bind->entries) ReadBinding(name.text, value);
    }
    Each(map, "steps", [&](const YamlNode& node) { ReadStep(node); });
    Each(map, "preserve", [&](const YamlNode& node) { ReadPreserve(node); });
    Each(map, "verdicts", [&](const YamlNode& node) { ReadVerdict(node); });
    return ok_ && map.ok();
  }

 private:
  template <class F>
  void Each(MapReader& map, const char* key, F read) {
    const YamlNode* list = map.Find(key);
    if (list == nullptr) return;
    if (!list->IsSequence()) map.Fail(list->place, "`" + std::string(key) + "` is not a list");
    for (const YamlNode& item : list->items) read(item);
    ok_ &= map.ok();
  }

  // The keys of a query stand beside the others of the thing that has it.
  void ReadQuery(MapReader& map, EventQuery& out) {
    map.Texts("sources", out.sources);
    if (const YamlNode* where = map.Find("where")) ok_ &= ParseFieldTests(*where, context_, out.where);
    map.Entities("entities", out.entities);
    ok_ &= map.ok();
  }

  void ReadBinding(const std::string& name, const YamlNode& node) {
    MapReader map(node, "a binding", {"entities", "fields", "sources", "where", "hint"}, context_.diagnostics);
    PlaybookBinding& out = out_.bindings.emplace_back();
    out.name = name;
    std::vector<std::string> fields;
    map.Texts("fields", fields);
    for (const std::string& field : fields) out.fields.push_back(context_.fields.Intern(field));
    map.Text("hint", out.fill_hint);
    if (fields.empty()) map.Entities("entities", out.entities);
    else ReadQuery(map, out.query);
    if (fields.empty() && out.entities.empty()) map.Fail(node.place, "the binding `" + name + "` has neither `entities` nor `fields`", "{entities: [runner]}");
    ok_ &= map.ok();
  }

  void ReadStep(const YamlNode& node) {
    MapReader map(node, "a step", {"id", "title", "text", "loses", "undo", "verified_by"}, context_.diagnostics);
    PlaybookStep& out = out_.steps.emplace_back();
    for (const auto& [key, text] : {std::pair{"id", &out.id}, {"title", &out.title}, {"text", &out.text}}) {
      map.Require(key, "text");
      map.Text(key, *text);
    }
    map.Text("loses", out.loses);
    map.Text("undo", out.undo);
    map.Text("verified_by", out.verified_by);
    ok_ &= map.ok();
  }

  void ReadPreserve(const YamlNode& node) {
    MapReader map(node, "a preserve item", {"id", "title", "parts", "before", "after", "expires", "manual", "missing_hint"}, context_.diagnostics);
    PreserveItem& out = out_.preserve.emplace_back();
    map.Require("id", "R1");
    map.Require("title", "runner configuration");
    map.Text("id", out.id);
    map.Text("title", out.title);
    map.Span("before", out.before_ns);
    map.Span("after", out.after_ns);
    map.Span("expires", out.expires_ns);
    map.Text("manual", out.manual);
    map.Text("missing_hint", out.missing_hint);
    Each(map, "parts", [&](const YamlNode& part) {
      MapReader query(part, "a part", {"label", "sources", "where", "entities"}, context_.diagnostics);
      PreserveItem::Part& each = out.parts.emplace_back();
      query.Text("label", each.label);
      ReadQuery(query, each.query);
    });
    ok_ &= map.ok();
  }

  void ReadVerdict(const YamlNode& node) {
    MapReader map(node, "a verdict", {"name", "form", "facets", "gate"}, context_.diagnostics);
    VerdictDef& out = out_.verdicts.emplace_back();
    map.Require("name", "runner_reach");
    map.Require("form", "reach");
    map.Text("name", out.name);
    map.Text("form", out.form);
    map.Text("gate", out.gate);
    if (!out.form.empty() && out.form != "reach") map.Fail(map.Find("form")->place, "unknown form `" + out.form + "`", "reach");
    Each(map, "facets", [&](const YamlNode& facet) {
      MapReader keys(facet, "a facet", {"name", "used", "used_rules", "reachable", "sources"}, context_.diagnostics);
      VerdictDef::Facet& each = out.facets.emplace_back();
      keys.Text("name", each.name);
      keys.Texts("used_rules", each.used_rules);
      keys.Texts("sources", each.sources);
      Each(keys, "used", [&](const YamlNode& query) { AddQuery(query, each.used); });
      Each(keys, "reachable", [&](const YamlNode& query) { AddQuery(query, each.reachable); });
      ok_ &= keys.ok();
    });
    ok_ &= map.ok();
  }

  void AddQuery(const YamlNode& node, std::vector<EventQuery>& out) {
    MapReader map(node, "a query", {"sources", "where", "entities"}, context_.diagnostics);
    ReadQuery(map, out.emplace_back());
  }

  SigmaContext context_;
  Playbook& out_;
  bool ok_ = true;
};

}  // namespace

bool ReadPlaybook(const YamlNode& document, SigmaContext context, Playbook& out) { return PlaybookReader(context, out).Read(document); }

bool ReadBindings(const YamlNode& document, SigmaContext context, std::vector<RuleBinding>& out) {
  bool ok = true;
  for (const YamlNode& item : document.items) {
    MapReader map(item, "a binding", {"rule", "tag", "logsource", "playbook"}, context.diagnostics);
    RuleBinding binding;
    map.Require("playbook", "runner");
    map.Text("rule", binding.rule);
    map.Text("tag", binding.tag);
    map.Text("playbook", binding.playbook);
    bool logsource_ok = true;
    if (const YamlNode* logsource = map.Find("logsource")) logsource_ok = ParseLogsource(*logsource, context.diagnostics, binding.logsource);
    else if (binding.rule.empty() && binding.tag.empty()) map.Fail(item.place, "the binding fits no rule", "rule:, tag: or logsource:");
    if (map.ok() && logsource_ok) out.push_back(std::move(binding));
    ok &= map.ok() && logsource_ok;
  }
  return ok;
}

}  // namespace tocsin::content
