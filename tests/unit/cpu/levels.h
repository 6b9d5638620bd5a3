// The instruction sets that this processor can run, and whether oneDNN is here, for tests that compare them.
#pragma once

#include <string>
#include <vector>

#include "backends/cpu/isa.h"

namespace grok1::cpu {

std::vector<Isa> levels();           // from baseline up to the best
std::vector<Isa> levels_with_fma();  // those that promise the same bits

std::string why_no_onednn();  // what refuses gemm=onednn; "" if nothing does

}  // namespace grok1::cpu
