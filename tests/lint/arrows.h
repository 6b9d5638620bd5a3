// Which file may include which: the arrows of the architecture as a table, and the faults of a tree against it. Knows
// paths and #include lines, nothing of C++.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lint {

// Why the file at `path` (relative to the tree) must not include `name` (as written between "" or <>); "" if it may.
// `beside` says whether a file of that name lies in the including file's own folder.
std::string fault_of_include(std::string_view path, std::string_view name, bool beside);

// All faults of a tree, as "path:line: reason".
std::vector<std::string> faults_of_tree(const std::filesystem::path& tree);

// Paths of all files that belong to the tree, relative to it: build folders and version control are left out.
std::vector<std::string> files_of_tree(const std::filesystem::path& tree);

}  // namespace lint
