// Whether this host and a plugin understand each other: what the note says before any code of the plugin runs, and what
// the descriptor says before its `open` is called. The operator table comes after that (operator_table.h).
#pragma once

#include "core/plugin/elf_note.h"
#include "grok1_backend.h"

namespace grok1 {

// The x86-64 psABI level that this CPU and system can run, as GROK1_BACKEND_CPU_LEVEL counts; 0 on other machines.
uint32_t host_cpu_level();

// Throws GROK1_LOAD_ABI_MAJOR, GROK1_LOAD_CPU_BASELINE.
void require_compatible(const PluginFile& plugin);

// After this every field of the descriptor may be read. Throws GROK1_LOAD_NOT_A_PLUGIN, GROK1_LOAD_ABI_MAJOR,
// GROK1_LOAD_MISSING_FUNCTION.
void require_descriptor(const grok1_backend_descriptor& descriptor);

}  // namespace grok1
