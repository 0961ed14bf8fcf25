// The first 15 minutes: a playbook's steps with every {name} bound to the incident's own ids.
#ifndef TOCSIN_ENGINE_INCIDENT_INTERNAL_STEPS_H_
#define TOCSIN_ENGINE_INCIDENT_INTERNAL_STEPS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/incident/incident.h"
#include "engine/incident/internal/case_file.h"

namespace tocsin::incident {

inline constexpr size_t kValuesShown = 8;  // of one parameter in a text; "+N more" tells of the others

// {name} of one playbook. {t0} and {last_time} are always there: first and last event of the incident's alerts.
class Binder {
 public:
  Binder(const content::Playbook& playbook, const CaseFile& file);

  struct Filled {
    std::string text;                                            // unbound: {?name}
    std::map<std::string, std::vector<std::string>> parameters;  // keys as they are written; empty = unbound
    std::vector<std::string> hints;                              // "{?roles}: AssumeRole* by the run"
  };
  Filled Fill(std::string_view text) const;

 private:
  struct Bound {
    std::vector<std::string> values, shown;
    std::string hint;
  };
  std::map<std::string, Bound, std::less<>> bound_;
};

// `prefix` goes before each id: empty for the incident's own playbook, "token." for steps that a second one appends.
std::vector<Step> MakeSteps(const content::Playbook& playbook, const Binder& binder, std::string_view prefix);

}  // namespace tocsin::incident

#endif  // TOCSIN_ENGINE_INCIDENT_INTERNAL_STEPS_H_
