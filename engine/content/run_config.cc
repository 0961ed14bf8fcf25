#include "engine/content/run_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "engine/content/internal/yaml.h"

namespace tocsin::content {
namespace {

class ConfigReader {
 public:
  ConfigReader(const std::string& path, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
    const size_t slash = path.rfind('/');
    folder_ = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  }

  RunConfig Read(const YamlNode& root) {
    RunConfig config;
    if (!root.IsMap()) {
      diagnostics_.Error("T0900", root.place, "the configuration is not a map", "kafka:, rules:, site:, store:");
      return config;
    }
    CheckKeys(root, {"kafka", "rules", "site", "store", "commit_interval"});
    if (const YamlNode* kafka = Map(root, "kafka")) ReadKafka(*kafka, config);
    else if (root.Find("kafka") == nullptr) diagnostics_.Error("T0901", root.place, "`kafka` is missing", "kafka: {brokers: host:9092, topics: [...]}");
    for (const std::string& rule : Strings(root, "rules")) config.rules.push_back(Resolve(rule));
    config.site = Resolve(String(root, "site"));
    config.store = Resolve(String(root, "store"));
    if (config.store.empty()) diagnostics_.Error("T0901", root.place, "`store` is missing", "store: /var/lib/tocsin/incidents.db");
    if (const YamlNode* interval = root.Find("commit_interval")) {
      const std::optional<int64_t> ns = interval->IsScalar() ? Interval(interval->text) : std::nullopt;
      if (ns && *ns >= 10'000'000) config.commit_interval_ms = *ns / 1'000'000;
      else diagnostics_.Error("T0902", interval->place, "`commit_interval` is no span of at least 10ms", "commit_interval: 500ms");
    }
    return config;
  }

 private:
  void ReadKafka(const YamlNode& kafka, RunConfig& config) {
    CheckKeys(kafka, {"brokers", "group", "topics", "output_topic", "properties"});
    for (const std::string& broker : Strings(kafka, "brokers")) config.brokers += (config.brokers.empty() ? "" : ",") + broker;
    if (config.brokers.empty()) diagnostics_.Error("T0901", kafka.place, "`kafka.brokers` is missing", "brokers: [host:9092]");
    if (kafka.Find("group") != nullptr) config.group = String(kafka, "group");
    config.output_topic = String(kafka, "output_topic");
    const YamlNode* topics = kafka.Find("topics");
    if (topics == nullptr || !topics->IsSequence() || topics->items.empty()) {
      diagnostics_.Error("T0901", topics ? topics->place : kafka.place, "`kafka.topics` is not a list of topics", "topics: [ci, {name: aws, source: aws.cloudtrail}]");
    } else {
      for (const YamlNode& topic : topics->items) ReadTopic(topic, config);
    }
    if (const YamlNode* properties = Map(kafka, "properties")) {
      for (const auto& [key, value] : properties->entries) {
        if (value.IsScalar()) config.kafka_properties[key.text] = Expand(value);
        else diagnostics_.Error("T0902", value.place, "`" + key.text + "` is not a single value");
      }
    }
  }

  void ReadTopic(const YamlNode& node, RunConfig& config) {
    if (node.IsScalar()) {
      config.topics.push_back({node.text, ""});
      return;
    }
    if (!node.IsMap()) {
      diagnostics_.Error("T0902", node.place, "a topic is a name or a map", "{name: aws, source: aws.cloudtrail}");
      return;
    }
    CheckKeys(node, {"name", "source"});
    config.topics.push_back({String(node, "name"), String(node, "source")});
    if (config.topics.back().name.empty()) diagnostics_.Error("T0901", node.place, "the topic has no name", "{name: aws, source: aws.cloudtrail}");
  }

  void CheckKeys(const YamlNode& map, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : map.entries) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      const std::string nearest = NearestWord(key.text, known);
      std::string all;
      for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
      diagnostics_.Error("T0903", key.place, "unknown key `" + key.text + "`", nearest.empty() ? "one of " + all : "did you mean `" + nearest + "`?");
    }
  }

  const YamlNode* Map(const YamlNode& map, std::string_view key) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr || node->IsMap()) return node;
    diagnostics_.Error("T0902", node->place, "`" + std::string(key) + "` is not a map");
    return nullptr;
  }

  std::string String(const YamlNode& map, std::string_view key) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr) return "";
    if (node->IsScalar()) return Expand(*node);
    diagnostics_.Error("T0902", node->place, "`" + std::string(key) + "` is not a single value");
    return "";
  }

  // A scalar or a list of scalars.
  std::vector<std::string> Strings(const YamlNode& map, std::string_view key) {
    const YamlNode* node = map.Find(key);
    if (node == nullptr) return {};
    if (node->IsScalar()) return {Expand(*node)};
    std::vector<std::string> out;
    for (const YamlNode& item : node->items) {
      if (item.IsScalar()) out.push_back(Expand(item));
      else diagnostics_.Error("T0902", item.place, "`" + std::string(key) + "` holds something that is no single value");
    }
    if (!node->IsSequence()) diagnostics_.Error("T0902", node->place, "`" + std::string(key) + "` is not a list");
    return out;
  }

  // ${NAME} from the environment, so that secrets stay out of the file.
  std::string Expand(const YamlNode& node) {
    std::string out;
    std::string_view rest = node.text;
    for (size_t at; (at = rest.find("${")) != std::string_view::npos;) {
      const size_t end = rest.find('}', at);
      if (end == std::string_view::npos) break;
      const std::string name(rest.substr(at + 2, end - at - 2));
      const char* value = getenv(name.c_str());
      if (value == nullptr) diagnostics_.Error("T0904", node.place, "the environment has no variable " + name);
      out += rest.substr(0, at);
      if (value != nullptr) out += value;
      rest.remove_prefix(end + 1);
    }
    return out + std::string(rest);
  }

  std::string Resolve(const std::string& path) const { return path.empty() || path[0] == '/' ? path : folder_ + path; }

  static std::optional<int64_t> Interval(const std::string& text) {
    if (text.size() > 2 && text.substr(text.size() - 2) == "ms") {
      const std::optional<int64_t> seconds = ParseSpan(text.substr(0, text.size() - 2) + "s");
      return seconds ? std::optional(*seconds / 1000) : std::nullopt;
    }
    return ParseSpan(text);
  }

  Diagnostics& diagnostics_;
  std::string folder_;
};

}  // namespace

RunConfig LoadRunConfig(const std::string& path, Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  const uint32_t file = diagnostics.AddFile(path, text.str());
  if (!in) {
    diagnostics.Error("T0905", {file, 0, 0}, std::string("cannot be read: ") + strerror(errno));
    return {};
  }
  const std::vector<YamlNode> documents = ParseYaml(file, text.str(), diagnostics);
  if (documents.size() != 1) {
    if (diagnostics.errors() == 0) diagnostics.Error("T0900", {file, 0, 0}, "the configuration is not one YAML document");
    return {};
  }
  return ConfigReader(path, diagnostics).Read(documents[0]);
}

std::string RunConfigText(const RunConfig& config) {
  const auto quoted = [](const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
  };
  std::string out = "kafka:\n  brokers: " + quoted(config.brokers) + "\n  group: " + quoted(config.group) + "\n  topics:" +
                    (config.topics.empty() ? " []   # {name: .., source: ..} each; without a source, every event is recognised\n" : "\n");
  for (const RunConfig::Topic& topic : config.topics) {
    out += "    - {name: " + quoted(topic.name) + (topic.source.empty() ? "" : ", source: " + quoted(topic.source)) + "}\n";
  }
  out += "  output_topic: " + quoted(config.output_topic) + "   # '' = the store alone\n";
  if (!config.kafka_properties.empty()) out += "  properties:\n";
  // Values may be secrets from the environment: the names alone are shown.
  for (const auto& [name, value] : config.kafka_properties) out += "    " + name + ": (set)\n";
  out += "rules:" + std::string(config.rules.empty() ? " []   # the shipped ones\n" : "\n");
  for (const std::string& rule : config.rules) out += "  - " + quoted(rule) + "\n";
  out += "site: " + quoted(config.site) + "\nstore: " + quoted(config.store) + "\ncommit_interval: " + std::to_string(config.commit_interval_ms) + "ms\n";
  return out;
}

}  // namespace tocsin::content
