#include "engine/pipeline/match_run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "engine/correlate/engine.h"
#include "engine/event/source_clock.h"
#include "engine/pipeline/internal/json.h"
#include "engine/pipeline/internal/source_option.h"
#include "engine/pipeline/internal/worker.h"

namespace tocsin::pipeline {
namespace {

using content::RuleId;
using event::EventTime;

// What one hit needs to be printed; hits are sorted as a whole, so it is kept small.
struct Line {
  EventTime time;
  uint64_t number;
  uint32_t rule;
  uint32_t firing;  // index into the engine's firings, or kDetection
};
constexpr uint32_t kDetection = UINT32_MAX;
static_assert(sizeof(Line) == 24);

// A batch on its way: read and matched by any worker, taken up in the order of the input.
struct Work {
  event::Batch batch;
  event::InputTable inputs;                    // as it stood when the batch was read
  std::vector<event::BadRecord> bad;           // of the connector, then of the reader
  // Results; numbers count from the batch's first record.
  std::vector<Line> lines;
  std::vector<match::Hit> hits;                // of rules that correlations read
  match::HitArena arena;
  std::vector<event::Link> links;              // views into link_text
  std::vector<EventTime> link_seen;
  std::deque<std::string> link_text;
  uint64_t records = 0, events = 0, bytes = 0, bad_records = 0;
  bool done = false;
};

class MatchRun {
 public:
  MatchRun(Compiled compiled, const MatchRunOptions& options, content::SourceId source)
      : compiled_(std::move(compiled)),
        options_(options),
        source_(source),
        engine_(compiled_.content, {.bounded = true, .closed_world = true, .keep_firings = true, .drop_duplicates = false}) {
    feeds_correlation_.resize(compiled_.content->rules.size());
    for (const content::Rule& rule : compiled_.content->rules) {
      if (!rule.is_correlation) continue;
      has_correlations_ = true;
      for (const auto& ref : rule.correlation.refs) feeds_correlation_[ref.rule.value()] = true;
    }
    counts_.resize(compiled_.content->rules.size());
  }

  MatchRunResult Run(BoundedInput& input, FILE* out) {
    const auto start = std::chrono::steady_clock::now();
    if (options_.threads <= 1) RunInline(input);
    else RunThreads(input);
    if (has_correlations_) Correlate();
    if (options_.count) PrintCounts(out);
    else PrintLines(out);
    result_.run_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(result_);
  }

 private:
  bool ReadBatch(BoundedInput& input, Work& work) {
    std::vector<event::BadRecord> bad;
    const bool more = input.Next(work.batch, inputs_, bad, result_.unreadable);
    for (event::Input& each : inputs_) each.source = source_;
    work.bad = std::move(bad);
    return more;
  }

  // Reads and matches one batch. Touches only `work` and the worker.
  void Process(Worker& worker, Work& work) {
    event::Reader& reader = worker.reader;
    const uint64_t bytes_before = reader.counters().bytes;
    reader.set_next_number(0);
    reader.Start(work.batch);
    while (reader.Next()) {
      const event::EventView& event = reader.event();
      work.events++;
      const bool timed = event.time.known() && !event.flags.time_inferred && !event.flags.no_time;
      for (const RuleId rule : event.flags.skip_match ? std::span<const RuleId>() : worker.Match(event)) {
        work.lines.push_back({timed ? event.time : EventTime{}, event.number, rule.value(), kDetection});
        if (!timed || !feeds_correlation_[rule.value()]) continue;
        reader.Finish();
        work.hits.push_back(worker.writer.Write(event, rule, work.arena));
      }
      if (has_correlations_ && timed) KeepLinks(event, work);
    }
    work.records = reader.next_number();
    work.bytes = reader.counters().bytes - bytes_before;
    std::vector<event::BadRecord> bad = reader.TakeBad();
    std::move(bad.begin(), bad.end(), std::back_inserter(work.bad));
  }

  static void KeepLinks(const event::EventView& event, Work& work) {
    for (event::Link link : event.links()) {
      link.from = work.link_text.emplace_back(link.from);
      link.to = work.link_text.emplace_back(link.to);
      work.links.push_back(link);
      work.link_seen.push_back(event.time);
    }
  }

  // Takes a processed batch up, in input order: its numbers become those of the run.
  void Take(Work& work) {
    for (Line& line : work.lines) {
      line.number += records_;
      counts_[line.rule]++;
      if (!options_.count) lines_.push_back(line);
    }
    for (match::Hit& hit : work.hits) {
      hit.number += records_;
      engine_.AddHit(hit);
    }
    for (size_t i = 0; i < work.links.size(); i++) engine_.AddLink(work.links[i], work.link_seen[i]);
    records_ += work.records;
    result_.events += work.events;
    result_.bytes += work.bytes;
    result_.bad += work.bad.size();
    result_.hits += work.lines.size();
    for (event::BadRecord& bad : work.bad) {
      if (result_.bad_records.size() < kBadRecordsShown) result_.bad_records.push_back(std::move(bad));
    }
  }

  void RunInline(BoundedInput& input) {
    Worker worker(compiled_, inputs_);
    Work work;
    while (ReadBatch(input, work)) {
      Process(worker, work);
      Take(work);
      Reset(work);
    }
    Take(work);  // bad records that came with the end
    result_.matching = MatchingCostOf(worker.profile, *compiled_.content);
    result_.inputs = inputs_;
  }

  static void Reset(Work& work) {
    work.batch.Clear();
    work.bad.clear();
    work.lines.clear();
    work.hits.clear();
    work.arena.Clear();
    work.links.clear();
    work.link_seen.clear();
    work.link_text.clear();
    work.records = work.events = work.bytes = 0;
    work.done = false;
  }

  // The caller's thread reads; workers match; the caller takes batches up in the order it read them.
  void RunThreads(BoundedInput& input) {
    std::mutex mutex;
    std::condition_variable wake_worker, wake_reader;
    std::deque<Work*> todo;
    std::deque<std::unique_ptr<Work>> in_order;
    bool ended = false;
    match::Profile profile(*compiled_.program);
    const auto work_loop = [&] {
      // Each worker has its own table: the reader's may grow while the worker reads.
      event::InputTable inputs;
      Worker worker(compiled_, inputs);
      for (;;) {
        Work* work;
        {
          std::unique_lock lock(mutex);
          wake_worker.wait(lock, [&] { return ended || !todo.empty(); });
          if (todo.empty()) return profile.Add(worker.profile);
          work = todo.front();
          todo.pop_front();
        }
        inputs = work->inputs;
        Process(worker, *work);
        std::lock_guard lock(mutex);
        work->done = true;
        wake_reader.notify_one();
      }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.threads; i++) threads.emplace_back(work_loop);
    const auto take_front = [&](bool wait) {
      std::unique_ptr<Work> front;
      {
        std::unique_lock lock(mutex);
        if (in_order.empty()) return false;
        if (wait) wake_reader.wait(lock, [&] { return in_order.front()->done; });
        if (!in_order.front()->done) return false;
        front = std::move(in_order.front());
        in_order.pop_front();
      }
      Take(*front);
      Reset(*front);
      idle_.push_back(std::move(front));
      return true;
    };
    for (;;) {
      while (take_front(false)) {
      }
      while (in_order.size() >= static_cast<size_t>(options_.threads) * 2) take_front(true);
      std::unique_ptr<Work> work;
      if (idle_.empty()) {
        work = std::make_unique<Work>();
      } else {
        work = std::move(idle_.back());
        idle_.pop_back();
      }
      const bool more = ReadBatch(input, *work);
      work->inputs = inputs_;
      std::lock_guard lock(mutex);
      work->done = !more;
      if (more) todo.push_back(work.get());
      in_order.push_back(std::move(work));
      wake_worker.notify_one();
      if (!more) {
        ended = true;
        wake_worker.notify_all();
        break;
      }
    }
    while (take_front(true)) {
    }
    for (std::thread& thread : threads) thread.join();
    result_.matching = MatchingCostOf(profile, *compiled_.content);
    result_.inputs = inputs_;
  }

  void Correlate() {
    event::SourceClock clock(*compiled_.content);
    engine_.Evaluate(clock);
    const std::vector<correlate::Firing>& firings = engine_.firings();
    for (size_t i = 0; i < firings.size(); i++) {
      counts_[firings[i].rule.value()]++;
      result_.hits++;
      if (!options_.count) lines_.push_back({firings[i].time, firings[i].number, firings[i].rule.value(), static_cast<uint32_t>(i)});
    }
  }

  void AppendRule(const content::Rule& rule, std::string& out) const {
    const auto text_or_null = [&](const std::string& text) {
      if (text.empty()) out += "null";
      else AppendJsonString(text, out);
    };
    out += "\"rule\":{\"id\":";
    text_or_null(rule.id);
    out += ",\"name\":";
    text_or_null(rule.name);
    out += ",\"title\":";
    text_or_null(rule.title);
    out += "},\"kind\":";
    out += rule.is_correlation ? "\"correlation\"" : "\"detection\"";
  }

  void PrintCounts(FILE* out) const {
    for (size_t i = 0; i < counts_.size(); i++) {
      if (counts_[i] == 0) continue;
      std::string line = "{";
      AppendRule(compiled_.content->rules[i], line);
      line += ",\"count\":" + std::to_string(counts_[i]) + "}\n";
      fwrite(line.data(), 1, line.size(), out);
    }
  }

  void PrintLines(FILE* out) {
    const auto before = [](const Line& a, const Line& b) {
      if (a.time != b.time) return a.time < b.time;
      if (a.number != b.number) return a.number < b.number;
      return a.rule < b.rule;
    };
    // Logs are nearly always in order, and so are their hits.
    if (!std::is_sorted(lines_.begin(), lines_.end(), before)) std::stable_sort(lines_.begin(), lines_.end(), before);
    // The rule's part of a line is the same each time.
    std::vector<std::string> rule_text(compiled_.content->rules.size());
    std::string buffer;
    for (const Line& line : lines_) {
      std::string& text = rule_text[line.rule];
      if (text.empty()) {
        text = ",";
        AppendRule(compiled_.content->rules[line.rule], text);
        text += ",\"time\":";
      }
      char number[20];
      buffer += "{\"event\":";
      buffer.append(number, std::to_chars(number, std::end(number), line.number).ptr);
      buffer += text;
      if (line.time.known()) buffer += '"' + event::FormatTime(line.time) + '"';
      else buffer += "null";
      if (line.firing != kDetection) AppendFiring(engine_.firings()[line.firing], buffer);
      buffer += "}\n";
      if (buffer.size() >= kOutputBuffer) {
        fwrite(buffer.data(), 1, buffer.size(), out);
        buffer.clear();
      }
    }
    fwrite(buffer.data(), 1, buffer.size(), out);
  }

  static void AppendFiring(const correlate::Firing& firing, std::string& out) {
    if (firing.decided_at.known()) out += ",\"decided_at\":\"" + event::FormatTime(firing.decided_at) + '"';
    out += ",\"group\":{";
    for (size_t i = 0; i < firing.group.size(); i++) {
      if (i > 0) out += ',';
      AppendJsonString(firing.group[i].first, out);
      out += ':';
      AppendJsonString(firing.group[i].second, out);
    }
    out += "},\"value\":" + firing.value;
  }

  static constexpr size_t kBadRecordsShown = 1000;
  static constexpr size_t kOutputBuffer = 1u << 20;

  const Compiled compiled_;
  const MatchRunOptions options_;
  const content::SourceId source_;
  correlate::Engine engine_;
  bool has_correlations_ = false;
  std::vector<bool> feeds_correlation_;   // by RuleId
  std::vector<uint64_t> counts_;          // by RuleId
  std::vector<Line> lines_;
  event::InputTable inputs_;
  std::vector<std::unique_ptr<Work>> idle_;
  uint64_t records_ = 0;
  MatchRunResult result_;
};

}  // namespace

MatchRunResult RunMatch(std::shared_ptr<const content::ContentSet> content, const MatchRunOptions& options,
                        content::Diagnostics& diagnostics, BoundedInput& input, FILE* out) {
  MatchRunResult result;
  content::SourceId source;
  result.error = ParseSourceOption(*content, options.source, source);
  result.usage_error = !result.error.empty();
  if (result.usage_error) return result;
  const bool correlates = std::any_of(content->rules.begin(), content->rules.end(), [](const content::Rule& rule) { return rule.is_correlation; });
  const event::PlanOptions plan_options{.logsource_from_event = options.logsource_from_event,
                                        .recognise = true,
                                        .keeps = correlates ? event::Keeps::kHits : event::Keeps::kNothing,
                                        .time_field = options.time_field,
                                        .max_future_ns = event::PlanOptions().max_future_ns};
  const auto start = std::chrono::steady_clock::now();
  Compiled compiled = CompileAll(std::move(content), plan_options, diagnostics);
  const double compile_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  MatchRunResult out_result = MatchRun(std::move(compiled), options, source).Run(input, out);
  out_result.compile_seconds = compile_seconds;
  return out_result;
}

}  // namespace tocsin::pipeline
