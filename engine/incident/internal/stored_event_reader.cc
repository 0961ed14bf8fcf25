#include "engine/incident/internal/stored_event_reader.h"

#include <cstring>

namespace tocsin::incident {

StoredEventReader::StoredEventReader(std::shared_ptr<const event::Plan> plan)
    : plan_(std::move(plan)), reader_(plan_, inputs_) {}

const event::EventView* StoredEventReader::Read(const evidence::StoredEvent& stored) {
  const auto [at, added] =
      input_of_.try_emplace({stored.source, stored.folder}, event::InputId(static_cast<uint32_t>(inputs_.size())));
  if (added) {
    event::Input input;
    input.name = stored.input;
    input.folder = stored.folder;
    const std::vector<content::SourceDef>& sources = plan_->content().sources;
    for (size_t i = 0; i < sources.size(); ++i) {
      if (sources[i].name == stored.source) input.source = content::SourceId(static_cast<uint16_t>(i));
    }
    inputs_.push_back(std::move(input));
  }
  batch_.Clear();
  batch_.input = at->second;
  std::memcpy(batch_.Resize(stored.raw.size()), stored.raw.data(), stored.raw.size());
  event::Document document;
  document.size = stored.raw.size();
  document.offset = stored.offset;
  document.line = stored.line;
  document.headers = static_cast<uint32_t>(stored.headers.size());
  document.transport = stored.transport;
  batch_.documents.push_back(document);
  for (const auto& [name, value] : stored.headers) batch_.headers.push_back({name, value});
  reader_.Start(batch_);
  const bool read = reader_.Next();
  reader_.TakeBad();  // nothing to tell: it was readable when it was stored
  return read ? &reader_.event() : nullptr;
}

}  // namespace tocsin::incident
