// `rules profile` in words.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/content/counted.h"
#include "engine/content/sigma/print.h"
#include "engine/pipeline/internal/profile_words.h"
#include "engine/pipeline/internal/text_columns.h"
#include "engine/pipeline/rule_profile.h"

namespace tocsin::pipeline {
namespace {

using match::Cost;

constexpr size_t kIndent = 8;
constexpr size_t kItemColumns = 160;   // of a predicate's text: some name a thousand literals
constexpr size_t kRulesNamed = 3;

class ProfileView {
 public:
  ProfileView(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics, size_t top, int width)
      : profile_(profile), cost_(profile.cost), content_(content), diagnostics_(diagnostics), top_(top), width_(static_cast<size_t>(width)) {}

  std::string Text() {
    out_ += content::Counted(profile_.events, "event") + ", " + content::Counted(cost_.rules.size(), "rule") + ", " + content::Counted(cost_.predicates.size(), "predicate") + "; " + content::Counted(profile_.hits, "hit") + '\n';
    if (cost_.events == 0) {
      out_ += "No event was matched: there is nothing to say of costs.\n";
      return std::move(out_);
    }
    Parts();
    Rules();
    Predicates();
    return std::move(out_);
  }

 private:
  double Share(double ns) const { return cost_.counted_ns() > 0 ? 100 * ns / cost_.counted_ns() : 0; }
  double AnEvent(double ns) const { return ns / static_cast<double>(cost_.events); }

  void Parts() {
    uint64_t led = 0, always = 0, always_rules = 0;
    for (const match::RuleCost& rule : cost_.rules) {
      (rule.always ? always : led) += rule.candidates;
      always_rules += rule.always;
    }
    out_ += "\nTime              ns an event\n";
    Row("reading", profile_.reading_ns / static_cast<double>(profile_.events));
    Row("matching", cost_.ordinary_ns / static_cast<double>(std::max<uint64_t>(cost_.ordinary_events, 1)));
    out_ += "Matching, counted           of it\n";
    Part("start", cost_.start_ns, "getting ready, the event's logsource");
    Part("fields", cost_.fields_ns, "finding rules by their fields' literals, numbers, presence");
    Part("keywords", cost_.keywords_ns, "finding rules by keywords, in all of an event");
    Part("candidates", cost_.led_ns, content::Counted(led, "candidate") + ": something led to them");
    Part("always tried", cost_.always_ns, content::Counted(always, "candidate") + " of " + content::Counted(always_rules, "rule") + " that nothing leads to");
    Part("order", cost_.order_ns, "hits into the order of rules");
    Part("together", cost_.counted_ns(), fmt::format("{:.0f} % of it evaluating predicates", Share(cost_.predicates_ns)));
    AppendWrapped("", "What counting adds, and chance, is the difference to matching; reading the clock, " + fmt::format("{:.0f}", AnEvent(cost_.clock_ns)) +
                          " ns an event, is taken off." + Classes() + Interruptions(), width_, out_);
  }

  std::string Classes() const {
    if (cost_.classes == 0) return "";
    return " Tables for events of " + content::Counted(cost_.classes, "logsource") + fmt::format(", made when the first came, took {:.1f} ms.", cost_.classes_ns / 1e6);
  }
  std::string Interruptions() const {
    if (cost_.interruptions == 0) return "";
    return " Left out: " + content::Counted(cost_.interruptions, "time") + fmt::format(" that the machine did something else, {:.1f} ms.", cost_.interrupted_ns / 1e6);
  }

  static std::string Whole(double ns) { return content::WithThousands(static_cast<uint64_t>(ns + 0.5)); }
  void Row(std::string_view name, double ns) { out_ += fmt::format("  {:<14}{:>13}\n", name, Whole(ns)); }
  void Part(std::string_view name, double ns, const std::string& words) {
    AppendWrapped(fmt::format("  {:<14}{:>13} {:>6.1f} %  ", name, Whole(AnEvent(ns)), Share(ns)), words, width_, out_);
  }

  void Rules() {
    const size_t shown = Shown(cost_.rules, "rule");
    for (size_t i = 0; i < shown; i++) Rule(cost_.rules[i]);
    if (shown > 0) {
      AppendWrapped("", "A predicate is evaluated once an event, whoever asks; its time is split among the rules that asked it, by how often they did. "
                        "Without a rule, what others ask too is not saved.", width_, out_);
    }
  }

  // How many of the dearest took any time, and a heading for them.
  template <class Costs>
  size_t Shown(const Costs& costs, std::string_view what) {
    size_t shown = 0;
    double ns = 0;
    while (shown < std::min(top_, costs.size()) && costs[shown].ns > 0) ns += costs[shown++].ns;
    const std::string how_many = shown == 1 ? "The dearest " : "The " + std::to_string(shown) + " dearest ";
    if (shown > 0) out_ += '\n' + how_many + std::string(what) + (shown == 1 ? "" : "s") + fmt::format(": {:.1f} % of matching\n", Share(ns));
    return shown;
  }

  void Line(std::string_view name, const std::string& text) {
    if (!text.empty()) AppendWrapped(std::string(kIndent, ' ') + Padded(name, 8), text, width_, out_);
  }

  void Rule(const match::RuleCost& cost) {
    const content::Rule& rule = content_.rules[cost.rule.value()];
    AppendWrapped(fmt::format("{:>5.1f} %  ", Share(cost.ns)), rule.title, width_, out_);
    const std::string place = rule.place.file < diagnostics_.files() ? diagnostics_.file_name(rule.place.file) + ':' + std::to_string(rule.place.line) : "";
    Line("rule", content::RuleLabel(rule) == rule.title ? place : content::RuleLabel(rule) + (place.empty() ? "" : ", " + place));
    Line("costs", fmt::format("{:.1f} ns an event, {:.0f} ns a candidate: ", AnEvent(cost.ns), cost.ns * cost.alike / static_cast<double>(std::max<uint64_t>(cost.candidates, 1))) +
                      content::Counted(cost.candidates, "candidate") + ", " + content::Counted(cost.asked, "question") + ", " + content::Counted(cost.hits, "hit"));
    if (cost.alike > 1) Line("alike", content::Counted(cost.alike - 1, "other rule") + (cost.alike == 2 ? " says" : " say") + " the same: tried once for all, and the time split evenly");
    Line("why", WhyWords(cost, rule, content_.fields));
    if (cost.dearest_ns > 0) Line("mostly", fmt::format("{:.0f} %: ", 100 * cost.dearest_ns / cost.ns) + ItemOf(cost_.predicates[cost.dearest]));
    Line("advice", AdviceWords(cost, cost_.events));
  }

  std::string ItemOf(const match::PredicateCost& cost) const { return OneLine(content::ItemText(*cost.item, content_.fields), kItemColumns); }

  void Predicates() {
    const size_t shown = Shown(cost_.predicates, "predicate");
    for (size_t i = 0; i < shown; i++) {
      const match::PredicateCost& cost = cost_.predicates[i];
      AppendWrapped(fmt::format("{:>5.1f} %  ", Share(cost.ns)), ItemOf(cost), width_, out_);
      Line("costs", fmt::format("{:.1f} ns an event, {:.0f} ns each time: asked ", AnEvent(cost.ns), cost.ns / static_cast<double>(std::max<uint64_t>(cost.evaluated, 1))) +
                        content::Counted(cost.asked, "time") + ", evaluated " + content::WithThousands(cost.evaluated) + ", true " + content::WithThousands(cost.held));
      std::string rules;
      for (size_t k = 0; k < std::min(cost.rules.size(), kRulesNamed); k++) rules += (k > 0 ? ", " : "") + content::RuleLabel(content_.rules[cost.rules[k].value()]);
      if (cost.rules.size() > kRulesNamed) rules += " and " + content::WithThousands(cost.rules.size() - kRulesNamed) + " more";
      Line("rules", rules);
    }
  }

  const RuleProfile& profile_;
  const Cost& cost_;
  const content::ContentSet& content_;
  const content::Diagnostics& diagnostics_;
  const size_t top_, width_;
  std::string out_;
};

}  // namespace

std::string RuleProfileText(const RuleProfile& profile, const content::ContentSet& content, const content::Diagnostics& diagnostics,
                            size_t top, int width) {
  return ProfileView(profile, content, diagnostics, top, width).Text();
}

}  // namespace tocsin::pipeline
