// The product as the differential tests drive it: rules in, lines in, labels of the rules that hit out.
#ifndef TOCSIN_TESTS_ORACLE_PRODUCT_H_
#define TOCSIN_TESTS_ORACLE_PRODUCT_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/content/content_set.h"
#include "engine/event/reader.h"
#include "engine/match/program.h"

namespace tocsin::oracle {

class Product {
 public:
  // `time_field` must be a field that some rule reads.
  explicit Product(std::shared_ptr<const content::ContentSet> content, content::Diagnostics& diagnostics, const match::ProgramOptions& options = {}, const std::string& time_field = "")
      : content_(std::move(content)),
        plan_(event::Plan::Compile(content_, {.logsource_from_event = options.logsource_from_event, .keeps = event::Keeps::kNothing, .time_field = time_field}, diagnostics)),
        program_(match::Program::Compile(plan_, options, diagnostics)),
        scratch_(*program_),
        reader_(plan_, inputs_) {
    inputs_.push_back({});
  }

  static std::string Label(const content::Rule& rule) { return !rule.id.empty() ? rule.id : !rule.name.empty() ? rule.name : rule.title; }
  const content::ContentSet& content() const { return *content_; }

  // For each line the labels of the rules that hit, in load order; a bad line has the label "bad record" alone.
  std::vector<std::vector<std::string>> Match(const std::vector<std::string>& lines) {
    event::Batch batch;
    batch.input = event::InputId(0);
    size_t size = 0;
    for (const std::string& line : lines) {
      batch.documents.push_back({.begin = size, .size = line.size(), .offset = size, .line = static_cast<uint32_t>(batch.documents.size() + 1)});
      size += line.size() + 1;
    }
    char* at = batch.Resize(size);
    for (const std::string& line : lines) {
      memcpy(at, line.data(), line.size());
      at[line.size()] = '\n';
      at += line.size() + 1;
    }
    std::vector<std::vector<std::string>> hits(lines.size(), {"bad record"});
    reader_.Start(batch);
    while (reader_.Next()) {
      std::vector<std::string>& labels = hits[reader_.event().line - 1];
      labels.clear();
      for (const content::RuleId rule : program_->Match(reader_.event(), scratch_)) labels.push_back(Label(content_->rules[rule.value()]));
    }
    reader_.TakeBad();
    return hits;
  }

 private:
  std::shared_ptr<const content::ContentSet> content_;
  std::shared_ptr<const event::Plan> plan_;
  std::shared_ptr<const match::Program> program_;
  match::Scratch scratch_;
  event::InputTable inputs_;
  event::Reader reader_;
};

}  // namespace tocsin::oracle

#endif  // TOCSIN_TESTS_ORACLE_PRODUCT_H_
