// The extension grok1.comm/1, where a backend offers it: sums among all of its devices. Skipped where it does not, or
// has one device only.
#include "tests/conformance/random.h"
#include "tests/conformance/suite.h"

namespace grok1::conformance {
namespace {

constexpr char kContract[] =
    "buffers[r] from offsets[r] on becomes the sum of all ranks' floats, added in the order of ranks, so that all get "
    "the "
    "same bits";
constexpr uint64_t kMost = 5000;

// A device of its own with a queue, floats and a way to read them.
struct Member {
  const grok1_backend_ops& ops = candidate().ops();
  grok1_device* device = nullptr;
  grok1_queue* queue = nullptr;
  grok1_buffer *floats = nullptr, *host = nullptr;

  explicit Member(uint32_t index) {
    call("device_open", ops.device_open, candidate().backend(), index, suite().options.c_str(), &device);
    call("queue_create", ops.queue_create, device, &queue);
    call("buffer_alloc", ops.buffer_alloc, device, (kMost + 1) * sizeof(float), uint32_t(GROK1_MEMORY_DEVICE), &floats);
    call("buffer_alloc", ops.buffer_alloc, device, (kMost + 1) * sizeof(float), uint32_t(GROK1_MEMORY_HOST), &host);
  }
  Member(const Member&) = delete;
  ~Member() {
    ops.buffer_free(host);
    ops.buffer_free(floats);
    ops.queue_destroy(queue);
    ops.device_close(device);
  }

  float* mapped() const {
    void* address = nullptr;
    call("buffer_map", ops.buffer_map, host, &address);
    return static_cast<float*>(address);
  }
  void write(const std::vector<float>& values) const {
    std::copy(values.begin(), values.end(), mapped());
    call("copy", ops.copy, queue, floats, uint64_t(0), static_cast<const grok1_buffer*>(host), uint64_t(0),
         uint64_t(values.size() * sizeof(float)));
    call("queue_sync", ops.queue_sync, queue);
  }
  std::vector<float> read(size_t count) const {
    call("copy", ops.copy, queue, host, uint64_t(0), static_cast<const grok1_buffer*>(floats), uint64_t(0),
         uint64_t(count * sizeof(float)));
    call("queue_sync", ops.queue_sync, queue);
    return {mapped(), mapped() + count};
  }
};

class Comm : public testing::Test {
 protected:
  const grok1_comm_ops* ops = nullptr;
  std::vector<std::unique_ptr<Member>> members;
  grok1_comm* comm = nullptr;
  std::vector<grok1_device*> devices;
  std::vector<grok1_queue*> queues;
  std::vector<grok1_buffer*> buffers;

  void SetUp() override {
    const auto get = candidate().ops().get_extension;
    if (get != nullptr) ops = static_cast<const grok1_comm_ops*>(get(candidate().backend(), "grok1.comm/1"));
    if (ops == nullptr) GTEST_SKIP() << "the backend does not offer grok1.comm/1";
    uint32_t count = 0;
    call("device_count", candidate().ops().device_count, candidate().backend(), &count);
    if (count < 2) GTEST_SKIP() << "the backend has one device";
    for (uint32_t i = 0; i < count; ++i) {
      members.push_back(std::make_unique<Member>(i));
      devices.push_back(members[i]->device);
      queues.push_back(members[i]->queue);
      buffers.push_back(members[i]->floats);
    }
    call("comm_create", ops->comm_create, devices.data(), count, kMost, &comm);
  }
  void TearDown() override {
    if (ops != nullptr) ops->comm_destroy(comm);
  }
  void reduce(uint64_t count, const std::vector<uint64_t>& offsets) const {
    call("all_reduce", ops->all_reduce, comm, queues.data(), buffers.data(), offsets.data(), count);
  }
};

TEST_F(Comm, SumsInTheOrderOfRanks) {
  Random random(51);
  const std::vector<uint64_t> offsets(members.size(), 4);
  for (const size_t count : {1u, 3u, 257u, 4999u}) {
    std::vector<float> expected(count);
    for (size_t r = 0; r < members.size(); ++r) {
      std::vector<float> values = random.normals(count + 1);
      members[r]->write(values);
      for (size_t i = 0; i < count; ++i) expected[i] = r == 0 ? values[i + 1] : expected[i] + values[i + 1];
    }
    reduce(count, offsets);
    for (const auto& member : members) {
      std::vector<float> found = member->read(count + 1);
      found.erase(found.begin());
      EXPECT_EQ(expected, found) << count << " floats: " << kContract;
    }
  }
}

// Twice without a wait between: what the first reads must not be what the second writes.
TEST_F(Comm, FollowsItselfOnTheQueues) {
  const std::vector<uint64_t> offsets(members.size(), 0);
  for (size_t r = 0; r < members.size(); ++r) members[r]->write(std::vector<float>(1000, float(r + 1)));
  float sum = float(members.size() * (members.size() + 1)) / 2;
  reduce(1000, offsets);
  reduce(1000, offsets);
  sum *= float(members.size());
  for (const auto& member : members) EXPECT_EQ(std::vector<float>(1000, sum), member->read(1000)) << kContract;
}

TEST_F(Comm, RefusesWhatItWasNotMadeFor) {
  const std::vector<uint64_t> offsets(members.size(), 0), odd(members.size(), 2);
  grok1_comm* made = nullptr;
  expect_refused("one device", ops->comm_create, devices.data(), 1u, kMost, &made);
  devices[1] = devices[0];
  expect_refused("a device twice", ops->comm_create, devices.data(), 2u, kMost, &made);
  expect_refused("more floats than planned", ops->all_reduce, comm, queues.data(), buffers.data(), offsets.data(),
                 kMost + 1);
  expect_refused("an odd offset", ops->all_reduce, comm, queues.data(), buffers.data(), odd.data(), uint64_t(1));
  queues[1] = queues[0];
  expect_refused("a queue of another rank", ops->all_reduce, comm, queues.data(), buffers.data(), offsets.data(),
                 uint64_t(1));
}

}  // namespace
}  // namespace grok1::conformance
