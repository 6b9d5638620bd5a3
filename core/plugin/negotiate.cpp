#include "core/plugin/negotiate.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "core/plugin/refusal.h"

namespace grok1 {
namespace {

constexpr size_t kMostIdBytes = 31;  // "short", and a bound for an id that has no end

void require_abi(uint16_t major, uint16_t minor) {
  if (major != GROK1_BACKEND_ABI_MAJOR) {
    refuse(GROK1_LOAD_ABI_MAJOR,
           "built for backend ABI {}.{}, this library offers {}.{}; install the plugin that belongs "
           "to this version of grok1, or rebuild it",
           major, minor, GROK1_BACKEND_ABI_MAJOR, GROK1_BACKEND_ABI_MINOR);
  }
}

// A copy of the plugin's id that is safe to print.
std::string readable(const char* id) {
  std::string text(id, strnlen(id, kMostIdBytes + 1));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kMostIdBytes &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

}  // namespace

// The same features that grok1_backend.h infers the level from, and the rest of each level that both compilers can ask.
uint32_t host_cpu_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return 1;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2")) return 2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512cd")) {
    return 3;
  }
  return 4;
#else
  return 0;
#endif
}

void require_compatible(const PluginFile& plugin) {
  require_abi(plugin.abi_major, plugin.abi_minor);
  const uint32_t level = host_cpu_level();
  if (plugin.cpu_level > level) {
    refuse(GROK1_LOAD_CPU_BASELINE,
           "compiled for x86-64 level {}, this CPU has level {}; install a build for level {} or "
           "lower",
           plugin.cpu_level, level, level);
  }
}

void require_descriptor(const grok1_backend_descriptor& descriptor) {
  if (descriptor.magic != GROK1_BACKEND_MAGIC) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN,
           "its entry does not begin as a descriptor does (magic {:#x} instead of {:#x}); build "
           "it with GROK1_BACKEND_ENTRY",
           descriptor.magic, GROK1_BACKEND_MAGIC);
  }
  if (descriptor.struct_size < offsetof(grok1_backend_descriptor, flags)) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN,
           "its descriptor of {} bytes is too short to hold a version; build it with "
           "GROK1_BACKEND_ENTRY",
           descriptor.struct_size);
  }
  require_abi(descriptor.abi_major, descriptor.abi_minor);
  if (descriptor.struct_size < sizeof descriptor) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN,
           "its descriptor is {} bytes, at least {} are wanted; build it with GROK1_BACKEND_ENTRY",
           descriptor.struct_size, sizeof descriptor);
  }
  if (descriptor.id == nullptr || !is_id(readable(descriptor.id))) {
    refuse(GROK1_LOAD_NOT_A_PLUGIN, "its id is '{}', but an id is 1 to {} characters of a-z, 0-9 and _",
           descriptor.id == nullptr ? "NULL" : readable(descriptor.id), kMostIdBytes);
  }
  if (descriptor.open == nullptr) refuse(GROK1_LOAD_MISSING_FUNCTION, "its descriptor has no `open`");
}

}  // namespace grok1
