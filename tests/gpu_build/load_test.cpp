// The GPU plugins that were built, loaded by the library beside the CPU's and the reference: all in one process, and
// again after they were unloaded. Without a device the load report carries the driver's own words.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "grok1.h"

namespace {

struct Entry {
  int32_t state;
  uint32_t n_devices;
  std::string reason;
};

std::map<std::string, Entry> load_report() {
  grok1_runtime* runtime = nullptr;
  EXPECT_EQ(grok1_runtime_create(nullptr, &runtime, nullptr), GROK1_OK);
  std::map<std::string, Entry> found;
  grok1_load_entry entry = GROK1_INIT_grok1_load_entry;
  for (size_t i = 0; grok1_runtime_load_report(runtime, i, &entry) == GROK1_OK; ++i)
    found[entry.backend] = {entry.state, entry.n_devices, entry.reason};
  grok1_runtime_release(runtime);
  return found;
}

struct Vendor {
  const char* device_file;  // what the driver makes
  const char* error;        // what the runtime says without a device
};
const std::map<std::string, Vendor> kVendors = {{"cuda", {"/dev/nvidiactl", "cudaError"}},
                                                {"rocm", {"/dev/kfd", "hipErrorNoDevice (100)"}}};

std::vector<std::string> built() {
  std::istringstream names(GROK1_GPU_BUILT);
  std::vector<std::string> all;
  for (std::string name; names >> name;) all.push_back(name);
  return all;
}

TEST(GpuLoad, AllBackendsShareAProcessAndComeAgain) {
  for (int round = 0; round < 2; ++round) {
    const auto report = load_report();
    EXPECT_EQ(report.at("cpu").state, GROK1_LOAD_LOADED);
    EXPECT_EQ(report.at("reference").state, GROK1_LOAD_LOADED);
    for (const std::string& id : built()) {
      ASSERT_TRUE(report.count(id)) << id << " is not in the load report";
      const Entry& entry = report.at(id);
      EXPECT_TRUE(entry.state == GROK1_LOAD_LOADED || entry.state == GROK1_LOAD_NO_DEVICE)
          << id << ": " << entry.reason;
    }
  }
}

TEST(GpuLoad, WithoutADriverTheReportSaysSoInItsWords) {
  const auto report = load_report();
  for (const std::string& id : built()) {
    const Vendor& vendor = kVendors.at(id);
    if (access(vendor.device_file, F_OK) == 0) continue;
    const Entry& entry = report.at(id);
    EXPECT_EQ(entry.state, GROK1_LOAD_NO_DEVICE) << id << ": " << entry.reason;
    EXPECT_EQ(entry.n_devices, 0u);
    EXPECT_NE(entry.reason.find(vendor.error), std::string::npos) << id << ": " << entry.reason;
  }
}

}  // namespace
