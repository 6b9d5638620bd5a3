#include "tests/golden/device_list.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

namespace golden {
namespace {

// Storing float32 between operators costs 1e-5 of the bf16 error; the two int8 digits of the CPU's activations cost
// more, the rounding of K and V to bf16 most. Each bound leaves the mistakes of the README far outside. Only that of an
// int8 cache does not, whose rounding is three to four times as coarse as bf16's (docs/decisions/0013) and so is its
// bound; what it cannot see, the others and the conformance suite do.
constexpr double kReferenceBound = 1e-4;
constexpr double kCpuBound = 0.1;
constexpr double kGpuBound = 0.1;  // the same digits
constexpr double kBf16CacheBound = 0.6;
constexpr double kI8CacheBound = 2.0;

// Devices of this machine that GROK1_TEST_DEVICES names, "cuda:0,cuda:1", each by itself.
void add_named_devices(std::vector<DeviceList>& lists) {
  const char* named = std::getenv("GROK1_TEST_DEVICES");
  std::istringstream devices(named == nullptr ? "" : named);
  for (std::string device; std::getline(devices, device, ',');) {
    std::string name = "named_" + device;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    lists.push_back({name, {.device = device}, kGpuBound, kBf16CacheBound, 1});
  }
}

}  // namespace

std::vector<DeviceList> device_lists() {
  const auto hybrid = [](std::string name, std::string devices, auto&& divide) {
    DeviceList list{std::move(name), {}, kCpuBound, 0, 2};
    list.settings.device = std::move(devices);
    divide(list.settings);
    return list;
  };
  std::vector<DeviceList> lists = {
      {"reference", {.device = "reference"}, kReferenceBound, 0, 1, kI8CacheBound},
      {"cpu", {.device = "cpu"}, kCpuBound, kBf16CacheBound, 1, kI8CacheBound},
      hybrid("last_layer_on_reference", "reference,cpu", [](Settings& s) { s.gpu_layers = 1; }),
      hybrid("layers_divided", "reference,cpu", [](Settings& s) { s.tensor_split = "1,1"; }),
      hybrid("layers_divided_the_other_way", "cpu,reference", [](Settings& s) { s.tensor_split = "1,1"; }),
      hybrid("all_experts_on_cpu", "reference,cpu", [](Settings& s) { s.cpu_experts_layers = 99; }),
      hybrid("experts_of_first_layer_on_cpu", "reference,cpu", [](Settings& s) { s.cpu_experts_layers = 1; }),
      hybrid("half_of_each", "reference,cpu",
             [](Settings& s) {
               s.gpu_layers = 1;
               s.cpu_experts_layers = 99;
             }),
      hybrid("experts_divided", "reference,cpu",
             [](Settings& s) {
               s.split = GROK1_SPLIT_EXPERT;
               s.tensor_split = "3,1";
             }),
      hybrid("columns_divided", "reference,cpu", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }),
      hybrid("columns_of_two_cpus", "cpu,cpu", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }),
      {"wave32", {.device = "emu:0"}, kGpuBound, kBf16CacheBound, 1},
      {"wave64", {.device = "emu:1"}, kGpuBound, kBf16CacheBound, 1},
      hybrid("layers_of_two_gpus", "emu:0,emu:1", [](Settings& s) { s.tensor_split = "1,1"; }),
      hybrid("experts_of_two_gpus", "emu:0,emu:1", [](Settings& s) { s.split = GROK1_SPLIT_EXPERT; }),
      hybrid("columns_of_two_gpus", "emu:0,emu:1", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }),
      hybrid("last_layer_on_gpu", "emu:0,cpu", [](Settings& s) { s.gpu_layers = 1; }),
      hybrid("experts_beside_gpu", "emu:1,cpu", [](Settings& s) { s.cpu_experts_layers = 99; }),
      hybrid("columns_of_gpu_and_cpu", "emu:0,cpu", [](Settings& s) { s.split = GROK1_SPLIT_FFN; }),
  };
  add_named_devices(lists);
  return lists;
}

}  // namespace golden
