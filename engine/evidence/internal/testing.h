// Events put together by hand, for the tests and benchmarks of this room.
#ifndef TOCSIN_ENGINE_EVIDENCE_INTERNAL_TESTING_H_
#define TOCSIN_ENGINE_EVIDENCE_INTERNAL_TESTING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/event/event.h"

namespace tocsin::evidence {

// Owns what its view points to.
struct TestEvent {
  std::string raw, folder, source, input;
  std::vector<std::pair<content::EntityKind, std::string>> entities;
  std::vector<std::pair<std::string, std::string>> headers;
  event::EventView view;   // fixed part; View() fills in the rest

  const event::EventView& View() {
    keys_.clear();
    for (const auto& [kind, text] : entities) keys_.push_back({kind, text, event::EntityHash(kind, text)});
    header_views_.clear();
    for (const auto& [name, value] : headers) header_views_.push_back({name, value});
    view.raw = raw;
    view.folder = folder;
    view.headers = header_views_;
    view.entity_base = keys_.data();
    view.entity_count = static_cast<uint32_t>(keys_.size());
    return view;
  }

 private:
  std::vector<event::EntityKey> keys_;
  std::vector<event::Header> header_views_;
};

}  // namespace tocsin::evidence

#endif  // TOCSIN_ENGINE_EVIDENCE_INTERNAL_TESTING_H_
