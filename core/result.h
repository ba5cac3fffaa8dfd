// Result<T>: a value, or why there is none. Parsers of outside bytes return it, because bad data is expected: the
// caller counts it and continues. Never used for misuse or for a failed run (error.h).
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/reason.h"

namespace ftok {

// Why some bytes could not be parsed. `code` is a stable name ("bad_chunk_size") that ends up in counters.
struct Damage {
  Reason code;
  std::string detail;   // free text for the log; may be empty
  uint64_t offset = 0;  // in bytes from the start of the input that was parsed
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit on purpose
  Result(Damage damage) : damage_(std::move(damage)) {}  // NOLINT: implicit on purpose

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& value() {
    assert(ok());
    return *value_;
  }
  const T& value() const {
    assert(ok());
    return *value_;
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Damage& damage() const {
    assert(!ok());
    return damage_;
  }

 private:
  std::optional<T> value_;
  Damage damage_;
};

}  // namespace ftok
