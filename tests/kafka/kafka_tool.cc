// What tests do to a broker: create topics, put records in, read what was committed. Nothing shipped links it.
//
//   kafka_tool BROKERS create TOPIC PARTITIONS
//   kafka_tool BROKERS produce          one JSON object a line on stdin: {"topic","partition","time_ms","value":text,
//                                       "headers":{name:value}}; waits until all are acknowledged
//   kafka_tool BROKERS consume TOPIC PARTITION    committed messages from the beginning to the end, {"key","sequence","value"} a line
#include <librdkafka/rdkafka.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace {

constexpr int kTimeoutMs = 60'000;

[[noreturn]] void Die(const std::string& message) {
  fprintf(stderr, "kafka_tool: %s\n", message.c_str());
  exit(1);
}

rd_kafka_t* MakeClient(rd_kafka_type_t type, const char* brokers) {
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) Die(text);
  };
  set("bootstrap.servers", brokers);
  if (type == RD_KAFKA_CONSUMER) {
    set("group.id", "kafka_tool");
    set("enable.partition.eof", "true");
    set("isolation.level", "read_committed");
  } else {
    set("linger.ms", "5");
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, text, sizeof text);
  if (client == nullptr) Die(text);
  return client;
}

int Create(const char* brokers, const char* topic, int partitions) {
  rd_kafka_t* client = MakeClient(RD_KAFKA_PRODUCER, brokers);
  char text[512];
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic, partitions, 1, text, sizeof text);
  if (wanted == nullptr) Die(text);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, kTimeoutMs, text, sizeof text);
  rd_kafka_AdminOptions_set_operation_timeout(options, kTimeoutMs, text, sizeof text);
  rd_kafka_CreateTopics(client, &wanted, 1, options, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kTimeoutMs);
  if (event == nullptr || rd_kafka_event_error(event)) Die(event ? rd_kafka_event_error_string(event) : "timed out");
  size_t count = 0;
  const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  if (count != 1 || rd_kafka_topic_result_error(results[0])) Die(rd_kafka_topic_result_error_string(results[0]));
  rd_kafka_event_destroy(event);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
  rd_kafka_destroy(client);
  return 0;
}

int Produce(const char* brokers) {
  rd_kafka_t* client = MakeClient(RD_KAFKA_PRODUCER, brokers);
  simdjson::dom::parser parser;
  std::string line;
  while (std::getline(std::cin, line)) {
    simdjson::dom::element record;
    if (parser.parse(line).get(record)) Die("not JSON: " + line);
    const std::string topic(record["topic"].get_string().value_unsafe());
    const std::string value(record["value"].get_string().value_unsafe());
    const int64_t partition = record["partition"].get_int64().value_unsafe();
    const int64_t time_ms = record["time_ms"].get_int64().value_unsafe();
    rd_kafka_headers_t* headers = rd_kafka_headers_new(4);
    simdjson::dom::object wanted;
    if (!record["headers"].get_object().get(wanted)) {
      for (const auto& [name, text] : wanted) {
        const std::string header(text.get_string().value_unsafe());
        rd_kafka_header_add(headers, std::string(name).c_str(), -1, header.data(), static_cast<ssize_t>(header.size()));
      }
    }
    rd_kafka_resp_err_t error;
    while ((error = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(static_cast<int32_t>(partition)),
                                      RD_KAFKA_V_TIMESTAMP(time_ms), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_HEADERS(headers),
                                      RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(client, 100);
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Die(rd_kafka_err2str(error));
    rd_kafka_poll(client, 0);
  }
  if (rd_kafka_flush(client, kTimeoutMs) != RD_KAFKA_RESP_ERR_NO_ERROR) Die("not all records were acknowledged");
  rd_kafka_destroy(client);
  return 0;
}

int Consume(const char* brokers, const char* topic, int partition) {
  rd_kafka_t* client = MakeClient(RD_KAFKA_CONSUMER, brokers);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  if (rd_kafka_assign(client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) Die("assign");
  rd_kafka_topic_partition_list_destroy(list);
  for (;;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, kTimeoutMs);
    if (message == nullptr) Die("timed out");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      rd_kafka_message_destroy(message);
      break;
    }
    if (message->err) Die(rd_kafka_message_errstr(message));
    rd_kafka_headers_t* headers = nullptr;
    const void* sequence = nullptr;
    size_t size = 0;
    if (!rd_kafka_message_headers(message, &headers)) rd_kafka_header_get_last(headers, "tocsin-sequence", &sequence, &size);
    printf("{\"key\":\"%.*s\",\"sequence\":\"%.*s\",\"value\":%.*s}\n", static_cast<int>(message->key_len),
           static_cast<const char*>(message->key), static_cast<int>(size), static_cast<const char*>(sequence),
           static_cast<int>(message->len), static_cast<const char*>(message->payload));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 2 ? argv[2] : "";
  if (verb == "create" && argc == 5) return Create(argv[1], argv[3], atoi(argv[4]));
  if (verb == "produce" && argc == 3) return Produce(argv[1]);
  if (verb == "consume" && argc == 5) return Consume(argv[1], argv[3], atoi(argv[4]));
  Die("usage: kafka_tool BROKERS create TOPIC PARTITIONS | produce | consume TOPIC PARTITION");
}
