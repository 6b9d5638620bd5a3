// grok1 fit: does a model fit into the memory that is here, how fast would it be, and what to type next. Reads headers
// only, and a little of memory and disk to see how fast they are.
#include "fit.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "commands.h"

namespace cli {
namespace {

struct FitOptions {
  ModelOptions model;
  bool measure = true;
  bool json = false;
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

std::vector<grok1_encoding_fit> all_encodings(const grok1_model* model, const grok1_plan& plan) {
  std::vector<grok1_encoding_fit> encodings;
  grok1_encoding_fit fit = GROK1_INIT(grok1_encoding_fit);
  while (grok1_model_fit_encoding(model, &plan, encodings.size(), &fit) == GROK1_OK) encodings.push_back(fit);
  return encodings;
}

int fit(const FitOptions& options) {
  const Model model = probe_model(options.model);
  const Runtime runtime = make_runtime(options.model);
  Fit fit;
  fit.path = options.model.path;
  fit.info = model_info(model.get());
  fit.candidates = all_candidates(runtime.get(), options.model);
  fit.encodings = all_encodings(model.get(), fit.candidates.front().plan);
  fit.run_arguments = sharing_arguments(options.model) + weights_argument(options.model);
  if (options.measure) measure_speed(runtime.get(), model.get(), fit.candidates);
  options.json ? print_fit_json(fit) : print_fit(fit);
  return fit.best() != nullptr ? kOk : kDoesNotFit;
}

}  // namespace

const Candidate* Fit::best() const {
  const auto found = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.fits; });
  return found != candidates.end() ? &*found : nullptr;
}

void add_fit(CLI::App& app, Action& action) {
  auto* sub =
      app.add_subcommand("fit", "Say whether a model fits into the memory that is here, and how fast it would be");
  const auto options = std::make_shared<FitOptions>();
  add_model_option(*sub, options->model);
  add_compute_options(*sub, options->model);
  add_context_option(*sub, options->model);
  sub->add_flag_callback(
      "--no-measure", [options] { options->measure = false; }, "Do not measure memory and disk, nor estimate a speed");
  sub->add_flag("--json", options->json, "Print JSON");
  sub->callback([options, &action] { action = [options] { return fit(*options); }; });
}

}  // namespace cli
