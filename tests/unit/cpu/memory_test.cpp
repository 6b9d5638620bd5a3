// Memory of the device: what it is made of, and on which nodes its pages are asked for. Nodes that this machine lacks
// are asked for too: the system refuses them, which must do no harm.
#include "backends/cpu/memory.h"

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "backends/cpu/weights.h"
#include "grok1_backend.h"

extern "C" const grok1_backend_descriptor grok1_backend_entry;

namespace grok1::cpu {
namespace {

constexpr uint64_t kMegabyte = 1u << 20;

TEST(Memory, IsZeroedAndAligned) {
  for (const uint64_t size : {1u, 63u, 4097u, (4u << 20) - 1, 4u << 20, (9u << 20) + 5}) {
    const Memory memory(size);
    EXPECT_EQ(memory.size(), size);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % 64, 0u);
    for (uint64_t i = 0; i < size; ++i) ASSERT_EQ(memory.data()[i], 0);
  }
}

TEST(Memory, RefusesWhatThereIsNot) {
  EXPECT_THROW(Memory(UINT64_MAX - 10), Refusal);
  EXPECT_THROW(Memory(uint64_t{1} << 60), Refusal);
  EXPECT_THROW(size_product({uint64_t{1} << 40, uint64_t{1} << 30}), Refusal);
}

// The node that is asked for at an address; -1 if there is none or the system does not tell.
int asked_node(const char* address) {
  int mode = 0;
  unsigned long nodes[16] = {};
  if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, address, MPOL_F_ADDR) != 0) return -1;
  return mode == MPOL_PREFERRED && nodes[0] != 0 ? __builtin_ctzl(nodes[0]) : -1;
}

bool system_places() {
  Memory memory(4 * kMegabyte);
  memory.prefer_node(0, 4 * kMegabyte, 0);
  return asked_node(memory.data()) == 0;
}

TEST(Memory, AsksForPagesOfANode) {
  if (!system_places()) GTEST_SKIP() << "this system lets no process ask for node 0";
  Memory memory(16 * kMegabyte);
  memory.prefer_node(4 * kMegabyte - 1000, 8 * kMegabyte + 1500, 0);
  EXPECT_EQ(asked_node(memory.data() + 4 * kMegabyte - 1), -1);
  EXPECT_EQ(asked_node(memory.data() + 4 * kMegabyte), 0) << "ends are rounded to huge pages";
  EXPECT_EQ(asked_node(memory.data() + 12 * kMegabyte - 1), 0);
  EXPECT_EQ(asked_node(memory.data() + 12 * kMegabyte), -1);
  memory.data()[5 * kMegabyte] = 1;
  EXPECT_EQ(memory.data()[5 * kMegabyte], 1);
}

TEST(Memory, ANodeThatIsNotThereIsNoError) {
  Memory small(1000), large(8 * kMegabyte);
  for (const uint32_t node : {0u, 1u, 63u, 64u, 700u, 100000u}) {
    small.prefer_node(0, 1000, node);
    large.prefer_node(0, 8 * kMegabyte, node);
  }
  std::memset(large.data(), 1, large.size());
  EXPECT_EQ(large.data()[large.size() - 1], 1);
}

// A device whose threads are dealt out to some nodes, and weights whose bytes it copies.
class Placement : public testing::Test {
 protected:
  void open(const char* options) {
    host_.struct_size = sizeof host_;
    ASSERT_EQ(grok1_backend_entry.open(&host_, &backend_, &ops_, nullptr), GROK1_OK);
    ASSERT_EQ(ops_->device_open(backend_, 0, options, &device_, nullptr), GROK1_OK);
  }
  ~Placement() override {
    for (grok1_weight* weight : weights_) ops_->weight_free(weight);
    ops_->device_close(device_);
    ops_->close(backend_);
  }
  const Weight& weight(uint32_t kind, uint32_t order, uint32_t experts, uint64_t k, uint64_t n) {
    grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
    desc.kind = kind, desc.order = order, desc.encoding = GROK1_ENCODING_F32;
    desc.experts = desc.expert_end = experts, desc.k = desc.k_end = k, desc.n = desc.n_end = n;
    weights_.push_back(nullptr);
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(ops_->weight_begin(device_, &desc, &weights_.back(), &err), GROK1_OK) << err.message;
    return *reinterpret_cast<const Weight*>(weights_.back());
  }
  const Weight& matrix(uint32_t experts, uint64_t k, uint64_t n) {
    return weight(GROK1_WEIGHT_LINEAR, GROK1_ORDER_KN, experts, k, n);
  }

  grok1_backend_host host_{};
  grok1_backend* backend_ = nullptr;
  const grok1_backend_ops* ops_ = nullptr;
  grok1_device* device_ = nullptr;
  std::vector<grok1_weight*> weights_;
};

std::vector<uint32_t> nodes_of(const Weight& weight) {
  std::vector<uint32_t> nodes;
  for (uint32_t i = 0; i < weight.chunks.list.size(); ++i) nodes.push_back(weight.node_of_chunk(i));
  return nodes;
}

TEST_F(Placement, ChunksGoRoundTheNodes) {
  open("threads=2,nodes=2,oversubscribe=1");
  EXPECT_EQ(nodes_of(matrix(8, 6144, 1)), (std::vector<uint32_t>{0, 1, 0})) << "a gate";
  weight(GROK1_WEIGHT_VECTOR, GROK1_ORDER_KN, 1, 6144, 1);
  EXPECT_EQ(nodes_of(matrix(8, 6144, 1)), (std::vector<uint32_t>{1, 0, 1})) << "its up";
  const Weight& head = weight(GROK1_WEIGHT_LINEAR, GROK1_ORDER_NK, 1, 1, 5);
  for (uint32_t output = 0; output < 5; ++output) EXPECT_EQ(head.node_of_output(output), output < 3 ? 0u : 1u);
}

TEST_F(Placement, OneNodeHasAll) {
  open("threads=2,nodes=1,oversubscribe=1");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(nodes_of(matrix(1, 6144, 1)), (std::vector<uint32_t>{0, 0, 0}));
  const Weight& large = matrix(1, 2048, 1024);
  EXPECT_EQ(asked_node(large.values.own.data()), -1) << "nothing is asked for";
}

// Of two nodes this machine has the first for certain, so only chunks of that are seen to be asked for.
TEST_F(Placement, CopiesAreAskedForWhereTheyAreRead) {
  if (!system_places()) GTEST_SKIP() << "this system lets no process ask for node 0";
  open("threads=2,nodes=2,oversubscribe=1");
  const auto expect_first_node = [](const char* at, bool wanted) {
    EXPECT_EQ(asked_node(at) == 0, wanted);
    EXPECT_EQ(asked_node(at + 7 * kMegabyte) == 0, wanted);
  };
  const Weight& chunks = matrix(2, 6144, 1024);  // chunks of 8 MiB: 0 1 0 in each expert
  for (uint64_t expert = 0; expert < 2; ++expert)
    for (uint64_t chunk = 0; chunk < 3; ++chunk)
      expect_first_node(chunks.values.row(expert, chunk * kChunk), chunk != 1);
  const Weight& rows = weight(GROK1_WEIGHT_LINEAR, GROK1_ORDER_NK, 1, 1024, 4096);
  expect_first_node(rows.values.row(0, 0), true);
  expect_first_node(rows.values.row(0, 2048), false);
}

// Chunks of several megabytes, whose rows lie further apart than they are long, are divided among the threads; the last
// task has fewer rows.
TEST_F(Placement, EveryRowOfALargeChunkIsCopied) {
  open("threads=3,oversubscribe=1");
  constexpr uint64_t kRows = 1301, kColumns = 700, kStride = kColumns + 13;
  std::vector<float> source(2 * kRows * kStride);
  for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<float>(i);
  const Weight& made = matrix(2, kRows, kColumns);
  grok1_queue* queue = nullptr;
  ASSERT_EQ(ops_->queue_create(device_, &queue, nullptr), GROK1_OK);
  const auto give = [&](uint32_t expert, uint64_t begin, uint64_t end) {
    grok1_weight_chunk chunk = GROK1_INIT(grok1_weight_chunk);
    chunk.data = &source[(expert * kRows + begin) * kStride];
    chunk.outer_begin = begin, chunk.outer_end = end, chunk.row_bytes = kStride * sizeof(float), chunk.expert = expert;
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(ops_->weight_chunk(weights_.back(), queue, &chunk, &err), GROK1_OK) << err.message;
  };
  give(1, 1, kRows), give(0, 0, kRows), give(1, 0, 1);
  EXPECT_EQ(ops_->weight_end(weights_.back(), queue, nullptr), GROK1_OK);
  for (uint64_t row = 0; row < 2 * kRows; ++row)
    ASSERT_EQ(std::memcmp(made.values.row(row / kRows, row % kRows), &source[row * kStride], kColumns * sizeof(float)),
              0)
        << "row " << row;
  ops_->queue_destroy(queue);
}

}  // namespace
}  // namespace grok1::cpu
