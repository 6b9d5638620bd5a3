// A test's workplace on the emulator: the environment set, a device selected, a stream, and memory that is released.
#ifndef GROK1_TESTS_GPU_EMU_BENCH_H
#define GROK1_TESTS_GPU_EMU_BENCH_H

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "device.h"
#include "sample_kernels.h"
#include "vendor/runtime.h"

namespace gpu::emulator {

// Sets variables until the end of the scope, and begins the emulator anew.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables) : variables_(variables) {
    for (const auto& [name, value] : variables_) setenv(name.c_str(), value.c_str(), 1);
    restart();
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> variables_;
};

class Bench {
 public:
  explicit Bench(int device = 0)
      : selected_(device),
        kernels(properties(device).wave == 32 ? samples::wave32() : samples::wave64()),
        stream(create_stream()) {}
  ~Bench() {
    destroy(stream);
    for (void* memory : device_) release(memory);
    for (void* memory : pinned_) release_pinned(memory);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  template <class T>
  T* on_device(size_t count) {
    device_.push_back(allocate(count * sizeof(T)));
    return static_cast<T*>(device_.back());
  }
  template <class T>
  T* on_host(size_t count) {
    pinned_.push_back(allocate_pinned(count * sizeof(T)));
    return static_cast<T*>(pinned_.back());
  }
  template <class T>
  T* upload(const std::vector<T>& values) {
    T* host = on_host<T>(values.size());
    std::memcpy(host, values.data(), values.size() * sizeof(T));
    T* device = on_device<T>(values.size());
    copy_to_device(device, host, values.size() * sizeof(T), stream);
    return device;
  }
  template <class T>
  std::vector<T> download(const T* memory, size_t count) {
    T* host = on_host<T>(count);
    copy_to_host(host, memory, count * sizeof(T), stream);
    synchronize(stream);
    return {host, host + count};
  }

 private:
  Selected selected_;
  std::vector<void*> device_, pinned_;

 public:
  const samples::Kernels& kernels;
  gpu::Stream stream;
};

// The Error that a call throws; a failed test and an empty text if it throws none.
template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no Error";
  return {Error::Kind::kOther, 0, ""};
}

inline std::vector<float> counted(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 97);
  return values;
}

}  // namespace gpu::emulator

#endif
