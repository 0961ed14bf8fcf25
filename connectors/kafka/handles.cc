#include "connectors/kafka/handles.h"

namespace tocsin::kafka {

absl::Status MakeClient(rd_kafka_type_t type, const Settings& settings, Client& out) {
  char text[512];
  std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError("kafka setting " + name + ": " + text);
    }
  }
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (client == nullptr) return absl::InvalidArgumentError(std::string("kafka: ") + text);
  (void)conf.release();  // the client owns it now
  out.reset(client);
  return absl::OkStatus();
}

absl::Status ErrorStatus(const std::string& what, rd_kafka_resp_err_t error) {
  const std::string message = what + ": " + rd_kafka_err2str(error);
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::NotFoundError(message);
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return absl::FailedPreconditionError(message + " (another process runs with the same group)");
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return absl::PermissionDeniedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status PartitionsOf(rd_kafka_t* client, const std::string& topic, int timeout_ms, int* partitions) {
  std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle.get(), &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus("topic " + topic, error);
  std::unique_ptr<const rd_kafka_metadata_t, Deleter<rd_kafka_metadata_destroy>> owner(metadata);
  if (metadata->topic_cnt != 1) return absl::NotFoundError("topic " + topic + ": the broker does not know it");
  if (metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorStatus("topic " + topic, metadata->topics[0].err);
  *partitions = metadata->topics[0].partition_cnt;
  return absl::OkStatus();
}

}  // namespace tocsin::kafka
