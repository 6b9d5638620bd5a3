#include "stream.h"

#include <cstring>
#include <string>
#include <utility>

#include "device.h"
#include "launch.h"
#include "memory.h"
#include "running.h"

namespace gpu {
namespace emulator {
namespace {

// Runs the oldest work. What a lost device was still to do is dropped, but its marks count as reached: nobody hangs.
void run_one(StreamState& stream) {
  const std::function<void()> work = std::move(stream.work.front());
  stream.work.pop_front();
  work();
}

void run_all(StreamState& stream) {
  while (!stream.work.empty()) run_one(stream);
}

void run_to(const Mark& mark) {
  while (!mark.reached) run_one(*mark.stream);
}

bool is_lost(int device) {
  return machine().devices[static_cast<size_t>(device)].lost;
}

void check_stream(gpu::Stream stream, const std::string& what) {
  if (stream == nullptr) fail(Error::Kind::kOther, what + " needs a stream, not NULL");
  if (stream->device != selected())
    fail(Error::Kind::kOther, what + ": the stream is of emu:" + std::to_string(stream->device) +
                                  ", but emu:" + std::to_string(selected()) + " is selected");
  check_alive(stream->device);
}

void enqueue_on_device(gpu::Stream stream, std::function<void()> work) {
  stream->work.push_back([device = stream->device, work = std::move(work)] {
    if (!is_lost(device)) work();
  });
}

// One side of a copy: memory of a device, or pinned memory.
struct Place {
  const void* address;
  int device;  // kHost: pinned
};
constexpr int kHost = -1;

char* resolve(const Place& place, size_t size) {
  if (place.device != kHost) return find(place.address, size, place.device);
  return is_pinned(place.address, size) ? static_cast<char*>(const_cast<void*>(place.address)) : nullptr;
}

std::string problem(const Place& place, size_t size) {
  if (place.device != kHost) return describe(place.address, size, place.device);
  return "needs " + std::to_string(size) + " bytes of pinned memory (allocate_pinned), and was given other memory";
}

void enqueue_copy(const std::string& what, Place to, Place from, size_t size, gpu::Stream stream) {
  const Lock held = lock();
  check_stream(stream, what);
  if (size == 0) return;
  for (const Place& place : {to, from})
    if (resolve(place, size) == nullptr) fail(Error::Kind::kOther, what + " " + problem(place, size));
  enqueue_on_device(stream, [=, device = stream->device] {
    for (const Place& place : {to, from})
      if (resolve(place, size) == nullptr)  // it was there when the copy was enqueued
        return lose(device, what + ", when it ran, " + problem(place, size) + ": it was released too early");
    std::memmove(resolve(to, size), resolve(from, size), size);
  });
}

}  // namespace

void enqueue(Launch launch, gpu::Stream stream) {
  const Lock held = lock();
  check_stream(stream, "kernel " + launch.name);
  check(launch, stream->device);
  enqueue_on_device(stream, [launch = std::move(launch), device = stream->device] { run(launch, device); });
}

}  // namespace emulator

using namespace emulator;

void copy_to_device(void* to, const void* from, size_t size, Stream stream) {
  enqueue_copy("copy_to_device", {to, selected()}, {from, kHost}, size, stream);
}
void copy_to_host(void* to, const void* from, size_t size, Stream stream) {
  enqueue_copy("copy_to_host", {to, kHost}, {from, selected()}, size, stream);
}
void copy_on_device(void* to, const void* from, size_t size, Stream stream) {
  enqueue_copy("copy_on_device", {to, selected()}, {from, selected()}, size, stream);
}
void copy_between(void* to, int to_device, const void* from, int from_device, size_t size, Stream stream) {
  enqueue_copy("copy_between", {to, to_device}, {from, from_device}, size, stream);
}

void fill(void* to, uint8_t value, size_t size, Stream stream) {
  const Lock held = lock();
  check_stream(stream, "fill");
  if (size == 0) return;
  if (find(to, size, stream->device) == nullptr)
    emulator::fail(Error::Kind::kOther, "fill " + describe(to, size, stream->device));
  enqueue_on_device(stream, [=, device = stream->device] {
    char* memory = find(to, size, device);
    if (memory == nullptr) return lose(device, "fill, when it ran, " + describe(to, size, device));
    std::memset(memory, value, size);
  });
}

Stream create_stream() {
  const Lock held = lock();
  check_alive(selected());
  return new StreamState{selected(), {}};
}

void destroy(Stream stream) noexcept {
  const Lock held = lock();
  if (stream == nullptr) return;
  run_all(*stream);
  delete stream;
}

void synchronize(Stream stream) {
  const Lock held = lock();
  if (stream == nullptr) emulator::fail(Error::Kind::kOther, "synchronize needs a stream, not NULL");
  run_all(*stream);
  check_alive(stream->device);
}

Event create_event() {
  const Lock held = lock();
  check_alive(selected());
  return new EventState{selected(), nullptr};
}

void destroy(Event event) noexcept {
  const Lock held = lock();
  delete event;
}

void record(Event event, Stream stream) {
  const Lock held = lock();
  check_stream(stream, "record");
  if (event == nullptr) emulator::fail(Error::Kind::kOther, "record needs an event, not NULL");
  if (event->device != stream->device)
    emulator::fail(Error::Kind::kOther, "record: the event is of emu:" + std::to_string(event->device) +
                                            ", the stream of emu:" + std::to_string(stream->device));
  event->mark = std::make_shared<Mark>(Mark{stream});
  stream->work.push_back([mark = event->mark] { mark->reached = true; });
}

void wait(Stream stream, Event event) {
  const Lock held = lock();
  check_stream(stream, "wait");
  if (event == nullptr) emulator::fail(Error::Kind::kOther, "wait needs an event, not NULL");
  if (event->mark == nullptr) return;
  stream->work.push_back([mark = event->mark] { run_to(*mark); });
}

void synchronize(Event event) {
  const Lock held = lock();
  if (event == nullptr) emulator::fail(Error::Kind::kOther, "synchronize needs an event, not NULL");
  if (event->mark != nullptr) run_to(*event->mark);
  check_alive(event->device);
}

}  // namespace gpu
