// vendor/runtime.h by NVIDIA's runtime: which of its errors means what, which devices this plugin has code for, and
// what is called otherwise than elsewhere. All other calls are in backends/gpu/runtime_calls.h.
#include "vendor/runtime.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace gpu {

Error::Kind kind_of(int code, int driver) {
  switch (code) {
    case cudaErrorMemoryAllocation: return Error::Kind::kOutOfMemory;
    case cudaErrorInsufficientDriver: return driver == 0 ? Error::Kind::kNoDevice : Error::Kind::kDriverTooOld;
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorCallRequiresNewerDriver: return Error::Kind::kDriverTooOld;
    case cudaErrorNoDevice:
    case cudaErrorStubLibrary: return Error::Kind::kNoDevice;
    case cudaErrorSharedObjectInitFailed:
    case cudaErrorSharedObjectSymbolNotFound: return Error::Kind::kMissingLibrary;
    // After these every call of the process fails, or the device is gone.
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorExternalDevice:
    case cudaErrorContextIsDestroyed:
    case cudaErrorDevicesUnavailable:
    case cudaErrorCudartUnloading:
    case cudaErrorMpsClientTerminated:
    case cudaErrorUnknown: return Error::Kind::kLost;
    default: return Error::Kind::kOther;
  }
}

bool has_code(const char* architectures, int major, int minor) {
  for (const char* at = architectures; *at != '\0';) {
    char* end = nullptr;
    const int built = static_cast<int>(std::strtol(at, &end, 10));
    const bool exact = *end == 'a';
    if (built / 10 == major && (exact ? built % 10 == minor : built % 10 <= minor)) return true;
    for (at = end; *at != '\0' && (*at < '0' || *at > '9');) ++at;
  }
  return false;
}

namespace {

int driver_version() {
  int version = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess) version = 0;
  return version;
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string remedy(int code, int driver) {
  if (code != cudaErrorInsufficientDriver) return "";
  if (driver == 0) return "; no driver library (libcuda.so.1) was found: install NVIDIA's driver";
  return "; the driver serves CUDA " + version_text(driver) + " and " + version_text(CUDART_VERSION) +
         " is wanted: install a newer driver";
}

[[noreturn]] void fail(cudaError_t code, const char* doing) {
  const int driver = code == cudaErrorInsufficientDriver ? driver_version() : 0;
  cudaGetLastError();  // what is thrown is not also left behind
  throw Error{kind_of(code, driver), code,
              std::string(doing) + ": " + cudaGetErrorName(code) + " (" + std::to_string(code) +
                  "): " + cudaGetErrorString(code) + remedy(code, driver)};
}

void check(cudaError_t code, const char* doing) {
  if (code != cudaSuccess) fail(code, doing);
}

void forget(cudaError_t code) noexcept {
  if (code != cudaSuccess) cudaGetLastError();
}

int attribute(cudaDeviceAttr which, int ordinal) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, ordinal), "asking for a device's properties");
  return value;
}

// The runtime's numbers of the devices that this plugin has code for.
std::vector<int> find_devices() {
  int count = 0;
  check(cudaGetDeviceCount(&count), "looking for NVIDIA GPUs");
  std::vector<int> devices;
  std::string found;
  for (int i = 0; i < count; ++i) {
    const int major = attribute(cudaDevAttrComputeCapabilityMajor, i);
    const int minor = attribute(cudaDevAttrComputeCapabilityMinor, i);
    if (has_code(GROK1_GPU_ARCHITECTURES, major, minor)) devices.push_back(i);
    found += (i == 0 ? "" : ", ") + std::to_string(major) + "." + std::to_string(minor);
  }
  if (devices.empty())
    throw Error{Error::Kind::kNoDevice, cudaErrorNoKernelImageForDevice,
                "GPUs of the architectures " GROK1_GPU_ARCHITECTURES " are wanted; found: compute capability " +
                    (found.empty() ? "none" : found) + "; build with GROK1_CUDA_ARCHITECTURES naming it (80 and up)"};
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
  const int number = ordinal(device);
  cudaDeviceProp found;
  check(cudaGetDeviceProperties(&found, number), "asking for a device's properties");
  size_t available = 0, total = 0;
  check(cudaMemGetInfo(&available, &total), "asking for a device's memory");
  return {found.name, total, available, found.warpSize, found.multiProcessorCount};
}

void* allocate_pinned(size_t size) {
  void* memory = nullptr;
  const cudaError_t code = cudaHostAlloc(&memory, size, cudaHostAllocPortable);
  if (code != cudaSuccess) fail(code, ("allocating " + std::to_string(size) + " bytes on the host").c_str());
  return memory;
}

void release_pinned(void* memory) noexcept {
  if (memory != nullptr) forget(cudaFreeHost(memory));
}

#define GPU_CALL(name) cuda##name
#include "backends/gpu/runtime_calls.h"

}  // namespace gpu
