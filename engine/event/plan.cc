#include "engine/event/plan.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "engine/event/internal/compiled_plan.h"
#include "engine/event/reader.h"

namespace tocsin::event {
namespace {

using content::ContentSet;
using content::Diagnostics;
using content::Logsource;
using content::SourceDef;

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
         });
}

// May a rule of this logsource apply to events of that source (SIGMA.md 25)?
bool Applies(const Logsource& rule, const Logsource& source) {
  const auto fits = [](const std::string& wanted, const std::string& have) { return wanted.empty() || SameWord(wanted, have); };
  return fits(rule.product, source.product) && fits(rule.category, source.category) && fits(rule.service, source.service);
}

// What `source` extends; null when it stands by itself. The loader refuses a source that extends itself.
const SourceDef* Extended(const ContentSet& content, const SourceDef& source) {
  const auto it = std::find_if(content.sources.begin(), content.sources.end(), [&](const SourceDef& each) { return each.name == source.extends; });
  return it == content.sources.end() ? nullptr : &*it;
}

using FieldSet = std::set<FieldId>;

void AddTests(const std::vector<content::Item>& tests, FieldSet& out) {
  for (const content::Item& item : tests) {
    if (item.field.valid()) out.insert(item.field);
    for (const auto& forms : item.values) {
      for (const content::ValueTest& form : forms) {
        if (form.other_field.valid()) out.insert(form.other_field);
      }
    }
  }
}

void AddTemplate(const content::Template& text, FieldSet& out) {
  for (const auto& part : text.parts) {
    if (part.field.valid()) out.insert(part.field);
  }
}

void AddAlternatives(const std::vector<content::Derived::Alternative>& alternatives, FieldSet& out) {
  for (const auto& alternative : alternatives) {
    AddTests(alternative.when, out);
    AddTemplate(alternative.value, out);
  }
}

void AddDerived(const content::Derived& derived, FieldSet& out) {
  AddAlternatives(derived.alternatives, out);
  if (derived.from.valid()) out.insert(derived.from);
}

// What a source's own definition reads whatever becomes of its events.
void AddAlways(const SourceDef& def, FieldSet& out) {
  AddTests(def.skip, out);
  out.insert(def.time.begin(), def.time.end());
}

// Of the fields that `read` asks for, those that are derived, and what they are derived from.
void AddDerivedFor(const SourceDef& def, FieldSet& read) {
  for (size_t before = 0; before != read.size();) {
    before = read.size();
    for (const auto& derived : def.derived) {
      if (read.contains(derived.field)) AddDerived(derived, read);
    }
  }
}

void AddIdentity(const SourceDef& def, FieldSet& out) {
  for (const auto& identity : def.identity) out.insert(identity.fields.begin(), identity.fields.end());
  out.insert(def.volatile_fields.begin(), def.volatile_fields.end());
}

// All that a source's own definition reads.
void AddDefinition(const SourceDef& def, FieldSet& out) {
  AddAlways(def, out);
  AddIdentity(def, out);
  for (const auto& derived : def.derived) AddDerived(derived, out);
  for (const auto& link : def.links) {
    AddTests(link.when, out);
    AddTemplate(link.from_key, out);
    AddTemplate(link.to_key, out);
    if (link.valid_from.valid()) out.insert(link.valid_from);
    if (link.valid_until.valid()) out.insert(link.valid_until);
  }
  for (const auto& rule : def.class_rules) AddTests(rule.when, out);
  AddAlternatives(def.summary, out);
}

// Attributes of logsources that are the rules' own: an event may state them too.
void AddOwnAttributes(const ContentSet& content, FieldSet& out) {
  for (const content::Rule& rule : content.rules) {
    for (const auto& [name, value] : rule.detection.logsource.custom) {
      const auto field = content.fields.Find(name);
      if (field) out.insert(*field);
    }
  }
}

void AddQuery(const content::EventQuery& query, FieldSet& out) { AddTests(query.where, out); }

void AddPlaybook(const content::Playbook& playbook, FieldSet& out) {
  for (const auto& binding : playbook.bindings) {
    out.insert(binding.fields.begin(), binding.fields.end());
    AddQuery(binding.query, out);
  }
  for (const auto& item : playbook.preserve) {
    for (const auto& part : item.parts) AddQuery(part.query, out);
  }
  for (const auto& verdict : playbook.verdicts) {
    for (const auto& facet : verdict.facets) {
      for (const auto& query : facet.used) AddQuery(query, out);
      for (const auto& query : facet.reachable) AddQuery(query, out);
    }
  }
}

void AddCorrelation(const content::Correlation& correlation, FieldSet& out) {
  out.insert(correlation.fields.begin(), correlation.fields.end());
  for (const auto& group : correlation.group_by) out.insert(group.per_ref.begin(), group.per_ref.end());
}

// Tells of each field that no trie took, wherever somebody reads it.
void TellTooLong(const ContentSet& content, const FieldSet& too_long, Diagnostics& diagnostics) {
  FieldSet read;
  const auto tell = [&](const content::Place& place) {
    for (const FieldId field : read) {
      if (!too_long.contains(field)) continue;
      diagnostics.Error("T1003", place, "the field path `" + content.fields.name(field) + "` has more than " + std::to_string(kMaxPathSegments) + " parts");
    }
    read.clear();
  };
  for (const content::Rule& rule : content.rules) {
    if (rule.is_correlation) {
      AddCorrelation(rule.correlation, read);
      tell(rule.place);
      continue;
    }
    for (const content::Item& item : rule.detection.items) {
      AddTests({item}, read);
      tell(item.place);
    }
  }
  for (const SourceDef& source : content.sources) {
    AddTests(source.recognise, read);
    AddDefinition(source, read);
    tell(source.place);
  }
  for (const content::Playbook& playbook : content.playbooks) {
    AddPlaybook(playbook, read);
    tell(playbook.place);
  }
}

}  // namespace

// What detection rules read.
struct CompiledPlan::RuleFields {
  FieldSet wanted;
  bool leaves = false;
  void Add(const content::Rule& rule) {
    AddTests(rule.detection.items, wanted);
    wanted.insert(rule.hit_fields.begin(), rule.hit_fields.end());
    const auto& items = rule.detection.items;
    leaves |= std::any_of(items.begin(), items.end(), [](const content::Item& item) { return !item.field.valid(); });
  }
  void AddTo(FieldSet& fields, bool& any_leaves) const {
    fields.insert(wanted.begin(), wanted.end());
    any_leaves |= leaves;
  }
};

std::shared_ptr<const Plan> Plan::Compile(std::shared_ptr<const ContentSet> content, const PlanOptions& options, Diagnostics& diagnostics) {
  auto plan = std::make_shared<CompiledPlan>();
  plan->Build(std::move(content), options, diagnostics);
  if (options.recognise && !options.logsource_from_event) plan->CheckSamples(plan, diagnostics);
  return plan;
}

void CompiledPlan::Build(std::shared_ptr<const ContentSet> content, const PlanOptions& plan_options, Diagnostics& diagnostics) {
  content_ = std::move(content);
  options = plan_options;
  constexpr std::string_view kAttributes[] = {"product", "category", "service"};
  for (size_t i = 0; i < std::size(kAttributes); i++) logsource_fields[i] = content_->fields.Find(kAttributes[i]).value_or(FieldId());
  sources.resize(content_->sources.size() + 1);
  RuleFields every_rule;
  for (const content::Rule& rule : content_->rules) {
    if (!rule.is_correlation) every_rule.Add(rule);
  }
  for (size_t i = 0; i < content_->sources.size(); i++) CompileSource(i, every_rule, diagnostics);
  if (options.recognise) {
    for (size_t i = 0; i < content_->sources.size(); i++) {
      FieldTestSet& tests = sources[i].recognise;
      by_tests.push_back({tests.Needs(presence), SourceId(static_cast<uint16_t>(i)), static_cast<uint32_t>(tests.size())});
    }
    std::stable_sort(by_tests.begin(), by_tests.end(), [](const Recogniser& a, const Recogniser& b) { return a.tests > b.tests; });
    for (const Recogniser& each : by_tests) {
      for (const SourceDef* whole = Extended(*content_, *sources[each.source.value()].def); whole != nullptr; whole = Extended(*content_, *whole)) {
        sources[static_cast<size_t>(whole - content_->sources.data())].extended_by.push_back(each);
      }
    }
  }
  presence.Build(content_->fields.size());
  for (CompiledSource& source : sources) source.presence.Build(content_->fields.size());
  FieldSet too_long;
  if (!options.time_field.empty() && !content_->fields.Find(options.time_field)) {
    const content::Place place{diagnostics.AddFile("--time-field", options.time_field), 1, 1};
    diagnostics.Error("T1005", place, "the time field `" + options.time_field + "` is not among the fields that are read");
  }
  for (size_t i = 0; i < sources.size(); i++) BuildTrie(i, every_rule, too_long);
  if (!too_long.empty()) TellTooLong(*content_, too_long, diagnostics);
  CollectTransportFields();
  for (const content::Site::Prefix& prefix : content_->site.internal_prefixes) {
    Network network;
    if (ParseNetwork(prefix.text, network)) internal_networks.push_back(network);
    else diagnostics.Error("T1004", prefix.place, "internal_prefixes: `" + prefix.text + "` is no network", "10.0.0.0/8");
  }
}

void CompiledPlan::CompileSource(size_t index, const RuleFields& every_rule, Diagnostics& diagnostics) {
  const SourceDef& def = content_->sources[index];
  CompiledSource& out = sources[index];
  out.def = &def;
  const auto compile = [&](const std::vector<content::Item>& tests, FieldTestSet& set) {
    if (!set.Compile(tests)) {
      diagnostics.Error("T1001", def.place, "the source `" + def.name + "` uses a test that sources do not know",
                        "equality, startswith, endswith, contains, exists, null, lt, lte, gt, gte");
    }
  };
  const auto check = [&](const content::Template& text) {
    if (text.parts.size() > kMaxTemplateParts) diagnostics.Error("T1002", def.place, "the source `" + def.name + "` has a template with more than " + std::to_string(kMaxTemplateParts) + " fields");
  };
  compile(def.recognise, out.recognise);
  compile(def.skip, out.skip);
  // What is derived has its value only when it has been derived.
  for (const auto& derived : def.derived) out.presence.Exclude(derived.field);
  const auto template_needs = [&](const content::Template& text) {
    FieldBits bits = 0;
    for (const auto& part : text.parts) bits |= part.field.valid() ? out.presence.Bit(part.field) : 0;
    return bits;
  };
  constexpr std::string_view kEntityPrefix = "entity.";
  for (const auto& derived : def.derived) {
    CompiledDerived& each = out.derived.emplace_back();
    each.field = derived.field;
    each.form = derived.form;
    each.union_all = derived.union_all;
    each.from = derived.from;
    const std::string& name = content_->fields.name(derived.field);
    if (options.keeps != Keeps::kNothing && name.rfind(kEntityPrefix, 0) == 0) {
      if (const auto kind = content::ParseEntityKind(std::string_view(name).substr(kEntityPrefix.size()))) {
        each.entity = true;
        each.kind = *kind;
      }
    }
    each.needs = each.from.valid() ? out.presence.Bit(each.from) : ~FieldBits{0};
    for (const auto& alternative : derived.alternatives) {
      check(alternative.value);
      auto& compiled = each.alternatives.emplace_back();
      compile(alternative.when, compiled.when);
      compiled.value = &alternative.value;
      compiled.needs = template_needs(alternative.value) | compiled.when.Needs(out.presence);
      each.needs &= compiled.needs;
    }
  }
  for (const auto& link : def.links) {
    check(link.from_key);
    check(link.to_key);
    CompiledLink& each = out.links.emplace_back();
    each.def = &link;
    compile(link.when, each.when);
    each.needs = template_needs(link.from_key) | template_needs(link.to_key) | each.when.Needs(out.presence);
  }
  for (const auto& rule : def.class_rules) {
    CompiledClassRule& each = out.class_rules.emplace_back();
    compile(rule.when, each.when);
    each.needs = each.when.Needs(out.presence);
    each.classes = rule.classes;
  }
  if (options.keeps != Keeps::kAll) Postpone(every_rule, out);
  FieldSet identifies;
  AddIdentity(def, identifies);
  out.identity_first = options.keeps != Keeps::kNothing && std::any_of(out.derived.begin(), out.derived.end(), [&](const CompiledDerived& derived) { return !derived.later && identifies.contains(derived.field); });
  out.time = def.time;
  out.identity_seed = EntityHash(EntityKind::kToken, def.name);
}

// What a logsource may be told by, of an event that states its own.
void CompiledPlan::AddAttributes(std::set<FieldId>& fields) const {
  for (const FieldId field : logsource_fields) {
    if (field.valid()) fields.insert(field);
  }
  AddOwnAttributes(*content_, fields);
}

// What no detection rule reads is derived later, or never.
void CompiledPlan::Postpone(const RuleFields& every_rule, CompiledSource& source) const {
  const SourceDef& def = *source.def;
  FieldSet read = every_rule.wanted;
  AddAlways(def, read);
  if (options.logsource_from_event) AddAttributes(read);
  for (const auto& link : def.links) AddTests(link.when, read);   // a link is not waited for
  for (size_t before = 0; before != read.size();) {
    before = read.size();
    AddDerivedFor(def, read);
    if (options.keeps == Keeps::kNothing) continue;
    // One that reads a field as the event gives it goes before that field is derived: with `b: {a}`, then `a: {c}`, b has the event's a.
    for (size_t i = 0; i < def.derived.size(); i++) {
      FieldSet from;
      AddDerived(def.derived[i], from);
      const bool reads_ahead = std::any_of(def.derived.begin() + static_cast<ptrdiff_t>(i) + 1, def.derived.end(), [&](const content::Derived& other) { return from.contains(other.field); });
      if (reads_ahead) read.insert(def.derived[i].field);
    }
  }
  for (size_t i = 0; i < def.derived.size(); i++) source.derived[i].later = !read.contains(def.derived[i].field);
  if (options.keeps != Keeps::kNothing) return;
  std::erase_if(source.derived, [](const CompiledDerived& derived) { return derived.later; });
  source.links.clear();
  source.class_rules.clear();
}

void CompiledPlan::BuildTrie(size_t index, const RuleFields& every_rule, FieldSet& too_long) {
  CompiledSource& out = sources[index];
  FieldSet wanted;
  for (const auto& source_def : content_->sources) AddTests(source_def.recognise, wanted);
  if (options.keeps == Keeps::kAll) {
    for (const content::Playbook& playbook : content_->playbooks) AddPlaybook(playbook, wanted);
  }
  if (options.keeps != Keeps::kNothing && out.def != nullptr) AddDefinition(*out.def, wanted);
  if (options.logsource_from_event || out.def == nullptr) {
    every_rule.AddTo(wanted, out.leaves);   // the event's own attributes decide, or nothing does
  } else {
    RuleFields own;
    for (const content::Rule& rule : content_->rules) {
      if (!rule.is_correlation && Applies(rule.detection.logsource, out.def->logsource)) own.Add(rule);
    }
    own.AddTo(wanted, out.leaves);
  }
  if (options.logsource_from_event) AddAttributes(wanted);
  if (options.keeps == Keeps::kNothing && out.def != nullptr) {
    AddAlways(*out.def, wanted);
    AddDerivedFor(*out.def, wanted);
  }
  if (!options.time_field.empty()) {
    if (const auto field = content_->fields.Find(options.time_field)) {
      wanted.insert(*field);
      out.time = {*field};
    }
  }
  TrieBuilder trie;
  for (const FieldId field : wanted) {
    const std::string& name = content_->fields.name(field);
    // Entity keys are the source definition's to give: an event that carries such a key must not be believed.
    if (name.empty() || name[0] == '$' || name.rfind("entity.", 0) == 0) continue;
    if (!trie.Add(name, field)) too_long.insert(field);
  }
  if (options.recognise) {
    for (const auto& source_def : content_->sources) {
      for (const std::string& key : source_def.unwrap) trie.AddUnwrap(key);
      if (source_def.envelope_body.empty()) continue;
      const WebhookEnvelope envelope{source_def.envelope_headers, source_def.envelope_body, source_def.envelope_received_at};
      auto it = std::find(envelopes.begin(), envelopes.end(), envelope);
      if (it == envelopes.end()) it = envelopes.insert(envelopes.end(), envelope);
      trie.AddEnvelope(envelope.headers, static_cast<int8_t>(it - envelopes.begin()));
    }
  }
  out.trie = trie.Build();
}

void CompiledPlan::CollectTransportFields() {
  for (size_t i = 0; i < content_->fields.size(); i++) {
    const FieldId field(static_cast<uint32_t>(i));
    const std::string& name = content_->fields.name(field);
    if (name.rfind(content::kHeaderPrefix, 0) == 0) header_fields.push_back({name.substr(content::kHeaderPrefix.size()), field});
    if (name == content::kFolderField) folder_field = field;
    if (name == content::kPayloadTypeField) payload_type_field = field;
  }
}

void CompiledPlan::CheckSamples(const std::shared_ptr<const Plan>& self, Diagnostics& diagnostics) const {
  for (size_t i = 0; i < content_->sources.size(); i++) {
    const SourceDef& def = content_->sources[i];
    for (const std::string& sample : def.samples) {
      const InputTable inputs = {{.name = "sample of " + def.name}};
      Batch batch;
      batch.input = InputId(0);
      memcpy(batch.Resize(sample.size()), sample.data(), sample.size());
      batch.documents.push_back({.begin = 0, .size = sample.size()});
      Reader reader(self, inputs);
      reader.Start(batch);
      if (!reader.Next()) {
        const std::vector<BadRecord> bad = reader.TakeBad();
        diagnostics.Error("T1006", def.place, "a sample of `" + def.name + "` cannot be read: " + (bad.empty() ? "it is empty" : bad[0].reason));
      } else if (reader.event().source != SourceId(static_cast<uint16_t>(i))) {
        const SourceId found = reader.event().source;
        diagnostics.Error("T1006", def.place, "a sample of `" + def.name + "` is recognised as " + (found.valid() ? "`" + content_->sources[found.value()].name + "`" : "no source"));
      } else if (reader.event().flags.ambiguous_source) {
        diagnostics.Error("T1006", def.place, "a sample of `" + def.name + "` is recognised as several sources with equally many tests");
      }
    }
  }
}

void ExpandTemplate(const content::Template& text, const EventView& event, std::vector<std::string>& out) {
  TextArena arena;
  const auto sink = [&](std::string_view value) { out.emplace_back(value); };
  if (text.parts.size() <= kMaxTemplateParts) Expand(text, event, arena, sink);
}

}  // namespace tocsin::event
