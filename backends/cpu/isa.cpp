// CPUID and XGETBV: an instruction set counts only if the system saves its registers, too.
#include "backends/cpu/isa.h"

#include <cpuid.h>

#include <cstdlib>

#include "backends/cpu/refusal.h"

namespace grok1::cpu {
namespace {

constexpr int kLevels = 5;
constexpr const char* kNames[kLevels] = {"baseline", "avx2", "avxvnni", "avx512", "avx512vnni"};
constexpr const char* kTitles[kLevels] = {"SSE2", "AVX2", "AVX-VNNI", "AVX-512", "AVX-512 VNNI"};

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
bool can_run(Isa isa) {
  if (isa == Isa::baseline) return true;
  const Leaf one(1, 0), seven(7, 0), seven_one(7, 1);
  if (!has(one.ecx, {12, 27, 28, 29}) || !has(seven.ebx, {5})) return false;  // FMA OSXSAVE AVX F16C, AVX2
  const uint32_t saved = saved_registers();
  if (!has(saved, {1, 2})) return false;  // XMM, YMM
  if (isa == Isa::avx2) return true;
  if (isa == Isa::avxvnni) return seven.eax >= 1 && has(seven_one.eax, {4});
  if (!has(seven.ebx, {16, 17, 30, 31}) || !has(saved, {5, 6, 7})) return false;  // F DQ BW VL; masks, ZMM
  return isa == Isa::avx512 || has(seven.ecx, {11});
}

Isa best_isa() {
  int best = kLevels - 1;
  while (!can_run(static_cast<Isa>(best))) --best;
  return static_cast<Isa>(best);
}

Isa forced_isa(std::string_view text, const char* source) {
  const char* best = kNames[static_cast<int>(best_isa())];
  for (int i = 0; i < kLevels; ++i) {
    if (text != kNames[i]) continue;
    if (!can_run(static_cast<Isa>(i)))
      refuse(GROK1_E_UNSUPPORTED, "%s asks for %s, which this processor lacks; its best is %s", source, kNames[i],
             best);
    return static_cast<Isa>(i);
  }
  refuse(GROK1_E_INVALID_ARGUMENT,
         "%s is '%.*s'; wanted baseline, avx2, avxvnni, avx512 or avx512vnni (this processor's best is %s)", source,
         static_cast<int>(text.size()), text.data(), best);
}

std::string forced_isa_of_environment() {
  const char* text = std::getenv("GROK1_CPU_ISA");
  return text == nullptr ? "" : text;
}

const Kernels& kernels_of(Isa isa) {
  switch (isa) {
    case Isa::avx2: return avx2::kKernels;
    case Isa::avxvnni: return avxvnni::kKernels;
    case Isa::avx512: return avx512::kKernels;
    case Isa::avx512vnni: return avx512vnni::kKernels;
    default: return baseline::kKernels;
  }
}

const char* title_of(Isa isa) {
  return kTitles[static_cast<int>(isa)];
}

}  // namespace grok1::cpu
