// `rules explain` for people.

#include <algorithm>

#include "engine/content/sigma/describe.h"
#include "engine/match/logsource.h"
#include "engine/pipeline/explain.h"
#include "engine/pipeline/internal/masked.h"
#include "engine/pipeline/internal/text_columns.h"

namespace tocsin::pipeline {
namespace {

using content::Expr;
using event::ValueKind;
using match::Explanation;

constexpr size_t kValueColumns = 160;   // of an event's value
constexpr size_t kVerdictColumns = 60;  // of one in a line of its own
constexpr size_t kTestsShown = 8;       // of one item
constexpr size_t kStepsShown = 20;      // of one group: the last ones
constexpr size_t kEventsShown = 100;    // in the list of many
constexpr size_t kNumbersShown = 10;

std::string Count(size_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string LogsourceText(const content::Logsource& logsource) {
  std::string out;
  for (const auto& [name, value] :
       {std::pair("product", &logsource.product), std::pair("category", &logsource.category),
        std::pair("service", &logsource.service)}) {
    if (!value->empty()) out += (out.empty() ? "" : ", ") + std::string(name) + " " + *value;
  }
  for (const auto& [name, value] : logsource.custom) out += (out.empty() ? "" : ", ") + name + " " + value;
  return out;
}

class ExplainView {
 public:
  ExplainView(const ExplainResult& result, const content::ContentSet& content, const content::Diagnostics& diagnostics,
              int width)
      : result_(result),
        content_(content),
        diagnostics_(diagnostics),
        rule_(content.rules[result.rule.value()]),
        width_(static_cast<size_t>(width)) {}

  std::string Text() {
    Head();
    if (rule_.is_correlation) {
      Correlation();
    } else if (result_.events.size() == 1) {
      Event(result_.events[0]);
    } else {
      Events();
    }
    return std::move(out_);
  }

 private:
  void Wrapped(std::string_view head, std::string_view text) { AppendWrapped(head, text, width_, out_); }
  const std::string& Label(content::RuleId rule) const { return content::RuleLabel(content_.rules[rule.value()]); }

  // Without its folder, which the head names.
  std::string LineText(content::Place place) const {
    const std::string text = PlaceText(place);
    return text.substr(text.rfind('/') + 1);
  }

  std::string PlaceText(content::Place place) const {
    return place.file < diagnostics_.files() ? diagnostics_.file_name(place.file) + ":" + std::to_string(place.line)
                                             : "";
  }

  void Head() {
    Wrapped("", content::RuleLabel(rule_) + (content::RuleLabel(rule_) == rule_.title ? "" : ": " + rule_.title));
    Wrapped("  ", PlaceText(rule_.place));
    if (rule_.is_correlation)
      Wrapped("  ", std::string(content::CorrelationTypeName(rule_.correlation.type)) + ": " +
                        content::CorrelationWords(rule_.correlation, content_));
  }

  // Detections.

  std::string Verdict(const EventExplanation& event) const {
    if (event.flags.skip_match) return "not matched: its source keeps such events as evidence alone (`skip:`)";
    if (!event.conflict.empty()) {
      const std::string& own = match::LogsourceAttribute(event.logsource, event.conflict);
      return "no candidate: the rule is for " + event.conflict + " " +
             match::LogsourceAttribute(rule_.detection.logsource, event.conflict) + ", the event is of " + (own.empty() ? "none" : own);
    }
    if (!event.why) return "not matched: the rule cannot be compiled";
    if (event.hit) {
      std::string names;
      CollectSelections(event.why->root, names);
      return names.empty() ? "hit" : "hit: " + names;
    }
    const std::string* selection = nullptr;
    const Explanation::Node* item = Nearest(event.why->root, &selection);
    return "miss: " + (selection == nullptr ? "" : *selection + ": ") +
           (item == nullptr ? "" : Because(*event.why, *item));
  }

  // Names of the selections that a hit rests on.
  static void CollectSelections(const Explanation::Node& node, std::string& out) {
    if (node.expr->kind == Expr::Kind::kSelection) {
      if (node.holds) out += (out.empty() ? "" : ", ") + node.expr->name;
      return;
    }
    for (const Explanation::Node& child : node.children) {
      if (Decides(node, child)) CollectSelections(child, out);
    }
  }

  // Does the parent's outcome rest on this child? A failed `and` rests on what failed, an `or` that holds on what
  // holds.
  static bool Decides(const Explanation::Node& parent, const Explanation::Node& child) {
    if (parent.expr->kind == Expr::Kind::kAnd && !parent.holds) return !child.holds;
    if (parent.expr->kind == Expr::Kind::kOr && parent.holds) return child.holds;
    return true;
  }

  // How much of a part holds, from 0 to 1: of several alternatives that fail, the one that came nearest is told.
  static double Share(const Explanation::Node& node) {
    if (node.holds) return 1;
    if (node.expr->kind == Expr::Kind::kItem || node.expr->kind == Expr::Kind::kNot) return 0;
    double sum = 0, most = 0;
    for (const Explanation::Node& child : node.children) {
      sum += Share(child);
      most = std::max(most, Share(child));
    }
    return node.expr->kind == Expr::Kind::kOr ? most : sum / static_cast<double>(node.children.size());
  }

  // The item that a miss rests on, and the selection it stands in.
  static const Explanation::Node* Nearest(const Explanation::Node& node, const std::string** selection) {
    if (node.expr->kind == Expr::Kind::kItem) return &node;
    if (node.expr->kind == Expr::Kind::kSelection) *selection = &node.expr->name;
    const Explanation::Node* best = nullptr;
    for (const Explanation::Node& child : node.children) {
      if (Decides(node, child) && (best == nullptr || (!node.holds && Share(child) > Share(*best)))) best = &child;
    }
    return best == nullptr ? nullptr : Nearest(*best, selection);
  }

  std::string Because(const Explanation& why, const Explanation::Node& node) const {
    const content::Item& item = rule_.detection.items[node.expr->item];
    return Heading(item) + (node.holds ? " holds" : " fails") + "; the event has " +
           ValuesText(item, why.items[node.expr->item], kVerdictColumns);
  }

  std::string FieldName(const content::Item& item) const {
    return item.field.valid() ? content_.fields.name(item.field) : "keyword";
  }

  // `action is "push"`, or how many tests there are.
  std::string Heading(const content::Item& item) const {
    const std::string field = FieldName(item);
    if (item.values.size() == 1 && item.values[0].size() == 1) {
      const std::string words = TestText(item.values[0][0]);
      return item.negated ? "not (" + field + " " + words + ")" : field + " " + words;
    }
    std::string out =
        field + (item.negated ? ": not " : ": ") + (item.all ? "all of " : "any of ") + std::to_string(TestCount(item));
    if (!item.lists.empty()) out += " from list";
    for (const std::string& list : item.lists) out += " " + list;
    return out;
  }
  static size_t TestCount(const content::Item& item) {
    if (item.all) return item.values.size();
    size_t count = 0;
    for (const auto& forms : item.values) count += forms.size();
    return count;
  }
  std::string TestText(const content::ValueTest& test) const {
    return OneLine(event::MaskSecrets(content::TestWords(test, content_.fields)), kValueColumns);
  }

  std::string ValueText(const content::Item& item, const Explanation::Value& value, size_t columns) const {
    switch (value.kind) {
      case ValueKind::kNull:
        return "null";
      case ValueKind::kEmptyArray:
        return "an empty array";
      case ValueKind::kObject:
        return "an object";
      case ValueKind::kNumber:
      case ValueKind::kBool:
        return value.text;
      case ValueKind::kString:
        break;
    }
    const std::string_view field =
        item.field.valid() ? std::string_view(content_.fields.name(item.field)) : std::string_view();
    std::string out = "\"" + OneLine(MaskedValue(field, value.text), columns) + "\"";
    if (!value.folded.empty()) out += " (folded \"" + OneLine(MaskedValue(field, value.folded), columns) + "\")";
    return out;
  }

  std::string ValuesText(const content::Item& item, const Explanation::Item& explained, size_t columns) const {
    if (explained.values.empty()) return item.field.valid() ? "nothing there" : "it nowhere";
    std::string out;
    for (const Explanation::Value& value : explained.values) {
      if (!out.empty()) out += ", ";
      out += ValueText(item, value, columns);
      if (explained.values.size() > 1 && value.satisfies) out += " (this one)";
    }
    if (explained.more_values > 0) out += ", and " + std::to_string(explained.more_values) + " more";
    return out;
  }

  void Events() {
    if (result_.events.empty()) {
      out_ += "\n";
      Wrapped("", "No such event: " + Count(result_.records, "record was", "records were") + " read.");
      return;
    }
    size_t hits = 0;
    for (const EventExplanation& event : result_.events) hits += event.hit;
    out_ += "\n";
    Wrapped("", std::to_string(hits) + " of " + Count(result_.events.size(), "event hits", "events hit") +
                    ". One event in full: --number N.");
    for (size_t i = 0; i < result_.events.size() && i < kEventsShown; i++) {
      const EventExplanation& event = result_.events[i];
      Wrapped(Padded("  " + std::to_string(event.number), 8), Verdict(event));
    }
    const uint64_t more =
        result_.more_events + (result_.events.size() > kEventsShown ? result_.events.size() - kEventsShown : 0);
    if (more > 0) Wrapped("  ", "... and " + std::to_string(more) + " more");
  }

  // One event: its stops, then the condition.
  void Event(const EventExplanation& event) {
    out_ += "\n";
    Wrapped("", "event " + std::to_string(event.number) + ": " + Verdict(event));
    Stops(event);
    if (!event.why) return;
    out_ += "\n";
    Node(*event.why, event.why->root, 0, true);
    if (!event.agrees()) Wrapped("", "This is not what the engine found: please report it, with rule and event.");
  }

  void Stops(const EventExplanation& event) {
    const auto stop = [&](std::string_view name, const std::string& text) {
      Wrapped(Padded("  " + std::string(name), 14), text);
    };
    stop("read", event.input + (event.line > 0 ? ":" + std::to_string(event.line) : "") + ", " +
                     Count(event.bytes, "byte", "bytes"));
    std::string source = event.source.valid() ? content_.sources[event.source.value()].name : "none that is known";
    const std::string logsource = LogsourceText(event.logsource);
    stop("source", source + (logsource.empty() ? "" : " (" + logsource + ")"));
    std::string time = event.time.known() ? event::FormatTime(event.time) : "none: it takes no part in correlations";
    if (event.flags.time_inferred)
      time += ", of its transport: it states none";
    else if (event.time.known() && event.precision_ns >= 1'000'000'000)
      time += ", to the second";
    if (event.flags.future) time += ", ahead of its transport";
    stop("time", time);
    stop("identity", event.identity);
    std::string keys;
    for (const auto& [kind, key] : event.entities)
      keys += (keys.empty() ? "" : ", ") + kind + " " + OneLine(MaskedValue("", key), kValueColumns);
    if (event.links > 0) keys += ", and " + Count(event.links, "link", "links") + " from key to key";
    stop("keys", keys.empty() ? "none" : keys);
    if (!rule_.is_correlation) stop("candidate", CandidateText(event));
    std::string hits;
    for (const content::RuleId rule : event.hits) hits += (hits.empty() ? "" : ", ") + Label(rule);
    stop("hits", hits.empty() ? "none" : hits);
  }

  std::string CandidateText(const EventExplanation& event) const {
    if (event.flags.skip_match) return "no rule is: kept as evidence alone";
    if (!event.conflict.empty())
      return "no: " + event.conflict + " " + match::LogsourceAttribute(rule_.detection.logsource, event.conflict) +
             " is not the event's";
    const std::string wanted = LogsourceText(rule_.detection.logsource);
    if (wanted.empty()) return "yes: the rule is for every logsource";
    if (!event.source.valid() && LogsourceText(event.logsource).empty())
      return "yes: an event of no known source is tested against every rule";
    return "yes: " + wanted;
  }

  static std::string_view Outcome(bool holds) { return holds ? "yes " : "no  "; }

  void Node(const Explanation& why, const Explanation::Node& node, size_t depth, bool decides) {
    const std::string head = "  " + std::string(Outcome(node.holds)) + std::string(depth * 2, ' ');
    switch (node.expr->kind) {
      case Expr::Kind::kItem:
        return Item(why, node, head, decides);
      case Expr::Kind::kSelection: {
        const Explanation::Node& child = node.children[0];
        if (child.expr->kind != Expr::Kind::kAnd && child.expr->kind != Expr::Kind::kOr) {
          Wrapped(head, node.expr->name);
          return Node(why, child, depth + 1, decides);
        }
        Wrapped(head, node.expr->name + (child.expr->kind == Expr::Kind::kAnd ? ": all of" : ": any of"));
        return Children(why, child, depth, decides);
      }
      case Expr::Kind::kNot:
        Wrapped(head, "not");
        break;
      case Expr::Kind::kAnd:
        Wrapped(head, "all of");
        break;
      case Expr::Kind::kOr:
        Wrapped(head, "any of");
        break;
    }
    Children(why, node, depth, decides);
  }

  void Children(const Explanation& why, const Explanation::Node& node, size_t depth, bool decides) {
    for (const Explanation::Node& child : node.children) Node(why, child, depth + 1, decides && Decides(node, child));
  }

  // Details stand where they decide; elsewhere a line is enough.
  void Item(const Explanation& why, const Explanation::Node& node, const std::string& head, bool decides) {
    const content::Item& item = rule_.detection.items[node.expr->item];
    const Explanation::Item& explained = why.items[node.expr->item];
    Wrapped(head, Heading(item));
    if (!decides) return;
    const std::string indent(Columns(head) + 2, ' ');
    if (TestCount(item) > 1 || item.values[0].size() > 1) Tests(item, explained, indent);
    Wrapped(indent + "event ", ValuesText(item, explained, kValueColumns));
    const std::string_view line = diagnostics_.Line(item.place);
    const size_t begin = line.find_first_not_of(" \t");
    const std::string text =
        begin == std::string_view::npos ? "" : ": " + OneLine(event::MaskSecrets(line.substr(begin)), kValueColumns);
    Wrapped(indent + "rule  ", LineText(item.place) + text);
  }

  // Of a list those that hold; when none does (or all must), the first that do not.
  void Tests(const content::Item& item, const Explanation::Item& explained, const std::string& indent) {
    struct Line {
      std::string text;
      bool holds;
    };
    std::vector<Line> lines;
    for (size_t entry = 0; entry < item.values.size(); entry++) {
      const auto& forms = item.values[entry];
      const auto& outcomes = explained.tests[entry];
      if (item.all) {
        const bool holds = std::find(outcomes.begin(), outcomes.end(), true) != outcomes.end();
        lines.push_back(
            {TestText(forms[0]) +
                 (forms.size() > 1 ? " or one of " + std::to_string(forms.size() - 1) + " other forms" : ""),
             holds});
        continue;
      }
      for (size_t form = 0; form < forms.size(); form++) lines.push_back({TestText(forms[form]), outcomes[form]});
    }
    const bool show = !item.all && std::any_of(lines.begin(), lines.end(), [](const Line& line) { return line.holds; });
    size_t shown = 0, left = 0;
    for (const Line& line : lines) {
      if (line.holds == show && shown++ < kTestsShown)
        Wrapped(indent + std::string(Outcome(line.holds)), line.text);
      else
        left++;
    }
    if (left > 0)
      Wrapped(indent + "    ", (shown > 0 ? "and " : "") + Count(left, "other", "others") +
                                   (shown > kTestsShown ? ""
                                    : show              ? " that do not hold"
                                                        : " that hold"));
  }

  // Correlations.

  void Correlation() {
    out_ += "\n";
    std::string read = Count(result_.records, "record", "records") + " read";
    if (result_.now.known())
      read += "; the latest is of " + event::FormatTime(result_.now) + ", which is now for what follows";
    Wrapped("", read + ".");
    if (result_.untimed_hits > 0)
      Wrapped("", Count(result_.untimed_hits, "hit has", "hits have") + " no time of its own and no part in this.");
    if (!result_.ungrouped.empty()) Ungrouped();
    if (result_.groups.empty()) {
      std::string names;
      for (const auto& ref : rule_.correlation.refs) names += (names.empty() ? "" : ", ") + Label(ref.rule);
      Wrapped("",
              "No group: none of " + names + " hits an event here. `tocsin rules explain` of one of them says why.");
    }
    for (const GroupExplanation& group : result_.groups) Group(group);
    if (result_.more_groups > 0)
      Wrapped("", "... and " + Count(result_.more_groups, "group", "groups") + " that came less far");
    if (result_.events.size() == 1) {
      out_ += "\n";
      Wrapped("", "event " + std::to_string(result_.events[0].number));
      Stops(result_.events[0]);
    }
  }

  void Ungrouped() {
    std::string fields, numbers;
    for (const auto& field : rule_.correlation.group_by) fields += (fields.empty() ? "" : ", ") + field.name;
    for (size_t i = 0; i < result_.ungrouped.size() && i < kNumbersShown; i++) {
      numbers += (i > 0 ? ", " : "") + std::to_string(result_.ungrouped[i].first) + " (" +
                 Label(result_.ungrouped[i].second) + ")";
    }
    if (result_.ungrouped.size() > kNumbersShown) numbers += ", ...";
    Wrapped("", "In no group, since a group field is missing (" + fields + "): event " + numbers + ".");
  }

  // "4 of 5" where a number of hits or values is asked for, else the value and what is wanted of it.
  std::string Progress(const std::string& value) const {
    const content::Correlation& correlation = rule_.correlation;
    using Type = content::CorrelationType;
    const bool temporal = correlation.type == Type::kTemporal || correlation.type == Type::kTemporalOrdered;
    const bool counts = temporal || correlation.type == Type::kEventCount || correlation.type == Type::kValueCount;
    if (temporal && correlation.expression) return value + (value == "1" ? " rule" : " rules") + " in the window";
    if (temporal && correlation.thresholds.empty()) return value + " of " + std::to_string(correlation.refs.size());
    if (counts && correlation.thresholds.size() == 1) {
      const auto& threshold = correlation.thresholds[0];
      const auto number = static_cast<int64_t>(threshold.number);
      if (threshold.compare == content::Compare::kGte) return value + " of " + std::to_string(number);
      if (threshold.compare == content::Compare::kGt) return value + " of " + std::to_string(number + 1);
    }
    return MaskedValue(FirstField(), value) +
           (correlation.thresholds.empty() ? "" : ", wants " + content::ThresholdWords(correlation));
  }
  std::string_view FirstField() const {
    return rule_.correlation.fields.empty() ? std::string_view()
                                            : std::string_view(content_.fields.name(rule_.correlation.fields[0]));
  }

  void Group(const GroupExplanation& group) {
    std::string name;
    for (const auto& [field, value] : group.group)
      name += (name.empty() ? "" : ", ") + field + " " + OneLine(MaskedValue(field, value), kValueColumns);
    out_ += "\n";
    Wrapped("", (name.empty() ? "over everything" : name) + ": " +
                    (group.firings == 0   ? "did not fire"
                     : group.firings == 1 ? "fired once"
                                          : "fired " + std::to_string(group.firings) + " times"));
    const size_t first = group.steps.size() > kStepsShown ? group.steps.size() - kStepsShown : 0;
    if (first > 0) Wrapped("  ", "... " + Count(first, "earlier event", "earlier events"));
    size_t time_columns = 0;
    for (size_t i = first; i < group.steps.size(); i++)
      time_columns = std::max(time_columns, event::FormatTime(group.steps[i].time).size() + 2);
    for (size_t i = first; i < group.steps.size(); i++) {
      const GroupExplanation::Step& step = group.steps[i];
      std::string text = Label(rule_.correlation.refs[step.ref].rule);
      if (!step.value.empty())
        text += ", " + Progress(step.value);
      else if (std::find(result_.absent_refs.begin(), result_.absent_refs.end(), step.ref) != result_.absent_refs.end())
        text += ", whose absence is asked for";
      else
        text += rule_.correlation.thresholds.empty()
                    ? ", nothing new"
                    : ", not counted: " + std::string(FirstField()) + " is missing or no number";
      if (step.fired)
        text += step.decided_at.known() ? ": fires, decided at " + event::FormatTime(step.decided_at) : ": fires";
      Wrapped("  " + Padded(event::FormatTime(step.time), time_columns) +
                  Padded("event " + std::to_string(step.number), 11),
              text);
    }
    Now(group);
  }

  void Now(const GroupExplanation& group) {
    const content::Correlation& correlation = rule_.correlation;
    if (group.expires_ns < 0) {
      Wrapped("  now ", "nothing is left in the window of " + content::SpanWords(correlation.timespan_ns));
      return;
    }
    std::string text = group.value_now.empty() ? "" : Progress(group.value_now) + "; ";
    if (correlation.refs.size() > 1) {
      std::string missing;
      for (uint32_t ref = 0; ref < correlation.refs.size(); ref++) {
        const auto has = [ref](const std::vector<uint32_t>& refs) {
          return std::find(refs.begin(), refs.end(), ref) != refs.end();
        };
        if (!has(group.refs_now) && !has(result_.absent_refs))
          missing += (missing.empty() ? "" : ", ") + Label(correlation.refs[ref].rule);
      }
      if (!missing.empty()) text += "without " + missing + "; ";
    }
    Wrapped("  now ", text + "the oldest expires in " + content::SpanWords(group.expires_ns));
  }

  const ExplainResult& result_;
  const content::ContentSet& content_;
  const content::Diagnostics& diagnostics_;
  const content::Rule& rule_;
  const size_t width_;
  std::string out_;
};

}  // namespace

std::string ExplainText(const ExplainResult& result, const content::ContentSet& content,
                        const content::Diagnostics& diagnostics, int width) {
  return ExplainView(result, content, diagnostics, width).Text();
}

}  // namespace tocsin::pipeline
