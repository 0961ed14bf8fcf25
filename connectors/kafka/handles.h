// librdkafka's C handles with owners. Internal to the kafka connector.
#ifndef TOCSIN_CONNECTORS_KAFKA_HANDLES_H_
#define TOCSIN_CONNECTORS_KAFKA_HANDLES_H_

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tocsin::kafka {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Deleter<rd_kafka_message_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Deleter<rd_kafka_topic_partition_list_destroy>>;

using Settings = std::vector<std::pair<std::string, std::string>>;

// InvalidArgument names the setting that librdkafka refuses.
absl::Status MakeClient(rd_kafka_type_t type, const Settings& settings, Client& out);

// What a person should know of an error, and whether waiting helps (Unavailable) or not.
absl::Status ErrorStatus(const std::string& what, rd_kafka_resp_err_t error);

// Partitions a topic has. NotFound when it does not exist.
absl::Status PartitionsOf(rd_kafka_t* client, const std::string& topic, int timeout_ms, int* partitions);

}  // namespace tocsin::kafka

#endif  // TOCSIN_CONNECTORS_KAFKA_HANDLES_H_
