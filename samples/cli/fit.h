// What grok1 fit finds out, and its two printed forms (fit_report.cpp). How fast it would be: fit_speed.cpp.
#pragma once

#include <string>
#include <vector>

#include "model.h"

namespace cli {

// What a token costs and how fast that can be read, measured just now.
struct FitSpeed {
  double tokens_per_second = 0;  // 0: not known
  double memory_rate = 0;        // bytes per second of the device that reads the most; 0: not measured
  double fraction = 0;           // of that rate which decoding reaches
  double disk_rate = 0;          // bytes per second; 0: not measured, or nothing is read from disk
  double disk_bytes = 0;         // of a token
};

struct Candidate {
  grok1_plan plan = GROK1_INIT(grok1_plan);
  std::vector<grok1_plan_device> devices;
  bool fits = true;
  FitSpeed speed;
};

struct Fit {
  std::string path;
  grok1_model_info info = GROK1_INIT(grok1_model_info);
  std::vector<Candidate> candidates;          // the first is what a load would choose
  std::vector<grok1_encoding_fit> encodings;  // against the first, from the largest to the smallest
  std::string run_arguments;                  // what of the command line decides where the model goes
  const Candidate* best() const;              // the first that fits, or NULL
};

// Measures the candidates that fit.
void measure_speed(grok1_runtime* runtime, const grok1_model* model, std::vector<Candidate>& candidates);

void print_fit(const Fit& fit);
void print_fit_json(const Fit& fit);

}  // namespace cli
