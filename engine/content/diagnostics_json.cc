#include "engine/content/diagnostics_json.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

namespace tocsin::content {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// A file's name as a relative reference or a file: URI.
std::string UriOf(std::string_view path) {
  std::string out = !path.empty() && path[0] == '/' ? "file://" : "";
  if (path.rfind("./", 0) == 0) path.remove_prefix(2);
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || std::string_view("-._~/").find(c) != std::string_view::npos;
    char escaped[4];
    snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
    out += plain ? std::string(1, c) : std::string(escaped);
  }
  return out;
}

std::string_view SeverityName(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

}  // namespace

std::string DiagnosticsJson(const Diagnostics& diagnostics) {
  std::string out = "{\"errors\":" + std::to_string(diagnostics.errors()) + ",\"warnings\":" + std::to_string(diagnostics.warnings()) + ",\"diagnostics\":[";
  bool first = true;
  for (const Diagnostic* each : diagnostics.Sorted()) {
    if (!first) out += ',';
    first = false;
    out += "{\"severity\":" + Quoted(SeverityName(each->severity)) + ",\"code\":" + Quoted(each->code);
    if (each->place.file < diagnostics.files()) out += ",\"file\":" + Quoted(diagnostics.file_name(each->place.file));
    if (each->place.line > 0) out += ",\"line\":" + std::to_string(each->place.line) + ",\"column\":" + std::to_string(each->place.column);
    out += ",\"message\":" + Quoted(each->message);
    if (!each->expected.empty()) out += ",\"expected\":" + Quoted(each->expected);
    if (const std::string_view line = diagnostics.Line(each->place); !line.empty()) out += ",\"text\":" + Quoted(line);
    out += '}';
  }
  return out + "]}";
}

std::string DiagnosticsSarif(const Diagnostics& diagnostics, const std::string& version) {
  const std::vector<const Diagnostic*> sorted = diagnostics.Sorted();
  std::vector<std::string> codes;
  for (const Diagnostic* each : sorted) codes.push_back(each->code);
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  std::string out = "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"tocsin\",\"version\":";
  out += Quoted(version) + ",\"rules\":[";
  for (size_t i = 0; i < codes.size(); i++) out += (i > 0 ? ",{\"id\":" : "{\"id\":") + Quoted(codes[i]) + "}";
  out += "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[";
  bool first = true;
  for (const Diagnostic* each : sorted) {
    if (!first) out += ',';
    first = false;
    const auto code = std::lower_bound(codes.begin(), codes.end(), each->code);
    const std::string message = each->expected.empty() ? each->message : each->message + "; expected: " + each->expected;
    out += "{\"ruleId\":" + Quoted(each->code) + ",\"ruleIndex\":" + std::to_string(code - codes.begin()) + ",\"level\":" + Quoted(SeverityName(each->severity)) +
           ",\"message\":{\"text\":" + Quoted(message) + "}";
    if (each->place.file < diagnostics.files()) {
      out += ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":" + Quoted(UriOf(diagnostics.file_name(each->place.file))) + "}";
      if (each->place.line > 0) {
        out += ",\"region\":{\"startLine\":" + std::to_string(each->place.line) + ",\"startColumn\":" + std::to_string(std::max(1u, each->place.column));
        if (const std::string_view line = diagnostics.Line(each->place); !line.empty()) out += ",\"snippet\":{\"text\":" + Quoted(line) + "}";
        out += '}';
      }
      out += "}}]";
    }
    out += '}';
  }
  return out + "]}]}";
}

}  // namespace tocsin::content
