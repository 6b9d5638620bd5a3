// What every call checks before it works: pointers, argument structs (size, type, chain), handles and the device they
// were made from. Knows no operator; failures are refusals (refusal.h).
#ifndef GROK1_BACKENDS_REFERENCE_ARGUMENTS_H
#define GROK1_BACKENDS_REFERENCE_ARGUMENTS_H

#include <algorithm>
#include <cstring>

#include "backends/reference/refusal.h"

namespace grok1::reference {

template <class T>
T& given(T* pointer, const char* name) {
  if (pointer == nullptr) refuse(GROK1_E_INVALID_ARGUMENT, "%s is NULL", name);
  return *pointer;
}

// An input struct. All fields of version 0.1 are needed; what a newer host appends must be zero, because this backend
// cannot honour it.
template <class T>
const T& input(const T* pointer, uint32_t type, const char* name) {
  const grok1_head& head = given(pointer, name).head;
  if (head.type != type)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: type is %u, wanted %u; use GROK1_INIT", name, head.type, type);
  if (head.struct_size < sizeof(T))
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: struct_size is %u, the fields up to %zu bytes are needed", name,
           head.struct_size, sizeof(T));
  if (head.next != nullptr)
    refuse(GROK1_E_UNKNOWN_FIELD, "%s: a struct of type %u is chained, none is known here", name,
           static_cast<const grok1_head*>(head.next)->type);
  const char* bytes = reinterpret_cast<const char*>(pointer);
  if (std::any_of(bytes + sizeof(T), bytes + head.struct_size, [](char byte) { return byte != 0; }))
    refuse(GROK1_E_UNKNOWN_FIELD, "%s: a field beyond byte %zu is set, none is known here", name, sizeof(T));
  return *pointer;
}

// An output struct: written as far as both sides know it, the rest of the caller's size zeroed.
template <class T>
void output(T* pointer, uint32_t type, const char* name, T value) {
  const grok1_head head = given(pointer, name).head;
  if (head.type != type)
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: type is %u, wanted %u; use GROK1_INIT", name, head.type, type);
  if (head.struct_size < sizeof(grok1_head))
    refuse(GROK1_E_INVALID_ARGUMENT, "%s: struct_size is %u, smaller than its head", name, head.struct_size);
  if (head.next != nullptr) refuse(GROK1_E_UNKNOWN_FIELD, "%s: a struct is chained, none is known here", name);
  value.head = head;
  char* bytes = reinterpret_cast<char*>(pointer);
  std::memcpy(bytes, &value, std::min<size_t>(head.struct_size, sizeof(T)));
  if (head.struct_size > sizeof(T)) std::memset(bytes + sizeof(T), 0, head.struct_size - sizeof(T));
}

// The C handle H stands for an object of type Object of this backend. Every object of a device names it in `device`.
template <class Object, class H>
Object& object(H* handle, const char* name) {
  return given(reinterpret_cast<Object*>(handle), name);
}

template <class Object, class H>
Object& object(const grok1_device* device, H* handle, const char* name) {
  Object& result = object<Object>(handle, name);
  if (result.device != device) refuse(GROK1_E_INVALID_ARGUMENT, "%s was made by another device", name);
  return result;
}

// Gives a new object to the caller.
template <class H, class Object>
void hand_out(H** handle, Object* made) {
  *handle = reinterpret_cast<H*>(made);
}

}  // namespace grok1::reference

#endif
