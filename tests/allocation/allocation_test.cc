// The hot path, from an accepted batch to appended hits, allocates nothing per event after warm-up: the demo's events under
// the shipped content, room by room, counted over at least 10,000 events. What each room's own tests do with odd events, this
// does with real ones, through all three. What correlate keeps of a hit is state, which grows; it makes no such promise.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "connectors/files/file_input.h"
#include "engine/content/content_set.h"
#include "engine/event/reader.h"
#include "engine/match/hit.h"
#include "engine/match/profile.h"
#include "engine/match/program.h"

static std::atomic<uint64_t> allocations{0};

static void* Counted(void* memory) {
  allocations++;
  if (memory == nullptr) abort();
  return memory;
}

// Not inlined: the compiler would pair the malloc of one with the operator delete of another and warn.
// Every form is replaced, those too whose own would call these: the address sanitizer's would not.
__attribute__((noinline)) void* operator new(size_t size) { return Counted(malloc(size)); }
__attribute__((noinline)) void* operator new[](size_t size) { return Counted(malloc(size)); }
__attribute__((noinline)) void* operator new(size_t size, const std::nothrow_t&) noexcept { return Counted(malloc(size)); }
__attribute__((noinline)) void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Counted(malloc(size)); }
__attribute__((noinline)) void* operator new(size_t size, std::align_val_t alignment) {
  const size_t unit = static_cast<size_t>(alignment);
  return Counted(aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { free(memory); }
__attribute__((noinline)) void operator delete(void* memory, size_t) noexcept { free(memory); }
__attribute__((noinline)) void operator delete[](void* memory) noexcept { free(memory); }
__attribute__((noinline)) void operator delete[](void* memory, size_t) noexcept { free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
__attribute__((noinline)) void operator delete(void* memory, size_t, std::align_val_t) noexcept { free(memory); }

namespace tocsin {
namespace {

constexpr uint64_t kEvents = 10'000;

TEST(Counter, CountsEveryForm) {
  const uint64_t before = allocations;
  ::operator delete(::operator new(1));
  ::operator delete[](::operator new[](1));
  ::operator delete(::operator new(1, std::nothrow));
  ::operator delete[](::operator new[](1, std::nothrow));
  ::operator delete(::operator new(64, std::align_val_t(64)), std::align_val_t(64));
  EXPECT_EQ(allocations - before, 5u);
  std::vector<int> grows;
  for (int i = 0; i < 100; i++) grows.push_back(i);
  EXPECT_GT(allocations - before, 6u);
}

TEST(HotPath, ReadingMatchingAndWritingHitsAllocateNothingPerEvent) {
  content::Diagnostics diagnostics;
  const auto content = content::LoadContent({.content_dir = TOCSIN_SOURCE_DIR "/rules"}, diagnostics);
  const auto plan = event::Plan::Compile(content, {}, diagnostics);
  const auto program = match::Program::Compile(plan, {}, diagnostics);
  ASSERT_EQ(diagnostics.errors(), 0u) << diagnostics.Text();

  std::vector<event::Batch> batches;
  event::InputTable inputs;
  files::FileInput input({TOCSIN_SOURCE_DIR "/rules/demo/ci_runner_before_release/events"});
  std::vector<event::BadRecord> bad;
  std::vector<std::string> unreadable;
  for (;;) {
    event::Batch batch;
    if (!input.Next(batch, inputs, bad, unreadable)) break;
    batches.push_back(std::move(batch));
  }

  event::Reader reader(plan, inputs);
  match::Scratch scratch(*program);
  match::Profile profile(*program);
  match::HitWriter writer(*content);
  match::HitArena arena;
  uint64_t events = 0, hits = 0, reading = 0, matching = 0, counting = 0, writing = 0;
  const auto pass = [&] {
    for (const event::Batch& batch : batches) {
      uint64_t mark = allocations;
      reader.Start(batch);
      bool more = reader.Next();
      reading += allocations - mark;
      while (more) {
        events++;
        mark = allocations;
        const std::span<const content::RuleId> rules = program->Match(reader.event(), scratch);
        matching += allocations - mark;
        mark = allocations;
        program->MatchCounted(reader.event(), scratch, profile);   // the same hits in the same place
        counting += allocations - mark;
        mark = allocations;
        for (const content::RuleId rule : rules) {
          writer.Write(reader.event(), rule, arena);
          hits++;
        }
        writing += allocations - mark;
        mark = allocations;
        more = reader.Next();
        reading += allocations - mark;
      }
      arena.Clear();  // as the pipeline does after each batch
    }
  };
  for (int warm_up = 0; warm_up < 2; warm_up++) pass();
  ASSERT_GT(reading + matching + writing, 0u) << "warm-up itself allocates; if not, the counter does not see these rooms";
  events = hits = reading = matching = counting = writing = 0;
  while (events < kEvents) pass();
  EXPECT_EQ(reading, 0u) << "of " << events << " events";
  EXPECT_EQ(matching, 0u) << "of " << events << " events";
  EXPECT_EQ(counting, 0u) << "of " << events << " events";
  EXPECT_EQ(writing, 0u) << "of " << hits << " hits";
  EXPECT_GT(hits, 100u);
}

}  // namespace
}  // namespace tocsin
