// Whether a test may compare the process's resident memory with what the library says it takes.
#pragma once

namespace grok1::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCountsMemory = false;  // a sanitizer's own memory is among it
#else
inline constexpr bool kCountsMemory = true;
#endif

}  // namespace grok1::test
