#!/usr/bin/env python3
# Writes encodings/iq_tables.h from the codebooks in PyPI package gguf (which has them from ggml):
#
#   print_iq_tables.py > encodings/iq_tables.h      writes it
#   print_iq_tables.py --check FILE                 exit status 1 if FILE is not what would be written
#
# The formats fix the tables; this text only arranges them. An entry is written as one number, weight 0 in its lowest
# bits: 2 bits a weight for IQ2, 4 for IQ3, the index of the weight's absolute value among a codebook's few levels.
import sys

from gguf import quants

TABLES = [  # class, name here, weights of an entry, bits of a level
    (quants.IQ2_XXS, "kIq2Xxs", 8, 2),
    (quants.IQ2_XS, "kIq2Xs", 8, 2),
    (quants.IQ2_S, "kIq2S", 8, 2),
    (quants.IQ3_XXS, "kIq3Xxs", 4, 4),
    (quants.IQ3_S, "kIq3S", 4, 4),
]

HEAD = """// Codebooks of IQ2 and IQ3 (iq2.h, iq3.h): absolute values of eight or four weights by entry. Data that the formats
// fix, from ggml (MIT licence: iq2xxs_grid, iq2xs_grid, iq2s_grid, iq3xxs_grid, iq3s_grid) by way of PyPI package gguf.
// Written by tests/encodings/print_iq_tables.py; change nothing here. An entry is packed in one number, weight 0 in the
// lowest bits (2 bits a weight in IQ2, 4 in IQ3), each the index of a level.
#pragma once

#include <cstdint>

#include "encodings/isa.h"

namespace grok1::encodings {
inline namespace GROK1_ENCODINGS_ISA {

// Absolute values of an entry's weights.
template <int kEntries, int kWeights>
struct Codebook {
  uint8_t entry[kEntries][kWeights];
};

template <int kWeights, int kEntries, int kLevels>
constexpr Codebook<kEntries, kWeights> unpack_codebook(const uint16_t (&packed)[kEntries],
                                                       const uint8_t (&levels)[kLevels]) {
  constexpr int kBits = 16 / kWeights;
  Codebook<kEntries, kWeights> book{};
  for (int i = 0; i < kEntries; ++i)
    for (int j = 0; j < kWeights; ++j) book.entry[i][j] = levels[packed[i] >> (kBits * j) & ((1 << kBits) - 1)];
  return book;
}

inline constexpr uint8_t kIq2Levels[] = {8, 25, 43};
inline constexpr uint8_t kIq3XxsLevels[] = {4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr uint8_t kIq3SLevels[] = {1, 3, 5, 7, 9, 11, 13, 15};

// clang-format off
"""

TAIL = """// clang-format on

inline constexpr auto kIq2XxsGrid = unpack_codebook<8>(kIq2XxsPacked, kIq2Levels);
inline constexpr auto kIq2XsGrid = unpack_codebook<8>(kIq2XsPacked, kIq2Levels);
inline constexpr auto kIq2SGrid = unpack_codebook<8>(kIq2SPacked, kIq2Levels);
inline constexpr auto kIq3XxsGrid = unpack_codebook<4>(kIq3XxsPacked, kIq3XxsLevels);
inline constexpr auto kIq3SGrid = unpack_codebook<4>(kIq3SPacked, kIq3SLevels);

}  // namespace GROK1_ENCODINGS_ISA
}  // namespace grok1::encodings
"""


def packed(encoding, weights, bits):
    encoding.init_grid()
    index = {value: i for i, value in enumerate(encoding.grid_map)}
    for entry in encoding.grid.reshape(-1, weights):
        yield sum(index[int(value)] << bits * i for i, value in enumerate(entry))


def table(encoding, name, weights, bits):
    numbers = [f"0x{number:04x}," for number in packed(encoding, weights, bits)]
    lines = [" ".join(numbers[i : i + 14]) for i in range(0, len(numbers), 14)]
    body = "\n".join("    " + line for line in lines)
    return f"inline constexpr uint16_t {name}Packed[{len(numbers)}] = {{\n{body}\n}};\n"


def main():
    text = HEAD + "".join(table(*row) for row in TABLES) + TAIL
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        if open(sys.argv[2]).read() != text:
            sys.exit(f"{sys.argv[2]}: not what print_iq_tables.py writes; write it anew")
        print(f"{sys.argv[2]}: as in package gguf")
    else:
        sys.stdout.write(text)


main()
