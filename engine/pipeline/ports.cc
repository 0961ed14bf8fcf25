#include "engine/pipeline/ports.h"

namespace tocsin::pipeline {

std::string BadRecordPlace(const event::BadRecord& record, const event::InputTable& inputs) {
  const std::string name = record.input.valid() ? inputs[record.input.value()].name : "input";
  if (record.line > 0) return name + ":" + std::to_string(record.line);
  return name + " at offset " + std::to_string(record.offset);
}

}  // namespace tocsin::pipeline
