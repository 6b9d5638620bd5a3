// Who owns what of a model, from numbers alone. In these models a layer takes 1 of norms, 10 of attention and 100 of
// experts, the head 50, a session 20.
#include "core/runtime/divide.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/base/failure.h"
#include "grok1.h"

namespace grok1 {
namespace {

constexpr uint32_t kLayers = 4, kKvHeads = 8, kExperts = 8, kFfn = 1000, kFfnUnit = 256;
constexpr uint64_t kNorms = 1, kAttention = 10, kAllExperts = 100, kHead = 50, kScratch = 20;
constexpr uint64_t kLayer = kNorms + kAttention + kAllExperts;
constexpr ModelShape kShape = {kLayers, kKvHeads, kExperts, kFfn, kFfnUnit};
constexpr Range kNone = {};

uint32_t new_pool() {
  static uint32_t pools = 0;
  return pools++;
}

DeviceBudget gpu(uint64_t available, uint32_t backend = 0) {
  DeviceBudget device;
  device.available = available;
  device.pool = new_pool();
  device.backend = backend;
  device.scratch = kScratch;
  device.head = kHead;
  device.norms.assign(kLayers, kNorms);
  device.attention.assign(kLayers, kAttention);
  device.experts.assign(kLayers, kAllExperts);
  return device;
}

DeviceBudget cpu(uint64_t available = 10000) {
  DeviceBudget device = gpu(available);
  device.is_cpu = true;
  device.maps_experts = true;
  return device;
}

Wishes by(uint32_t split) {
  Wishes wishes;
  wishes.split = split;
  return wishes;
}

Wishes by_layer() {
  return by(GROK1_SPLIT_LAYER);
}

// The member that has a layer's attention, of those that do not divide it.
std::vector<uint32_t> attention_of_layers(const Division& division) {
  std::vector<uint32_t> members;
  for (const LayerDivision& layer : division.layers) {
    for (uint32_t i = 0; i < division.n_members; ++i) {
      if (layer.shares[i].kv_heads == Range{0, kKvHeads}) members.push_back(i);
    }
  }
  return members;
}

std::vector<uint32_t> experts_of_layers(const Division& division) {
  std::vector<uint32_t> members;
  for (const LayerDivision& layer : division.layers) {
    for (uint32_t i = 0; i < division.n_members; ++i) {
      if (layer.shares[i].experts == Range{0, kExperts} && layer.shares[i].ffn == Range{0, kFfn}) members.push_back(i);
    }
  }
  return members;
}

// Every kv head has one owner, and so has every column of every expert.
void expect_covered_once(const Division& division) {
  for (const LayerDivision& layer : division.layers) {
    uint32_t heads = 0, columns = 0;
    for (const Share& share : layer.shares) {
      heads += share.kv_heads.size();
      columns += share.experts.size() * share.ffn.size();
    }
    EXPECT_EQ(heads, kKvHeads);
    EXPECT_EQ(columns, kExperts * kFfn);
  }
}

using Numbers = std::vector<uint32_t>;

TEST(Divide, OneDeviceHasAll) {
  const Division division = divide({gpu(1000)}, kShape, by_layer());
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(experts_of_layers(division), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(division.head(), 0u);
}

TEST(Divide, CpuIsLeftOutWhereEverythingFits) {
  const uint64_t all = kScratch + kHead + kLayers * kLayer;
  EXPECT_EQ(busy_members(divide({gpu(all), cpu()}, kShape, by_layer())), (Numbers{0}));
  EXPECT_EQ(busy_members(divide({gpu(all - 1), cpu()}, kShape, by_layer())), (Numbers{0, 1}));
}

TEST(Divide, ExpertsOfTheFirstLayersMakeRoom) {
  const uint64_t without_experts = kScratch + kHead + kLayers * (kNorms + kAttention);
  const Division two = divide({gpu(without_experts + 2 * kAllExperts), cpu()}, kShape, by_layer());
  EXPECT_EQ(attention_of_layers(two), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(experts_of_layers(two), (Numbers{1, 1, 0, 0}));
  EXPECT_EQ(two.layers[1].guests, (Numbers{1}));
  EXPECT_TRUE(two.layers[2].guests.empty());
  const Division one = divide({gpu(without_experts + 2 * kAllExperts - 1), cpu()}, kShape, by_layer());
  EXPECT_EQ(experts_of_layers(one), (Numbers{1, 1, 1, 0}));
}

TEST(Divide, ThenWholeLayersMakeRoom) {
  const std::vector<DeviceBudget> devices = {gpu(kScratch + 2 * (kNorms + kAttention)), cpu()};
  const Division division = divide(devices, kShape, by_layer());
  EXPECT_EQ(attention_of_layers(division), (Numbers{1, 1, 0, 0}));
  EXPECT_EQ(experts_of_layers(division), (Numbers{1, 1, 1, 1}));
  EXPECT_EQ(division.head(), 1u);
  Wishes wishes = by_layer();
  wishes.all_attention = true;
  EXPECT_FALSE(fits(devices, divide(devices, kShape, wishes)));
}

TEST(Divide, GpuLayersAreTheLastOnesAndTheHeadCountsAsOneMore) {
  Wishes wishes = by_layer();
  wishes.gpu_layers = 2;
  Division division = divide({gpu(1000), cpu()}, kShape, wishes);
  EXPECT_EQ(attention_of_layers(division), (Numbers{1, 1, 0, 0}));
  EXPECT_EQ(experts_of_layers(division), (Numbers{1, 1, 0, 0}));
  EXPECT_EQ(division.head(), 1u);
  wishes.gpu_layers = kLayers;
  division = divide({gpu(1000), cpu()}, kShape, wishes);
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(division.head(), 1u);
  wishes.gpu_layers = 99;
  EXPECT_EQ(divide({gpu(1000), cpu()}, kShape, wishes).head(), 0u);
}

// What was asked for is what is planned, whether it fits or not: the plan says which.
TEST(Divide, GpuLayersAreNotReducedSilently) {
  Wishes wishes = by_layer();
  wishes.gpu_layers = 2;
  const std::vector<DeviceBudget> devices = {gpu(30), cpu()};
  const Division division = divide(devices, kShape, wishes);
  EXPECT_EQ(attention_of_layers(division), (Numbers{1, 1, 0, 0}));
  EXPECT_FALSE(fits(devices, division));
}

TEST(Divide, CpuExpertsLayersAreTheFirstOnes) {
  Wishes wishes = by_layer();
  wishes.cpu_experts_layers = 1;
  const Division division = divide({gpu(1000), cpu()}, kShape, wishes);
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(experts_of_layers(division), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(division.head(), 0u);
}

TEST(Divide, LayersInTheProportionsGiven) {
  Wishes wishes = by_layer();
  wishes.tensor_split = {3, 1};
  const Division division = divide({gpu(1000), gpu(1000)}, kShape, wishes);
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 1}));
  EXPECT_EQ(division.head(), 1u);  // with the last layers
}

TEST(Divide, LayersInProportionToFreeMemory) {
  EXPECT_EQ(attention_of_layers(divide({gpu(kScratch + 300), gpu(kScratch + kHead + 900)}, kShape, by_layer())),
            (Numbers{0, 1, 1, 1}));
}

TEST(Divide, AnUnevenModelIsFilledInFromTheFirst) {
  std::vector<DeviceBudget> devices = {gpu(kScratch + kLayer + 200), gpu(kScratch + kHead + 3 * kLayer)};
  for (DeviceBudget& device : devices) device.experts[0] += 200;
  const Division division = divide(devices, kShape, by_layer());
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 1, 1, 1}));
  EXPECT_TRUE(fits(devices, division));
}

TEST(Divide, ExpertsAndHeadsInAGroup) {
  Wishes wishes = by(GROK1_SPLIT_EXPERT);
  wishes.tensor_split = {3, 1};
  const Division division = divide({gpu(1000, 1), gpu(1000, 1)}, kShape, wishes);
  expect_covered_once(division);
  EXPECT_EQ(division.home(0).members, (Numbers{0, 1}));
  EXPECT_TRUE(division.layers[0].guests.empty());
  EXPECT_EQ(division.share(0, 0).experts, (Range{0, 6}));
  EXPECT_EQ(division.share(0, 1).experts, (Range{6, 8}));
  EXPECT_EQ(division.share(0, 0).kv_heads, (Range{0, 4}));  // not in proportion: the work of a head is the same
  EXPECT_EQ(division.share(0, 1).kv_heads, (Range{4, 8}));
  EXPECT_EQ(division.head(), 0u);
}

TEST(Divide, ExpertsOfStrangers) {
  const Division division = divide({gpu(1000, 1), gpu(1000, 2)}, kShape, by(GROK1_SPLIT_EXPERT));
  expect_covered_once(division);
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 0}));
  EXPECT_EQ(division.home(0).members, (Numbers{0}));
  EXPECT_EQ(division.layers[0].guests, (Numbers{1}));
}

TEST(Divide, FewerKvHeadsThanMembersOfAGroup) {
  ModelShape shape = kShape;
  shape.kv_heads = 1;
  const Division division = divide({gpu(1000, 1), gpu(1000, 1)}, shape, by(GROK1_SPLIT_EXPERT));
  EXPECT_EQ(division.share(0, 0).kv_heads, (Range{0, 1}));
  EXPECT_EQ(division.share(0, 1).kv_heads, kNone);
}

TEST(Divide, ColumnsAreCutBetweenUnits) {
  Wishes wishes = by(GROK1_SPLIT_FFN);
  wishes.tensor_split = {1, 1};
  const Division division = divide({gpu(1000, 1), gpu(1000, 1)}, kShape, wishes);
  expect_covered_once(division);
  EXPECT_EQ(division.share(0, 0).ffn, (Range{0, 512}));  // 3 whole units of 256, and the rest of 1000 with the last
  EXPECT_EQ(division.share(0, 1).ffn, (Range{512, 1000}));
  EXPECT_EQ(division.share(0, 1).experts, (Range{0, kExperts}));
}

TEST(Divide, OneAcceleratorAndACpuShareInPartsAsEquals) {
  const Division division = divide({gpu(1000, 1), cpu()}, kShape, by(GROK1_SPLIT_FFN));
  expect_covered_once(division);
  EXPECT_TRUE(division.share(0, 0).has_experts());
  EXPECT_TRUE(division.share(0, 1).has_experts());
  EXPECT_EQ(attention_of_layers(division), (Numbers{0, 0, 0, 0}));
}

TEST(Divide, ACpuBesideSeveralAcceleratorsTakesTheRestOfParts) {
  const uint64_t small = kScratch + kHead + kLayers * (kNorms + kAttention + kAllExperts / 4);
  const Division division = divide({gpu(small, 1), gpu(small, 1), cpu()}, kShape, by(GROK1_SPLIT_EXPERT));
  expect_covered_once(division);
  EXPECT_EQ(division.layers[0].guests, (Numbers{2}));
  EXPECT_EQ(division.share(0, 2).experts, (Range{0, kExperts}));
  EXPECT_TRUE(division.share(kLayers - 1, 1).has_experts());
}

TEST(Divide, CpusShareOneMemory) {
  std::vector<DeviceBudget> devices = {cpu(700), cpu(700)};
  for (DeviceBudget& device : devices) device.maps_experts = false;
  Wishes wishes = by_layer();
  wishes.tensor_split = {1, 1};
  const Division division = divide(devices, kShape, wishes);
  EXPECT_TRUE(fits(devices, division));
  devices[1].pool = devices[0].pool;
  devices[0].available = devices[1].available = 2 * kScratch + kHead + kLayers * kLayer - 1;
  EXPECT_FALSE(fits(devices, division));
}

TEST(Divide, MappedExpertsMayStayOnDisk) {
  std::vector<DeviceBudget> devices = {cpu(kScratch + kHead + kLayers * (kNorms + kAttention))};
  const Division division = divide(devices, kShape, by_layer());
  EXPECT_TRUE(fits(devices, division));
  devices[0].maps_experts = false;
  EXPECT_FALSE(fits(devices, division));
}

TEST(Divide, KeepRenumbers) {
  Wishes wishes = by_layer();
  wishes.gpu_layers = 2;
  wishes.cpu_experts_layers = 3;
  const Division whole = divide({gpu(1000), gpu(1000), cpu()}, kShape, wishes);
  Division idle = whole;  // as if the first one had nothing to do
  for (LayerDivision& layer : idle.layers) {
    if (layer.home == 0) layer.home = 1;
    std::swap(layer.shares[0], layer.shares[1]);
    if (!layer.shares[1].attends()) layer.shares[1] = layer.shares[0];
    layer.shares[0] = {};
  }
  const Division kept = keep(idle, busy_members(idle));
  EXPECT_EQ(kept.n_members, 2u);
  EXPECT_EQ(kept.head(), 1u);
  EXPECT_EQ(kept.home(kLayers - 1).members, (Numbers{0}));
  EXPECT_EQ(kept.layers[2].guests, (Numbers{1}));
  EXPECT_EQ(kept.share(kLayers - 1, 0).kv_heads, (Range{0, kKvHeads}));
}

void expect_refused(const std::vector<DeviceBudget>& devices, const Wishes& wishes, const std::string& word) {
  try {
    divide(devices, kShape, wishes);
    ADD_FAILURE() << "accepted: " << word;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), GROK1_E_INVALID_ARGUMENT);
    EXPECT_NE(failure.message().find(word), std::string::npos) << failure.message();
  }
}

TEST(Divide, WishesThatContradictTheDevices) {
  Wishes three = by_layer(), layers = by_layer(), experts = by_layer();
  three.tensor_split = {1, 1, 1};
  expect_refused({gpu(1000), gpu(1000)}, three, "tensor_split");
  layers.gpu_layers = 2;
  expect_refused({gpu(1000)}, layers, "gpu_layers");
  experts.cpu_experts_layers = 1;
  expect_refused({gpu(1000)}, experts, "cpu_experts_layers");
  expect_refused(std::vector<DeviceBudget>(kLayers + 1, gpu(1000)), by_layer(), "devices");
  expect_refused({gpu(1000), gpu(1000), gpu(1000), cpu()}, layers, "devices");
}

}  // namespace
}  // namespace grok1
