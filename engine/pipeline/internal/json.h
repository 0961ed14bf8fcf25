// JSON text for what the pipeline prints itself.
#ifndef TOCSIN_ENGINE_PIPELINE_INTERNAL_JSON_H_
#define TOCSIN_ENGINE_PIPELINE_INTERNAL_JSON_H_

#include <string>
#include <string_view>

namespace tocsin::pipeline {

// Appends `text` as a JSON string, quotes included. Bytes that are no UTF-8 have been refused at reading.
void AppendJsonString(std::string_view text, std::string& out);

// Standard base64, padded.
std::string Base64(std::string_view bytes);

}  // namespace tocsin::pipeline

#endif  // TOCSIN_ENGINE_PIPELINE_INTERNAL_JSON_H_
