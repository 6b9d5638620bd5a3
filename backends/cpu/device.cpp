// The device: described, opened with its options, asked what it supports.
#include "backends/cpu/device.h"

#include <charconv>
#include <cstdio>

#include "backends/contract/support.h"
#include "backends/cpu/machine.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

struct Options {
  uint32_t threads;
  Isa isa;
  bool one_digit;
};

void check_index(uint32_t index) {
  if (index != 0) refuse(GROK1_E_INVALID_ARGUMENT, "device %u is asked for, there is only device 0", index);
}

uint32_t thread_count(std::string_view value) {
  uint32_t count = 0;
  const char* end = value.data() + value.size();
  const auto [stop, fault] = std::from_chars(value.data(), end, count);
  if (fault != std::errc() || stop != end || count == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "threads=%.*s: wanted a number of 1 or more", static_cast<int>(value.size()),
           value.data());
  return count;
}

bool is_one_digit(std::string_view value) {
  if (value != "1" && value != "2")
    refuse(GROK1_E_INVALID_ARGUMENT, "digits=%.*s: wanted 2 (activations of int8 matrices in 15 bits) or 1 (in 8)",
           static_cast<int>(value.size()), value.data());
  return value == "1";
}

Options parse_options(const Backend& backend, std::string_view text) {
  uint32_t threads = UINT32_MAX;
  std::string_view isa = backend.forced_isa;
  const char* source = "GROK1_CPU_ISA";
  bool one_digit = false;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      refuse(GROK1_E_INVALID_ARGUMENT, "option '%.*s': wanted key=value", static_cast<int>(item.size()), item.data());
    const std::string_view key = item.substr(0, equals), value = item.substr(equals + 1);
    if (key == "threads") threads = thread_count(value);
    if (key == "digits") one_digit = is_one_digit(value);
    if (key == "isa") isa = value, source = "option isa";
  }
  return {threads, isa.empty() && source[0] == 'G' ? best_isa() : forced_isa(isa, source), one_digit};
}

void describe(const Backend& backend, char (&name)[128]) {
  const uint32_t cores = usable_cores();
  Isa isa = best_isa();
  if (!backend.forced_isa.empty()) {
    try {
      isa = forced_isa(backend.forced_isa, "GROK1_CPU_ISA");
    } catch (const Refusal&) {  // device_open will say so; a description must not fail for it
    }
  }
  std::snprintf(name, sizeof name, "%.80s, %u %s, %s", processor_name().c_str(), cores, cores == 1 ? "core" : "cores",
                title_of(isa));
}

}  // namespace

grok1_status device_count(grok1_backend* backend, uint32_t* count, grok1_error* err) {
  return guarded(err, [&] {
    given(backend, "backend");
    given(count, "count") = 1;
  });
}

grok1_status device_info(grok1_backend* backend, uint32_t index, grok1_backend_device* info, grok1_error* err) {
  return guarded(err, [&] {
    const Backend& self = object<Backend>(backend, "backend");
    check_index(index);
    grok1_backend_device answer = GROK1_INIT(grok1_backend_device);
    const MachineMemory memory = machine_memory();
    describe(self, answer.name);
    answer.memory_total = memory.total;
    answer.memory_free = memory.free;
    answer.kind = GROK1_DEVICE_CPU;
    answer.flags = GROK1_DEVICE_IN_PLACE;
    output(info, GROK1_TYPE_BACKEND_DEVICE, "info", answer);
  });
}

// By default as many threads as the process may use cores. A larger number is what the user asked for and allowed.
grok1_status device_open(grok1_backend* backend, uint32_t index, const char* options, grok1_device** device,
                         grok1_error* err) {
  return guarded(err, [&] {
    const Backend& self = object<Backend>(backend, "backend");
    check_index(index);
    const Options chosen = parse_options(self, &given(options, "options"));
    given(device, "device");
    const uint32_t threads = chosen.threads == UINT32_MAX ? usable_cores() : chosen.threads;
    if (threads > 4096) refuse(GROK1_E_INVALID_ARGUMENT, "threads=%u: at most 4096 are possible", threads);
    hand_out(device, new Device{kernels_of(chosen.isa), Threads(threads), chosen.one_digit});
  });
}

void device_close(grok1_device* device) {
  delete reinterpret_cast<Device*>(device);
}

grok1_status supports(grok1_device* device, uint32_t what, uint32_t a, uint32_t b, uint32_t c, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    check_supported("CPU", what, a, b, c);
  });
}

}  // namespace grok1::cpu
