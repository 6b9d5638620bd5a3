// What a plugin's file says of itself, read without running any of its code and without mapping it, so that a file
// which is cut short, patched or not a library at all does no harm. The meaning of the note is judged in negotiate.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace grok1 {

struct PluginFile {
  uint16_t abi_major = 0, abi_minor = 0;
  uint32_t cpu_level = 0;           // as in grok1_backend_note
  std::vector<std::string> needed;  // names of the shared libraries it is linked to (DT_NEEDED)
};

// Throws GROK1_LOAD_NOT_A_PLUGIN, GROK1_LOAD_WRONG_ARCH.
PluginFile read_plugin_file(const std::string& path);

}  // namespace grok1
