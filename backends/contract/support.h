// Encodings of weights and types of caches: how many bytes they take, and the answer of a backend that takes them
// all, or all but blocks. What blocks mean is in encodings/.
#ifndef GROK1_BACKENDS_CONTRACT_SUPPORT_H
#define GROK1_BACKENDS_CONTRACT_SUPPORT_H

#include <cstdint>

namespace grok1::contract {

// What is stored together, along K: one number, or more of a block encoding. None if there is no such encoding.
struct Block {
  uint32_t elements, bytes;
};
Block block_of(uint32_t encoding);
inline bool is_in_blocks(uint32_t encoding) {
  return block_of(encoding).elements > 1;
}

// "q4_k" of a block encoding.
const char* name_of_blocks(uint32_t encoding);

// Bytes of `count` numbers as a row of a cache; 0 if there is no such type.
uint64_t cache_row_bytes(uint32_t type, uint32_t count);

// What backends differ in, and their name in refusals: "CPU".
struct Offer {
  const char* who;
  bool blocks;  // linear weights and embeddings of block encodings
};
void check_blocks_offered(const Offer& offer, uint32_t encoding);

// The question of `supports`, refused if the answer is no.
void check_supported(const Offer& offer, uint32_t what, uint32_t a, uint32_t b, uint32_t c);

}  // namespace grok1::contract

#endif
