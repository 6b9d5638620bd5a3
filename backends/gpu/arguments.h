// What every call checks before it works: pointers, argument structs (size, type, chain), and handles with the device
// they were made from. Knows no operator; a failed check is a refusal (refusal.h).
#ifndef GROK1_BACKENDS_GPU_ARGUMENTS_H
#define GROK1_BACKENDS_GPU_ARGUMENTS_H

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "backends/gpu/refusal.h"

namespace grok1::accel {

struct Device;

template <class T>
T& given(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "%s is NULL", name);
  return *pointer;
}

inline void check_chain(const grok1_head& head, uint32_t type, const char* name) {
  if (head.type != type)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: its type is 0x%x, wanted 0x%x; initialise it with GROK1_INIT", name,
           head.type, type);
  if (head.next != nullptr)
    refuse(GROK1_E_UNKNOWN_FIELD, "%s: a struct of type 0x%x is chained to it, this backend knows none", name,
           static_cast<const grok1_head*>(head.next)->type);
}

// An input struct. All fields of version 0.1 are needed; what a newer host appends must be zero, for it cannot be
// honoured.
template <class T>
const T& input(const T* pointer, uint32_t type, const char* name) {
  const grok1_head& head = given(pointer, name).head;
  if (head.struct_size < sizeof(T))
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: struct_size is %u, wanted %zu or more; initialise it with GROK1_INIT", name,
           head.struct_size, sizeof(T));
  check_chain(head, type, name);
  const char* bytes = reinterpret_cast<const char*>(pointer);
  if (std::any_of(bytes + sizeof(T), bytes + head.struct_size, [](char byte) { return byte != 0; }))
    refuse(GROK1_E_UNKNOWN_FIELD, "%s: a field behind byte %zu is set, this backend knows none", name, sizeof(T));
  return *pointer;
}

// An output struct: written as far as both sides know it, the rest of the caller's size zeroed.
template <class T>
void output(T* pointer, uint32_t type, const char* name, T value) {
  const grok1_head head = given(pointer, name).head;
  if (head.struct_size < sizeof(grok1_head))
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: struct_size is %u, less than its head has", name, head.struct_size);
  check_chain(head, type, name);
  value.head = head;
  char* bytes = reinterpret_cast<char*>(pointer);
  const size_t known = std::min<size_t>(head.struct_size, sizeof(T));
  std::memcpy(bytes, &value, known);
  std::memset(bytes + known, 0, head.struct_size - known);
}

// The object behind a C handle, and a handle for an object.
template <class Object, class Handle>
Object& object(Handle* handle, const char* name) {
  return given(reinterpret_cast<Object*>(handle), name);
}
template <class Object, class Handle>
Object& object_of(const Device* device, Handle* handle, const char* name) {
  Object& found = object<Object>(handle, name);
  if (found.device != device) refuse(GROK1_E_INVALID_ARGUMENT, "%s was made by another device", name);
  return found;
}
template <class Handle, class Object>
void hand_out(Handle** handle, Object* made) {
  *handle = reinterpret_cast<Handle*>(made);
}

inline void check_range(const char* name, uint64_t begin, uint64_t end, uint64_t size) {
  if (begin >= end || end > size)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s range %llu .. %llu: wanted a part of 0 .. %llu that is not empty", name,
           static_cast<unsigned long long>(begin), static_cast<unsigned long long>(end),
           static_cast<unsigned long long>(size));
}

}  // namespace grok1::accel

#endif
