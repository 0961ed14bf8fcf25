// What looking costs: events matched as they are, with one of 251 counted and one timed as a run does it (pipeline/internal/worker.h),
// and with every one counted as `rules profile` does it. The community rules over the lane that TOCSIN_LANE names (a file with an
// event a line; bench/README.md), or without it over events whose command lines are made of the rules' own literals.
//
// Before anything is timed, the three find the same hits.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/reader.h"
#include "engine/match/profile.h"
#include "engine/match/testing/test_event.h"

namespace tocsin::match {
namespace {

namespace fs = std::filesystem;

constexpr size_t kEvents = 2000;
constexpr uint32_t kSampledOneOf = 251;

[[noreturn]] void Fail(const std::string& what) {
  fprintf(stderr, "profile_bench: %s\n", what.c_str());
  abort();
}

struct Input {
  std::shared_ptr<const content::ContentSet> content;
  std::shared_ptr<const Program> program;
  std::vector<TestEvent> events;
  std::vector<event::EventView> views;
};

// A copy of what the reader hands over, values in their order.
TestEvent CopyOf(const event::EventView& event, const content::ContentSet& content) {
  TestEvent out(content);
  for (const event::Value& value : event.all_values()) out.Add(value.field.valid() ? content.fields.name(value.field) : "", value.kind, value.text);
  return out;
}

void AddLane(const char* lane, Input& input) {
  std::ifstream in(lane, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  event::Batch batch;
  batch.input = event::InputId(0);
  std::copy(bytes.begin(), bytes.end(), batch.Resize(bytes.size()));
  for (size_t begin = 0, end; begin < bytes.size() && batch.documents.size() < kEvents; begin = end + 1) {
    end = std::min(bytes.find('\n', begin), bytes.size());
    batch.documents.push_back({.begin = begin, .size = end - begin, .line = static_cast<uint32_t>(batch.documents.size() + 1)});
  }
  content::Diagnostics diagnostics;
  event::InputTable inputs{{.name = lane}};
  event::Reader reader(event::Plan::Compile(input.content, {.logsource_from_event = true}, diagnostics), inputs);
  for (reader.Start(batch); reader.Next();) input.events.push_back(CopyOf(reader.event(), *input.content));
  if (input.events.empty()) Fail(std::string(lane) + ": no events");
}

void AddSeeded(Input& input) {
  std::vector<std::string> literals;
  for (const content::Rule& rule : input.content->rules) {
    for (const content::Item& item : rule.detection.items) {
      for (const auto& entry : item.values) {
        for (const content::ValueTest& test : entry) {
          for (const auto& piece : test.pattern.pieces) {
            if (!piece.text.empty()) literals.push_back(piece.text);
          }
        }
      }
    }
  }
  std::mt19937 random(1);
  for (size_t i = 0; i < kEvents; i++) {
    std::string text = "C:\\Windows\\System32\\cmd.exe";
    for (size_t k = random() % 6; k > 0; k--) text += ' ' + literals[random() % literals.size()];
    input.events.emplace_back(*input.content).Text("product", "windows").Text("category", "process_creation").Text("Image", "C:\\Windows\\System32\\cmd.exe").Text("CommandLine", text);
  }
}

size_t MatchEach(const Input& input, Scratch& scratch) {
  size_t hits = 0;
  for (const event::EventView& view : input.views) hits += input.program->Match(view, scratch).size();
  return hits;
}

size_t SampleEach(const Input& input, Scratch& scratch, Profile& profile, uint32_t& until_sample) {
  size_t hits = 0;
  for (const event::EventView& view : input.views) {
    if (--until_sample > 1) {
      hits += input.program->Match(view, scratch).size();
    } else if (until_sample == 1) {
      hits += input.program->MatchTimed(view, scratch, profile).size();
    } else {
      until_sample = kSampledOneOf;
      hits += input.program->MatchCounted(view, scratch, profile).size();
    }
  }
  return hits;
}

size_t CountEach(const Input& input, Scratch& scratch, Profile& profile) {
  size_t hits = 0;
  for (const event::EventView& view : input.views) hits += input.program->MatchCounted(view, scratch, profile).size();
  return hits;
}

// Null where the rules are not there.
const Input* Events() {
  static const Input* const input = []() -> const Input* {
    const fs::path rules = fs::path(TOCSIN_CORPUS) / "sigmahq/rules";
    if (!fs::exists(rules)) return nullptr;
    content::Diagnostics diagnostics;
    auto* made = new Input;
    made->content = content::LoadContent({.rules_paths = {rules}, .shipped_rules = false, .fields = {"product", "category", "service"}}, diagnostics);
    made->program = Program::Compile(std::make_shared<TestPlan>(made->content), {.logsource_from_event = true}, diagnostics);
    if (diagnostics.errors() > 0) Fail(diagnostics.Text());
    if (const char* lane = getenv("TOCSIN_LANE")) AddLane(lane, *made);
    else AddSeeded(*made);
    for (const TestEvent& event : made->events) made->views.push_back(event.View());
    Scratch scratch(*made->program);
    Profile profile(*made->program);
    uint32_t until_sample = kSampledOneOf;
    const size_t hits = MatchEach(*made, scratch);
    if (SampleEach(*made, scratch, profile, until_sample) != hits || CountEach(*made, scratch, profile) != hits) Fail("counting finds other hits");
    return made;
  }();
  return input;
}

template <class MatchAll>
void Measure(benchmark::State& state, MatchAll&& match_all) {
  const Input* input = Events();
  if (input == nullptr) return state.SkipWithError("no rules: TOCSIN_CORPUS/sigmahq/rules is not there");
  Scratch scratch(*input->program);
  Profile profile(*input->program);
  size_t hits = 0;
  for (auto _ : state) hits += match_all(*input, scratch, profile);
  benchmark::DoNotOptimize(hits);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * input->views.size()));
}

void Uncounted(benchmark::State& state) {
  Measure(state, [](const Input& input, Scratch& scratch, Profile&) { return MatchEach(input, scratch); });
}
void SampledOneOf251(benchmark::State& state) {
  uint32_t until_sample = kSampledOneOf;
  Measure(state, [&](const Input& input, Scratch& scratch, Profile& profile) { return SampleEach(input, scratch, profile, until_sample); });
}
void Counted(benchmark::State& state) {
  Measure(state, [](const Input& input, Scratch& scratch, Profile& profile) { return CountEach(input, scratch, profile); });
}

BENCHMARK(Uncounted);
BENCHMARK(SampledOneOf251);
BENCHMARK(Counted);

}  // namespace
}  // namespace tocsin::match
