// Reads an event back from the look-back store: raw bytes to the EventView that the pipeline saw. Not thread-safe.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_STORED_EVENT_READER_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_STORED_EVENT_READER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/event/batch.h"
#include "engine/event/plan.h"
#include "engine/event/reader.h"
#include "engine/evidence/store.h"

namespace tocsin::incident {

class StoredEventReader {
 public:
  explicit StoredEventReader(std::shared_ptr<const event::Plan> plan);
  // Null when the bytes give no event under this plan (its source definition may have changed since). The view is valid
  // until the next Read and while `stored` lives. Its identity and time are computed anew: those of `stored` hold.
  const event::EventView* Read(const evidence::StoredEvent& stored);

 private:
  std::shared_ptr<const event::Plan> plan_;
  event::InputTable inputs_;
  std::map<std::pair<std::string, std::string>, event::InputId> input_of_;  // (source, folder)
  event::Batch batch_;
  event::Reader reader_;
};

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_STORED_EVENT_READER_H_
