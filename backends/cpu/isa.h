// Which instruction set the kernels use: the best that the processor and the system have, or the one that a user forces
// by the environment variable GROK1_CPU_ISA or the device option isa=.
#ifndef GROK1_BACKENDS_CPU_ISA_H
#define GROK1_BACKENDS_CPU_ISA_H

#include <string>
#include <string_view>

#include "backends/cpu/kernels/kernels.h"

namespace grok1::cpu {

enum class Isa { baseline, avx2, avxvnni, avx512, avx512vnni };

bool can_run(Isa isa);  // the processor has it and the system saves its registers
Isa best_isa();         // the last of them that can run

// The level named `text`, which `source` (for the message) asked for. Refuses unknown names and levels that cannot run.
Isa forced_isa(std::string_view text, const char* source);

std::string forced_isa_of_environment();  // "" if it forces none

const Kernels& kernels_of(Isa isa);
const char* title_of(Isa isa);  // for people

}  // namespace grok1::cpu

#endif
