// Bytes on disk for certain: system calls that are repeated when a signal came between or they did part of the work,
// and what their refusals mean.
#pragma once

#include <span>
#include <string>

#include "core/base/failure.h"
#include "core/convert/file_calls.h"

namespace grok1 {

// A refusal to write: GROK1_E_DISK_FULL where there is no room, GROK1_E_NOT_FOUND for a folder that is not there.
[[noreturn]] void fail_on_disk(const std::string& path, int error_number, std::string_view what);

int open_on_disk(const FileCalls& calls, const std::string& path, int flags);
void write_on_disk(const FileCalls& calls, int descriptor, const std::string& path, const void* bytes, uint64_t size,
                   uint64_t offset);
void sync_on_disk(const FileCalls& calls, int descriptor, const std::string& path);
// So that a file that was made or renamed in it stays so.
void sync_folder_of(const FileCalls& calls, const std::string& path);
void remove_on_disk(const FileCalls& calls, const std::string& path);  // none there is fine
bool is_on_disk(const std::string& path);                              // links are not followed

}  // namespace grok1
