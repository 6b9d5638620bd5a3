// Whether a file found by searching is safe to load: it and its directory belong to root, the user or the owner of our
// own library, and nobody else can write them. Files that the caller names are not judged here: the caller vouches.
#pragma once

#include <sys/stat.h>

#include <span>
#include <string>
#include <vector>

namespace grok1 {

// `file` is absolute and without symbolic links; `found_in` is the directory where its name was found, which for a
// symbolic link is another than the file's own. Throws GROK1_LOAD_UNSAFE_PATH.
void require_safe(const std::string& file, const std::string& found_in, std::span<const uid_t> trusted_owners);

// Root, the user of this process, and the owner of `own_file`.
std::vector<uid_t> trusted_owners(const std::string& own_file);

// What is wrong with an owner and mode: "" if nothing. `own_group` says whether a group is a user's private one.
std::string unsafe_because(const struct stat& status, std::span<const uid_t> trusted_owners,
                           bool (*own_group)(uid_t owner, gid_t group));

// The owner's primary group, named like the owner: the private group that many systems give each user.
bool is_own_group(uid_t owner, gid_t group);

}  // namespace grok1
