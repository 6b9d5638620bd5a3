// How far a result may be from the expected one, as relative rms: rms of the difference / rms of the expected. Chosen
// by what an operator computes and by data types, never by the name of a backend. compare.h applies them.
#ifndef GROK1_TESTS_CONFORMANCE_TOLERANCE_H
#define GROK1_TESTS_CONFORMANCE_TOLERANCE_H

#include <cmath>

#include "grok1_backend.h"

namespace grok1::conformance {

// One float32 operation per element: half an ulp is 6e-8; 16 of them for a backend that multiplies in another order.
inline constexpr double kRounding = 1e-6;

// Sums in float32 of up to 1024 terms, such as norms and router sums: 6e-8 * sqrt(1024) = 2e-6, ten times that for
// sequential sums and approximate square roots and exponentials.
inline constexpr double kFloat32 = 2e-5;

// One linear layer. A backend may hold its inputs as integers of 15 bits per block of 256, scaled by the block's
// largest: rounding has a deviation of largest / 32512 / sqrt(12), and the largest of 256 normal values is 3 .. 4
// deviations, so 2.7e-5 .. 3.6e-5. Three times that. (8-bit integers give 5e-3 and fail.)
inline constexpr double kLinear = 1e-4;

// Linear layers one after the other with a softmax or a product between: attention and experts. The product of two
// layers has longer tails (its largest of 256 is 8 .. 10 deviations: 9e-5), and errors of both layers add up in
// squares.
inline constexpr double kChained = 2e-4;

// One linear layer of 1024 inputs where one input is 100 deviations large and its weights as much smaller. The block of
// 256 that holds it is rounded with 100 / 32512 / sqrt(12) = 8.9e-4, the other three with 3e-5: together 8.9e-4 / 2 =
// 4.4e-4. One scale for all 1024 would give 8.9e-4 and must fail.
inline constexpr double kLinearWithOutlier = 6.5e-4;

// The same where a second linear layer follows the activation, whose products pass errors of gate and up on.
inline constexpr double kChainedWithOutlier = 1.5e-3;

// Two routers' choices may differ where their sums are closer than this: sums are of order 1, float32 or better.
inline constexpr double kTie = 1e-5;

// What one unit in the last place is of a number, at most: 2^-7 for bf16, 2^-10 for f16. The unit of an int8 row is its
// largest number / 127, and that of normal numbers is 4 deviations: 2^-5 of the deviation.
inline double unit_of_cache(uint32_t type) {
  switch (type) {
    case GROK1_CACHE_BF16: return 0x1p-7;
    case GROK1_CACHE_F16: return 0x1p-10;
    case GROK1_CACHE_I8: return 0x1p-5;
    default: return 0;
  }
}

// Cached values that differ by a relative d before rounding differ by a whole unit u after it in a share d / u of all
// cases: sqrt(d / u) * u = sqrt(d * u) in rms.
inline double with_cache(double tolerance, uint32_t cache_type) {
  return tolerance + std::sqrt(kLinear * unit_of_cache(cache_type));
}

}  // namespace grok1::conformance

#endif
