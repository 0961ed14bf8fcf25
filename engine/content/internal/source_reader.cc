#include "engine/content/internal/source_reader.h"

#include <algorithm>
#include <utility>

#include "engine/content/internal/map_reader.h"
#include "engine/content/internal/template_parser.h"
#include "engine/content/sigma/detection.h"

namespace tocsin::content {
namespace {

constexpr int64_t kMinuteNs = 60ll * 1'000'000'000;

const std::vector<std::string_view>& SourceKeys() {
  static const std::vector<std::string_view> keys = {
      "name",     "extends",       "logsource",   "recognise", "skip",         "unwrap",  "envelope",    "time",   "precision", "identity", "volatile",
      "lateness", "silence_after", "health_from", "retention", "dedup_window", "classes", "class_rules", "fields", "entities",  "links",    "summary",
      "fallback_entity", "samples"};
  return keys;
}

}  // namespace

void SourceCollector::Add(const YamlNode& document) {
  const YamlNode* name = document.IsMap() ? document.Find("name") : nullptr;
  if (name == nullptr || !name->IsScalar() || name->text.empty()) {
    context_.diagnostics.Error("T0604", document.place, "the source definition has no `name`", "name: vendor.log");
    refused_++;
    return;
  }
  documents_[name->text] = document;
}

std::vector<SourceDef> SourceCollector::Resolve() {
  for (const auto& [name, document] : documents_) {
    std::vector<std::string> path;
    Build(name, path);
  }
  std::vector<SourceDef> out;
  for (auto& [name, source] : built_) out.push_back(std::move(source));
  for (const SourceDef& source : out) {
    const bool known = source.health_from.empty() || std::any_of(out.begin(), out.end(), [&](const SourceDef& each) { return each.name == source.health_from; });
    if (!known) context_.diagnostics.Error("T0605", source.place, "`health_from` names no source: " + source.health_from);
  }
  return out;
}

// Builds a source after the one it extends. False when either is refused.
bool SourceCollector::Build(const std::string& name, std::vector<std::string>& path) {
  if (built_.contains(name)) return true;
  if (failed_[name]) return false;
  const YamlNode& document = documents_.at(name);
  const auto fail = [&](const Place& place, std::string message, std::string expected) {
    if (!message.empty()) context_.diagnostics.Error("T0606", place, std::move(message), std::move(expected));
    if (!failed_[name]) refused_++;
    failed_[name] = true;
    return false;
  };
  if (std::find(path.begin(), path.end(), name) != path.end()) return fail(document.place, "the source extends itself", "");
  path.push_back(name);
  SourceDef source;
  if (const YamlNode* extends = document.Find("extends")) {
    if (!documents_.contains(extends->text)) {
      std::vector<std::string_view> names;
      for (const auto& [each, node] : documents_) names.push_back(each);
      const std::string nearest = NearestWord(extends->text, names);
      return fail(extends->place, "there is no source `" + extends->text + "`", nearest.empty() ? "the name of a source" : "`" + nearest + "`");
    }
    if (!Build(extends->text, path)) return fail(extends->place, path.size() > 1 && path.front() == extends->text ? "" : "the source it extends was refused", "");
    source = built_.at(extends->text);
    source.samples.clear();
    source.extends = extends->text;
  }
  path.pop_back();
  source.name = name;
  source.place = document.place;
  if (!ReadInto(document, source)) return fail(document.place, "", "");
  built_[name] = std::move(source);
  return true;
}

bool SourceCollector::ReadInto(const YamlNode& document, SourceDef& out) {
  MapReader map(document, "a source definition", SourceKeys(), context_.diagnostics);
  bool ok = true;
  const bool extends = !out.extends.empty();
  if (!extends) {
    for (const auto& [key, example] : {std::pair{"logsource", "{product: aws, service: cloudtrail}"}, {"recognise", "{eventVersion|exists: true}"}, {"time", "[eventTime]"}, {"identity", "[id eventID, record]"}}) {
      map.Require(key, example);
    }
    out.lateness_ns = 5 * kMinuteNs;
    out.silence_after_ns = 30 * kMinuteNs;
    out.retention_ns = 90ll * 24 * 60 * kMinuteNs;
  }
  if (const YamlNode* logsource = map.Find("logsource")) {
    out.logsource = {};
    ok &= ParseLogsource(*logsource, context_.diagnostics, out.logsource);
  }
  // Tests of the source it extends hold too.
  if (const YamlNode* recognise = map.Find("recognise")) ok &= ParseFieldTests(*recognise, context_, out.recognise);
  if (const YamlNode* skip = map.Find("skip")) {
    out.skip.clear();
    ok &= ParseFieldTests(*skip, context_, out.skip);
  }
  map.Texts("unwrap", out.unwrap);
  if (const YamlNode* envelope = map.Find("envelope")) {
    MapReader parts(*envelope, "an envelope", {"headers", "body", "received_at"}, context_.diagnostics);
    parts.Text("headers", out.envelope_headers);
    parts.Text("body", out.envelope_body);
    parts.Text("received_at", out.envelope_received_at);
    parts.Require("headers", "headers");
    parts.Require("body", "payload");
    ok &= parts.ok();
  }
  if (map.Find("time") != nullptr) {
    std::vector<std::string> fields;
    map.Texts("time", fields);
    out.time.clear();
    for (const std::string& field : fields) out.time.push_back(Field(field));
  }
  map.Span("precision", out.precision_ns);
  if (const YamlNode* identity = map.Find("identity")) ok &= ReadIdentity(*identity, out);
  if (map.Find("volatile") != nullptr) {
    std::vector<std::string> fields;
    map.Texts("volatile", fields);
    out.volatile_fields.clear();
    for (const std::string& field : fields) out.volatile_fields.push_back(Field(field));
  }
  map.Span("lateness", out.lateness_ns);
  map.Span("silence_after", out.silence_after_ns);
  map.Span("retention", out.retention_ns);
  if (!extends || map.Find("lateness") != nullptr) out.dedup_window_ns = out.lateness_ns + 60 * kMinuteNs;
  map.Span("dedup_window", out.dedup_window_ns);
  map.Text("health_from", out.health_from);
  if (map.Find("classes") != nullptr) out.classes = 0;
  map.Classes("classes", out.classes);
  if (const YamlNode* rules = map.Find("class_rules")) {
    out.class_rules.clear();
    if (!rules->IsSequence()) map.Fail(rules->place, "`class_rules` is not a list", "class_rules: [{when: {field: value}, add: [E4]}]");
    for (const YamlNode& item : rules->items) {
      MapReader rule(item, "a class rule", {"when", "add"}, context_.diagnostics);
      ClassRule& each = out.class_rules.emplace_back();
      rule.Require("when", "{field: value}");
      if (const YamlNode* when = rule.Find("when")) ok &= ParseFieldTests(*when, context_, each.when);
      rule.Classes("add", each.classes);
      ok &= rule.ok();
    }
  }
  // Fields and entities of the source it extends stay unless they are stated again, each by its name.
  for (const auto& [section, prefix] : {std::pair{"fields", ""}, {"entities", "entity."}}) {
    const YamlNode* node = map.Find(section);
    if (node == nullptr) continue;
    if (!node->IsMap()) {
      map.Fail(node->place, "`" + std::string(section) + "` is not a map", "name: '{field}'");
      continue;
    }
    for (const auto& [key, value] : node->entries) ok &= ReadDerived(key, value, prefix, out);
  }
  std::stable_partition(out.derived.begin(), out.derived.end(), [&](const Derived& each) { return context_.fields.name(each.field).rfind("entity.", 0) != 0; });
  if (const YamlNode* links = map.Find("links")) {
    out.links.clear();
    if (!links->IsSequence()) map.Fail(links->place, "`links` is not a list");
    for (const YamlNode& link : links->items) ok &= ReadLink(link, out);
  }
  if (const YamlNode* summary = map.Find("summary")) {
    out.summary.clear();
    if (!summary->IsSequence()) ok &= ReadAlternative(*summary, out.summary.emplace_back());
    for (const YamlNode& item : summary->items) ok &= ReadAlternative(item, out.summary.emplace_back());
  }
  map.Entity("fallback_entity", out.fallback_entity);
  map.Texts("samples", out.samples);
  return ok && map.ok();
}

bool SourceCollector::ReadIdentity(const YamlNode& node, SourceDef& out) {
  const auto fail = [&](const Place& place, std::string message) {
    context_.diagnostics.Error("T0607", place, std::move(message), "identity: [id eventID, record]");
    return false;
  };
  out.identity.clear();
  if (!node.IsSequence() || node.items.empty()) return fail(node.place, "`identity` is not a list");
  for (const YamlNode& item : node.items) {
    IdentityRule rule;
    if (item.text == "bytes") {
      rule.kind = IdentityRule::Kind::kBytes;
    } else if (item.text == "record") {
      rule.kind = IdentityRule::Kind::kRecord;
    } else if (item.text.rfind("id ", 0) == 0) {
      rule.kind = IdentityRule::Kind::kId;
      std::string_view rest = std::string_view(item.text).substr(3);
      while (!rest.empty()) {
        const size_t end = rest.find(' ');
        if (end != 0) rule.fields.push_back(Field(rest.substr(0, end)));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    } else {
      return fail(item.place, "`" + item.text + "` is no identity");
    }
    out.identity.push_back(std::move(rule));
  }
  if (out.identity.back().kind == IdentityRule::Kind::kId) return fail(node.items.back().place, "the last identity must hold for every event: bytes or record");
  return true;
}

bool SourceCollector::ReadDerived(const YamlNode& name, const YamlNode& value, std::string_view prefix, SourceDef& out) {
  Derived derived;
  derived.place = name.place;
  if (!prefix.empty()) {
    EntityKind kind;
    if (!ParseEntityName(name, context_.diagnostics, kind)) return false;
  }
  derived.field = Field(std::string(prefix) + name.text);
  bool ok = true;
  if (value.IsMap() && value.Find("compute") != nullptr) {
    MapReader map(value, "a computed field", {"compute", "from"}, context_.diagnostics);
    std::string compute, from;
    map.Text("compute", compute);
    map.Text("from", from);
    map.Require("from", "flow.IP.destination");
    if (compute == "public_address") derived.form = Derived::Form::kPublicAddress;
    else if (compute == "network") derived.form = Derived::Form::kNetwork;
    else map.Fail(value.place, "unknown computation `" + compute + "`", "public_address or network");
    derived.from = Field(from);
    ok = map.ok();
  } else {
    const YamlNode* alternatives = &value;
    if (value.IsMap() && value.Find("all") != nullptr) {
      derived.union_all = true;
      alternatives = value.Find("all");
    }
    if (!alternatives->IsSequence()) ok = ReadAlternative(*alternatives, derived.alternatives.emplace_back());
    for (const YamlNode& item : alternatives->items) ok &= ReadAlternative(item, derived.alternatives.emplace_back());
  }
  std::erase_if(out.derived, [&](const Derived& each) { return each.field == derived.field; });
  out.derived.push_back(std::move(derived));
  return ok;
}

// 'template', or {value: 'template', when: {tests}}.
bool SourceCollector::ReadAlternative(const YamlNode& node, Derived::Alternative& out) {
  if (node.IsScalar()) return ParseTemplate(node, context_.fields, context_.diagnostics, out.value);
  MapReader map(node, "an alternative", {"value", "when"}, context_.diagnostics);
  map.Require("value", "'{field}'");
  bool ok = map.ok();
  if (const YamlNode* value = map.Find("value")) ok &= ParseTemplate(*value, context_.fields, context_.diagnostics, out.value);
  if (const YamlNode* when = map.Find("when")) ok &= ParseFieldTests(*when, context_, out.when);
  return ok;
}

bool SourceCollector::ReadLink(const YamlNode& node, SourceDef& out) {
  MapReader map(node, "a link", {"from", "to", "when", "valid_from", "valid_until", "max_open", "replaces"}, context_.diagnostics);
  map.Require("from", "{access_key: '{field}'}");
  map.Require("to", "{repo: '{field}'}");
  if (!map.ok()) return false;
  LinkDef link;
  bool ok = true;
  const auto end = [&](const char* key, EntityKind& kind, Template& text) {
    const YamlNode& value = *map.Find(key);
    if (!value.IsMap() || value.entries.size() != 1) {
      map.Fail(value.place, "`" + std::string(key) + "` is not one kind and its key", std::string(key) + ": {access_key: '{field}'}");
      return;
    }
    ok &= ParseEntityName(value.entries[0].first, context_.diagnostics, kind);
    ok &= ParseTemplate(value.entries[0].second, context_.fields, context_.diagnostics, text);
  };
  end("from", link.from, link.from_key);
  end("to", link.to, link.to_key);
  if (const YamlNode* when = map.Find("when")) ok &= ParseFieldTests(*when, context_, link.when);
  if (const YamlNode* from = map.Find("valid_from")) ok &= ReadTimeExpression(*from, link.valid_from, link.valid_from_shift_ns);
  if (const YamlNode* until = map.Find("valid_until")) ok &= ReadTimeExpression(*until, link.valid_until, link.valid_until_shift_ns);
  link.max_open_ns = 24 * 60 * kMinuteNs;
  map.Span("max_open", link.max_open_ns);
  map.Flag("replaces", link.replaces);
  if (ok && map.ok()) out.links.push_back(std::move(link));
  return ok && map.ok();
}

// `field`, `field - 2m`, `field + 10m`.
bool SourceCollector::ReadTimeExpression(const YamlNode& node, FieldId& field, int64_t& shift_ns) {
  const std::string& text = node.text;
  const size_t space = text.find(' ');
  field = Field(text.substr(0, space));
  if (space == std::string::npos) return !text.empty();
  const bool plus = text.compare(space, 3, " + ") == 0;
  const std::optional<int64_t> span = plus || text.compare(space, 3, " - ") == 0 ? ParseSpan(std::string_view(text).substr(space + 3)) : std::nullopt;
  if (!span) {
    context_.diagnostics.Error("T0608", node.place, "`" + text + "` is no time", "field, `field - 2m` or `field + 10m`");
    return false;
  }
  shift_ns = plus ? *span : -*span;
  return true;
}

}  // namespace tocsin::content
