// Buffers, copies, fills and the order of queues and events.
#include <cstdint>

#include "tests/conformance/region.h"
#include "tests/conformance/suite.h"

namespace grok1::conformance {
namespace {

const grok1_backend_ops& ops() {
  return candidate().ops();
}

void fill(grok1_queue* queue, grok1_buffer* buffer, uint64_t offset, uint64_t size, uint8_t value) {
  call("fill", ops().fill, queue, buffer, offset, size, value);
}

void copy(grok1_queue* queue, grok1_buffer* to, uint64_t to_offset, const grok1_buffer* from, uint64_t from_offset,
          uint64_t size) {
  call("copy", ops().copy, queue, to, to_offset, from, from_offset, size);
}

std::vector<unsigned char> bytes_of_host(grok1_buffer* buffer, size_t size) {
  candidate().sync();
  const auto* bytes = static_cast<const unsigned char*>(map(candidate(), buffer));
  return {bytes, bytes + size};
}

TEST(Buffers, HostMemoryIsMappedAndAligned) {
  for (const uint64_t size : {1u, 63u, 64u, 65u, 4096u, 1u << 20}) {
    const Handle<grok1_buffer> buffer = make_buffer(candidate(), size, GROK1_MEMORY_HOST);
    void* address = map(candidate(), buffer.get());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % 64, 0u) << size << " bytes: aligned to 64 at least";
    std::memset(address, 1, size);
    EXPECT_EQ(map(candidate(), buffer.get()), address) << "valid until it is freed";
  }
}

TEST(Buffers, DeviceMemoryIsMappedOrRefusedWithWords) {
  const Handle<grok1_buffer> buffer = make_buffer(candidate(), 100, GROK1_MEMORY_DEVICE);
  void* address = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  const grok1_status status = ops().buffer_map(buffer.get(), &address, &err);
  if (status == GROK1_OK) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(address) % 64, 0u);
  } else {
    EXPECT_EQ(status, GROK1_E_UNSUPPORTED) << "GROK1_E_UNSUPPORTED for device memory that the host cannot see";
    EXPECT_STRNE(err.message, "");
  }
}

TEST(Buffers, RefuseWhatCannotBe) {
  grok1_buffer* buffer = nullptr;
  expect_refused("a buffer of 0 bytes", ops().buffer_alloc, candidate().handle(), uint64_t(0),
                 uint32_t(GROK1_MEMORY_HOST), &buffer);
  expect_refused("memory 99", ops().buffer_alloc, candidate().handle(), uint64_t(64), 99u, &buffer);
  expect_refused("a NULL buffer", ops().buffer_map, static_cast<grok1_buffer*>(nullptr), static_cast<void**>(nullptr));
  // 2^60 bytes: more than any machine; out of memory leaves the device usable.
  EXPECT_EQ(expect_refused("2^60 bytes", ops().buffer_alloc, candidate().handle(), uint64_t(1) << 60,
                           uint32_t(GROK1_MEMORY_DEVICE), &buffer),
            GROK1_E_OUT_OF_MEMORY);
  ops().buffer_free(nullptr);
  make_buffer(candidate(), 64, GROK1_MEMORY_DEVICE);
}

TEST(Copies, MoveExactlyTheirRange) {
  constexpr size_t kSize = 5000;
  const Handle<grok1_buffer> host = make_buffer(candidate(), kSize, GROK1_MEMORY_HOST);
  const Handle<grok1_buffer> device = make_buffer(candidate(), kSize, GROK1_MEMORY_DEVICE);
  const Handle<grok1_buffer> back = make_buffer(candidate(), kSize, GROK1_MEMORY_HOST);
  auto* source = static_cast<unsigned char*>(map(candidate(), host.get()));
  for (size_t i = 0; i < kSize; ++i) source[i] = static_cast<unsigned char>(i * 7 + i / 256);
  for (const auto& [from, to, size] : {std::tuple<size_t, size_t, size_t>(0, 0, kSize),
                                       {1, 3, 1},
                                       {13, 64, 63},
                                       {64, 13, 65},
                                       {100, 999, 4001},
                                       {4999, 0, 1}}) {
    fill(candidate().queue(), device.get(), 0, kSize, 0x11);
    fill(candidate().queue(), back.get(), 0, kSize, 0x22);
    copy(candidate().queue(), device.get(), to, host.get(), from, size);
    copy(candidate().queue(), back.get(), 0, device.get(), 0, kSize);
    const std::vector<unsigned char> found = bytes_of_host(back.get(), kSize);
    for (size_t i = 0; i < kSize; ++i)
      ASSERT_EQ(found[i], i >= to && i < to + size ? source[from + i - to] : 0x11)
          << "copy of " << size << " bytes from " << from << " to " << to << ": byte " << i;
  }
}

TEST(Copies, FillSetsExactlyItsRange) {
  const Handle<grok1_buffer> host = make_buffer(candidate(), 1000, GROK1_MEMORY_HOST);
  fill(candidate().queue(), host.get(), 0, 1000, 0);
  fill(candidate().queue(), host.get(), 3, 901, 0xee);
  fill(candidate().queue(), host.get(), 500, 1, 0x12);
  const std::vector<unsigned char> found = bytes_of_host(host.get(), 1000);
  for (size_t i = 0; i < 1000; ++i) ASSERT_EQ(found[i], i == 500 ? 0x12 : i >= 3 && i < 904 ? 0xee : 0) << "byte " << i;
}

TEST(Copies, RefuseRangesOutsideTheBuffers) {
  const Handle<grok1_buffer> a = make_buffer(candidate(), 100, GROK1_MEMORY_HOST);
  const Handle<grok1_buffer> b = make_buffer(candidate(), 100, GROK1_MEMORY_HOST);
  grok1_buffer* to = a.get();
  const grok1_buffer* from = b.get();
  grok1_queue* queue = candidate().queue();
  expect_refused("a copy behind the target", ops().copy, queue, to, uint64_t(60), from, uint64_t(0), uint64_t(41));
  expect_refused("a copy behind the source", ops().copy, queue, to, uint64_t(0), from, uint64_t(60), uint64_t(41));
  expect_refused("a copy whose end wraps", ops().copy, queue, to, uint64_t(8), from, uint64_t(0), ~uint64_t(0) - 4);
  expect_refused("a copy from NULL", ops().copy, queue, to, uint64_t(0), static_cast<const grok1_buffer*>(nullptr),
                 uint64_t(0), uint64_t(1));
  expect_refused("a fill behind the end", ops().fill, queue, to, uint64_t(1), uint64_t(100), uint8_t(1));
  expect_refused("accumulate behind the end", ops().accumulate, queue, to, uint64_t(0), from, uint64_t(4),
                 uint64_t(25));
  expect_refused("accumulate of a wrapping count", ops().accumulate, queue, to, uint64_t(0), from, uint64_t(0),
                 (uint64_t(1) << 62) + 1);
  expect_refused("accumulate at an odd offset", ops().accumulate, queue, to, uint64_t(2), from, uint64_t(0),
                 uint64_t(1));
  copy(queue, to, 0, from, 0, 100);
  candidate().sync();
}

Handle<grok1_queue> make_queue() {
  grok1_queue* queue = nullptr;
  call("queue_create", ops().queue_create, candidate().handle(), &queue);
  return {queue, ops().queue_destroy};
}

Handle<grok1_event> make_event() {
  grok1_event* event = nullptr;
  call("event_create", ops().event_create, candidate().handle(), &event);
  return {event, ops().event_destroy};
}

TEST(Events, OneThatWasNeverRecordedIsDone) {
  const Handle<grok1_event> event = make_event();
  call("event_wait", ops().event_wait, event.get());
  call("queue_wait", ops().queue_wait, candidate().queue(), event.get());
  candidate().sync();
}

// Large fills, so that an unordered device would be caught copying old bytes.
TEST(Events, OrderWorkOfTwoQueues) {
  constexpr size_t kSize = 4 << 20;
  const Handle<grok1_queue> first = make_queue(), second = make_queue();
  const Handle<grok1_event> filled = make_event(), copied = make_event();
  const Handle<grok1_buffer> a = make_buffer(candidate(), kSize, GROK1_MEMORY_DEVICE);
  const Handle<grok1_buffer> b = make_buffer(candidate(), kSize, GROK1_MEMORY_HOST);
  for (uint8_t round = 1; round < 6; ++round) {
    fill(first.get(), a.get(), 0, kSize, round);
    call("event_record", ops().event_record, filled.get(), first.get());
    call("queue_wait", ops().queue_wait, second.get(), filled.get());
    copy(second.get(), b.get(), 0, a.get(), 0, kSize);
    call("event_record", ops().event_record, copied.get(), second.get());
    call("queue_wait", ops().queue_wait, first.get(), copied.get());
    call("event_wait", ops().event_wait, copied.get());
    const auto* bytes = static_cast<const unsigned char*>(map(candidate(), b.get()));
    EXPECT_EQ(bytes[0], round);
    EXPECT_EQ(bytes[kSize - 1], round) << "Makes work enqueued later on `queue` wait for the event";
  }
  call("queue_sync", ops().queue_sync, first.get());
  call("queue_sync", ops().queue_sync, second.get());
}

TEST(Events, RefuseNull) {
  const Handle<grok1_event> event = make_event();
  expect_refused("queue_sync of NULL", ops().queue_sync, static_cast<grok1_queue*>(nullptr));
  expect_refused("event_record of NULL", ops().event_record, static_cast<grok1_event*>(nullptr), candidate().queue());
  expect_refused("event_record on NULL", ops().event_record, event.get(), static_cast<grok1_queue*>(nullptr));
  expect_refused("event_wait of NULL", ops().event_wait, static_cast<grok1_event*>(nullptr));
  ops().event_destroy(nullptr);
  ops().queue_destroy(nullptr);
}

}  // namespace
}  // namespace grok1::conformance
