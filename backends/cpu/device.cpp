// The device: described, opened with its options, asked what it supports.
#include "backends/cpu/device.h"

#include <cstdio>

#include "backends/cpu/machine.h"
#include "backends/cpu/options.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

void check_index(uint32_t index) {
  if (index != 0) refuse(GROK1_E_INVALID_ARGUMENT, "device %u is asked for, there is only device 0", index);
}

void warn_of_few_cores(const grok1_backend_host& host, uint32_t asked, uint32_t cores) {
  char text[128];
  const int size = std::snprintf(text, sizeof text, "threads=%u: this process may use %u %s; %u %s used", asked, cores,
                                 cores == 1 ? "core" : "cores", cores, cores == 1 ? "is" : "are");
  if (host.log != nullptr) host.log(host.context, GROK1_LOG_WARNING, text, static_cast<size_t>(size));
}

// By default a thread for each physical core: decoding waits for memory, and a core's second CPU brings none. Never
// more than the process may run at once, unless it is told to.
Seating seating_of(const Backend& backend, const Options& options) {
  const Topology topology = read_topology("/sys/devices/system", affinity_mask());
  const uint32_t cores = usable_cores();
  uint32_t threads = options.threads != 0 ? options.threads : std::min(topology.cores(), cores);
  if (threads > cores && !options.oversubscribe) {
    warn_of_few_cores(*backend.host, threads, cores);
    threads = cores;
  }
  if (options.nodes != 0) return unpinned(threads, options.nodes);
  return threads > topology.cpus() ? unpinned(threads) : seats_on(topology, threads);
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
    const bool several_nodes = read_topology("/sys/devices/system", affinity_mask()).nodes.size() > 1;
    answer.flags = GROK1_DEVICE_IN_PLACE | (several_nodes ? uint32_t{GROK1_DEVICE_PREFERS_COPY} : 0u);
    output(info, GROK1_TYPE_BACKEND_DEVICE, "info", answer);
  });
}

grok1_status device_open(grok1_backend* backend, uint32_t index, const char* options, grok1_device** device,
                         grok1_error* err) {
  return guarded(err, [&] {
    const Backend& self = object<Backend>(backend, "backend");
    check_index(index);
    const Options chosen = parse_options(self, &given(options, "options"));
    given(device, "device");
    auto onednn = chosen.onednn ? open_onednn(chosen.one_digit) : nullptr;
    const Seating seating = seating_of(self, chosen);
    hand_out(device,
             new Device{kernels_of(chosen.isa), Threads(seating), chosen.one_digit, seating.nodes, std::move(onednn)});
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

}  // namespace grok1::cpu
