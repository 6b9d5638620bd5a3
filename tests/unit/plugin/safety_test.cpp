// Owners and modes, judged without files.
#include "core/plugin/safety.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace grok1 {
namespace {

constexpr uid_t kTrusted[] = {0, 1000};
bool group_is_owner(uid_t owner, gid_t group) {
  return owner == group;
}

std::string judge(uid_t owner, gid_t group, mode_t mode) {
  struct stat status {};
  status.st_uid = owner;
  status.st_gid = group;
  status.st_mode = S_IFREG | mode;
  return unsafe_because(status, kTrusted, group_is_owner);
}

TEST(Safety, TrustedOwnersAndNobodyElseMayWrite) {
  EXPECT_EQ(judge(0, 0, 0755), "");
  EXPECT_EQ(judge(1000, 1000, 0775), "");  // writable by the owner's own group
  EXPECT_EQ(judge(1000, 50, 0755), "");
  EXPECT_NE(judge(1000, 50, 0775).find("group 50"), std::string::npos);
  EXPECT_NE(judge(0, 1000, 0664).find("group 1000"), std::string::npos);
  EXPECT_NE(judge(0, 0, 0646).find("everybody"), std::string::npos);
  EXPECT_NE(judge(0, 0, 01777).find("everybody"), std::string::npos);  // a sticky directory lets others add files
  EXPECT_NE(judge(1001, 1001, 0644).find("user 1001"), std::string::npos);
}

TEST(Safety, RootAndTheUserAreTrusted) {
  const std::vector<uid_t> owners = trusted_owners("/proc/self/exe");
  EXPECT_EQ(owners.size(), 3u);
  EXPECT_EQ(owners[0], 0u);
  EXPECT_EQ(owners[1], geteuid());
}

TEST(Safety, AnOwnGroupIsPrimaryAndNamedLikeItsOwner) {
  EXPECT_TRUE(is_own_group(0, 0));           // root:root
  EXPECT_FALSE(is_own_group(0, 1));          // not root's primary group
  EXPECT_FALSE(is_own_group(54321, 54321));  // nobody of that number
}

}  // namespace
}  // namespace grok1
