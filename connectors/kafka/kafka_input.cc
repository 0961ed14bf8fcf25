#include "connectors/kafka/kafka_input.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>

#include "connectors/kafka/handles.h"

namespace tocsin::kafka {
namespace {

using event::EventTime;

constexpr int kBrokerTimeoutMs = 10'000;
constexpr int kEndsTimeoutMs = 2'000;   // asked again until it answers; a stop waits no longer than this
constexpr int64_t kMsNs = 1'000'000;

std::string InputName(const std::string& topic, int32_t partition) { return topic + "/" + std::to_string(partition); }

EventTime MessageTime(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type;
  const int64_t ms = rd_kafka_message_timestamp(message, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0 ? EventTime{} : EventTime{ms * kMsNs};
}

}  // namespace

class KafkaInput::Impl {
 public:
  Impl(KafkaInputOptions options, Client client) : options_(std::move(options)), client_(std::move(client)) {}
  ~Impl() {
    arrived_.clear();
    queue_.reset();
    rd_kafka_consumer_close(client_.get());
  }

  absl::Status Start(const std::map<std::string, pipeline::LiveStart>& from, event::InputTable& inputs) {
    absl::Status status = FindPartitions(inputs);
    if (!status.ok()) return status;
    // One look-up for all partitions that have a time to go back to.
    PartitionList times(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
      const auto start = from.find(InputName(partition.topic, partition.number));
      if (start == from.end() || !start->second.time.known()) continue;
      rd_kafka_topic_partition_list_add(times.get(), partition.topic.c_str(), partition.number)->offset =
          std::max<int64_t>(0, start->second.time.ns / kMsNs);
    }
    if (times->cnt > 0) {
      const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client_.get(), times.get(), kBrokerTimeoutMs);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus("offsets for times", error);
      for (int i = 0; i < times->cnt; i++) {
        const rd_kafka_topic_partition_t& found = times->elems[i];
        if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus(InputName(found.topic, found.partition), found.err);
        // No message at or after that time, or only behind what nobody has read yet: from there. Not from the end, which moves.
        const int64_t unread = from.at(InputName(found.topic, found.partition)).next_offset;
        Find(found.topic, found.partition)->next_offset = found.offset < 0 ? unread : std::min(found.offset, unread);
      }
    }
    status = Assign();
    if (!status.ok()) return status;
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    last_metadata_ = std::chrono::steady_clock::now();
    return absl::OkStatus();
  }

  absl::Status Poll(int timeout_ms, event::Batch& batch, event::InputTable& inputs, pipeline::LiveBatchInfo& info) {
    batch.Clear();
    info = {};
    if (arrived_.empty()) {
      absl::Status status = interrupted_ ? FindEnds() : absl::OkStatus();
      if (status.ok()) status = RefreshPartitions(inputs);
      // Behind the ends, too: where every hand-over is followed by a pause (a slow disk), the ends are asked for each time, and
      // nothing would ever be read.
      if (status.ok()) status = Fetch(timeout_ms);
      if (!status.ok()) return status;
      if (arrived_.empty()) return absl::OkStatus();
    }
    const Arrived arrived = std::move(arrived_.front());
    arrived_.pop_front();
    Fill(arrived, batch);
    Partition& partition = partitions_[arrived.partition];
    if (!arrived.messages.empty()) partition.next_offset = arrived.messages.back()->offset + 1;
    if (arrived.end_offset >= 0) partition.next_offset = std::max(partition.next_offset, arrived.end_offset);
    info.input = partition.input;
    info.next_offset = std::max<int64_t>(0, partition.next_offset);
    info.caught_up = arrived.end_offset >= std::max<int64_t>(0, partition.known_end);
    // An end that was told before the ends were asked for is stale: they are asked for again.
    if (arrived.end_offset >= 0 && !info.caught_up) interrupted_ = true;
    info.more = !arrived_.empty() || interrupted_;
    return absl::OkStatus();
  }

  void CheckEnds() { interrupted_ = true; }

  // From what the client heard with its last fetches.
  std::map<std::string, int64_t> Behind() const {
    std::map<std::string, int64_t> behind;
    for (const Partition& partition : partitions_) {
      int64_t low = 0, high = 0;
      const rd_kafka_resp_err_t error =
          rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(), partition.number, &low, &high);
      int64_t& records = behind[partition.topic];
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) records += std::max<int64_t>(0, high - std::max<int64_t>({0, low, partition.next_offset}));
    }
    return behind;
  }

  absl::Status CommitForMonitors(const std::map<std::string, int64_t>& next_offsets) {
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
      const auto offset = next_offsets.find(InputName(partition.topic, partition.number));
      if (offset == next_offsets.end()) continue;
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset = offset->second;
    }
    // Without waiting: monitors may see the offsets of the next commit instead.
    const rd_kafka_resp_err_t error = rd_kafka_commit(client_.get(), list.get(), /*async=*/1);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? absl::OkStatus() : ErrorStatus("commit for monitors", error);
  }

 private:
  struct Partition {
    std::string topic;
    int32_t number = 0;
    event::InputId input;
    int64_t next_offset = RD_KAFKA_OFFSET_BEGINNING;
    int64_t known_end = -1;          // when the ends were last asked for
  };
  // Messages of one partition in a row, and the partition's end if it was reached behind them.
  struct Arrived {
    size_t partition = 0;
    std::vector<Message> messages;
    int64_t end_offset = -1;
  };

  Partition* Find(const char* topic, int32_t number) {
    const auto it = std::find_if(partitions_.begin(), partitions_.end(),
                                 [&](const Partition& each) { return each.number == number && each.topic == topic; });
    return it == partitions_.end() ? nullptr : &*it;
  }

  // Adds partitions that are not known yet.
  absl::Status FindPartitions(event::InputTable& inputs) {
    for (const Topic& topic : options_.topics) {
      int count = 0;
      absl::Status status = PartitionsOf(client_.get(), topic.name, kBrokerTimeoutMs, &count);
      if (!status.ok()) return status;
      for (int32_t number = 0; number < count; number++) {
        if (Find(topic.name.c_str(), number) != nullptr) continue;
        partitions_.push_back({topic.name, number, event::InputId(static_cast<uint32_t>(inputs.size()))});
        inputs.push_back({.name = InputName(topic.name, number), .folder = "", .source = topic.source});
      }
    }
    return absl::OkStatus();
  }

  absl::Status Assign() {
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
      rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset = partition.next_offset;
    }
    return ErrorStatus("assign", rd_kafka_assign(client_.get(), list.get()));
  }

  absl::Status RefreshPartitions(event::InputTable& inputs) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_metadata_ < std::chrono::milliseconds(kMetadataRefreshMs)) return absl::OkStatus();
    last_metadata_ = now;
    const size_t before = partitions_.size();
    absl::Status status = FindPartitions(inputs);
    if (!status.ok()) return status;
    return partitions_.size() == before ? absl::OkStatus() : Assign();
  }

  // After an interruption: which partitions have grown meanwhile? The client announces an end only once, so those that were
  // caught up would go on counting as such until their messages arrive; and what it announced before may still lie in its queue.
  //
  // All of them with one question: one a partition would, where there are many, take so long that it counts as the next pause.
  absl::Status FindEnds() {
    PartitionList ends(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (const Partition& partition : partitions_) {
      rd_kafka_topic_partition_list_add(ends.get(), partition.topic.c_str(), partition.number)->offset = RD_KAFKA_OFFSET_END;
    }
    const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client_.get(), ends.get(), kEndsTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus("ends of partitions", error);
    for (int i = 0; i < ends->cnt; i++) {
      const rd_kafka_topic_partition_t& end = ends->elems[i];
      if (end.err != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus(InputName(end.topic, end.partition), end.err);
    }
    for (int i = 0; i < ends->cnt; i++) {
      const rd_kafka_topic_partition_t& end = ends->elems[i];
      Partition* partition = Find(end.topic, end.partition);
      partition->known_end = end.offset;
      const size_t index = static_cast<size_t>(partition - partitions_.data());
      arrived_.push_back({index, {}, end.offset > partition->next_offset ? -1 : end.offset});
    }
    interrupted_ = false;
    return absl::OkStatus();
  }

  absl::Status Fetch(int timeout_ms) {
    std::vector<rd_kafka_message_t*> raw(kPollMessages);
    const ssize_t n = rd_kafka_consume_batch_queue(queue_.get(), timeout_ms, raw.data(), raw.size());
    if (n < 0) return ErrorStatus("consume", rd_kafka_last_error());
    std::map<size_t, Arrived> by_partition;
    absl::Status status;
    for (ssize_t i = 0; i < n; i++) {
      Message message(raw[static_cast<size_t>(i)]);
      if (message->rkt == nullptr) {
        status.Update(ErrorStatus("broker", message->err));
        continue;
      }
      Partition* partition = Find(rd_kafka_topic_name(message->rkt), message->partition);
      if (partition == nullptr) continue;
      const size_t index = static_cast<size_t>(partition - partitions_.data());
      Arrived& arrived = by_partition[index];
      arrived.partition = index;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        arrived.end_offset = message->offset;
      } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status.Update(ErrorStatus(InputName(partition->topic, partition->number), message->err));
      } else {
        arrived.end_offset = -1;  // more came behind that end
        arrived.messages.push_back(std::move(message));
      }
    }
    for (auto& [index, arrived] : by_partition) {
      if (!arrived.messages.empty() || arrived.end_offset >= 0) arrived_.push_back(std::move(arrived));
    }
    // What did arrive is handed over first; an error that lasts shows again when the ends are asked for.
    if (!status.ok()) interrupted_ = true;
    return arrived_.empty() ? status : absl::OkStatus();
  }

  void Fill(const Arrived& arrived, event::Batch& batch) {
    batch.input = partitions_[arrived.partition].input;
    size_t bytes = 0;
    struct HeaderRef {
      const char* name;
      const void* value;
      size_t size;
    };
    std::vector<std::vector<HeaderRef>> headers(arrived.messages.size());
    for (size_t i = 0; i < arrived.messages.size(); i++) {
      bytes += arrived.messages[i]->len;
      rd_kafka_headers_t* list = nullptr;
      if (rd_kafka_message_headers(arrived.messages[i].get(), &list) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      HeaderRef each;
      for (size_t k = 0; rd_kafka_header_get_all(list, k, &each.name, &each.value, &each.size) == RD_KAFKA_RESP_ERR_NO_ERROR; k++) {
        headers[i].push_back(each);
        bytes += strlen(each.name) + each.size;
      }
    }
    char* out = batch.Resize(bytes);
    const char* const start = out;
    const auto copy = [&](const void* from, size_t size) {
      if (size > 0) memcpy(out, from, size);
      const std::string_view view(out, size);
      out += size;
      return view;
    };
    // Documents first, one behind the other; what their headers say behind them all.
    for (const Message& message : arrived.messages) {
      event::Document document;
      document.begin = static_cast<uint64_t>(out - start);
      document.size = message->len;
      document.offset = static_cast<uint64_t>(message->offset);
      document.transport = MessageTime(message.get());
      copy(message->payload, message->len);
      batch.documents.push_back(document);
    }
    for (size_t i = 0; i < headers.size(); i++) {
      batch.documents[i].first_header = static_cast<uint32_t>(batch.headers.size());
      batch.documents[i].headers = static_cast<uint32_t>(headers[i].size());
      for (const HeaderRef& each : headers[i]) {
        const std::string_view name = copy(each.name, strlen(each.name));
        batch.headers.push_back({name, copy(each.value, each.size)});
      }
    }
  }

  const KafkaInputOptions options_;
  Client client_;
  Queue queue_;
  std::vector<Partition> partitions_;
  std::deque<Arrived> arrived_;
  bool interrupted_ = false;         // the broker was away, or may have been
  std::chrono::steady_clock::time_point last_metadata_;
};

absl::StatusOr<std::unique_ptr<KafkaInput>> KafkaInput::Create(const KafkaInputOptions& options) {
  Settings settings = {
      {"bootstrap.servers", options.brokers},
      {"group.id", options.group},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"enable.partition.eof", "true"},          // tells a partition that is caught up from one that is behind
      {"auto.offset.reset", "earliest"},         // an offset that retention has cut: everything that is left
      {"isolation.level", "read_committed"},
      {"client.id", "tocsin"},
  };
  for (const auto& [name, value] : options.properties) settings.emplace_back(name, value);
  Client client;
  absl::Status status = MakeClient(RD_KAFKA_CONSUMER, settings, client);
  if (!status.ok()) return status;
  rd_kafka_poll_set_consumer(client.get());
  return std::unique_ptr<KafkaInput>(new KafkaInput(std::make_unique<Impl>(options, std::move(client))));
}

KafkaInput::KafkaInput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaInput::~KafkaInput() = default;

absl::Status KafkaInput::Start(const std::map<std::string, pipeline::LiveStart>& from, event::InputTable& inputs) {
  return impl_->Start(from, inputs);
}
absl::Status KafkaInput::Poll(int timeout_ms, event::Batch& batch, event::InputTable& inputs, pipeline::LiveBatchInfo& info) {
  return impl_->Poll(timeout_ms, batch, inputs, info);
}
void KafkaInput::CheckEnds() { impl_->CheckEnds(); }
std::map<std::string, int64_t> KafkaInput::Behind() const { return impl_->Behind(); }
absl::Status KafkaInput::CommitForMonitors(const std::map<std::string, int64_t>& next_offsets) {
  return impl_->CommitForMonitors(next_offsets);
}

}  // namespace tocsin::kafka
