// What main() opened before the tests run: the backend under test, the reference, and the caller's settings.
#ifndef GROK1_TESTS_CONFORMANCE_SUITE_H
#define GROK1_TESTS_CONFORMANCE_SUITE_H

#include "tests/conformance/device.h"

namespace grok1::conformance {

struct Suite {
  const grok1_backend_descriptor* descriptor = nullptr;  // of the backend under test
  uint32_t device = 0;                                   // which of its devices
  std::string options;                                   // that device's
  std::unique_ptr<Device> candidate, reference;
  double share_tolerance = 1e-4;  // relative rms between the sum of parts and the whole; see shares_test.cpp
};

Suite& suite();
inline Device& candidate() {
  return *suite().candidate;
}
inline Device& reference() {
  return *suite().reference;
}

// Names of the instances of parametrised tests.
std::string encoding_name(const testing::TestParamInfo<uint32_t>& encoding);
template <class Case>
std::string case_name(const testing::TestParamInfo<Case>& instance) {
  return instance.param.name;
}

}  // namespace grok1::conformance

#endif
