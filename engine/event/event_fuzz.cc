// Any bytes as a document of events: wrappings, recognition, the field walk, time, identity, entities. Every value that the
// reader hands out is read.
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/content/testing/inline_content.h"
#include "engine/event/reader.h"

namespace {

using namespace tocsin;

constexpr char kSources[] = R"(
name: cloud
logsource: {product: aws}
unwrap: Records
recognise: {eventVersion|exists: true}
time: [eventTime]
identity: [id eventID, record]
skip: {stage: early}
fallback_entity: actor
lateness: 15m
silence_after: 1h
retention: 90d
entities:
  access_key: {all: ['{key}', '{response.key}']}
  ip: '{sourceIPAddress|ip}'
samples: ['{"eventVersion":"1"}']
---
name: hook
logsource: {product: github}
envelope: {headers: headers, body: payload, received_at: received_at}
recognise: {$payload_type: push}
time: [at]
identity: [id $header.x-github-delivery, record]
fallback_entity: actor
lateness: 15m
silence_after: 1h
retention: 90d
samples: ['{"headers":{"X-GitHub-Event":"push"},"payload":{"ref":"a"}}']
)";
constexpr char kRules[] = R"(
title: reads
logsource: {category: any}
detection:
  s: {a: x, a.b: x, a.b.c: x, x.y: x, response.key: x, ref: x}
  k: [word]
  condition: s or k
)";

const std::shared_ptr<const event::Plan>& Plan() {
  static const auto* const plan = [] {
    content::Diagnostics diagnostics;
    return new std::shared_ptr<const event::Plan>(event::Plan::Compile(content::ContentFromText({.rules = kRules, .sources = kSources}, diagnostics), {.time_field = "t"}, diagnostics));
  }();
  return *plan;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxInput = 64u << 10;
  if (size > kMaxInput) return 0;
  event::InputTable inputs = {{.name = "fuzz", .folder = "push"}};
  event::Batch batch;
  batch.input = event::InputId(0);
  batch.documents.push_back({.size = size, .line = 1, .transport = {1'700'000'000'000'000'000}});
  if (size > 0) memcpy(batch.Resize(size), data, size);
  event::Reader reader(Plan(), inputs);
  reader.Start(batch);
  uint64_t sum = 0;
  const auto read = [&](std::string_view text) {
    for (const char c : text) sum += static_cast<unsigned char>(c);
  };
  while (reader.Next()) {
    const event::EventView& event = reader.event();
    read(event.raw);
    for (uint32_t field = 0; field < Plan()->field_count(); field++) {
      for (const event::Value& value : event.values(content::FieldId(field))) read(value.text);
    }
    for (const event::Value& leaf : event.leaves()) read(leaf.text);
    for (const event::EntityKey& entity : event.entities()) read(entity.text);
  }
  for (const event::BadRecord& bad : reader.TakeBad()) read(bad.bytes);
  return sum == UINT64_MAX;
}
