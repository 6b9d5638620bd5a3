// grok1 fit: does a model fit into the memory that is here, and what to type next. Reads headers only.
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

struct FitOptions {
  ModelOptions model;
  bool json = false;
};

struct Candidate {
  grok1_plan plan = GROK1_INIT(grok1_plan);
  std::vector<grok1_plan_device> devices;
  bool fits = true;
};

Candidate plan_for(grok1_runtime* runtime, const ModelOptions& options, const std::string& devices) {
  Candidate candidate;
  grok1_model_options library = to_library(options);
  if (!devices.empty()) library.devices = devices.c_str();
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status =
      grok1_model_plan(runtime, options.path.data(), options.path.size(), &library, &candidate.plan, &err);
  candidate.fits = status != GROK1_E_DOES_NOT_FIT;
  if (candidate.fits) check(status, err);
  for (uint32_t i = 0; i < candidate.plan.n_devices; ++i) {
    grok1_plan_device row = GROK1_INIT(grok1_plan_device);
    checked([&](auto* error) {
      return grok1_model_plan_device(runtime, options.path.data(), options.path.size(), &library, i, &row, error);
    });
    candidate.devices.push_back(row);
  }
  return candidate;
}

// What the library would choose; and where nothing was asked for, each device alone.
std::vector<Candidate> all_candidates(grok1_runtime* runtime, const ModelOptions& options) {
  std::vector<Candidate> candidates = {plan_for(runtime, options, "")};
  if (!options.devices.empty() || !sharing_arguments(options).empty()) return candidates;
  const std::string chosen = candidates.front().plan.devices;
  grok1_device_info device = GROK1_INIT(grok1_device_info);
  grok1_status status = GROK1_OK;
  for (size_t i = 0; (status = grok1_runtime_device(runtime, i, &device)) != GROK1_E_OUT_OF_RANGE; ++i) {
    if (status == GROK1_OK && (device.flags & GROK1_DEVICE_EXPLICIT_ONLY) == 0 && chosen != device.name)
      candidates.push_back(plan_for(runtime, options, device.name));
  }
  return candidates;
}

const char* weights_text(const grok1_plan& plan) {
  return plan.weights == GROK1_WEIGHTS_READ ? "read" : "mapped";
}

void print_line(const std::string& what, uint64_t needs, uint64_t has, const char* verdict) {
  write_stdout(
      text("%-24s  %-10s  %-10s  %s\n", what.c_str(), memory_size(needs).c_str(), memory_size(has).c_str(), verdict));
}

void print_candidate(const Candidate& candidate) {
  const grok1_plan& plan = candidate.plan;
  const std::string devices = plan.devices;
  print_line(devices + "  in memory", plan.needed_in_memory, plan.available,
             plan.residency == GROK1_RESIDENCY_IN_MEMORY ? "fits" : "does not fit");
  if (plan.needed_from_disk != 0)
    print_line(devices + "  from disk", plan.needed_from_disk, plan.available,
               plan.residency != GROK1_RESIDENCY_NONE ? "fits: experts are read from disk as the router asks"
                                                      : "does not fit");
  if (candidate.devices.size() == 1) return;
  for (const grok1_plan_device& row : candidate.devices)
    print_line(text("  %s", row.name), row.needed_in_memory, row.available, row.part);
}

void print_text(const ModelOptions& options, const grok1_model_info& info, const std::vector<Candidate>& candidates) {
  const grok1_plan& plan = candidates.front().plan;
  write_stdout(text("%s, %s, %u layers, %u experts (%u used), %s, %s in %u files, all present\n", info.name,
                    info.format, info.layers, info.experts, info.experts_used, info.encoding,
                    file_size(info.file_bytes).c_str(), info.n_files));
  write_stdout(text("weights %s (experts %s), %s; KV cache of %u tokens %s, scratch %s\n\n",
                    memory_size(plan.weight_bytes).c_str(), memory_size(plan.expert_bytes).c_str(), weights_text(plan),
                    plan.context_tokens, memory_size(plan.kv_bytes).c_str(), memory_size(plan.scratch_bytes).c_str()));
  write_stdout(text("%-24s  %-10s  %-10s  verdict\n", "", "needs", "has"));
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    print_candidate(candidate);
    if (best == nullptr && candidate.fits) best = &candidate;
  }
  if (best != nullptr)
    write_stdout(text("\nNext: grok1 run -m %s --device %s%s%s -p \"...\"\n", options.path.c_str(), best->plan.devices,
                      sharing_arguments(options).c_str(), weights_argument(options).c_str()));
  else
    write_stdout(text("\nA shorter context takes less: grok1 fit -m %s -c %u\n", options.path.c_str(),
                      std::max(plan.context_tokens / 4, 1u)));
}

void print_json(const grok1_model_info& info, const std::vector<Candidate>& candidates) {
  nlohmann::ordered_json out = {{"name", info.name},
                                {"encoding", info.encoding},
                                {"file_bytes", info.file_bytes},
                                {"files", info.n_files},
                                {"plans", nlohmann::json::array()}};
  static const char* const residency[] = {"none", "in_memory", "from_disk"};
  for (const Candidate& candidate : candidates) {
    const grok1_plan& plan = candidate.plan;
    auto parts = nlohmann::json::array();
    for (const grok1_plan_device& row : candidate.devices)
      parts.push_back({{"device", row.name},
                       {"part", row.part},
                       {"needed_in_memory", row.needed_in_memory},
                       {"needed_from_disk", row.needed_from_disk},
                       {"available", row.available}});
    out["plans"].push_back({{"devices", plan.devices},
                            {"fits", candidate.fits},
                            {"residency", residency[std::min<uint32_t>(plan.residency, GROK1_RESIDENCY_FROM_DISK)]},
                            {"weights", weights_text(plan)},
                            {"needed_in_memory", plan.needed_in_memory},
                            {"needed_from_disk", plan.needed_from_disk},
                            {"available", plan.available},
                            {"weight_bytes", plan.weight_bytes},
                            {"expert_bytes", plan.expert_bytes},
                            {"bytes_per_token", plan.bytes_per_token},
                            {"kv_bytes", plan.kv_bytes},
                            {"scratch_bytes", plan.scratch_bytes},
                            {"context_tokens", plan.context_tokens},
                            {"parts", parts}});
  }
  write_stdout(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int fit(const FitOptions& options) {
  const Model model = probe_model(options.model);
  const grok1_model_info info = model_info(model.get());
  const Runtime runtime = make_runtime(options.model);
  const auto candidates = all_candidates(runtime.get(), options.model);
  options.json ? print_json(info, candidates) : print_text(options.model, info, candidates);
  return std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.fits; }) ? kOk
                                                                                                      : kDoesNotFit;
}

}  // namespace

void add_fit(CLI::App& app, Action& action) {
  auto* sub = app.add_subcommand("fit", "Say whether a model fits into the memory that is here");
  const auto options = std::make_shared<FitOptions>();
  add_model_option(*sub, options->model);
  add_compute_options(*sub, options->model);
  add_context_option(*sub, options->model);
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return fit(*options); }; });
}

}  // namespace cli
