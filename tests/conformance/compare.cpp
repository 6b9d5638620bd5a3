// Relative rms and the text of failures; what they are for is in compare.h.
#include "tests/conformance/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace grok1::conformance {
namespace {

double rms(const float* values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += double(values[i]) * values[i];
  return std::sqrt(sum / double(n));
}

// The first element that is further off than the rest may be, or the one that is furthest off.
size_t first_wrong(const std::vector<float>& expected, const std::vector<float>& found, double allowed) {
  size_t worst = 0;
  double largest = -1;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(double(expected[i]) - found[i]);
    if (!(difference <= allowed)) return i;
    if (difference > largest) largest = difference, worst = i;
  }
  return worst;
}

std::string element(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found, size_t i) {
  char text[200];
  std::snprintf(text, sizeof text, "first wrong element [%zu, %zu]: expected %.9g, found %.9g", i / claim.width,
                i % claim.width, double(expected[i]), double(found[i]));
  return text;
}

std::string heading(const Claim& claim) {
  return std::string(claim.function) + ", " + claim.shape + "\n  ";
}

std::string contract(const Claim& claim) {
  return std::string("\n  contract: \"") + claim.contract + "\"";
}

bool same_size(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found) {
  EXPECT_EQ(expected.size(), found.size()) << heading(claim) << "results of different sizes";
  return expected.size() == found.size();
}

}  // namespace

double relative_rms(const float* expected, const float* found, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    const double difference = double(expected[i]) - found[i];
    sum += difference * difference;
  }
  if (sum == 0) return 0;
  const double scale = rms(expected, n);
  const double result = std::sqrt(sum / double(n)) / scale;  // infinite where zeros were expected
  return std::isnan(result) ? std::numeric_limits<double>::infinity() : result;
}

void expect_close(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found,
                  double tolerance) {
  if (!same_size(claim, expected, found) || expected.empty()) return;
  const double all = relative_rms(expected.data(), found.data(), expected.size());
  double worst_row = 0;
  for (size_t i = 0; i < expected.size(); i += claim.width)
    worst_row = std::max(worst_row, relative_rms(&expected[i], &found[i], std::min(claim.width, expected.size() - i)));
  if (all <= tolerance && worst_row <= 4 * tolerance) return;
  // Five deviations: an honest error of that size is one in a million.
  const double allowed = 5 * tolerance * rms(expected.data(), expected.size());
  ADD_FAILURE() << heading(claim) << "relative rms " << all << " (worst row " << worst_row << "), allowed " << tolerance
                << " (" << 4 * tolerance << ")\n  "
                << element(claim, expected, found, first_wrong(expected, found, allowed)) << contract(claim);
}

void expect_same_bits(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found) {
  if (!same_size(claim, expected, found)) return;
  for (size_t i = 0; i < expected.size(); ++i)
    if (std::memcmp(&expected[i], &found[i], sizeof(float)) != 0) {
      ADD_FAILURE() << heading(claim) << "not the same bits (relative rms "
                    << relative_rms(expected.data(), found.data(), expected.size()) << ")\n  "
                    << element(claim, expected, found, i) << contract(claim);
      return;
    }
}

}  // namespace grok1::conformance
