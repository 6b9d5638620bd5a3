// The system calls by which a conversion changes what is on disk, as a table, so that a test can count them, make each
// of them fail and end the process at any of them. Nothing in core/convert writes, renames or removes in another way.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>

namespace grok1 {

struct FileCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  int (*fallocate)(int descriptor, int mode, off_t offset, off_t size);
  int (*ftruncate)(int descriptor, off_t size);
  ssize_t (*pwrite)(int descriptor, const void* bytes, size_t size, off_t offset);
  int (*fdatasync)(int descriptor);
  int (*fsync)(int descriptor);
  int (*rename)(const char* from, const char* to, bool replace);  // not replacing: EEXIST where there is one
  int (*unlink)(const char* path);
};

// The system's own.
const FileCalls& file_calls();

}  // namespace grok1
