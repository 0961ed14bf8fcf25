// What keeping evidence costs: generated CloudTrail-like events of 1.3 KB with six entity keys, appended, flushed and found.
// Answers are checked before anything is timed. cpu_time counts this thread; process_cpu also RocksDB's flushes and compactions.
#include <benchmark/benchmark.h>

#include <ctime>
#include <filesystem>
#include <random>

#include "engine/evidence/internal/block.h"
#include "engine/evidence/internal/testing.h"
#include "engine/evidence/store.h"

namespace tocsin::evidence {
namespace {

namespace fs = std::filesystem;
using content::EntityKind;

constexpr int kEvents = 200'000;
constexpr size_t kEventBytes = 1300;

// Principals, keys and addresses as a real account has them: few are busy, many are rare, and every event has a resource that
// few others touch.
const std::vector<TestEvent>& Events() {
  static const std::vector<TestEvent>* events = [] {
    auto* made = new std::vector<TestEvent>(kEvents);
    std::mt19937_64 random(1);
    const auto skewed = [&](double range) {
      return static_cast<uint64_t>(std::pow(range, std::uniform_real_distribution<double>(0, 1)(random))) - 1;
    };
    for (int i = 0; i < kEvents; ++i) {
      TestEvent& event = (*made)[i];
      const std::string principal = "arn:aws:sts::123456789012:assumed-role/service-role-" + std::to_string(skewed(500));
      const std::string key = "ASIAEXAMPLE" + std::to_string(100000 + skewed(5000));
      const std::string ip = "10." + std::to_string(skewed(250)) + ".7." + std::to_string(skewed(250));
      const std::string bucket = "bucket-" + std::to_string(skewed(300));
      const std::string object = bucket + "/objects/" + std::to_string(random() % 100'000);
      event.source = "aws.cloudtrail";
      event.input = "AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/file" + std::to_string(i / 5000) + ".json.gz";
      event.entities = {{EntityKind::kTenant, "123456789012"}, {EntityKind::kCloudPrincipal, principal},
                        {EntityKind::kAccessKey, key},         {EntityKind::kIp, ip},
                        {EntityKind::kBucket, bucket},         {EntityKind::kObject, object}};
      event.view.time = {1'688'990'987'000'000'000 + i * 20'000'000ll};
      event.view.transport = {event.view.time.ns + 300'000'000'000};
      event.view.identity = {random(), random()};
      event.view.content_hash = random();
      event.view.offset = static_cast<uint64_t>(i) * kEventBytes;
      char id[64];
      std::snprintf(id, sizeof id, "%016llx-%016llx", static_cast<unsigned long long>(random()), static_cast<unsigned long long>(random()));
      event.raw = R"({"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:session","arn":")" + principal +
                  R"(","accountId":"123456789012","accessKeyId":")" + key +
                  R"(","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::123456789012:role/service-role","accountId":"123456789012","userName":"service-role"},"webIdFederationData":{},"attributes":{"creationDate":"2023-07-10T11:00:00Z","mfaAuthenticated":"false"}}},"eventTime":")" +
                  event::FormatTime(event.view.time) + R"(","eventSource":"s3.amazonaws.com","eventName":")" +
                  (const char*[]){"GetObject", "PutObject", "ListObjects", "HeadObject", "DeleteObject"}[random() % 5] +
                  R"(","awsRegion":"us-east-1","sourceIPAddress":")" + ip +
                  R"(","userAgent":"[aws-sdk-java/1.12.261 Linux/5.10.118-111.515.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/11.0.15+10-LTS java/11.0.15]","requestParameters":{"bucketName":")" +
                  bucket + R"(","Host":")" + bucket + R"(.s3.us-east-1.amazonaws.com","key":")" + object +
                  R"("},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,"bytesTransferredOut":)" +
                  std::to_string(random() % 1'000'000) + R"(,"AuthenticationMethod":"AuthHeader","x-amz-id-2":")" + id +
                  R"("},"requestID":")" + std::string(id, 16) + R"(","eventID":")" + id +
                  R"(","readOnly":true,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::)" + object +
                  R"("}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"123456789012","eventCategory":"Data"})";
      event.View();
    }
    return made;
  }();
  return *events;
}

double ProcessCpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string Folder() { return (fs::temp_directory_path() / ("tocsin_evidence_bench_" + std::to_string(getpid()))).string(); }

std::unique_ptr<Store> OpenEmpty(bool sync) {
  fs::remove_all(Folder());
  StoreOptions options;
  options.sync = sync;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(Folder(), options);
  return store.ok() ? *std::move(store) : nullptr;
}

bool AppendAll(Store& store) {
  for (const TestEvent& event : Events()) {
    if (!store.Append(event.view, event.source, event.input).ok()) return false;
  }
  return store.Sync().ok();
}

bool FindIsRight(Store& store) {
  for (const char* bucket : {"bucket-0", "bucket-250"}) {
    size_t expected = 0;
    for (const TestEvent& event : Events()) expected += event.entities[4].second == bucket;
    std::vector<StoredEvent> found;
    if (!store.Find(EntityKind::kBucket, bucket, {INT64_MIN}, {INT64_MAX}, kEvents, found, nullptr).ok() ||
        found.size() != expected) {
      return false;
    }
    for (const StoredEvent& event : found) {
      if (event.raw.find(bucket) == std::string::npos) return false;
    }
  }
  return true;
}

void BM_Append(benchmark::State& state) {
  const bool sync = state.range(0) != 0;
  {
    std::unique_ptr<Store> store = OpenEmpty(sync);
    if (store == nullptr || !AppendAll(*store) || !FindIsRight(*store)) return state.SkipWithError("Find is wrong");
  }
  uint64_t bytes = 0;
  double process_cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::unique_ptr<Store> store = OpenEmpty(sync);
    state.ResumeTiming();
    const double before = ProcessCpuSeconds();
    if (!AppendAll(*store)) return state.SkipWithError("Append failed");
    process_cpu += ProcessCpuSeconds() - before;
    bytes += store->counters().raw_bytes;
    state.counters["ratio"] = static_cast<double>(store->counters().raw_bytes) / static_cast<double>(store->counters().stored_bytes);
    state.counters["postings_per_block"] =
        static_cast<double>(store->counters().postings) / static_cast<double>(store->counters().blocks);
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kEvents);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["ev_per_process_cpu_s"] = static_cast<double>(state.iterations()) * kEvents / process_cpu;
  fs::remove_all(Folder());
}
BENCHMARK(BM_Append)->ArgName("sync")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// The parts of it, to see where the time goes: gathering alone, and gathering with compression, hash and posting lists.
void BM_Block(benchmark::State& state) {
  const bool finish = state.range(0) != 0;
  BlockBuilder builder;
  const std::vector<TestEvent>& events = Events();
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const TestEvent& event : events) {
      builder.Add(event.view, event.source, event.input);
      if (builder.bytes() < (1u << 20)) continue;
      if (finish) benchmark::DoNotOptimize(builder.Finish());
      bytes += static_cast<int64_t>(builder.bytes());
      builder.Clear();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kEvents);
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_Block)->ArgName("finish")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// One entity's first hundred events: a rare one, and one that is in every block.
void BM_Find(benchmark::State& state) {
  std::unique_ptr<Store> store = OpenEmpty(false);
  if (store == nullptr || !AppendAll(*store) || !FindIsRight(*store)) return state.SkipWithError("Find is wrong");
  const std::string bucket = state.range(0) != 0 ? "bucket-0" : "bucket-250";
  size_t found_events = 0;
  for (auto _ : state) {
    std::vector<StoredEvent> found;
    if (!store->Find(EntityKind::kBucket, bucket, {INT64_MIN}, {INT64_MAX}, 100, found, nullptr).ok()) {
      return state.SkipWithError("Find failed");
    }
    found_events += found.size();
  }
  state.SetItemsProcessed(static_cast<int64_t>(found_events));
  store.reset();
  fs::remove_all(Folder());
}
BENCHMARK(BM_Find)->ArgName("busy")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::evidence
