// The instruction sets that this processor can run, for tests that compare them.
#pragma once

#include <vector>

#include "backends/cpu/isa.h"

namespace grok1::cpu {

std::vector<Isa> levels();           // from baseline up to the best
std::vector<Isa> levels_with_fma();  // those that promise the same bits

}  // namespace grok1::cpu
