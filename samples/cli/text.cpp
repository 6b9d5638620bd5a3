// Numbers with units.
#include "text.h"

#include <cstdarg>
#include <cstdio>

namespace cli {
namespace {

std::string with_unit(uint64_t bytes, double step, const char* const units[5]) {
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (unit < 4 && value >= step) {
    value /= step;
    ++unit;
  }
  return text(unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

}  // namespace

std::string text(const char* format, ...) {
  va_list args;
  va_start(args, format);
  va_list again;
  va_copy(again, args);
  const int size = std::vsnprintf(nullptr, 0, format, args);
  va_end(args);
  std::string out(size > 0 ? static_cast<size_t>(size) : 0, '\0');
  std::vsnprintf(out.data(), out.size() + 1, format, again);
  va_end(again);
  return out;
}

std::string file_size(uint64_t bytes) {
  static const char* const units[5] = {"bytes", "kB", "MB", "GB", "TB"};
  return with_unit(bytes, 1000.0, units);
}

std::string memory_size(uint64_t bytes) {
  static const char* const units[5] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  return with_unit(bytes, 1024.0, units);
}

}  // namespace cli
