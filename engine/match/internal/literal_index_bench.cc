// What seeking literals costs: every `contains` literal of CommandLine in the community rules, sought in command lines by
// LiteralIndex, by Vectorscan and by RE2::Set. The texts are those of the lane that TOCSIN_LANE names (a file with an event a
// line; bench/README.md), or seeded ones without it: words, and every so often a piece of a literal or a whole one. All are
// folded before; no searcher folds. The argument is the size of the shortest literal taken: the index of the engine holds witnesses
// alone, and those are mostly the long ones.
//
// Before anything is timed, the three find the same literals in every text.
#include <benchmark/benchmark.h>
#include <hs.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/reader.h"
#include "engine/match/internal/casefold.h"
#include "engine/match/internal/literal_index.h"

namespace tocsin::match {
namespace {

namespace fs = std::filesystem;

constexpr const char kField[] = "CommandLine";
constexpr size_t kSeededTexts = 2000;

[[noreturn]] void Fail(const std::string& what) {
  fprintf(stderr, "literal_index_bench: %s\n", what.c_str());
  abort();
}

// Texts one behind the other, each between the margins that LiteralIndex reads.
class Texts {
 public:
  void Add(std::string_view raw) {
    const std::string folded = Folded(raw);
    places_.push_back({bytes_.size(), folded.size()});
    bytes_.append(folded).append(FoldedTexts::kMargin, '\0');
    ascii_.push_back(IsAscii(folded));
    size_ += folded.size();
  }
  size_t count() const { return places_.size(); }
  size_t bytes() const { return size_; }
  FoldedText operator[](size_t i) const { return {bytes_.data() + places_[i].first, static_cast<uint32_t>(places_[i].second), ascii_[i]}; }

 private:
  std::string bytes_ = std::string(FoldedTexts::kMargin, '\0');
  std::vector<std::pair<size_t, size_t>> places_;
  std::vector<bool> ascii_;
  size_t size_ = 0;
};

class Vectorscan {
 public:
  explicit Vectorscan(const std::vector<std::string>& literals) {
    std::vector<const char*> texts;
    std::vector<unsigned> flags(literals.size(), 0), ids;
    std::vector<size_t> sizes;
    for (const std::string& literal : literals) {
      texts.push_back(literal.data());
      ids.push_back(static_cast<unsigned>(ids.size()));
      sizes.push_back(literal.size());
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database_, &error) != HS_SUCCESS) Fail(error->message);
    if (hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) Fail("Vectorscan has no scratch");
  }
  ~Vectorscan() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  Vectorscan(const Vectorscan&) = delete;
  Vectorscan& operator=(const Vectorscan&) = delete;

  template <class F>
  void Find(FoldedText text, F&& found) {
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
      (*static_cast<std::remove_reference_t<F>*>(context))(id);
      return 0;
    };
    if (hs_scan(database_, text.data, text.size, 0, scratch_, on_match, &found) != HS_SUCCESS) Fail("Vectorscan failed");
  }

 private:
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

class Re2Set {
 public:
  explicit Re2Set(const std::vector<std::string>& literals) : set_(Options(), RE2::UNANCHORED) {
    for (const std::string& literal : literals) {
      std::string error;
      if (set_.Add(literal, &error) < 0) Fail(error);
    }
    if (!set_.Compile()) Fail("RE2::Set does not compile");
  }

  template <class F>
  void Find(FoldedText text, F&& found) {
    RE2::Set::ErrorInfo error{RE2::Set::kNoError};
    set_.Match(re2::StringPiece(text.data, text.size), &ids_, &error);
    if (error.kind != RE2::Set::kNoError) Fail("RE2::Set failed: its automaton is too large");
    for (const int id : ids_) found(static_cast<uint32_t>(id));
  }

 private:
  static RE2::Options Options() {
    RE2::Options options(RE2::Latin1);
    options.set_literal(true);
    options.set_max_mem(int64_t{2} << 30);
    return options;
  }
  RE2::Set set_;
  std::vector<int> ids_;
};

class Index {
 public:
  explicit Index(const std::vector<std::string>& literals) {
    GramCounts counts;
    for (const std::string& literal : literals) counts.Add(literal);
    for (uint32_t i = 0; i < literals.size(); i++) index_.Add(literals[i], LiteralIndex::Where::kAnywhere, i);
    index_.Build(counts);
  }
  template <class F>
  void Find(FoldedText text, F&& found) {
    index_.Find(text, [&](uint32_t id) {
      found(id);
      return false;
    });
  }

 private:
  LiteralIndex index_;
};

std::vector<std::string> LiteralsOf(const content::ContentSet& content, size_t shortest) {
  const auto field = content.fields.Find(kField);
  std::set<std::string> out;
  for (const content::Rule& rule : content.rules) {
    for (const content::Item& item : rule.detection.items) {
      if (!field || item.field != *field) continue;
      for (const auto& tests : item.values) {
        for (const content::ValueTest& test : tests) {
          using Kind = content::Pattern::Kind;
          const auto& pieces = test.pattern.pieces;
          if (test.kind != content::ValueTest::Kind::kPattern || pieces.size() != 3 || pieces[0].kind != Kind::kAny || pieces[2].kind != Kind::kAny) continue;
          if (pieces[1].kind == Kind::kLiteral && pieces[1].text.size() >= shortest) out.insert(Folded(pieces[1].text));
        }
      }
    }
  }
  return {out.begin(), out.end()};
}

void LaneTexts(const char* lane, std::shared_ptr<const content::ContentSet> content, Texts& texts) {
  std::ifstream in(lane, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  event::Batch batch;
  batch.input = event::InputId(0);
  std::copy(bytes.begin(), bytes.end(), batch.Resize(bytes.size()));
  for (size_t begin = 0, end; begin < bytes.size(); begin = end + 1) {
    end = std::min(bytes.find('\n', begin), bytes.size());
    batch.documents.push_back({.begin = begin, .size = end - begin, .line = static_cast<uint32_t>(batch.documents.size() + 1)});
  }
  content::Diagnostics diagnostics;
  event::InputTable inputs{{.name = lane}};
  event::Reader reader(event::Plan::Compile(content, {.logsource_from_event = true}, diagnostics), inputs);
  for (reader.Start(batch); reader.Next();) {
    for (const event::Value& value : reader.event().values(*content->fields.Find(kField))) {
      if (value.kind == event::ValueKind::kString) texts.Add(value.text);
    }
  }
  if (texts.count() == 0) Fail(std::string(lane) + ": no event has a " + kField);
}

void SeededTexts(const std::vector<std::string>& literals, Texts& texts) {
  std::mt19937 random(1);
  for (size_t i = 0; i < kSeededTexts; i++) {
    std::string text = "c:\\windows\\system32\\cmd.exe";
    while (text.size() < 40 + random() % 100) {
      text += ' ';
      const std::string& literal = literals[random() % literals.size()];
      const uint32_t kind = random() % 16;
      if (kind == 0) text += literal;
      else if (kind < 6) text += literal.substr(0, literal.size() / 2);
      else for (size_t left = 2 + random() % 8; left > 0; left--) text += "etaoinshrdlu0123-/."[random() % 19];
    }
    texts.Add(text);
  }
}

struct Input {
  std::vector<std::string> literals;
  Texts texts;
  size_t found = 0;              // literals, of each text one by one
};

template <class Searcher>
std::set<uint32_t> Found(Searcher& searcher, FoldedText text) {
  std::set<uint32_t> out;
  searcher.Find(text, [&](uint32_t id) { out.insert(id); });
  return out;
}

void CompareAll(Input& input) {
  Index index(input.literals);
  Vectorscan vectorscan(input.literals);
  Re2Set set(input.literals);
  for (size_t i = 0; i < input.texts.count(); i++) {
    const FoldedText text = input.texts[i];
    const std::set<uint32_t> want = Found(index, text);
    if (Found(vectorscan, text) != want) Fail("Vectorscan finds other literals in " + std::string(text.text()));
    if (Found(set, text) != want) Fail("RE2::Set finds other literals in " + std::string(text.text()));
    input.found += want.size();
  }
  if (input.found == 0) Fail("no text has a literal: nothing is compared");
}

// Null where the rules are not there.
const Input* CommandLines(size_t shortest) {
  static std::map<size_t, const Input*> made_before;
  const auto [it, is_new] = made_before.try_emplace(shortest, nullptr);
  if (is_new) it->second = [&]() -> const Input* {
    const fs::path rules = fs::path(TOCSIN_CORPUS) / "sigmahq/rules";
    if (!fs::exists(rules)) return nullptr;
    content::Diagnostics diagnostics;
    const auto content = content::LoadContent({.rules_paths = {rules}, .shipped_rules = false}, diagnostics);
    if (diagnostics.errors() > 0) Fail(diagnostics.Text());
    auto* made = new Input;
    made->literals = LiteralsOf(*content, shortest);
    if (const char* lane = getenv("TOCSIN_LANE")) LaneTexts(lane, content, made->texts);
    else SeededTexts(made->literals, made->texts);
    CompareAll(*made);
    return made;
  }();
  return it->second;
}

template <class Searcher>
void CommandLine(benchmark::State& state) {
  const Input* input = CommandLines(static_cast<size_t>(state.range(0)));
  if (input == nullptr) return state.SkipWithError("no rules: TOCSIN_CORPUS/sigmahq/rules is not there");
  Searcher searcher(input->literals);
  size_t found = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < input->texts.count(); i++) searcher.Find(input->texts[i], [&](uint32_t) { found++; });
  }
  benchmark::DoNotOptimize(found);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * input->texts.bytes()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * input->texts.count()));
  state.counters["literals"] = static_cast<double>(input->literals.size());
  state.counters["found/text"] = static_cast<double>(input->found) / static_cast<double>(input->texts.count());
}

BENCHMARK_TEMPLATE(CommandLine, Index)->Arg(1)->Arg(4)->Arg(7);
BENCHMARK_TEMPLATE(CommandLine, Vectorscan)->Arg(1)->Arg(4)->Arg(7);
BENCHMARK_TEMPLATE(CommandLine, Re2Set)->Arg(1)->Arg(4)->Arg(7);

}  // namespace
}  // namespace tocsin::match
