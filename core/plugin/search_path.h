// Where plugins are looked for. Lists directories and the files in them; does not judge (safety.h, elf_note.h) or open
// (library.h) any. The working directory, PATH and a model's directory are never searched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"

namespace grok1 {

// The file that contains this code: libgrok1.so, or the program that has it linked in. Absolute, without symbolic
// links; "" if it cannot be told for certain.
std::string own_file();

// The directory that was compiled in.
std::string compiled_in_directory();

// The directories to search, in order, each once, absolute and without symbolic links; those that do not exist are left
// out. `environment` is the value of GROK1_BACKEND_PATH or NULL; its items that cannot be used are logged.
std::vector<std::string> search_directories(const char* environment, const std::string& own_file,
                                            const std::string& compiled_in, Log& log);

// Whatever is named libgrok1_*.so in a directory, by name; absolute if `directory` is.
std::vector<std::string> plugins_in(const std::string& directory, Log& log);

// The ID of ".../libgrok1_ID.so"; for any other name, the name.
std::string id_from_file_name(std::string_view path);

// A path that is the same for the same name in the same directory, however it is written. Symbolic links of the last
// component are not followed: two names are two candidates.
std::string candidate_identity(const std::string& path);

}  // namespace grok1
