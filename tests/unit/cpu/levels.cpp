#include "tests/unit/cpu/levels.h"

namespace grok1::cpu {

std::vector<Isa> levels() {
  std::vector<Isa> all;
  for (int i = 0; i <= static_cast<int>(best_isa()); ++i) all.push_back(static_cast<Isa>(i));
  return all;
}

std::vector<Isa> levels_with_fma() {
  std::vector<Isa> all = levels();
  all.erase(all.begin());
  return all;
}

}  // namespace grok1::cpu
