// What Plan holds: for each source (and for unknown events) a trie and the compiled parts of its definition.
#ifndef TOCSIN_ENGINE_EVENT_INTERNAL_COMPILED_PLAN_H_
#define TOCSIN_ENGINE_EVENT_INTERNAL_COMPILED_PLAN_H_

#include <set>
#include <string>
#include <vector>

#include "engine/event/internal/expand.h"
#include "engine/event/internal/field_tests.h"
#include "engine/event/internal/trie.h"
#include "engine/event/plan.h"

namespace tocsin::event {

// A source in the order of recognition: most tests first, then by name.
struct Recogniser {
  FieldBits needs;                           // of the plan's `presence`
  SourceId source;
  uint32_t tests;
};

struct CompiledDerived {
  struct Alternative {
    FieldBits needs = 0;                     // of the source's `presence`: without these it yields nothing
    FieldTestSet when;
    const content::Template* value;          // in the content set
  };
  FieldId field;
  content::Derived::Form form;
  bool union_all;
  FieldId from;
  FieldBits needs = 0;                       // without these no alternative yields anything
  bool later = false;                        // made by Finisher::FinishRest
  bool entity = false;
  EntityKind kind = EntityKind::kToken;
  std::vector<Alternative> alternatives;
};

struct CompiledLink {
  const content::LinkDef* def;
  FieldBits needs = 0;
  FieldTestSet when;
};

struct CompiledClassRule {
  FieldBits needs = 0;
  FieldTestSet when;
  content::EvidenceClasses classes;
};

struct CompiledSource {
  const content::SourceDef* def = nullptr;   // null: unknown events
  Trie trie;
  FieldTestSet recognise, skip;
  std::vector<Recogniser> extended_by;       // directly or not, in the order of recognition
  FieldPresence presence;                    // of fields that the parts below read and the event itself gives
  std::vector<CompiledDerived> derived;
  std::vector<CompiledLink> links;
  std::vector<CompiledClassRule> class_rules;
  std::vector<FieldId> time;
  uint64_t identity_seed = 0;                // hash of the source's name
  bool identity_first = false;               // identity is taken before derived fields take the place of what it reads
  bool leaves = false;                       // a keyword rule may apply to it
};

struct WebhookEnvelope {
  std::string headers, body, received_at;
  friend bool operator==(const WebhookEnvelope&, const WebhookEnvelope&) = default;
};

struct TransportField {
  std::string header;                        // lower case
  FieldId field;
};

class CompiledPlan : public Plan {
 public:
  // By SourceId, then one for unknown events at the end.
  std::vector<CompiledSource> sources;
  std::vector<Recogniser> by_tests;
  FieldPresence presence;                    // of fields that recognition reads
  std::vector<WebhookEnvelope> envelopes;
  std::vector<TransportField> header_fields;
  FieldId folder_field, payload_type_field;
  FieldId logsource_fields[3];               // product, category, service
  std::vector<Network> internal_networks;
  PlanOptions options;

  void Build(std::shared_ptr<const content::ContentSet> content, const PlanOptions& plan_options, content::Diagnostics& diagnostics);
  const CompiledSource& unknown() const { return sources.back(); }
  const CompiledSource& source(content::SourceId id) const { return id.valid() ? sources[id.value()] : sources.back(); }

 private:
  struct RuleFields;
  void AddAttributes(std::set<FieldId>& fields) const;
  void Postpone(const RuleFields& every_rule, CompiledSource& source) const;
  void CompileSource(size_t index, const RuleFields& every_rule, content::Diagnostics& diagnostics);
  // Adds to `too_long` the fields that the trie refuses.
  void BuildTrie(size_t index, const RuleFields& every_rule, std::set<FieldId>& too_long);
  void CollectTransportFields();
  void CheckSamples(const std::shared_ptr<const Plan>& self, content::Diagnostics& diagnostics) const;
  friend class Plan;
};

}  // namespace tocsin::event

#endif  // TOCSIN_ENGINE_EVENT_INTERNAL_COMPILED_PLAN_H_
