// The functions of vendor/runtime.h for which the vendors' runtimes have calls of the same name behind different
// prefixes. A vendor's runtime.cpp includes this once, inside namespace gpu, where it has defined GPU_CALL(name), which
// puts its prefix before a name; check(code, doing), which throws Error; forget(code), which drops what went wrong; and
// ordinal(device), the runtime's number of one of this plugin's devices.

Selected::Selected(int device) {
  const int wanted = ordinal(device);
  check(GPU_CALL(GetDevice)(&before_), "asking for the current device");
  if (before_ == wanted)
    before_ = -1;  // selecting a device starts it; one that nobody asked for stays as it is
  else
    check(GPU_CALL(SetDevice)(wanted), "selecting a device");
}

Selected::~Selected() {
  if (before_ >= 0) forget(GPU_CALL(SetDevice)(before_));
}

void* allocate(size_t size) {
  void* memory = nullptr;
  const auto code = GPU_CALL(Malloc)(&memory, size);
  if (code != GPU_CALL(Success)) check(code, ("allocating " + std::to_string(size) + " bytes").c_str());
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) forget(GPU_CALL(Free)(memory));
}

void copy_to_device(void* to, const void* from, size_t size, Stream stream) {
  check(GPU_CALL(MemcpyAsync)(to, from, size, GPU_CALL(MemcpyHostToDevice), stream), "copying to a device");
}

void copy_to_host(void* to, const void* from, size_t size, Stream stream) {
  check(GPU_CALL(MemcpyAsync)(to, from, size, GPU_CALL(MemcpyDeviceToHost), stream), "copying to the host");
}

void copy_on_device(void* to, const void* from, size_t size, Stream stream) {
  check(GPU_CALL(MemcpyAsync)(to, from, size, GPU_CALL(MemcpyDeviceToDevice), stream), "copying on a device");
}

void copy_between(void* to, int to_device, const void* from, int from_device, size_t size, Stream stream) {
  check(GPU_CALL(MemcpyPeerAsync)(to, ordinal(to_device), from, ordinal(from_device), size, stream),
        "copying between devices");
}

void fill(void* to, uint8_t value, size_t size, Stream stream) {
  check(GPU_CALL(MemsetAsync)(to, value, size, stream), "filling memory");
}

Stream create_stream() {
  Stream stream = nullptr;
  check(GPU_CALL(StreamCreateWithFlags)(&stream, GPU_CALL(StreamNonBlocking)), "creating a stream");
  return stream;
}

void destroy(Stream stream) noexcept {
  if (stream != nullptr) forget(GPU_CALL(StreamDestroy)(stream));
}

void synchronize(Stream stream) {
  check(GPU_CALL(StreamSynchronize)(stream), "waiting for a stream");
}

Event create_event() {
  Event event = nullptr;
  check(GPU_CALL(EventCreateWithFlags)(&event, GPU_CALL(EventDisableTiming)), "creating an event");
  return event;
}

void destroy(Event event) noexcept {
  if (event != nullptr) forget(GPU_CALL(EventDestroy)(event));
}

void record(Event event, Stream stream) {
  check(GPU_CALL(EventRecord)(event, stream), "recording an event");
}

void wait(Stream stream, Event event) {
  check(GPU_CALL(StreamWaitEvent)(stream, event, 0), "letting a stream wait for an event");
}

void synchronize(Event event) {
  check(GPU_CALL(EventSynchronize)(event), "waiting for an event");
}

void check_launch(const char* kernel) {
  const auto code = GPU_CALL(GetLastError)();
  if (code != GPU_CALL(Success)) check(code, ("launching " + std::string(kernel)).c_str());
}
