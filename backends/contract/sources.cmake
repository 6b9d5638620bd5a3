# The checks that backends share, for each to compile into itself.
set(GROK1_CONTRACT_SOURCES backends/contract/arguments.cpp backends/contract/refusal.cpp)
