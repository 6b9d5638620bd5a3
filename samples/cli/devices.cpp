// grok1 devices: which backends were found, which devices they offer, and why a backend is not there.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "commands.h"
#include "files.h"
#include "model.h"
#include "text.h"

namespace cli {
namespace {

struct DevicesOptions {
  ModelOptions model;
  bool json = false;
};

std::vector<grok1_load_entry> load_report(const grok1_runtime* runtime) {
  std::vector<grok1_load_entry> entries;
  grok1_load_entry entry = GROK1_INIT(grok1_load_entry);
  while (grok1_runtime_load_report(runtime, entries.size(), &entry) == GROK1_OK) entries.push_back(entry);
  return entries;
}

std::vector<grok1_device_info> all_devices(const grok1_runtime* runtime) {
  std::vector<grok1_device_info> devices;
  grok1_device_info device = GROK1_INIT(grok1_device_info);
  grok1_status status;
  for (size_t i = 0; (status = grok1_runtime_device(runtime, i, &device)) != GROK1_E_OUT_OF_RANGE; ++i)
    if (status == GROK1_OK) devices.push_back(device);
  return devices;
}

using Row = std::vector<std::string>;

void print_table(const std::vector<Row>& rows) {
  constexpr size_t kWidest = 64;  // a longer cell, such as the reason of a failure, pushes its row to the right
  std::vector<size_t> width(rows.front().size());
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::min(std::max(width[i], row[i].size()), kWidest);
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(2 + std::max(width[i], row[i].size()) - row[i].size(), ' ');
    }
    write_stdout(line + "\n");
  }
}

void print_text(const std::vector<grok1_load_entry>& entries, const std::vector<grok1_device_info>& devices) {
  std::vector<Row> rows = {{"backend", "state", "device", "what", "memory", "path"}};
  for (const grok1_load_entry& entry : entries) {
    bool listed = false;
    for (const grok1_device_info& device : devices) {
      if (entry.state != GROK1_LOAD_LOADED || std::string(device.backend) != entry.backend) continue;
      std::string what = device.description;
      if (device.flags & GROK1_DEVICE_EXPLICIT_ONLY) what += " (only when named)";
      rows.push_back(
          {entry.backend, entry.state_name, device.name, what, memory_size(device.memory_free) + " free", entry.path});
      listed = true;
    }
    if (!listed) rows.push_back({entry.backend, entry.state_name, "-", entry.reason, "-", entry.path});
  }
  print_table(rows);
}

void print_json(const std::vector<grok1_load_entry>& entries, const std::vector<grok1_device_info>& devices) {
  nlohmann::ordered_json out = {{"backends", nlohmann::json::array()}, {"devices", nlohmann::json::array()}};
  for (const grok1_load_entry& entry : entries)
    out["backends"].push_back({{"backend", entry.backend},
                               {"state", entry.state_name},
                               {"reason", entry.reason},
                               {"version", entry.version},
                               {"path", entry.path},
                               {"devices", entry.n_devices}});
  for (const grok1_device_info& device : devices)
    out["devices"].push_back({{"name", device.name},
                              {"backend", device.backend},
                              {"description", device.description},
                              {"memory_total", device.memory_total},
                              {"memory_free", device.memory_free},
                              {"only_when_named", (device.flags & GROK1_DEVICE_EXPLICIT_ONLY) != 0}});
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int devices(const DevicesOptions& options) {
  const Runtime runtime = make_runtime(options.model);
  const auto entries = load_report(runtime.get());
  const auto found = all_devices(runtime.get());
  options.json ? print_json(entries, found) : print_text(entries, found);
  return kOk;
}

}  // namespace

void add_devices(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("devices", "List backends and devices, and why a backend is not there");
  const auto options = std::make_shared<DevicesOptions>();
  add_device_option(*sub, options->model);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return devices(*options); }; });
}

}  // namespace cli
