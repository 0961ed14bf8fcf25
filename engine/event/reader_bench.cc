// What reading costs: CloudTrail with the field plan of the shipped content (the demo's), beside the same tries walked by a bare
// on-demand loop that copies nothing and computes no key, time or identity. The second is the ceiling that the first is measured
// against: `reader / bare walk` is the figure that bench/RESULTS.md records. The same for a lane, a file with an event a line that
// TOCSIN_LANE names, with the community rules and `--logsource-from-event`: bench/lanes sets it.
//
// Before anything is timed, the two are compared value by value over every event.
#include <emmintrin.h>

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/container/flat_hash_set.h"
#include "engine/event/internal/compiled_plan.h"
#include "engine/event/reader.h"

namespace tocsin::event {
namespace {

namespace fs = std::filesystem;
namespace ondemand = simdjson::ondemand;

[[noreturn]] void Fail(const std::string& what) {
  fprintf(stderr, "reader_bench: %s\n", what.c_str());
  abort();
}

void Check(simdjson::error_code error) {
  if (error) Fail(simdjson::error_message(error));
}

void AddDocument(std::string_view text, std::string& bytes, std::vector<Document>& documents) {
  documents.push_back({.begin = bytes.size(), .size = text.size(), .line = static_cast<uint32_t>(documents.size() + 1)});
  bytes.append(text).append("\n");
}

void Fill(std::string_view bytes, std::vector<Document> documents, Batch& batch) {
  batch.input = InputId(0);
  std::copy(bytes.begin(), bytes.end(), batch.Resize(bytes.size()));
  batch.documents = std::move(documents);
}

// A value of a wanted field, where it stands in the event.
struct Found {
  FieldId field;
  std::string_view token;
};

// The walk with nothing around it.
class BareWalk {
 public:
  uint64_t values = 0, value_bytes = 0;
  std::vector<Found>* found = nullptr;   // for the comparison; null while it is timed

  void Event(const Trie& trie, std::string_view text) {
    ondemand::document json;
    Check(parser_.iterate(text.data(), text.size(), text.size() + kPadding).get(json));
    ondemand::object object;
    Check(json.get_object().get(object));
    Object(trie, object, Trie::kRoot);
  }

 private:
  static std::string_view Key(const char* raw) {
    const __m128i quote = _mm_set1_epi8('"');
    for (size_t at = 0;; at += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw + at));
      const unsigned quotes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quote)));
      if (quotes != 0) return {raw, at + static_cast<size_t>(std::countr_zero(quotes))};
    }
  }

  void Object(const Trie& trie, ondemand::object& object, uint32_t node) {
    for (auto result : object) {
      ondemand::field field;
      Check(std::move(result).get(field));
      const TrieEdge* const edge = trie.Find(trie.node(node), Key(field.key().raw()));
      if (edge != nullptr) Value(trie, field.value(), edge->child);
    }
  }

  void Value(const Trie& trie, ondemand::value value, uint32_t index) {
    const TrieNode& node = trie.node(index);
    ondemand::json_type type;
    Check(value.type().get(type));
    if (type == ondemand::json_type::object) {
      if (node.mask == 0) return;
      ondemand::object object;
      Check(value.get_object().get(object));
      return Object(trie, object, index);
    }
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      Check(value.get_array().get(array));
      for (auto result : array) {
        ondemand::value element;
        Check(std::move(result).get(element));
        Value(trie, element, index);
      }
      return;
    }
    if (node.fields == 0) return;
    const std::string_view token = value.raw_json_token();
    values += node.fields;
    value_bytes += token.size();
    if (found == nullptr) return;
    for (uint32_t i = 0; i < node.fields; i++) found->push_back({trie.fields_of(node)[i], token});
  }

  ondemand::parser parser_;
};

// The token as the reader gives a scalar, or nothing where it would have undone escapes.
std::optional<std::string_view> PlainText(std::string_view token) {
  while (!token.empty() && strchr(" \t\r\n", token.back()) != nullptr) token.remove_suffix(1);
  if (token == "null") return "";
  if (token.front() != '"') return token;
  if (token.find('\\') != std::string_view::npos) return std::nullopt;
  return token.substr(1, token.size() - 2);
}

struct Input {
  std::shared_ptr<const Plan> plan;
  InputTable inputs{{.name = "cloudtrail"}};
  Batch batch;                           // one event a line
  std::vector<SourceId> sources;         // of each
  uint64_t values = 0;                   // of wanted fields, in all events together

  const CompiledPlan& compiled() const { return static_cast<const CompiledPlan&>(*plan); }
};

void LoadPlan(const content::LoadOptions& load, const PlanOptions& options, Input& input) {
  content::Diagnostics diagnostics;
  const auto content = content::LoadContent(load, diagnostics);
  input.plan = Plan::Compile(content, options, diagnostics);
  if (diagnostics.errors() > 0) Fail(diagnostics.Text());
}

// The corpus' events, taken out of their envelopes.
void LoadEvents(const fs::path& folder, Input& input) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string lines;
  std::vector<Document> documents;
  for (const fs::path& file : files) {
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    Batch envelope;
    std::string bytes;
    std::vector<Document> one;
    AddDocument(text.str(), bytes, one);
    Fill(bytes, std::move(one), envelope);
    Reader reader(input.plan, input.inputs);
    for (reader.Start(envelope); reader.Next();) {
      AddDocument(reader.event().raw, lines, documents);
      input.sources.push_back(reader.event().source);
    }
    if (reader.counters().bad > 0) Fail(file.string() + ": bad records");
  }
  Fill(lines, std::move(documents), input.batch);
}

void CompareEvent(const EventView& event, const std::vector<Found>& found) {
  absl::flat_hash_set<FieldId> fields;
  for (const Found& each : found) fields.insert(each.field);
  for (const FieldId field : fields) {
    Values values = event.values(field);
    auto value = values.begin();
    for (const Found& each : found) {
      if (each.field != field) continue;
      while (value != values.end() && (value->kind == ValueKind::kObject || value->kind == ValueKind::kEmptyArray)) ++value;
      if (value == values.end()) Fail("the reader has fewer values than the bare walk");
      const auto text = PlainText(each.token);
      if (text && value->text != *text) Fail("the reader says " + std::string(value->text) + ", the bare walk " + std::string(*text));
      ++value;
    }
    if (value != values.end() && value->kind != ValueKind::kObject && value->kind != ValueKind::kEmptyArray) Fail("the reader has more values than the bare walk");
  }
}

// `known`: every event has a source, a time and keys, and is another one.
void CompareAll(bool known, Input& input) {
  Reader reader(input.plan, input.inputs);
  BareWalk bare;
  std::vector<Found> found;
  bare.found = &found;
  absl::flat_hash_set<Identity> identities;
  size_t events = 0;
  for (reader.Start(input.batch); reader.Next(); events++) {
    const EventView& event = reader.event();
    if (known && (event.source != input.sources[events] || !event.time.known() || event.flags.time_inferred || event.entities().empty())) {
      Fail("event " + std::to_string(events) + " is not what it was in its envelope");
    }
    identities.insert(event.identity);
    found.clear();
    bare.Event(input.compiled().source(event.source).trie, input.batch.text(input.batch.documents[events]));
    CompareEvent(event, found);
  }
  if (events != input.batch.documents.size() || (known && identities.size() != events)) Fail("events are missing or share their identity");
  input.values = bare.values;
}

// Null where the corpus is not there.
const Input* CloudTrail() {
  static const Input* const input = []() -> const Input* {
    const fs::path folder = fs::path(TOCSIN_CORPUS) / "cloudtrail-invictus/CloudTrail";
    if (!fs::exists(folder)) return nullptr;
    auto* made = new Input;
    LoadPlan({.content_dir = content::DefaultContentDir()}, {}, *made);
    LoadEvents(folder, *made);
    CompareAll(true, *made);
    return made;
  }();
  return input;
}

// Null where none is named or the rules are not there.
const Input* Lane() {
  static const Input* const input = []() -> const Input* {
    const char* const lane = getenv("TOCSIN_LANE");
    const fs::path rules = fs::path(TOCSIN_CORPUS) / "sigmahq/rules";
    if (lane == nullptr || !fs::exists(rules)) return nullptr;
    auto* made = new Input;
    made->inputs = {{.name = lane}};
    LoadPlan({.content_dir = content::DefaultContentDir(), .rules_paths = {rules}, .shipped_rules = false}, {.logsource_from_event = true}, *made);
    std::string lines;
    std::vector<Document> documents;
    std::ifstream in(lane, std::ios::binary);
    for (std::string line; std::getline(in, line);) AddDocument(line, lines, documents);
    if (documents.empty()) Fail(std::string(lane) + ": no events");
    made->sources.resize(documents.size());
    Fill(lines, std::move(documents), made->batch);
    CompareAll(false, *made);
    return made;
  }();
  return input;
}

constexpr const char kNoInput[] = "no input: TOCSIN_CORPUS has no such logs or rules, or TOCSIN_LANE names no lane";

void Report(const Input& input, benchmark::State& state) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * input.batch.bytes().size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * input.batch.documents.size()));
  state.counters["values/event"] = static_cast<double>(input.values) / static_cast<double>(input.batch.documents.size());
}

void WalkBare(benchmark::State& state, const Input* input) {
  if (input == nullptr) return state.SkipWithError(kNoInput);
  BareWalk bare;
  for (auto _ : state) {
    bare.values = bare.value_bytes = 0;
    for (size_t i = 0; i < input->sources.size(); i++) {
      bare.Event(input->compiled().source(input->sources[i]).trie, input->batch.text(input->batch.documents[i]));
    }
    benchmark::DoNotOptimize(bare.value_bytes);
    if (bare.values != input->values) Fail("the bare walk found another number of values");
  }
  Report(*input, state);
}

void Read(benchmark::State& state, const Input* input) {
  if (input == nullptr) return state.SkipWithError(kNoInput);
  Reader reader(input->plan, input->inputs);
  uint64_t keys = 0;
  for (auto _ : state) {
    size_t events = 0;
    keys = 0;
    for (reader.Start(input->batch); reader.Next(); events++) keys += reader.event().entities().size();
    if (events != input->sources.size()) Fail("the reader found another number of events");
  }
  Report(*input, state);
  state.counters["keys/event"] = static_cast<double>(keys) / static_cast<double>(input->sources.size());
  state.counters["second_walks"] = static_cast<double>(reader.counters().second_walks) / static_cast<double>(reader.counters().events);
}

void CloudTrailBareWalk(benchmark::State& state) { WalkBare(state, CloudTrail()); }
void CloudTrailReader(benchmark::State& state) { Read(state, CloudTrail()); }
void LaneBareWalk(benchmark::State& state) { WalkBare(state, Lane()); }
void LaneReader(benchmark::State& state) { Read(state, Lane()); }

BENCHMARK(CloudTrailBareWalk);
BENCHMARK(CloudTrailReader);
BENCHMARK(LaneBareWalk);
BENCHMARK(LaneReader);

}  // namespace
}  // namespace tocsin::event
