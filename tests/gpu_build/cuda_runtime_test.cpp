// What the CUDA plugin makes of the runtime's errors and of devices, as far as it can be told without one.
#include <gtest/gtest.h>

#include "vendor/runtime.h"

namespace {

using Kind = gpu::Error::Kind;

TEST(CudaRuntime, TellsAMissingDriverFromAnOldOne) {
  EXPECT_EQ(gpu::kind_of(cudaErrorInsufficientDriver, 0), Kind::kNoDevice);
  EXPECT_EQ(gpu::kind_of(cudaErrorInsufficientDriver, 11040), Kind::kDriverTooOld);
  EXPECT_EQ(gpu::kind_of(cudaErrorNoDevice, 13000), Kind::kNoDevice);
}

TEST(CudaRuntime, TellsWhatCanBeSurvived) {
  EXPECT_EQ(gpu::kind_of(cudaErrorMemoryAllocation, 13000), Kind::kOutOfMemory);
  EXPECT_EQ(gpu::kind_of(cudaErrorInvalidValue, 13000), Kind::kOther);
  EXPECT_EQ(gpu::kind_of(cudaErrorLaunchOutOfResources, 13000), Kind::kOther);
  for (const int code : {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorMisalignedAddress, cudaErrorAssert,
                         cudaErrorECCUncorrectable, cudaErrorHardwareStackError, cudaErrorDevicesUnavailable})
    EXPECT_EQ(gpu::kind_of(code, 13000), Kind::kLost) << code;
}

TEST(CudaRuntime, CodeRunsOnNewerMinorVersionsOnly) {
  EXPECT_TRUE(gpu::has_code("80 90a", 8, 0));
  EXPECT_TRUE(gpu::has_code("80 90a", 8, 9));
  EXPECT_TRUE(gpu::has_code("80 90a", 9, 0));
  EXPECT_TRUE(gpu::has_code("120", 12, 1));
  EXPECT_FALSE(gpu::has_code("86", 8, 0));
  EXPECT_FALSE(gpu::has_code("100a", 10, 3));
  EXPECT_FALSE(gpu::has_code("80 90a", 7, 5));
  EXPECT_FALSE(gpu::has_code("80", 9, 0));
}

}  // namespace
