// Encodings of weights and types of caches: how many bytes they take, and the answer of a backend that takes them
// all.
#ifndef GROK1_BACKENDS_CONTRACT_SUPPORT_H
#define GROK1_BACKENDS_CONTRACT_SUPPORT_H

#include <cstdint>

namespace grok1::contract {

// Bytes of a number; 0 if there is no such encoding.
uint32_t encoding_bytes(uint32_t encoding);

// Bytes of `count` numbers as a row of a cache; 0 if there is no such type.
uint64_t cache_row_bytes(uint32_t type, uint32_t count);

// The question of `supports`, refused if the answer is no. `who` is "CPU".
void check_supported(const char* who, uint32_t what, uint32_t a, uint32_t b, uint32_t c);

}  // namespace grok1::contract

#endif
