// Comparison of an operator's result with what was expected. A failure says which operator, which shape, the first
// wrong element, expected, found, and the contract's sentence.
#ifndef GROK1_TESTS_CONFORMANCE_COMPARE_H
#define GROK1_TESTS_CONFORMANCE_COMPARE_H

#include <string>
#include <vector>

namespace grok1::conformance {

struct Claim {
  const char* function;
  std::string shape;
  size_t width;          // of a row of the result: an element is named [row, column]
  const char* contract;  // the sentence of grok1_backend.h
};

// Relative rms within `tolerance`, over all rows together and, since one wrong row would hide among many right ones,
// with four times the tolerance for each row.
void expect_close(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found,
                  double tolerance);

void expect_same_bits(const Claim& claim, const std::vector<float>& expected, const std::vector<float>& found);

double relative_rms(const float* expected, const float* found, size_t n);

}  // namespace grok1::conformance

#endif
