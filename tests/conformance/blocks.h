// Random tensors of block encodings: any bytes are blocks, so all but their float16 scales are; and what their numbers
// are, by the decoders of encodings/. Knows no device.
#ifndef GROK1_TESTS_CONFORMANCE_BLOCKS_H
#define GROK1_TESTS_CONFORMANCE_BLOCKS_H

#include "tests/conformance/tensor.h"

namespace grok1::conformance {

// Every block encoding that the header can describe, in the one order there is for them.
std::vector<Format> block_formats();

// Numbers of a block; 1 for other encodings.
uint32_t block_size(uint32_t encoding);
// Bytes of so many numbers of a row: whole blocks.
uint64_t bytes_of_row(uint32_t encoding, uint64_t numbers);

// Encodings of an embedding, and sizes of its rows that make a kernel's edges matter.
std::vector<uint32_t> embedding_encodings();
std::vector<uint32_t> row_sizes(uint32_t encoding);

// `count` numbers of whole blocks, of the deviation asked for. Scales differ by up to four times from block to block.
std::vector<std::byte> random_blocks(Random& random, uint32_t encoding, size_t count, double deviation);
std::vector<float> decoded(uint32_t encoding, const std::vector<std::byte>& blocks, size_t count);

}  // namespace grok1::conformance

#endif
