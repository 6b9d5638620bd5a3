// What the ROCm plugin makes of the runtime's errors and of devices, as far as it can be told without one.
#include <gtest/gtest.h>

#include "vendor/runtime.h"

namespace {

using Kind = gpu::Error::Kind;

TEST(RocmRuntime, TellsErrorsApart) {
  EXPECT_EQ(gpu::kind_of(hipErrorNoDevice), Kind::kNoDevice);
  EXPECT_EQ(gpu::kind_of(hipErrorInsufficientDriver), Kind::kDriverTooOld);
  EXPECT_EQ(gpu::kind_of(hipErrorOutOfMemory), Kind::kOutOfMemory);
  EXPECT_EQ(gpu::kind_of(hipErrorInvalidValue), Kind::kOther);
  for (const int code : {hipErrorIllegalAddress, hipErrorLaunchFailure, hipErrorAssert, hipErrorECCNotCorrectable})
    EXPECT_EQ(gpu::kind_of(code), Kind::kLost) << code;
}

TEST(RocmRuntime, CodeRunsOnItsOwnArchitectureOnly) {
  EXPECT_TRUE(gpu::has_code("gfx90a gfx1030", "gfx90a:sramecc+:xnack-"));
  EXPECT_TRUE(gpu::has_code("gfx90a gfx1030", "gfx1030"));
  EXPECT_FALSE(gpu::has_code("gfx90a gfx1030", "gfx90"));
  EXPECT_FALSE(gpu::has_code("gfx90a gfx1030", "gfx103"));
  EXPECT_FALSE(gpu::has_code("gfx90a gfx1030", "gfx1031"));
  EXPECT_FALSE(gpu::has_code("", "gfx90a"));
}

}  // namespace
