#include "tests/oracle/correlation.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "tests/oracle/rules.h"

namespace tocsin::oracle {
namespace {

int64_t Span(const Yaml& value) {
  const std::string& text = value.text;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  static const std::map<std::string, int64_t> kUnits = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
  const auto unit = kUnits.find(text.substr(digits));
  if (!value.IsScalar() || digits == 0 || digits > 9 || unit == kUnits.end()) throw Refused("not a span");
  return std::stoll(text) * unit->second * 1'000'000'000;
}

std::vector<std::string> Texts(const Yaml& value) {
  if (value.IsScalar()) return {value.text};
  std::vector<std::string> out;
  for (const Yaml& item : value.items) {
    if (!item.IsScalar() || item.IsNull()) throw Refused("not a name");
    out.push_back(item.text);
  }
  return out;
}

void Names(const Condition& condition, std::vector<std::string>& out) {
  if (condition.kind == Condition::Kind::kName && std::find(out.begin(), out.end(), condition.name) == out.end()) out.push_back(condition.name);
  for (const Condition& child : condition.children) Names(child, out);
}

bool IsTemporal(const Correlation& correlation) { return correlation.type == "temporal" || correlation.type == "temporal_ordered"; }
bool IsNumeric(const Correlation& correlation) {
  return correlation.type == "value_sum" || correlation.type == "value_avg" || correlation.type == "value_median" || correlation.type == "value_percentile";
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string NumberText(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// One occurrence in one group, with what the rule reads of it.
struct Member {
  const Occurrence* occurrence;
  size_t ref;
  std::set<std::vector<std::string>> values;     // of condition.field: distinct tuples
  std::vector<std::string> numbers;              // of condition.field, every one that is a number
};

// One group of one correlation.
class Group {
 public:
  Group(const Correlation& correlation, std::vector<Member> members) : rule_(correlation), members_(std::move(members)) {}

  // The values of the firings at member i.
  std::vector<std::string> FiringsAt(size_t i) const {
    const std::vector<size_t> window = Window(i);
    if (rule_.type == "event_count") return Counted(static_cast<double>(window.size()));
    if (rule_.type == "value_count") {
      std::set<std::vector<std::string>> distinct;
      for (const size_t j : window) distinct.insert(members_[j].values.begin(), members_[j].values.end());
      return Counted(static_cast<double>(distinct.size()));
    }
    if (IsNumeric(rule_)) return Counted(Aggregate(window));
    if (rule_.type == "temporal") return Temporal(i);
    if (rule_.type == "temporal_ordered") return Ordered(i);
    if (rule_.type == "value_first_seen") return FirstSeen(i);
    return Change(i);
  }

 private:
  int64_t At(size_t i) const { return members_[i].occurrence->time.ns; }
  // Those up to i that are not older than the timespan; one exactly that old is inside.
  std::vector<size_t> Window(size_t i) const {
    std::vector<size_t> window;
    for (size_t j = 0; j <= i; j++) {
      if (At(j) >= At(i) - rule_.timespan_ns) window.push_back(j);
    }
    return window;
  }
  bool ThresholdsHold(double value) const {
    return std::all_of(rule_.thresholds.begin(), rule_.thresholds.end(), [&](const auto& threshold) {
      const auto& [word, number] = threshold;
      return word == "lt" ? value < number : word == "lte" ? value <= number : word == "gt" ? value > number : word == "gte" ? value >= number : word == "eq" ? value == number : value != number;
    });
  }
  std::vector<std::string> Counted(double value) const {
    if (!ThresholdsHold(value)) return {};
    return {NumberText(value)};
  }

  double Aggregate(const std::vector<size_t>& window) const {
    std::vector<double> numbers;
    for (const size_t j : window) {
      for (const std::string& number : members_[j].numbers) numbers.push_back(std::stod(number));
    }
    double sum = 0;
    for (const double number : numbers) sum += number;
    if (rule_.type == "value_sum") return sum;
    if (rule_.type == "value_avg") return sum / static_cast<double>(numbers.size());
    std::sort(numbers.begin(), numbers.end());
    const double rank = (rule_.type == "value_median" ? 50 : rule_.percentile) / 100 * static_cast<double>(numbers.size() - 1);
    const size_t below = static_cast<size_t>(rank), above = std::min(below + 1, numbers.size() - 1);
    return numbers[below] + (rank - static_cast<double>(below)) * (numbers[above] - numbers[below]);
  }

  // "A before B": equal times, and times that the precision cannot tell apart, count as ordered.
  bool Before(size_t a, size_t b) const { return At(a) < At(b) + members_[b].occurrence->time.precision_ns; }
  int64_t BeforeSpan(size_t ref) const { return rule_.refs[ref].before_ns.value_or(rule_.timespan_ns); }
  int64_t AfterSpan(size_t ref) const { return rule_.refs[ref].after_ns.value_or(rule_.timespan_ns); }
  size_t RefOf(const std::string& name) const {
    size_t ref = 0;
    while (rule_.refs[ref].name != name) ref++;
    return ref;
  }

  // One way to satisfy an expression: these rules occurred, those did not.
  struct Way {
    std::set<size_t> present, absent;
  };
  std::vector<Way> Ways(const Condition& condition, bool negated) const {
    switch (condition.kind) {
      case Condition::Kind::kName: {
        Way way;
        (negated ? way.absent : way.present).insert(RefOf(condition.name));
        return {way};
      }
      case Condition::Kind::kNot: return Ways(condition.children[0], !negated);
      default: break;
    }
    std::vector<Way> out;
    if ((condition.kind == Condition::Kind::kOr) != negated) {
      for (const Condition& child : condition.children) {
        for (const Way& way : Ways(child, negated)) out.push_back(way);
      }
      return out;
    }
    out.push_back({});
    for (const Condition& child : condition.children) {
      std::vector<Way> longer;
      for (const Way& begin : out) {
        for (Way way : Ways(child, negated)) {
          way.present.insert(begin.present.begin(), begin.present.end());
          way.absent.insert(begin.absent.begin(), begin.absent.end());
          longer.push_back(std::move(way));
        }
      }
      out = std::move(longer);
    }
    return out;
  }
  std::vector<Way> AllWays() const {
    if (rule_.expression) return Ways(*rule_.expression, false);
    // "Condition-many" of the rules, or all.
    std::vector<Way> ways;
    for (size_t set = 1; set < size_t{1} << rule_.refs.size(); set++) {
      Way way;
      for (size_t ref = 0; ref < rule_.refs.size(); ref++) {
        if (set >> ref & 1) way.present.insert(ref);
      }
      if (!rule_.thresholds.empty() || way.present.size() == rule_.refs.size()) ways.push_back(std::move(way));
    }
    return ways;
  }
  // Only what a rule must have seen counts as an event of the correlation.
  std::set<size_t> Counting() const {
    std::set<size_t> refs;
    for (const Way& way : AllWays()) refs.insert(way.present.begin(), way.present.end());
    return refs;
  }
  std::set<size_t> Seen(size_t i) const {
    const std::set<size_t> counting = Counting();
    std::set<size_t> seen;
    for (const size_t j : Window(i)) {
      if (counting.contains(members_[j].ref)) seen.insert(members_[j].ref);
    }
    return seen;
  }

  std::vector<std::string> Temporal(size_t i) const {
    if (!Counting().contains(members_[i].ref)) return {};
    const std::set<size_t> seen = Seen(i);
    if (!rule_.expression && !rule_.thresholds.empty()) return Counted(static_cast<double>(seen.size()));
    const auto absent = [&](size_t ref) {
      for (size_t j = 0; j < members_.size(); j++) {
        if (members_[j].ref == ref && At(j) >= At(i) - BeforeSpan(ref) && Before(j, i)) return false;
      }
      return true;
    };
    for (const Way& way : AllWays()) {
      if (std::includes(seen.begin(), seen.end(), way.present.begin(), way.present.end()) && std::all_of(way.absent.begin(), way.absent.end(), absent)) {
        return {std::to_string(seen.size())};
      }
    }
    return {};
  }

  // Absences by their place among the chosen ones: before the first, between two, after the last.
  bool AbsencesHold(const Way& way, const std::vector<size_t>& chosen) const {
    for (const size_t ref : way.absent) {
      const size_t earlier = static_cast<size_t>(std::count_if(way.present.begin(), way.present.end(), [&](size_t present) { return present < ref; }));
      for (size_t j = 0; j < members_.size(); j++) {
        if (members_[j].ref != ref) continue;
        const bool after_left = earlier == 0 ? At(j) >= At(chosen.front()) - BeforeSpan(ref) : Before(chosen[earlier - 1], j);
        const bool before_right = earlier == chosen.size() ? At(j) <= At(chosen.back()) + AfterSpan(ref) : Before(j, chosen[earlier]);
        if (after_left && before_right) return false;
      }
    }
    return true;
  }
  // Is there a choice, one occurrence for each rule that must have occurred, in the order of `rules`? A choice that needs an
  // absence fires once, at its own last occurrence; others as long as they are in the window.
  bool SomeChoice(const Way& way, size_t i, std::vector<size_t>& chosen) const {
    if (chosen.size() == way.present.size()) {
      if (!way.absent.empty() && std::find(chosen.begin(), chosen.end(), i) == chosen.end()) return false;
      return AbsencesHold(way, chosen);
    }
    const size_t ref = *std::next(way.present.begin(), static_cast<long>(chosen.size()));
    for (const size_t j : Window(i)) {
      if (members_[j].ref != ref || (!chosen.empty() && !Before(chosen.back(), j))) continue;
      chosen.push_back(j);
      if (SomeChoice(way, i, chosen)) return true;
      chosen.pop_back();
    }
    return false;
  }
  std::vector<std::string> Ordered(size_t i) const {
    if (!Counting().contains(members_[i].ref)) return {};
    size_t most = 0;
    for (const Way& way : AllWays()) {
      const bool contradicts = std::any_of(way.present.begin(), way.present.end(), [&](size_t ref) { return way.absent.contains(ref); });
      std::vector<size_t> chosen;
      if (!way.present.empty() && !contradicts && SomeChoice(way, i, chosen)) most = std::max(most, chosen.size());
    }
    if (most == 0 || !ThresholdsHold(static_cast<double>(most))) return {};
    return {std::to_string(Seen(i).size())};
  }

  std::vector<std::string> FirstSeen(size_t i) const {
    // A group starts anew after a timespan without any.
    int64_t start = At(0);
    for (size_t j = 1; j <= i; j++) {
      if (At(j) - At(j - 1) > rule_.timespan_ns) start = At(j);
    }
    std::vector<std::string> out;
    if (At(i) < start + rule_.learning_ns) return out;
    for (const auto& value : members_[i].values) {
      const std::vector<size_t> window = Window(i);
      const bool known = std::any_of(window.begin(), window.end(), [&](size_t j) { return j != i && members_[j].values.contains(value); });
      if (!known) out.push_back(Quoted(value[0]));
    }
    return out;
  }

  static std::string Shown(const std::set<std::vector<std::string>>& values) {
    if (values.size() == 1) return Quoted(values.begin()->at(0));
    std::string out = "[";
    for (const auto& value : values) out += (out.size() > 1 ? "," : "") + Quoted(value[0]);
    return out + "]";
  }
  std::vector<std::string> Change(size_t i) const {
    if (i == 0 || members_[i - 1].values == members_[i].values) return {};
    return {"{\"from\":" + Shown(members_[i - 1].values) + ",\"to\":" + Shown(members_[i].values) + "}"};
  }

  const Correlation& rule_;
  const std::vector<Member> members_;
};

// A field of an occurrence as distinct texts. An inner correlation's group values come before the event's own fields (33).
std::vector<std::string> FieldTexts(const Occurrence& occurrence, const std::string& field, bool distinct = true) {
  for (const auto& [name, value] : occurrence.group) {
    if (name == field) return {value};
  }
  std::vector<std::string> out;
  for (const Json* value : occurrence.event->Field(field).values) {
    if (value->IsScalar() && !(distinct && std::find(out.begin(), out.end(), value->text) != out.end())) out.push_back(value->text);
  }
  return out;
}

// Every combination of one text a field.
std::vector<std::vector<std::string>> Combinations(const std::vector<std::vector<std::string>>& fields) {
  std::vector<std::vector<std::string>> out = {{}};
  for (const auto& texts : fields) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& begin : out) {
      for (const std::string& text : texts) {
        longer.push_back(begin);
        longer.back().push_back(text);
      }
    }
    out = std::move(longer);
  }
  return out;
}

class Correlator {
 public:
  Correlator(const std::vector<Rule>& rules, const std::vector<Occurrence>& hits) : rules_(rules), occurrences_(rules.size()), done_(rules.size()) {
    for (const Occurrence& hit : hits) occurrences_[hit.rule].push_back(hit);
  }
  const std::vector<Occurrence>& Of(size_t rule) {
    if (rules_[rule].correlation && !done_[rule]) {
      done_[rule] = true;
      occurrences_[rule] = Firings(rule);
    }
    return occurrences_[rule];
  }

 private:
  // The field that `name` of group-by means for hits of the rule; none: the hit has no group.
  std::optional<std::string> GroupField(const Correlation& correlation, const std::string& name, const Rule& rule) const {
    const auto alias = correlation.aliases.find(name);
    if (alias == correlation.aliases.end()) return name;
    for (const std::string& key : {rule.name, rule.id}) {
      const auto field = alias->second.find(key);
      if (!key.empty() && field != alias->second.end()) return field->second;
    }
    return std::nullopt;
  }

  std::vector<Occurrence> Firings(size_t index) {
    const Correlation& correlation = *rules_[index].correlation;
    std::map<std::vector<std::string>, std::vector<Member>> groups;
    for (size_t ref = 0; ref < correlation.refs.size(); ref++) {
      for (const Occurrence& occurrence : Of(correlation.refs[ref].rule)) AddMember(correlation, ref, occurrence, groups);
    }
    std::vector<Occurrence> firings;
    for (auto& [key, members] : groups) {
      std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
        const Occurrence &x = *a.occurrence, &y = *b.occurrence;
        // The text says what comes first up to the event; within one it is the hit's rule, then the place under `rules`.
        return std::tie(x.time.ns, x.number, x.leaf, a.ref, x.group, x.value) < std::tie(y.time.ns, y.number, y.leaf, b.ref, y.group, y.value);
      });
      const Group group(correlation, members);
      for (size_t i = 0; i < members.size(); i++) {
        for (const std::string& value : group.FiringsAt(i)) {
          Occurrence firing = *members[i].occurrence;
          firing.rule = index;
          firing.value = value;
          firing.group.clear();
          for (size_t g = 0; g < key.size(); g++) firing.group.emplace_back(correlation.group_by[g], key[g]);
          firings.push_back(std::move(firing));
        }
      }
    }
    return firings;
  }

  void AddMember(const Correlation& correlation, size_t ref, const Occurrence& occurrence, std::map<std::vector<std::string>, std::vector<Member>>& groups) const {
    Member member{&occurrence, ref, {}, {}};
    if (!correlation.fields.empty()) {
      std::vector<std::vector<std::string>> texts;
      for (const std::string& field : correlation.fields) texts.push_back(FieldTexts(occurrence, field));
      for (auto& tuple : Combinations(texts)) member.values.insert(std::move(tuple));
      for (const std::string& text : FieldTexts(occurrence, correlation.fields[0], false)) {
        if (IsJsonNumber(text)) member.numbers.push_back(text);
      }
      if (member.values.empty() || (IsNumeric(correlation) && member.numbers.empty())) return;
    }
    std::vector<std::vector<std::string>> group_texts;
    for (const std::string& name : correlation.group_by) {
      const std::optional<std::string> field = GroupField(correlation, name, rules_[occurrence.rule]);
      group_texts.push_back(field ? FieldTexts(occurrence, *field) : std::vector<std::string>());
    }
    for (const auto& key : Combinations(group_texts)) groups[key].push_back(member);
  }

  const std::vector<Rule>& rules_;
  std::vector<std::vector<Occurrence>> occurrences_;
  std::vector<bool> done_;
};

void ParseReferences(const Yaml& rules, Correlation& out) {
  const auto add = [&](const Yaml& item) {
    Correlation::Reference reference;
    if (item.IsScalar() && !item.IsNull()) {
      reference.name = item.text;
    } else if (item.IsMap()) {
      for (const auto& [key, value] : item.entries) {
        if (key == "rule" && value.IsScalar()) reference.name = value.text;
        else if (key == "before") reference.before_ns = Span(value);
        else if (key == "after") reference.after_ns = Span(value);
        else throw Refused("unknown key in a reference");
      }
    }
    if (reference.name.empty()) throw Refused("a reference that names no rule");
    out.refs.push_back(std::move(reference));
  };
  if (rules.IsScalar()) add(rules);
  else if (!rules.IsList() || rules.items.empty()) throw Refused("rules");
  for (const Yaml& item : rules.items) add(item);
}

void ParseThresholds(const Yaml& condition, Correlation& out) {
  for (const auto& [key, value] : condition.entries) {
    const bool number = value.IsScalar() && IsJsonNumber(value.text);
    if (key == "field") {
      out.fields = Texts(value);
    } else if (!number) {
      throw Refused("not a number");
    } else if (key == "percentile") {
      out.percentile = std::stod(value.text);
      if (out.percentile < 0 || out.percentile > 100) throw Refused("percentile");
    } else if (key == "lt" || key == "lte" || key == "gt" || key == "gte" || key == "eq" || key == "neq") {
      out.thresholds.emplace_back(key, std::stod(value.text));
    } else {
      throw Refused("unknown key in a correlation's condition");
    }
  }
}

void ParseExpression(const std::string& text, Correlation& out) {
  std::vector<std::string> names, used;
  for (const auto& reference : out.refs) names.push_back(reference.name);
  out.expression = ParseCondition(text, names, false);
  Names(*out.expression, used);
  if (out.refs.empty()) {
    for (const std::string& name : used) out.refs.push_back({name, {}, {}, 0});
    return;
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::sort(used.begin(), used.end());
  if (names != used) throw Refused("rules and condition do not name the same rules");
}

}  // namespace

Correlation ParseCorrelation(const Yaml& body) {
  static const std::set<std::string> kKeys = {"type", "rules", "group-by", "timespan", "condition", "aliases", "generate", "learning"};
  static const std::set<std::string> kTypes = {"event_count", "value_count", "value_sum", "value_avg", "value_median", "value_percentile",
                                               "temporal", "temporal_ordered", "value_first_seen", "value_change"};
  if (!body.IsMap()) throw Refused("correlation is not a map");
  for (const auto& [key, value] : body.entries) {
    if (!kKeys.contains(key)) throw Refused("unknown key " + key);
  }
  Correlation out;
  const Yaml* type = body.Find("type");
  if (type == nullptr || !kTypes.contains(type->text)) throw Refused("type");
  out.type = type->text;
  if (const Yaml* rules = body.Find("rules")) ParseReferences(*rules, out);
  if (const Yaml* group_by = body.Find("group-by"); group_by != nullptr && !group_by->IsNull()) out.group_by = Texts(*group_by);
  const Yaml* timespan = body.Find("timespan");
  if (timespan == nullptr) throw Refused("no timespan");
  out.timespan_ns = Span(*timespan);
  if (out.timespan_ns == 0) throw Refused("no timespan");
  if (const Yaml* aliases = body.Find("aliases")) {
    if (!aliases->IsMap()) throw Refused("aliases");
    for (const auto& [alias, fields] : aliases->entries) {
      if (!fields.IsMap()) throw Refused("aliases");
      for (const auto& [rule, field] : fields.entries) out.aliases[alias][rule] = field.text;
    }
  }
  if (const Yaml* learning = body.Find("learning")) {
    if (out.type != "value_first_seen") throw Refused("learning");
    out.learning_ns = Span(*learning);
  }
  const Yaml* condition = body.Find("condition");
  const bool temporal = IsTemporal(out), counts = temporal || out.type == "event_count", watches = out.type == "value_first_seen" || out.type == "value_change";
  if (condition == nullptr || condition->IsNull()) {
    if (!temporal) throw Refused("no condition");
  } else if (condition->IsScalar()) {
    if (!temporal) throw Refused("an expression");
    ParseExpression(condition->text, out);
  } else {
    if (!condition->IsMap()) throw Refused("condition");
    ParseThresholds(*condition, out);
    if (counts != out.fields.empty() || (out.fields.size() > 1 && out.type != "value_count")) throw Refused("field");
    if (watches != out.thresholds.empty()) throw Refused("comparisons");
  }
  if (out.refs.empty()) throw Refused("no rules");
  return out;
}

std::vector<Occurrence> Correlate(const std::vector<Rule>& rules, const std::vector<Occurrence>& hits) {
  Correlator correlator(rules, hits);
  std::vector<Occurrence> out;
  for (size_t i = 0; i < rules.size(); i++) {
    if (!rules[i].correlation) continue;
    const std::vector<Occurrence>& firings = correlator.Of(i);
    out.insert(out.end(), firings.begin(), firings.end());
  }
  return out;
}

}  // namespace tocsin::oracle
