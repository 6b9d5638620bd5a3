// The devices, and the ways to divide a model among them, that every golden case is run on. A device is added here and
// nowhere else.
#pragma once

#include <string>
#include <vector>

#include "tests/golden/engine.h"

namespace golden {

struct DeviceList {
  std::string name;  // of the test
  Settings settings;
  double bound = 0;       // of the error with an f32 cache, in the unit of the logits
  double bf16_bound = 0;  // with the default cache; 0: not run, it costs time and says nothing new
  size_t n_devices = 1;   // that the model is then on
  double i8_bound = 0;    // with an int8 cache; 0: not run
};

std::vector<DeviceList> device_lists();

}  // namespace golden
