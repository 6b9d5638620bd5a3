#include "tests/unit/cpu/levels.h"

#include "backends/cpu/onednn.h"
#include "backends/cpu/refusal.h"

namespace grok1::cpu {

std::vector<Isa> levels() {
  std::vector<Isa> all;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avxvnni, Isa::avx512, Isa::avx512vnni})
    if (can_run(isa)) all.push_back(isa);
  return all;
}

std::vector<Isa> levels_with_fma() {
  std::vector<Isa> all = levels();
  all.erase(all.begin());
  return all;
}

std::string why_no_onednn() {
  try {
    open_onednn(false);
    return "";
  } catch (const Refusal& refusal) {
    return refusal.message;
  }
}

}  // namespace grok1::cpu
