// Random numbers for weights, by counter: element i of a stream is a function of the stream's key and i alone, so that
// any part of a tensor can be made at any time and the same seed gives the same bytes on every machine. Integer
// arithmetic throughout; floats are rounded from it once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cli {

// The key of one array of a model.
uint64_t stream_key(uint64_t seed, uint64_t tensor, uint64_t part);

// Standard deviation of random_int8: a sum of four uniform bytes, centred, divided by 4 and rounded. It is near normal
// and ends at 3.4 standard deviations, as a column of some thousand normal weights does whose largest is scaled to 127.
inline constexpr double kInt8Deviation = 36.85;  // summed over the distribution; 36.95 before rounding

// Elements first .. first + n - 1; `first` is even.
void random_int8(uint64_t key, uint64_t first, int8_t* out, size_t n);

// Near normal, with this mean and standard deviation.
void random_float(uint64_t key, uint64_t first, float* out, size_t n, double mean, double deviation);

// Uniform in `scale` times 0.75 .. 1.25, rounded to bfloat16.
void random_bfloat16(uint64_t key, uint64_t first, uint16_t* out, size_t n, double scale);

}  // namespace cli
