// What TBB orders, told to the thread sanitizer: Debian's libtbb is not instrumented, so the sanitizer does not see
// that a task begins after it was spawned. Without the sanitizer these are nothing.
#pragma once

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace ftok {

// All that this thread did before comes before what any thread does after happens_after() of the same address.
inline void happens_before([[maybe_unused]] const void* address) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(const_cast<void*>(address));
#endif
}

inline void happens_after([[maybe_unused]] const void* address) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(const_cast<void*>(address));
#endif
}

// The same at the end of a scope, also when an exception leaves it. The address may be null.
struct HappensBefore {
  explicit HappensBefore(const void* at) : address(at) {}
  ~HappensBefore() {
    if (address != nullptr) happens_before(address);
  }
  HappensBefore(const HappensBefore&) = delete;
  HappensBefore& operator=(const HappensBefore&) = delete;
  const void* address;
};

struct HappensAfter {
  explicit HappensAfter(const void* at) : address(at) {}
  ~HappensAfter() { happens_after(address); }
  HappensAfter(const HappensAfter&) = delete;
  HappensAfter& operator=(const HappensAfter&) = delete;
  const void* address;
};

}  // namespace ftok
