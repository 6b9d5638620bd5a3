// HIP's names for CUDA's runtime, those that backends/rocm uses, so that nvcc compiles the ROCm plugin's sources: what
// they say of the runtime and of the language is checked by a second compiler, and can run on an NVIDIA GPU. Waves have
// 32 threads here. It stands for nothing else of HIP.
#ifndef GROK1_TESTS_HIP_ON_NVCC_HIP_RUNTIME_H
#define GROK1_TESTS_HIP_ON_NVCC_HIP_RUNTIME_H

#include <cuda_runtime.h>

#include <cstdint>
#include <string>

#define __HIP_DEVICE_COMPILE__ 1  // for the host too: nvcc wants both to agree about the width of a wave

using hipError_t = cudaError_t;
using hipStream_t = cudaStream_t;
using hipEvent_t = cudaEvent_t;

constexpr auto hipSuccess = cudaSuccess;
constexpr auto hipErrorOutOfMemory = cudaErrorMemoryAllocation;
constexpr auto hipErrorInsufficientDriver = cudaErrorInsufficientDriver;
constexpr auto hipErrorNoDevice = cudaErrorNoDevice;
constexpr auto hipErrorNoBinaryForGpu = cudaErrorNoKernelImageForDevice;
constexpr auto hipErrorSharedObjectInitFailed = cudaErrorSharedObjectInitFailed;
constexpr auto hipErrorSharedObjectSymbolNotFound = cudaErrorSharedObjectSymbolNotFound;
constexpr auto hipErrorIllegalAddress = cudaErrorIllegalAddress;
constexpr auto hipErrorLaunchFailure = cudaErrorLaunchFailure;
constexpr auto hipErrorLaunchTimeOut = cudaErrorLaunchTimeout;
constexpr auto hipErrorAssert = cudaErrorAssert;
constexpr auto hipErrorECCNotCorrectable = cudaErrorECCUncorrectable;
constexpr auto hipErrorContextIsDestroyed = cudaErrorContextIsDestroyed;
constexpr auto hipErrorDeinitialized = cudaErrorCudartUnloading;
constexpr auto hipErrorUnknown = cudaErrorUnknown;

constexpr auto hipMemcpyHostToDevice = cudaMemcpyHostToDevice;
constexpr auto hipMemcpyDeviceToHost = cudaMemcpyDeviceToHost;
constexpr auto hipMemcpyDeviceToDevice = cudaMemcpyDeviceToDevice;
constexpr unsigned hipStreamNonBlocking = cudaStreamNonBlocking;
constexpr unsigned hipEventDisableTiming = cudaEventDisableTiming;
constexpr unsigned hipHostMallocPortable = cudaHostAllocPortable;

// hipNAME is cudaOTHER.
#define GROK1_FORWARD(name, other)                               \
  template <class... Args>                                       \
  auto hip##name(Args... args)->decltype(cuda##other(args...)) { \
    return cuda##other(args...);                                 \
  }
GROK1_FORWARD(GetLastError, GetLastError)
GROK1_FORWARD(GetErrorName, GetErrorName)
GROK1_FORWARD(GetErrorString, GetErrorString)
GROK1_FORWARD(GetDeviceCount, GetDeviceCount)
GROK1_FORWARD(GetDevice, GetDevice)
GROK1_FORWARD(SetDevice, SetDevice)
GROK1_FORWARD(MemGetInfo, MemGetInfo)
GROK1_FORWARD(Malloc, Malloc)
GROK1_FORWARD(Free, Free)
GROK1_FORWARD(HostMalloc, HostAlloc)
GROK1_FORWARD(HostFree, FreeHost)
GROK1_FORWARD(MemcpyAsync, MemcpyAsync)
GROK1_FORWARD(MemcpyPeerAsync, MemcpyPeerAsync)
GROK1_FORWARD(MemsetAsync, MemsetAsync)
GROK1_FORWARD(StreamCreateWithFlags, StreamCreateWithFlags)
GROK1_FORWARD(StreamDestroy, StreamDestroy)
GROK1_FORWARD(StreamSynchronize, StreamSynchronize)
GROK1_FORWARD(StreamWaitEvent, StreamWaitEvent)
GROK1_FORWARD(EventCreateWithFlags, EventCreateWithFlags)
GROK1_FORWARD(EventDestroy, EventDestroy)
GROK1_FORWARD(EventRecord, EventRecord)
GROK1_FORWARD(EventSynchronize, EventSynchronize)
#undef GROK1_FORWARD

// With an architecture's name as AMD's devices have one: "sm_90".
struct hipDeviceProp_t : cudaDeviceProp {
  char gcnArchName[256];
};

inline hipError_t hipGetDeviceProperties(hipDeviceProp_t* properties, int device) {
  const hipError_t code = cudaGetDeviceProperties(properties, device);
  const std::string name = "sm_" + std::to_string(properties->major) + std::to_string(properties->minor);
  properties->gcnArchName[name.copy(properties->gcnArchName, sizeof properties->gcnArchName - 1)] = '\0';
  return code;
}

template <class T, unsigned count>
struct HIP_vector_base;
template <>
struct HIP_vector_base<int32_t, 4> {
  using Native_vec_ = int4;
};

template <class T>
__device__ T __builtin_nontemporal_load(const T* from) {
  return *from;
}
template <class T>
__device__ T __shfl_xor(T value, int mask, int width) {
  return __shfl_xor_sync(0xffffffffu, value, mask, width);
}

#endif
