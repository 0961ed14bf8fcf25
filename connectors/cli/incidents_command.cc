#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>

#include "connectors/cli/commands.h"
#include "connectors/cli/incidents_view.h"
#include "connectors/cli/terminal.h"
#include "engine/incident/render.h"
#include "engine/incident/store.h"

namespace tocsin::cli {
namespace {

constexpr size_t kAlertsShown = 20;

struct IncidentArguments {
  std::string store, id;
  bool json = false, alerts = false;
};

incident::RenderOptions Render() { return {.width = OutputWidth(), .color = OutputColor()}; }

int Fail(const absl::Status& status) {
  fprintf(stderr, "tocsin incidents: %s\n", std::string(status.message()).c_str());
  return absl::IsNotFound(status) || absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ? kUsage : kRuntime;
}

void Put(const std::string& text) { fwrite(text.data(), 1, text.size(), stdout); }

// The alert's own record and the incident it belongs to.
std::string AlertRowJson(const incident::AlertRow& row) {
  std::string out = row.json;
  out.pop_back();
  return out + ",\"incident\":" + (row.incident_id.empty() ? "null" : "\"" + row.incident_id + "\"") + "}";
}

int ListAlerts(incident::Store& store, bool json) {
  const auto alerts = store.ListAlerts();
  if (!alerts.ok()) return Fail(alerts.status());
  if (!json) {
    Put(AlertListText(*alerts, Render()));
    return kDone;
  }
  Put("[");
  for (size_t i = 0; i < alerts->size(); i++) Put((i > 0 ? ",\n" : "\n") + AlertRowJson((*alerts)[i]));
  Put("\n]\n");
  return kDone;
}

int ListIncidents(incident::Store& store, bool json) {
  const auto incidents = store.ListIncidentsJson();
  if (!incidents.ok()) return Fail(incidents.status());
  if (!json) {
    const auto text = IncidentListText(*incidents, Render());
    if (!text.ok()) return Fail(text.status());
    Put(*text);
    return kDone;
  }
  Put("[");
  for (size_t i = 0; i < incidents->size(); i++) {
    const auto entry = incident::IncidentListEntryJson((*incidents)[i]);
    if (!entry.ok()) return Fail(entry.status());
    Put((i > 0 ? ",\n" : "\n") + *entry);
  }
  Put("\n]\n");
  return kDone;
}

int List(const IncidentArguments& arguments) {
  const auto store = incident::Store::OpenReadOnly(arguments.store);
  if (!store.ok()) return Fail(store.status());
  return arguments.alerts ? ListAlerts(**store, arguments.json) : ListIncidents(**store, arguments.json);
}

int Show(const IncidentArguments& arguments) {
  const auto store = incident::Store::OpenReadOnly(arguments.store);
  if (!store.ok()) return Fail(store.status());
  const auto json = (*store)->IncidentJson(arguments.id);
  if (!json.ok()) return Fail(json.status());
  if (arguments.json) {
    Put(*json + "\n");
    return kDone;
  }
  const auto text = IncidentText(*json, Render());
  if (!text.ok()) return Fail(text.status());
  Put(*text);
  return kDone;
}

}  // namespace

int ShowReplayResult(const std::string& store_path, const ReplayView& view) {
  const auto store = incident::Store::OpenReadOnly(store_path);
  if (!store.ok()) return Fail(store.status());
  const auto incidents = (*store)->ListIncidentsJson();
  if (!incidents.ok()) return Fail(incidents.status());
  for (const std::string& json : *incidents) {
    if (view.json) {
      Put(json + "\n");
      continue;
    }
    const auto text = IncidentText(json, Render());
    if (!text.ok()) return Fail(text.status());
    Put(*text + "\n");
  }
  if (view.json) return kDone;
  auto alerts = (*store)->ListAlerts();
  if (!alerts.ok()) return Fail(alerts.status());
  if (alerts->empty()) {
    Put("No alerts.\n");
    return kDone;
  }
  const size_t all = alerts->size();
  if (incidents->empty()) Put("No incidents.\n\n");
  if (all > kAlertsShown) alerts->resize(kAlertsShown);
  Put(all > kAlertsShown ? "First " + std::to_string(kAlertsShown) + " of " + std::to_string(all) + " alerts\n" : "Alerts\n");
  Put(AlertListText(*alerts, Render()));
  if (all > kAlertsShown && !view.kept) Put("With --store FILE, tocsin incidents list --alerts --store FILE shows all of them.\n");
  return kDone;
}

void AddIncidents(CLI::App& app, int& exit_code) {
  CLI::App* incidents = app.add_subcommand("incidents", "Look at the incidents of a store");
  incidents->require_subcommand(1);
  auto arguments = std::make_shared<IncidentArguments>();
  CLI::App* list = incidents->add_subcommand("list", "A line an incident");
  list->add_option("--store", arguments->store, "The store a run wrote")->required()->type_name("FILE");
  list->add_flag("--json", arguments->json, "An array of objects");
  list->add_flag("--alerts", arguments->alerts, "All alerts in event-time order instead");
  list->callback([arguments, &exit_code] { exit_code = List(*arguments); });
  CLI::App* show = incidents->add_subcommand("show", "One incident whole: verdicts, first steps, preserve list, timeline");
  show->add_option("id", arguments->id, "Incident id, or the beginning of one")->required()->type_name("ID");
  show->add_option("--store", arguments->store, "The store a run wrote")->required()->type_name("FILE");
  show->add_flag("--json", arguments->json, "One JSON object");
  show->callback([arguments, &exit_code] { exit_code = Show(*arguments); });
}

}  // namespace tocsin::cli
