// The input against librdkafka's own mock of a cluster. What a real broker does is tests/e2e/kafka_test.py's.
#include "connectors/kafka/kafka_input.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>  // needs the one above it

#include <set>
#include <string>

#include "connectors/kafka/handles.h"

namespace tocsin::kafka {
namespace {

constexpr int kPartitions = 20;
constexpr int kPollMs = 100;

class KafkaInputTest : public testing::Test {
 protected:
  KafkaInputTest() {
    EXPECT_TRUE(MakeClient(RD_KAFKA_PRODUCER, {{"log_level", "3"}}, owner_).ok());
    cluster_.reset(rd_kafka_mock_cluster_new(owner_.get(), /*broker_cnt=*/2));
    brokers_ = rd_kafka_mock_cluster_bootstraps(cluster_.get());
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_.get(), "ci", kPartitions, /*replication_factor=*/1), RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_TRUE(MakeClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers_}}, producer_).ok());
    absl::StatusOr<std::unique_ptr<KafkaInput>> input = KafkaInput::Create({brokers_, "test", {{"ci", {}}}, {}});
    EXPECT_TRUE(input.ok()) << input.status();
    input_ = *std::move(input);
    EXPECT_TRUE(input_->Start({}, inputs_).ok());
    EXPECT_EQ(inputs_.size(), static_cast<size_t>(kPartitions));
  }

  // A message to every partition.
  void Write(std::string text) {
    for (int32_t partition = 0; partition < kPartitions; partition++) {
      EXPECT_EQ(rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC("ci"), RD_KAFKA_V_PARTITION(partition),
                                  RD_KAFKA_V_VALUE(text.data(), text.size()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    EXPECT_EQ(rd_kafka_flush(producer_.get(), 60'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void Poll() {
    const absl::Status status = input_->Poll(kPollMs, batch_, inputs_, info_);
    EXPECT_TRUE(status.ok()) << status;
  }
  // Polls until every partition has been read up to its end: so many messages.
  void CatchUp(int64_t messages) {
    std::set<uint32_t> behind;
    for (uint32_t i = 0; i < kPartitions; i++) behind.insert(i);
    for (int polls = 0; !behind.empty() && polls < 600; polls++) {
      Poll();
      if (info_.input.valid() && info_.caught_up && info_.next_offset == messages) behind.erase(info_.input.value());
    }
    EXPECT_TRUE(behind.empty());
  }

  Client owner_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Deleter<rd_kafka_mock_cluster_destroy>> cluster_;
  std::string brokers_;
  Client producer_;
  event::InputTable inputs_;
  std::unique_ptr<KafkaInput> input_;
  event::Batch batch_;
  pipeline::LiveBatchInfo info_;
};

// Nothing was read until a restart: where each hand-over was followed by a pause, the ends were asked for again and again, and
// what had arrived was never fetched.
TEST_F(KafkaInputTest, IsReadThoughEveryPollIsFollowedByAPause) {
  Write("first");
  std::set<uint32_t> read;
  for (int polls = 0; read.size() < kPartitions && polls < 100 * kPartitions; polls++) {
    input_->CheckEnds();
    Poll();
    if (!batch_.documents.empty()) read.insert(batch_.input.value());
  }
  EXPECT_EQ(read.size(), static_cast<size_t>(kPartitions));
}

// An input that had grown during a pause counted as caught up until its messages came, and others' were judged without them.
TEST_F(KafkaInputTest, WhoHasGrownIsToldBeforeAnythingIsRead) {
  Write("first");
  CatchUp(1);
  Write("second");
  input_->CheckEnds();
  std::set<uint32_t> behind, read;
  for (int polls = 0; read.size() < kPartitions && polls < 600; polls++) {
    Poll();
    if (!info_.input.valid()) continue;
    if (!batch_.documents.empty()) {
      read.insert(info_.input.value());
      EXPECT_EQ(behind.size(), static_cast<size_t>(kPartitions));
    } else if (read.empty()) {
      EXPECT_FALSE(info_.caught_up);
      behind.insert(info_.input.value());
      EXPECT_TRUE(info_.more || behind.size() == kPartitions);
    }
  }
  EXPECT_EQ(read.size(), static_cast<size_t>(kPartitions));
}

}  // namespace
}  // namespace tocsin::kafka
