// What every call checks before it works: pointers, argument structs (size, type, chain), handles with the device or
// step they were made from, ranges and sizes. Knows no operator; a failed check is a refusal (refusal.h).
#ifndef GROK1_BACKENDS_CONTRACT_ARGUMENTS_H
#define GROK1_BACKENDS_CONTRACT_ARGUMENTS_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "backends/contract/refusal.h"

namespace grok1::contract {

using Number = unsigned long long;  // what %llu prints

template <class T>
T& given(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "%s is NULL", name);
  return *pointer;
}

// Refuses a struct of another type, and any that is chained to it.
void check_chain(const grok1_head& head, uint32_t type, const char* name);

// Refuses besides a struct that lacks some of its first `needed` bytes, or in which a newer host has set what lies
// behind the first `known`, for it cannot be honoured.
void check_input(const grok1_head& head, uint32_t type, const char* name, size_t needed, size_t known);

// An input struct with the fields of version 0.1, all of which are needed.
template <class T>
const T& input(const T* pointer, uint32_t type, const char* name) {
  check_input(given(pointer, name).head, type, name, sizeof(T), sizeof(T));
  return *pointer;
}

// A copy of an input struct that has grown behind its first `needed` bytes: what an older host lacks is zero.
template <class T>
T grown_input(const T* pointer, uint32_t type, const char* name, size_t needed) {
  const grok1_head& head = given(pointer, name).head;
  check_input(head, type, name, needed, sizeof(T));
  T copy{};
  std::memcpy(&copy, pointer, std::min<size_t>(head.struct_size, sizeof(T)));
  return copy;
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
template <class Handle, class Object>
void hand_out(Handle** handle, Object* made) {
  *handle = reinterpret_cast<Handle*>(made);
}

// The object behind a handle, which must belong to the device: everything made from one names it in `device`.
template <class Object, class Device, class Handle>
Object& object_of(const Device* device, Handle* handle, const char* name) {
  Object& found = object<Object>(handle, name);
  if (found.device != device) refuse(GROK1_E_INVALID_ARGUMENT, "%s was made by another device", name);
  return found;
}

// The act or route behind a handle, which must belong to the step. Handles are const where an operator only reads.
template <class Rows, class Step, class Handle>
Rows& rows_of(const Step& step, const Handle* handle, const char* name) {
  Rows& found = object<Rows>(const_cast<Handle*>(handle), name);
  if (found.step != &step) refuse(GROK1_E_INVALID_ARGUMENT, "%s belongs to another step", name);
  return found;
}

// [begin, end) is a part of [0, size) that is not empty.
void check_range(const char* name, uint64_t begin, uint64_t end, uint64_t size);

// A buffer of `buffer_size` bytes holds [offset, offset + size).
void check_inside(const char* name, uint64_t offset, uint64_t size, uint64_t buffer_size);
// An offset of words of four bytes.
void check_aligned(const char* name, uint64_t offset);
// What buffer_alloc is asked for.
void check_allocation(uint64_t size, uint32_t memory);

// Products and sums of sizes, refused as out of memory where they would wrap.
uint64_t size_product(std::initializer_list<uint64_t> factors);
uint64_t size_sum(std::initializer_list<uint64_t> terms);

}  // namespace grok1::contract

#endif
