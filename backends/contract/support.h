// Encodings of weights and types of caches: how wide their numbers are, and the answer of a backend that takes them
// all.
#ifndef GROK1_BACKENDS_CONTRACT_SUPPORT_H
#define GROK1_BACKENDS_CONTRACT_SUPPORT_H

#include <cstdint>

namespace grok1::contract {

// Bytes of a number; 0 if there is no such encoding or type.
uint32_t encoding_bytes(uint32_t encoding);
uint32_t cache_bytes(uint32_t type);

// The question of `supports`, refused if the answer is no. `who` is "CPU".
void check_supported(const char* who, uint32_t what, uint32_t a, uint32_t b, uint32_t c);

}  // namespace grok1::contract

#endif
