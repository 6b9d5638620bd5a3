// Who owns what of a model: plain data, decided by core/runtime/divide.cpp, carried out by weights.cpp and forward.cpp.
// A member is a device of the model, by its number. It knows no device, no backend and no byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace grok1 {

// Half-open.
struct Range {
  uint32_t begin = 0, end = 0;

  bool empty() const { return begin >= end; }
  uint32_t size() const { return empty() ? 0 : end - begin; }
  bool operator==(const Range&) const = default;
};

// What a member owns of one layer.
struct Share {
  Range kv_heads;      // with their query heads; empty: no attention here
  Range experts, ffn;  // both empty: no experts here

  bool attends() const { return !kv_heads.empty(); }
  bool has_experts() const { return !experts.empty(); }
};

// The members that hold the residual stream h of a layer: they run its norms and its router, each the same. One member,
// or a group that sums with the comm extension. The first one gives rows to members elsewhere and takes theirs.
struct Home {
  std::vector<uint32_t> members;

  uint32_t first() const { return members.front(); }
  bool is_group() const { return members.size() > 1; }
  bool has(uint32_t member) const { return std::find(members.begin(), members.end(), member) != members.end(); }
};

struct LayerDivision {
  uint32_t home = 0;             // of Division::homes
  std::vector<Share> shares;     // [members]; together they cover the layer once
  std::vector<uint32_t> guests;  // members outside of the home that own experts, ascending
};

struct Division {
  uint32_t n_members = 0;
  std::vector<Home> homes;
  std::vector<LayerDivision> layers;
  uint32_t head_home = 0;  // of one member, which has the embedding: the first and last step of the model

  // Stages are the layers and, behind them, the head.
  const Home& home(size_t stage) const { return homes[stage < layers.size() ? layers[stage].home : head_home]; }
  uint32_t head() const { return homes[head_home].first(); }
  const Share& share(size_t layer, uint32_t member) const { return layers[layer].shares[member]; }
};

}  // namespace grok1
