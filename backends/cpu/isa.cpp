// CPUID and XGETBV: an instruction set counts only if the system saves its registers, too.
#include "backends/cpu/isa.h"

#include <cpuid.h>

#include <cstdlib>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {
namespace {

constexpr const char* kNames[] = {"baseline", "avx2", "avx512", "avx512vnni"};
constexpr const char* kTitles[] = {"SSE2", "AVX2", "AVX-512", "AVX-512 VNNI"};

struct Leaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  Leaf(uint32_t number, uint32_t sub) { __get_cpuid_count(number, sub, &eax, &ebx, &ecx, &edx); }
};

bool has(uint32_t word, std::initializer_list<int> bits) {
  for (const int bit : bits)
    if ((word >> bit & 1u) == 0) return false;
  return true;
}

uint32_t saved_registers() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

}  // namespace

// Bit numbers: Intel's Software Developer's Manual, volume 2, CPUID.
Isa best_isa() {
  const Leaf one(1, 0), seven(7, 0);
  if (!has(one.ecx, {12, 27, 28, 29}) || !has(seven.ebx, {5})) return Isa::baseline;  // FMA OSXSAVE AVX F16C, AVX2
  const uint32_t saved = saved_registers();
  if (!has(saved, {1, 2})) return Isa::baseline;                                      // XMM, YMM
  if (!has(seven.ebx, {16, 17, 30, 31}) || !has(saved, {5, 6, 7})) return Isa::avx2;  // F DQ BW VL; masks, ZMM
  return has(seven.ecx, {11}) ? Isa::avx512vnni : Isa::avx512;
}

Isa forced_isa(std::string_view text, const char* source) {
  const Isa best = best_isa();
  for (int i = 0; i < 4; ++i) {
    if (text != kNames[i]) continue;
    if (i > static_cast<int>(best))
      refuse(GROK1_E_UNSUPPORTED, "%s asks for %s; this processor has %s: choose that or less", source, kNames[i],
             kNames[static_cast<int>(best)]);
    return static_cast<Isa>(i);
  }
  refuse(GROK1_E_INVALID_ARGUMENT, "%s is '%.*s'; wanted baseline, avx2, avx512 or avx512vnni (this processor has %s)",
         source, static_cast<int>(text.size()), text.data(), kNames[static_cast<int>(best)]);
}

std::string forced_isa_of_environment() {
  const char* text = std::getenv("GROK1_CPU_ISA");
  return text == nullptr ? "" : text;
}

const Kernels& kernels_of(Isa isa) {
  switch (isa) {
    case Isa::avx2: return avx2::kKernels;
    case Isa::avx512: return avx512::kKernels;
    case Isa::avx512vnni: return avx512vnni::kKernels;
    default: return baseline::kKernels;
  }
}

const char* title_of(Isa isa) {
  return kTitles[static_cast<int>(isa)];
}

}  // namespace grok1::cpu
