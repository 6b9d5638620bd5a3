// The one device: the host's memory and one thread. It holds no state but its address, so any number may be open.
#include <charconv>
#include <cstdio>
#include <memory>
#include <string_view>

#include "backends/reference/refusal.h"
#include "backends/reference/table.h"

namespace grok1::reference {
namespace {

struct Device {
  char unused = 0;
};

// A line of /proc/meminfo, in bytes; 0 if there is none.
uint64_t meminfo(const char* key) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/proc/meminfo", "re"),
                                                   [](FILE* f) { return f ? std::fclose(f) : 0; });
  if (!file) return 0;
  char line[256];
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    const size_t size = std::strlen(key);
    if (std::strncmp(line, key, size) == 0 && line[size] == ':')
      return std::strtoull(line + size + 1, nullptr, 10) * 1024;
  }
  return 0;
}

void check_index(uint32_t index) {
  if (index != 0) refuse(GROK1_E_INVALID_ARGUMENT, "device %u is asked for, there is only device 0", index);
}

// threads=N is known to every CPU backend; this one checks it and goes on with one.
void check_option(std::string_view key, std::string_view value) {
  if (key != "threads") return;
  uint32_t threads = 0;
  const auto end = value.data() + value.size();
  const auto [stop, fault] = std::from_chars(value.data(), end, threads);
  if (fault != std::errc() || stop != end || threads == 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "threads=%.*s: wanted a number of 1 or more", int(value.size()), value.data());
}

void check_options(std::string_view options) {
  while (!options.empty()) {
    const std::string_view item = options.substr(0, options.find(','));
    options.remove_prefix(std::min(options.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos)
      refuse(GROK1_E_INVALID_ARGUMENT, "option '%.*s': wanted key=value", int(item.size()), item.data());
    check_option(item.substr(0, equals), item.substr(equals + 1));
  }
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
    given(backend, "backend");
    check_index(index);
    grok1_backend_device answer = GROK1_INIT(grok1_backend_device);
    std::snprintf(answer.name, sizeof answer.name, "plain loops in double precision, one thread");
    answer.memory_total = meminfo("MemTotal");
    answer.memory_free = meminfo("MemAvailable");
    answer.kind = GROK1_DEVICE_CPU;
    answer.flags = GROK1_DEVICE_IN_PLACE;
    output(info, GROK1_TYPE_BACKEND_DEVICE, "info", answer);
  });
}

grok1_status device_open(grok1_backend* backend, uint32_t index, const char* options, grok1_device** device,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(backend, "backend");
    check_index(index);
    check_options(&given(options, "options"));
    given(device, "device");
    hand_out(device, new Device);
  });
}

void device_close(grok1_device* device) {
  delete reinterpret_cast<Device*>(device);
}

grok1_status supports(grok1_device* device, uint32_t what, uint32_t a, uint32_t b, uint32_t c, grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    check_supported(kOffer, what, a, b, c);
  });
}

}  // namespace grok1::reference
