// A broker, a topic for what is published, and a clock that tests move: the seams of ports.h without an outside world.
//
// The broker (Logs, Published) outlives the processes that read it; a Feed is one process's connection to it. How records are
// cut into batches, and which partition speaks next, is drawn from a seed. A Feed can be told to fail for good after so many
// polls, which is how a test kills a run: nothing that was not committed by then is committed.
#ifndef TOCSIN_ENGINE_PIPELINE_TESTING_FEED_H_
#define TOCSIN_ENGINE_PIPELINE_TESTING_FEED_H_

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

struct Record {
  event::EventTime time;             // transport
  std::string payload;
};
using Logs = std::map<std::string, std::vector<Record>>;   // partition -> its records; the offset is the place

class FakeClock : public Clock {
 public:
  explicit FakeClock(event::EventTime now) : now_(now) {}
  event::EventTime Now() override { return {now_.ns += tick_ns_}; }
  void SetTick(int64_t ns) { tick_ns_ = ns; }   // how far it moves a look; at first a millisecond
  void Sleep(int ms) override {
    now_.ns += ms * 1'000'000ll;
    if (on_sleep) on_sleep();
  }
  void Advance(int64_t ns) { now_.ns += ns; }
  std::function<void()> on_sleep;

 private:
  event::EventTime now_;
  int64_t tick_ns_ = 1'000'000;
};

class FakeFeed : public LiveInput {
 public:
  // Sets `stop` when everything has been written and read and its end told.
  FakeFeed(const Logs& logs, uint64_t seed, std::atomic<bool>& stop) : logs_(logs), random_(seed), stop_(stop) {}

  int fail_after_polls = -1;         // -1: never
  size_t batch_records = 50;         // at most
  event::EventTime written_until{INT64_MAX};   // what is later has not been written yet
  int polls = 0;
  std::map<std::string, int64_t> monitored;
  std::map<std::string, int64_t> started_at;
  std::function<void()> on_monitors;

  absl::Status Start(const std::map<std::string, LiveStart>& from, event::InputTable& inputs) override {
    for (const auto& [name, records] : logs_) {
      inputs.push_back({.name = name, .folder = "", .source = {}});
      Partition& partition = partitions_.emplace_back();
      partition.records = &records;
      if (const auto start = from.find(name); start != from.end() && start->second.time.known()) {
        const auto first = std::find_if(records.begin(), records.end(), [&](const Record& record) { return record.time >= start->second.time; });
        partition.next = std::min<size_t>(static_cast<size_t>(first - records.begin()), static_cast<size_t>(start->second.next_offset));
      }
      started_at[name] = static_cast<int64_t>(partition.next);
    }
    return absl::OkStatus();
  }

  absl::Status Poll(int, event::Batch& batch, event::InputTable&, LiveBatchInfo& info) override {
    batch.Clear();
    info = {};
    if (fail_after_polls >= 0 && polls >= fail_after_polls) return absl::InternalError("killed");
    ++polls;
    if (!grown_.empty()) {
      const size_t behind = grown_.front();
      grown_.erase(grown_.begin());
      batch.input = event::InputId(static_cast<uint32_t>(behind));
      info = {batch.input, static_cast<int64_t>(partitions_[behind].next), false, !grown_.empty()};
      return absl::OkStatus();
    }
    std::vector<size_t> open;
    for (size_t i = 0; i < partitions_.size(); i++) {
      partitions_[i].ended &= partitions_[i].next == Written(partitions_[i]);
      if (!partitions_[i].ended) open.push_back(i);
    }
    if (open.empty()) {
      stop_ = written_until == event::EventTime{INT64_MAX};
      return absl::OkStatus();
    }
    const size_t chosen = open[random_() % open.size()];
    Partition& partition = partitions_[chosen];
    const size_t left = Written(partition) - partition.next;
    const size_t take = left == 0 ? 0 : 1 + random_() % std::min(left, batch_records);
    size_t bytes = 0;
    for (size_t i = 0; i < take; i++) bytes += (*partition.records)[partition.next + i].payload.size();
    char* const out = batch.Resize(bytes);
    batch.input = event::InputId(static_cast<uint32_t>(chosen));
    for (size_t i = 0, at = 0; i < take; i++) {
      const Record& record = (*partition.records)[partition.next + i];
      memcpy(out + at, record.payload.data(), record.payload.size());
      event::Document document;
      document.begin = at;
      document.size = record.payload.size();
      document.offset = partition.next + i;
      document.transport = record.time;
      batch.documents.push_back(document);
      at += record.payload.size();
    }
    partition.next += take;
    // The end may be told with the last records, or by itself later.
    partition.ended = partition.next == Written(partition) && (take == 0 || random_() % 2 == 0);
    info = {batch.input, static_cast<int64_t>(partition.next), partition.ended, false};
    return absl::OkStatus();
  }

  void CheckEnds() override {
    for (size_t i = 0; i < partitions_.size(); i++) {
      if (partitions_[i].next < Written(partitions_[i])) grown_.push_back(i);
    }
  }

  std::map<std::string, int64_t> Behind() const override {
    std::map<std::string, int64_t> behind;
    size_t i = 0;
    for (const auto& [name, records] : logs_) {
      behind[name] = static_cast<int64_t>(Written(partitions_[i]) - partitions_[i].next);
      i++;
    }
    return behind;
  }

  // Is it saying who has grown?
  bool telling() const { return !grown_.empty(); }

  absl::Status CommitForMonitors(const std::map<std::string, int64_t>& next_offsets) override {
    for (const auto& [name, offset] : next_offsets) monitored[name] = offset;
    if (on_monitors) on_monitors();
    return absl::OkStatus();
  }

 private:
  struct Partition {
    const std::vector<Record>* records = nullptr;
    size_t next = 0;
    bool ended = false;
  };
  size_t Written(const Partition& partition) const {
    const auto later = std::find_if(partition.records->begin(), partition.records->end(),
                                    [&](const Record& record) { return record.time > written_until; });
    return static_cast<size_t>(later - partition.records->begin());
  }

  const Logs& logs_;
  std::mt19937_64 random_;
  std::atomic<bool>& stop_;
  std::vector<Partition> partitions_;
  std::vector<size_t> grown_;        // to be told
};

// Published: what the topic holds, for every process that writes to it.
using Published = std::vector<IncidentSink::Message>;

class FakeSink : public IncidentSink {
 public:
  explicit FakeSink(Published& topic) : topic_(topic) {}
  int fail_after_batches = -1;       // -1: never
  bool away = false;                 // for now
  std::function<void(const std::vector<Message>&)> on_publish;

  absl::Status Start(int64_t* last_published) override {
    *last_published = topic_.empty() ? 0 : topic_.back().sequence;
    return absl::OkStatus();
  }
  absl::Status Publish(const std::vector<Message>& messages) override {
    if (away) return absl::UnavailableError("the topic is away");
    if (fail_after_batches == 0) return absl::InternalError("killed before publication");
    if (on_publish) on_publish(messages);
    topic_.insert(topic_.end(), messages.begin(), messages.end());
    if (fail_after_batches > 0) --fail_after_batches;
    return absl::OkStatus();
  }

 private:
  Published& topic_;
};

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_TESTING_FEED_H_
