// Topic partitions as the engine's live input, over librdkafka.
//
// Every partition of the configured topics is assigned outright: one process reads them all, from offsets that the engine
// decides. The consumer group only carries the offsets that lag monitors look at; they are never read back. New partitions
// are found within kMetadataRefreshMs and read from their beginning. Messages of aborted transactions are not seen.
// Not thread-safe.
#ifndef TOCSIN_CONNECTORS_KAFKA_KAFKA_INPUT_H_
#define TOCSIN_CONNECTORS_KAFKA_KAFKA_INPUT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/pipeline/ports.h"

namespace tocsin::kafka {

inline constexpr int kMetadataRefreshMs = 30'000;
inline constexpr size_t kPollMessages = 4096;      // taken from librdkafka's queue at a time

struct Topic {
  std::string name;
  content::SourceId source;        // all its messages are of this source; !valid() = recognise each
};

struct KafkaInputOptions {
  std::string brokers;             // host:port,host:port
  std::string group;               // for lag monitors
  std::vector<Topic> topics;
  std::map<std::string, std::string> properties;   // librdkafka settings as they are (security.protocol, sasl.*, ...)
};

class KafkaInput : public pipeline::LiveInput {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaInput>> Create(const KafkaInputOptions& options);
  ~KafkaInput() override;

  absl::Status Start(const std::map<std::string, pipeline::LiveStart>& from, event::InputTable& inputs) override;
  absl::Status Poll(int timeout_ms, event::Batch& batch, event::InputTable& inputs, pipeline::LiveBatchInfo& info) override;
  void CheckEnds() override;
  std::map<std::string, int64_t> Behind() const override;
  absl::Status CommitForMonitors(const std::map<std::string, int64_t>& next_offsets) override;

 private:
  class Impl;
  explicit KafkaInput(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::kafka

#endif  // TOCSIN_CONNECTORS_KAFKA_KAFKA_INPUT_H_
