// Published incident revisions in a topic, each exactly once for readers with isolation.level=read_committed.
//
// A batch of messages is one Kafka transaction. Every message carries its place in the store's outbox in the header
// `tocsin-sequence`; a transaction is atomic, so the highest one that is committed is the high-water mark: Start reads it from
// the topic's end and publication goes on behind it. Key = incident id, value = the incident's JSON. Not thread-safe.
#ifndef TOCSIN_CONNECTORS_KAFKA_KAFKA_SINK_H_
#define TOCSIN_CONNECTORS_KAFKA_KAFKA_SINK_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/pipeline/ports.h"

namespace tocsin::kafka {

inline constexpr char kSequenceHeader[] = "tocsin-sequence";

struct KafkaSinkOptions {
  std::string brokers;
  std::string topic;
  std::string group;               // names the transactional producer: two processes of one group fence each other
  std::map<std::string, std::string> properties;
};

class KafkaSink : public pipeline::IncidentSink {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaSink>> Create(const KafkaSinkOptions& options);
  ~KafkaSink() override;
  absl::Status Start(int64_t* last_published) override;
  absl::Status Publish(const std::vector<Message>& messages) override;

 private:
  class Impl;
  explicit KafkaSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::kafka

#endif  // TOCSIN_CONNECTORS_KAFKA_KAFKA_SINK_H_
