// vendor/runtime.h by AMD's runtime: which of its errors means what, which devices this plugin has code for, and what
// is called otherwise than elsewhere. All other calls are in backends/gpu/runtime_calls.h.
#include "vendor/runtime.h"

#include <unistd.h>

#include <cstring>
#include <vector>

namespace gpu {

Error::Kind kind_of(int code) {
  switch (code) {
    case hipErrorOutOfMemory: return Error::Kind::kOutOfMemory;
    case hipErrorInsufficientDriver: return Error::Kind::kDriverTooOld;
    case hipErrorNoDevice: return Error::Kind::kNoDevice;
    case hipErrorSharedObjectInitFailed:
    case hipErrorSharedObjectSymbolNotFound: return Error::Kind::kMissingLibrary;
    // After these every call of the process fails, or the device is gone.
    case hipErrorIllegalAddress:
    case hipErrorLaunchFailure:
    case hipErrorLaunchTimeOut:
    case hipErrorAssert:
    case hipErrorECCNotCorrectable:
    case hipErrorContextIsDestroyed:
    case hipErrorDeinitialized:
    case hipErrorUnknown: return Error::Kind::kLost;
    default: return Error::Kind::kOther;
  }
}

bool has_code(const char* architectures, const std::string& device) {
  const std::string wanted = device.substr(0, device.find(':'));
  for (const char* at = architectures; *at != '\0';) {
    const size_t length = std::strcspn(at, " ");
    if (wanted.compare(0, std::string::npos, at, length) == 0) return true;
    at += length;
    if (*at == ' ') ++at;
  }
  return false;
}

namespace {

std::string remedy(hipError_t code) {
  if (code != hipErrorNoDevice) return "";
  if (access("/dev/kfd", F_OK) != 0)
    return "; /dev/kfd is missing: the amdgpu driver is not loaded, or not in this container";
  if (access("/dev/kfd", R_OK | W_OK) != 0)
    return "; /dev/kfd may not be opened: become a member of its group (render)";
  return "";
}

[[noreturn]] void fail(hipError_t code, const char* doing) {
  static_cast<void>(hipGetLastError());  // what is thrown is not also left behind
  throw Error{kind_of(code), code,
              std::string(doing) + ": " + hipGetErrorName(code) + " (" + std::to_string(code) +
                  "): " + hipGetErrorString(code) + remedy(code)};
}

void check(hipError_t code, const char* doing) {
  if (code != hipSuccess) fail(code, doing);
}

void forget(hipError_t code) noexcept {
  if (code != hipSuccess) static_cast<void>(hipGetLastError());
}

hipDeviceProp_t ask(int ordinal) {
  hipDeviceProp_t found;
  check(hipGetDeviceProperties(&found, ordinal), "asking for a device's properties");
  return found;
}

// The runtime's numbers of the devices that this plugin has code for.
std::vector<int> find_devices() {
  int count = 0;
  check(hipGetDeviceCount(&count), "looking for AMD GPUs");
  std::vector<int> devices;
  std::string found;
  for (int i = 0; i < count; ++i) {
    const std::string architecture = ask(i).gcnArchName;
    if (has_code(GROK1_GPU_ARCHITECTURES, architecture)) devices.push_back(i);
    found += (i == 0 ? "" : ", ") + architecture;
  }
  if (devices.empty())
    throw Error{Error::Kind::kNoDevice, hipErrorNoBinaryForGpu,
                "GPUs of the architectures " GROK1_GPU_ARCHITECTURES " are wanted; found: " +
                    (found.empty() ? "none" : found) + "; build with GROK1_ROCM_ARCHITECTURES naming it"};
  return devices;
}

const std::vector<int>& devices() {
  static const std::vector<int> found = find_devices();  // a search that throws is repeated by the next caller
  return found;
}

int ordinal(int device) {
  return devices().at(static_cast<size_t>(device));
}

}  // namespace

int device_count() {
  return static_cast<int>(devices().size());
}

Properties properties(int device) {
  const Selected selected(device);
  const hipDeviceProp_t found = ask(ordinal(device));
  size_t available = 0, total = 0;
  check(hipMemGetInfo(&available, &total), "asking for a device's memory");
  const char* name = found.name[0] != '\0' ? found.name : found.gcnArchName;
  return {name, total, available, found.warpSize, found.multiProcessorCount};
}

void* allocate_pinned(size_t size) {
  void* memory = nullptr;
  const hipError_t code = hipHostMalloc(&memory, size, hipHostMallocPortable);
  if (code != hipSuccess) fail(code, ("allocating " + std::to_string(size) + " bytes on the host").c_str());
  return memory;
}

void release_pinned(void* memory) noexcept {
  if (memory != nullptr) forget(hipHostFree(memory));
}

#define GPU_CALL(name) hip##name
#include "backends/gpu/runtime_calls.h"

}  // namespace gpu
