// The configuration of `tocsin run`: one YAML file, every key checked. deploy/run-config.schema.json is its JSON schema.
#ifndef TOCSIN_ENGINE_CONTENT_RUN_CONFIG_H_
#define TOCSIN_ENGINE_CONTENT_RUN_CONFIG_H_

#include <map>
#include <string>
#include <vector>

#include "engine/content/diagnostics.h"

namespace tocsin::content {

struct RunConfig {
  struct Topic {
    std::string name;
    std::string source;                            // it or one that extends it; empty = any
  };
  std::string brokers, group = "tocsin", output_topic;   // output_topic empty = incidents go to the store alone
  std::vector<Topic> topics;
  std::map<std::string, std::string> kafka_properties;   // librdkafka settings; ${NAME} is taken from the environment
  std::vector<std::string> rules;                  // empty = the shipped ones
  std::string site;                                // folder; empty = none
  std::string store;                               // SQLite file
  int64_t commit_interval_ms = 500;
};

// Reads and checks the file. Errors (an unknown key with the nearest right one, a missing variable) go to `diagnostics`;
// relative paths in it are taken from the folder the file is in.
RunConfig LoadRunConfig(const std::string& path, Diagnostics& diagnostics);

// The configuration as YAML with every default written out; values of kafka properties may be secrets and are left out.
std::string RunConfigText(const RunConfig& config);

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_RUN_CONFIG_H_
