#include "device.h"

#include <optional>
#include <utility>

#include "counts.h"

namespace gpu {
namespace emulator {
namespace {

std::optional<Machine> the_machine;
thread_local int thread_device = 0;

Machine make_machine() {
  Machine made;
  made.options = read_options();
  for (const int wave : made.options.waves) made.devices.push_back({.wave = wave, .reason = {}});
  if (!made.options.counts.empty()) count_sectors_into(made.options.counts);
  return made;
}

}  // namespace

Lock lock() {
  static std::recursive_mutex mutex;
  return Lock(mutex);
}

Machine& machine() {
  if (!the_machine) the_machine = make_machine();
  return *the_machine;
}

int selected() {
  const Lock held = lock();
  if (static_cast<size_t>(thread_device) >= machine().devices.size())
    fail(Error::Kind::kNoDevice, "device " + std::to_string(thread_device) + " is selected, but there are " +
                                     std::to_string(machine().devices.size()));
  return thread_device;
}

void check_alive(int device) {
  const Device& d = machine().devices[static_cast<size_t>(device)];
  if (d.lost) fail(Error::Kind::kLost, "device emu:" + std::to_string(device) + " is lost: " + d.reason);
}

void lose(int device, std::string reason) {
  Device& d = machine().devices[static_cast<size_t>(device)];
  if (d.lost) return;
  d.lost = true;
  d.reason = std::move(reason);
}

void fail(Error::Kind kind, std::string text) {
  throw Error{kind, 1 + static_cast<int>(kind), std::move(text)};
}

void restart() {
  const Lock held = lock();
  the_machine.reset();
  reset_counts();
  machine();
}

}  // namespace emulator

int device_count() {
  const emulator::Lock held = emulator::lock();
  const size_t count = emulator::machine().devices.size();
  if (count == 0) emulator::fail(Error::Kind::kNoDevice, "GROK1_EMU_DEVICES is \"none\": no device is emulated");
  return static_cast<int>(count);
}

Properties properties(int device) {
  const emulator::Lock held = emulator::lock();
  if (device < 0 || device >= device_count())
    emulator::fail(Error::Kind::kNoDevice, "there is no device emu:" + std::to_string(device));
  emulator::check_alive(device);
  const emulator::Device& d = emulator::machine().devices[static_cast<size_t>(device)];
  const uint64_t total = emulator::machine().options.memory;
  constexpr int kUnits = 4;  // few, so that small grids fill the device
  return {"emulated GPU with waves of " + std::to_string(d.wave), total, total - d.used, d.wave, kUnits};
}

Selected::Selected(int device) : before_(emulator::thread_device) {
  if (device < 0 || device >= device_count())
    emulator::fail(Error::Kind::kNoDevice, "there is no device emu:" + std::to_string(device) + " to select");
  emulator::thread_device = device;
}

Selected::~Selected() {
  emulator::thread_device = before_;
}

void check_launch(const char*) {
  const emulator::Lock held = emulator::lock();
  emulator::check_alive(emulator::selected());
}

}  // namespace gpu
