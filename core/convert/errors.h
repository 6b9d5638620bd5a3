// How far numbers are from what they were, counted block by block. Sums are taken in a fixed order, so that they do not
// depend on how the work was divided.
#pragma once

#include <algorithm>
#include <cstdint>

namespace grok1 {

struct Errors {
  uint64_t blocks = 0;        // all that were written; a block is one number in F32, F16 and BF16
  uint64_t inexact = 0;       // of them those with a number that is not the source's
  double squares = 0;         // sum of the squares of all numbers that were encoded anew
  double squared_errors = 0;  // sum of the squares of their differences
  double largest = 0;         // over blocks: the largest difference divided by the largest magnitude

  void add(const Errors& other) {
    blocks += other.blocks;
    inexact += other.inexact;
    squares += other.squares;
    squared_errors += other.squared_errors;
    largest = std::max(largest, other.largest);
  }

  // Adds `n` numbers and what became of them, in blocks of `block`.
  void compare(const float* x, const float* y, uint64_t n, uint64_t block);
};

}  // namespace grok1
