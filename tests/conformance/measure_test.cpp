// The extension grok1.measure/1, where a backend offers it: every figure is a rate or refused, and what cannot be asked
// is refused. How large a rate should be, only the device knows.
#include <cmath>

#include "tests/conformance/suite.h"

namespace grok1::conformance {
namespace {

constexpr uint64_t kBytes = (uint64_t{4} << 20) + 7;  // a multiple of nothing

class Measure : public testing::Test {
 protected:
  const grok1_measure_ops* ops = nullptr;

  void SetUp() override {
    const auto get = candidate().ops().get_extension;
    if (get != nullptr) ops = static_cast<const grok1_measure_ops*>(get(candidate().backend(), "grok1.measure/1"));
    if (ops == nullptr) GTEST_SKIP() << "the backend does not offer grok1.measure/1";
    ASSERT_GE(ops->struct_size, sizeof(grok1_measure_ops));
  }
};

TEST_F(Measure, GivesRatesOrSaysWhyNot) {
  for (const uint32_t what : {GROK1_MEASURE_READ, GROK1_MEASURE_DOT_I8, GROK1_MEASURE_DOT_I16, GROK1_MEASURE_FMA}) {
    grok1_error err = GROK1_INIT(grok1_error);
    double rate = -1;
    const grok1_status status = ops->measure(candidate().handle(), what, kBytes, &rate, &err);
    if (status == GROK1_E_UNSUPPORTED) {
      EXPECT_STRNE(err.message, "") << what;
      EXPECT_EQ(rate, -1) << what;
      continue;
    }
    ASSERT_EQ(status, GROK1_OK) << what << ": " << err.message;
    EXPECT_TRUE(std::isfinite(rate) && rate > 1e6) << what << ": " << rate;
  }
}

TEST_F(Measure, RefusesWhatIsNoQuestion) {
  double rate = 0;
  expect_refused("measure of nothing", ops->measure, candidate().handle(), 0u, kBytes, &rate);
  expect_refused("measure of something unknown", ops->measure, candidate().handle(), 99u, kBytes, &rate);
  expect_refused("a read of 0 bytes", ops->measure, candidate().handle(), uint32_t(GROK1_MEASURE_READ), uint64_t(0),
                 &rate);
  expect_refused("a read of all bytes there are", ops->measure, candidate().handle(), uint32_t(GROK1_MEASURE_READ),
                 UINT64_MAX, &rate);
}

}  // namespace
}  // namespace grok1::conformance
