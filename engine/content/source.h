// A source definition (rules/sources/*.yaml): how a log is recognised and what its events mean. Plain data; `event` compiles
// it. rules/sources/README.md documents the YAML for authors.
#ifndef TOCSIN_ENGINE_CONTENT_SOURCE_H_
#define TOCSIN_ENGINE_CONTENT_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/content/ids.h"
#include "engine/content/sigma/rule.h"

namespace tocsin::content {

// A conjunction of field tests in Sigma's spelling. Recognition, `skip:` and `when:` use a subset that `event` evaluates by
// itself: kPattern, kExists, kBool, kNull, kCompare; several values of a test are alternatives.
using FieldTests = std::vector<Item>;

// Text with fields in it: 'github.com/{repository.full_name|lower}'. A template yields one text for each value of its
// field (several multi-valued fields: the product, at most 64), and nothing at all if a field is missing, null or is
// dropped by a filter.
struct Template {
  enum class Filter : uint8_t {
    kLower,          // lower            ASCII lower case
    kAfter,          // after:X          what follows the first X; dropped when there is no X
    kAfterLast,      // after_last:X
    kBefore,         // before:X         what precedes the first X; the whole value when there is no X
    kBeforeLast,     // before_last:X
    kRequirePrefix,  // starts:X         dropped unless it starts with X; the value stays whole
    kRequireSuffix,  // ends:X
    kRequireText,    // has:X
    kRejectText,     // hasnot:X         dropped if it contains X
    kNonZero,        // nonzero          drops "", "0", "-", "null"
    kStripPadding,   // strip_padding    trailing '=' of base64
    kIp,             // ip               the address of "a", "a:port", "[v6]:port"; dropped when it is no address
  };
  struct Step {
    Filter filter;
    std::string argument;
  };
  struct Part {
    std::string literal;       // text before the field; a template may end with a part without a field
    FieldId field;             // !valid(): literal only
    std::vector<Step> steps;
  };
  std::vector<Part> parts;
};

// A field that the source computes. kTemplate: the first alternative that yields a value gives the value(s); `union_all` takes
// those of every alternative. The others compute what a template cannot say, from the addresses in field `from`.
struct Derived {
  enum class Form : uint8_t {
    kTemplate,
    kPublicAddress,  // "true"/"false": outside RFC1918, CGNAT, link-local, loopback, multicast and the site's prefixes
    kNetwork,        // /24 or /48
  };
  struct Alternative {
    FieldTests when;           // empty = always
    Template value;
  };
  FieldId field;               // the field it fills (entity.repo, net.dst_name, ...)
  Form form = Form::kTemplate;
  bool union_all = false;
  std::vector<Alternative> alternatives;
  FieldId from;
  Place place;
};

struct LinkDef {               // a late key (DESIGN section 3): `from` key names `to` key during an interval
  EntityKind from, to;
  Template from_key, to_key;
  FieldTests when;
  FieldId valid_from;          // a time field; !valid() = the event's time
  int64_t valid_from_shift_ns = 0;
  FieldId valid_until;         // !valid() = open until a later event of the same pair closes it, at most max_open
  int64_t valid_until_shift_ns = 0;
  int64_t max_open_ns = 0;     // default 24 h
  bool replaces = false;       // a later link from the same key ends this one (tag -> digest)
};

struct ClassRule {             // evidence classes of events that pass `when`
  FieldTests when;
  EvidenceClasses classes = 0;
};

struct IdentityRule {
  enum class Kind : uint8_t { kId, kBytes, kRecord };
  Kind kind = Kind::kRecord;
  std::vector<FieldId> fields; // kId
};

// Fields that come from the transport, not from the event's text.
//   $header.<name, lower case>   a Kafka or envelope header
//   $folder                      name of the folder that holds the file
//   $payload_type                $header.x-github-event, else $folder when no header is there
inline constexpr std::string_view kHeaderPrefix = "$header.";
inline constexpr std::string_view kFolderField = "$folder";
inline constexpr std::string_view kPayloadTypeField = "$payload_type";

struct SourceDef {
  std::string name;                         // "aws.cloudtrail"
  std::string extends;                      // a definition whose every attribute holds unless stated here; tests add up
  Logsource logsource;
  Place place;
  FieldTests recognise;
  FieldTests skip;                          // kept as evidence, not matched
  std::vector<std::string> unwrap;          // array fields of an envelope: "Records"
  std::string envelope_headers, envelope_body, envelope_received_at;  // {"headers":{},"payload":{}}: names, or empty
  std::vector<FieldId> time;                // tried in order
  int64_t precision_ns = 0;                 // 0 = from the spelling (1 s for whole-second stamps)
  std::vector<IdentityRule> identity;       // tried in order; the last is kBytes or kRecord
  std::vector<FieldId> volatile_fields;
  std::vector<Derived> derived;             // in the order they are computed: `fields:` as written, then entity.*
  std::vector<LinkDef> links;
  EvidenceClasses classes = 0;              // of every event
  std::vector<ClassRule> class_rules;
  std::vector<Derived::Alternative> summary;  // one line of a timeline: the first that yields
  EntityKind fallback_entity = EntityKind::kActor;
  int64_t lateness_ns = 0, silence_after_ns = 0, retention_ns = 0, dedup_window_ns = 0;
  std::string health_from;                  // a busier source of the same delivery channel, or empty
  std::vector<std::string> samples;         // whole records; rules check proves each is recognised as this source
};

}  // namespace tocsin::content

#endif  // TOCSIN_ENGINE_CONTENT_SOURCE_H_
