// Descriptions of weights, their slices, and the chunks that bring them.
#include "backends/contract/weights.h"

namespace grok1::contract {
namespace {

// Blocks lie along K, and a slice has whole ones.
void check_blocks(const grok1_weight_desc& desc) {
  const uint32_t size = block_of(desc.encoding).elements;
  const char* name = name_of_blocks(desc.encoding);
  if (desc.order != GROK1_ORDER_NK)
    refuse(GROK1_E_UNSUPPORTED, "%s in order %u: wanted GROK1_ORDER_NK (2), its blocks lie along K", name, desc.order);
  if (desc.k % size != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s with k = %llu: wanted a multiple of its block of %u", name, Number{desc.k},
           size);
  if (desc.k_begin % size != 0 || desc.k_end % size != 0)
    refuse(GROK1_E_UNSUPPORTED,
           "k range %llu .. %llu of %s: wanted whole blocks of %u; divide the model at multiples of them",
           Number{desc.k_begin}, Number{desc.k_end}, name, size);
}

void check_encoding(const grok1_weight_desc& desc, const Offer& offer) {
  check_blocks_offered(offer, desc.encoding);
  const Block block = block_of(desc.encoding);
  const bool numbers = block.elements == 1 && !has_scales(desc);
  if (block.elements == 0 || (desc.kind == GROK1_WEIGHT_VECTOR && !numbers))
    refuse(GROK1_E_UNSUPPORTED, "encoding %u of kind %u: the %s takes F32, F16, BF16, and I8%s for linear weights",
           desc.encoding, desc.kind, offer.who, offer.blocks ? " and blocks" : "");
  if (is_in_blocks(desc.encoding)) check_blocks(desc);
  if (!has_scales(desc)) {
    if (desc.scale_encoding != GROK1_ENCODING_NONE || desc.groups != 0)
      refuse(GROK1_E_INVALID_ARGUMENT,
             "encoding %u has no scales: wanted scale_encoding 0 and groups 0, found %u and %u", desc.encoding,
             desc.scale_encoding, desc.groups);
    return;
  }
  if (desc.scale_encoding != GROK1_ENCODING_BF16 && desc.scale_encoding != GROK1_ENCODING_F32)
    refuse(GROK1_E_UNSUPPORTED, "scale encoding %u: the %s takes BF16 and F32", desc.scale_encoding, offer.who);
  if (desc.order != GROK1_ORDER_KN) refuse(GROK1_E_UNSUPPORTED, "I8 in order %u: wanted GROK1_ORDER_KN", desc.order);
  if (desc.groups == 0 || desc.k % desc.groups != 0)
    refuse(GROK1_E_INVALID_ARGUMENT, "%u scale groups do not divide k = %llu", desc.groups, Number{desc.k});
}

}  // namespace

void check_weight(const grok1_weight_desc& desc, const Offer& offer) {
  if (desc.kind != GROK1_WEIGHT_LINEAR && desc.kind != GROK1_WEIGHT_VECTOR)
    refuse(GROK1_E_INVALID_ARGUMENT, "kind is %u: wanted GROK1_WEIGHT_LINEAR (1) or GROK1_WEIGHT_VECTOR (2)",
           desc.kind);
  if (desc.order != GROK1_ORDER_KN && desc.order != GROK1_ORDER_NK)
    refuse(GROK1_E_INVALID_ARGUMENT, "order is %u: wanted GROK1_ORDER_KN (1) or GROK1_ORDER_NK (2)", desc.order);
  check_range("expert", desc.expert_begin, desc.expert_end, desc.experts);
  check_range("k", desc.k_begin, desc.k_end, desc.k);
  check_range("n", desc.n_begin, desc.n_end, desc.n);
  if (desc.kind == GROK1_WEIGHT_VECTOR && (desc.n != 1 || desc.experts != 1))
    refuse(GROK1_E_INVALID_ARGUMENT, "a vector with n = %llu and %u experts: wanted 1 and 1", Number{desc.n},
           desc.experts);
  check_encoding(desc, offer);
}

Box slice_of_values(const grok1_weight_desc& d) {
  const bool kn = d.order == GROK1_ORDER_KN;
  return {d.expert_begin,
          kn ? d.k_begin : d.n_begin,
          kn ? d.n_begin : d.k_begin,
          d.expert_end - d.expert_begin,
          kn ? d.k_end - d.k_begin : d.n_end - d.n_begin,
          kn ? d.n_end - d.n_begin : d.k_end - d.k_begin,
          block_of(d.encoding)};
}

Box whole_of_values(const grok1_weight_desc& d) {
  const bool kn = d.order == GROK1_ORDER_KN;
  return {0, 0, 0, d.experts, kn ? d.k : d.n, kn ? d.n : d.k, block_of(d.encoding)};
}

Box slice_of_scales(const grok1_weight_desc& d) {
  if (!has_scales(d)) return {};
  const uint64_t group = d.k / d.groups;
  const uint64_t first = d.k_begin / group, last = (d.k_end - 1) / group;
  return {d.expert_begin,
          first,
          d.n_begin,
          d.expert_end - d.expert_begin,
          last - first + 1,
          d.n_end - d.n_begin,
          block_of(d.scale_encoding)};
}

Box whole_of_scales(const grok1_weight_desc& d) {
  if (!has_scales(d)) return {};
  return {0, 0, 0, d.experts, d.groups, d.n, block_of(d.scale_encoding)};
}

const grok1_weight_chunk& checked_chunk(const grok1_weight_chunk* args, const grok1_weight_desc& desc) {
  const grok1_weight_chunk& chunk = input(args, GROK1_TYPE_WEIGHT_CHUNK, "chunk");
  given(static_cast<const char*>(chunk.data), "chunk.data");
  if (chunk.scales > 1 || (chunk.scales == 1 && !has_scales(desc)))
    refuse(GROK1_E_INVALID_ARGUMENT, "chunk.scales is %u for a weight of encoding %u", chunk.scales, desc.encoding);
  return chunk;
}

Received awaited(const Box& box) {
  return {box, std::vector<bool>(box.rows(), false)};
}

void Received::check(const grok1_weight_chunk& chunk) const {
  if (chunk.expert < box.expert_begin || chunk.expert >= box.expert_begin + box.experts ||
      chunk.outer_begin < box.outer_begin || chunk.outer_begin >= chunk.outer_end ||
      chunk.outer_end > box.outer_begin + box.outer)
    refuse(GROK1_E_INVALID_ARGUMENT,
           "chunk of expert %u, outer %llu .. %llu: the slice has experts %llu .. %llu, outer %llu .. %llu",
           chunk.expert, Number{chunk.outer_begin}, Number{chunk.outer_end}, Number{box.expert_begin},
           Number{box.expert_begin + box.experts}, Number{box.outer_begin}, Number{box.outer_begin + box.outer});
  if (chunk.outer_end - chunk.outer_begin > 1 && chunk.row_bytes < box.row_bytes())
    refuse(GROK1_E_INVALID_ARGUMENT, "row_bytes is %llu, a row of the slice has %llu", Number{chunk.row_bytes},
           Number{box.row_bytes()});
  for (uint64_t outer = chunk.outer_begin; outer < chunk.outer_end; ++outer)
    if (rows[box.row(chunk.expert, outer)])
      refuse(GROK1_E_INVALID_ARGUMENT, "chunk of expert %u: outer %llu came before", chunk.expert, Number{outer});
}

void Received::add(uint64_t expert, uint64_t outer_begin, uint64_t outer_end) {
  for (uint64_t outer = outer_begin; outer < outer_end; ++outer) rows[box.row(expert, outer)] = true;
}

void Received::check_complete(const char* name) const {
  const auto missing = std::find(rows.begin(), rows.end(), false);
  if (missing == rows.end()) return;
  const auto row = static_cast<uint64_t>(missing - rows.begin());
  refuse(GROK1_E_INVALID_ARGUMENT, "%s are missing, the first of expert %llu, outer %llu: give all before weight_end",
         name, Number{box.expert_begin + row / box.outer}, Number{box.outer_begin + row % box.outer});
}

}  // namespace grok1::contract
