#include "connectors/kafka/kafka_sink.h"

#include <algorithm>
#include <cstdlib>

#include "connectors/kafka/handles.h"

namespace tocsin::kafka {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr int kTransactionTimeoutMs = 30'000;
// How far from a partition's end its last message is looked for first; control records of transactions lie between. Each
// further try goes back four times as far, to the beginning if need be.
constexpr int64_t kTail = 256;

absl::Status TakeError(const std::string& what, rd_kafka_error_t* error) {
  if (error == nullptr) return absl::OkStatus();
  const absl::Status status = rd_kafka_error_is_fatal(error)
                                  ? absl::FailedPreconditionError(what + ": " + rd_kafka_error_string(error))
                                  : ErrorStatus(what, rd_kafka_error_code(error));
  rd_kafka_error_destroy(error);
  return status;
}

int64_t SequenceOf(const rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, kSequenceHeader, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  return strtoll(std::string(static_cast<const char*>(value), size).c_str(), nullptr, 10);
}

}  // namespace

class KafkaSink::Impl {
 public:
  Impl(KafkaSinkOptions options, Client producer) : options_(std::move(options)), producer_(std::move(producer)) {}

  absl::Status Start(int64_t* last_published) {
    // Also ends what a dead predecessor left open, so that read_committed sees the true end.
    absl::Status status = TakeError("transactions", rd_kafka_init_transactions(producer_.get(), kTransactionTimeoutMs));
    if (!status.ok()) return status;
    return ReadMark(last_published);
  }

  absl::Status Publish(const std::vector<Message>& messages) {
    absl::Status status = TakeError("begin", rd_kafka_begin_transaction(producer_.get()));
    if (!status.ok()) return status;
    for (const Message& message : messages) {
      const std::string sequence = std::to_string(message.sequence);
      const rd_kafka_resp_err_t error = rd_kafka_producev(
          producer_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(message.key.data(), message.key.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(message.json.data()), message.json.size()),
          RD_KAFKA_V_HEADER(kSequenceHeader, sequence.data(), static_cast<ssize_t>(sequence.size())), RD_KAFKA_V_END);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status = ErrorStatus("publish to " + options_.topic, error);
        break;
      }
      rd_kafka_poll(producer_.get(), 0);
    }
    if (status.ok()) status = TakeError("commit", rd_kafka_commit_transaction(producer_.get(), kTransactionTimeoutMs));
    if (!status.ok()) {
      // The same messages come again; an abort that fails is told by the next begin.
      if (rd_kafka_error_t* error = rd_kafka_abort_transaction(producer_.get(), kTransactionTimeoutMs)) rd_kafka_error_destroy(error);
    }
    return status;
  }

 private:
  absl::Status ReadMark(int64_t* mark) {
    *mark = 0;
    Settings settings = {{"bootstrap.servers", options_.brokers}, {"group.id", options_.group + "-mark"},
                         {"enable.auto.commit", "false"},         {"enable.partition.eof", "true"},
                         {"isolation.level", "read_committed"},   {"client.id", "tocsin-mark"}};
    for (const auto& [name, value] : options_.properties) settings.emplace_back(name, value);
    Client reader;
    absl::Status status = MakeClient(RD_KAFKA_CONSUMER, settings, reader);
    if (!status.ok()) return status;
    rd_kafka_poll_set_consumer(reader.get());
    int partitions = 0;
    status = PartitionsOf(reader.get(), options_.topic, kTimeoutMs, &partitions);
    for (int32_t partition = 0; status.ok() && partition < partitions; partition++) {
      int64_t low = 0, high = 0;
      const rd_kafka_resp_err_t error =
          rd_kafka_query_watermark_offsets(reader.get(), options_.topic.c_str(), partition, &low, &high, kTimeoutMs);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status = ErrorStatus(options_.topic, error);
        break;
      }
      int64_t found = -1;
      for (int64_t tail = kTail; found < 0 && status.ok(); tail *= 4) {
        const int64_t from = std::max(low, high - tail);
        status = HighestFrom(reader.get(), partition, from, &found);
        if (from == low) break;
      }
      *mark = std::max(*mark, found);
    }
    rd_kafka_consumer_close(reader.get());
    return status;
  }

  // The highest sequence among the committed messages from an offset to the partition's end.
  absl::Status HighestFrom(rd_kafka_t* reader, int32_t partition, int64_t from, int64_t* found) const {
    PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = from;
    absl::Status status = ErrorStatus("assign", rd_kafka_assign(reader, list.get()));
    while (status.ok()) {
      kafka::Message message(rd_kafka_consumer_poll(reader, kTimeoutMs));
      if (message == nullptr) return absl::UnavailableError("topic " + options_.topic + ": its end could not be read in time");
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      status = ErrorStatus("topic " + options_.topic, message->err);
      if (status.ok()) *found = std::max(*found, SequenceOf(message.get()));
    }
    return status;
  }

  const KafkaSinkOptions options_;
  Client producer_;
};

absl::StatusOr<std::unique_ptr<KafkaSink>> KafkaSink::Create(const KafkaSinkOptions& options) {
  Settings settings = {{"bootstrap.servers", options.brokers},
                       {"transactional.id", options.group + "-publisher"},
                       {"message.max.bytes", "16777216"},   // an incident with 5,000 timeline rows is a few MiB
                       {"client.id", "tocsin"}};
  for (const auto& [name, value] : options.properties) settings.emplace_back(name, value);
  Client producer;
  absl::Status status = MakeClient(RD_KAFKA_PRODUCER, settings, producer);
  if (!status.ok()) return status;
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::make_unique<Impl>(options, std::move(producer))));
}

KafkaSink::KafkaSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaSink::~KafkaSink() = default;
absl::Status KafkaSink::Start(int64_t* last_published) { return impl_->Start(last_published); }
absl::Status KafkaSink::Publish(const std::vector<Message>& messages) { return impl_->Publish(messages); }

}  // namespace tocsin::kafka
