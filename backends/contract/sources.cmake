# The checks that backends share, for each to compile into itself.
set(GROK1_CONTRACT_SOURCES
  backends/contract/arguments.cpp backends/contract/binding.cpp backends/contract/kv.cpp backends/contract/model.cpp
  backends/contract/refusal.cpp backends/contract/step.cpp backends/contract/support.cpp
  backends/contract/weights.cpp)
