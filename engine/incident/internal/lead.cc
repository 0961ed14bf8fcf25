#include "engine/incident/internal/lead.h"

#include <algorithm>

namespace tocsin::incident {
namespace {

const content::Rule& RuleOf(const correlate::Alert& alert, const content::ContentSet& content) {
  return content.rules[alert.rule.value()];
}

}  // namespace

// References cannot be circular (the loader refuses them), so this ends.
int ChainLength(const content::Rule& rule, const content::ContentSet& content) {
  if (!rule.is_correlation) return 0;
  int longest = 0;
  for (const auto& ref : rule.correlation.refs) {
    longest = std::max(longest, ChainLength(content.rules[ref.rule.value()], content));
  }
  return longest + 1;
}

bool Opens(const correlate::Alert& alert, const content::ContentSet& content) {
  if (alert.level < content::Level::kHigh || alert.state == correlate::AlertState::kWithdrawn) return false;
  const content::Rule& rule = RuleOf(alert, content);
  return !rule.playbook.empty() && content.FindPlaybook(rule.playbook) != nullptr;
}

std::vector<const correlate::Alert*> OpeningAlerts(const std::vector<correlate::Alert>& alerts,
                                                   const content::ContentSet& content) {
  struct Ranked {
    const correlate::Alert* alert;
    int chain;
  };
  std::vector<Ranked> ranked;
  for (const correlate::Alert& alert : alerts) {
    if (Opens(alert, content)) ranked.push_back({&alert, ChainLength(RuleOf(alert, content), content)});
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    if (a.alert->level != b.alert->level) return a.alert->level > b.alert->level;
    if (a.chain != b.chain) return a.chain > b.chain;
    return correlate::AlertBefore(*a.alert, *b.alert);
  });
  std::vector<const correlate::Alert*> opening;
  for (const Ranked& r : ranked) opening.push_back(r.alert);
  return opening;
}

std::vector<const content::Playbook*> PlaybooksOf(const std::vector<const correlate::Alert*>& opening,
                                                  const content::ContentSet& content) {
  std::vector<const content::Playbook*> playbooks;
  for (const correlate::Alert* alert : opening) {
    const content::Playbook* playbook = content.FindPlaybook(RuleOf(*alert, content).playbook);
    if (std::find(playbooks.begin(), playbooks.end(), playbook) == playbooks.end()) playbooks.push_back(playbook);
  }
  return playbooks;
}

}  // namespace tocsin::incident
