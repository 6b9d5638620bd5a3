#include "core/plugin/safety.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/plugin/refusal.h"

namespace grok1 {
namespace {

// Room for the texts of a passwd or group entry. A group so large that it does not fit is nobody's private one.
constexpr size_t kEntryText = 16384;

void require_safe_status(const std::string& path, std::span<const uid_t> trusted) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    refuse(GROK1_LOAD_UNSAFE_PATH, "{}: its owner cannot be read: {}", path, std::generic_category().message(errno));
  }
  const std::string fault = unsafe_because(status, trusted, is_own_group);
  if (!fault.empty()) {
    refuse(GROK1_LOAD_UNSAFE_PATH,
           "{} {}; correct it with chown and chmod, or name the plugin by its path if you trust it", path, fault);
  }
}

}  // namespace

bool is_own_group(uid_t owner, gid_t group) {
  char user_text[kEntryText], group_text[kEntryText];
  passwd user{}, *found_user = nullptr;
  ::group entry{}, *found_group = nullptr;
  return getpwuid_r(owner, &user, user_text, sizeof user_text, &found_user) == 0 && found_user != nullptr &&
         user.pw_gid == group && getgrgid_r(group, &entry, group_text, sizeof group_text, &found_group) == 0 &&
         found_group != nullptr && std::string_view(user.pw_name) == entry.gr_name;
}

std::string unsafe_because(const struct stat& status, std::span<const uid_t> trusted_owners,
                           bool (*own_group)(uid_t owner, gid_t group)) {
  if (std::find(trusted_owners.begin(), trusted_owners.end(), status.st_uid) == trusted_owners.end()) {
    return fmt::format("belongs to user {}, which is not root, you or the owner of this library", status.st_uid);
  }
  if ((status.st_mode & S_IWOTH) != 0)
    return fmt::format("can be written by everybody (mode {:o})", status.st_mode & 07777);
  if ((status.st_mode & S_IWGRP) != 0 && !own_group(status.st_uid, status.st_gid)) {
    return fmt::format("can be written by group {} (mode {:o}), which is not its owner's own", status.st_gid,
                       status.st_mode & 07777);
  }
  return {};
}

std::vector<uid_t> trusted_owners(const std::string& own_file) {
  std::vector<uid_t> owners = {0, geteuid()};
  struct stat status {};
  if (!own_file.empty() && stat(own_file.c_str(), &status) == 0) owners.push_back(status.st_uid);
  return owners;
}

void require_safe(const std::string& file, const std::string& found_in, std::span<const uid_t> trusted_owners) {
  const std::string directory = std::filesystem::path(file).parent_path().string();
  require_safe_status(found_in, trusted_owners);
  if (directory != found_in) require_safe_status(directory, trusted_owners);
  require_safe_status(file, trusted_owners);
}

}  // namespace grok1
