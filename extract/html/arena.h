// Arena: memory handed out by moving a pointer, freed all at once. What it hands out never moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace ftok::html {

class Arena {
 public:
  // Not aligned; aligned to 16 while every request is a multiple of 16.
  char* allocate(size_t bytes) {
    if (bytes > left_) grow(bytes);
    char* out = next_;
    next_ += bytes;
    left_ -= bytes;
    return out;
  }

  // Gives back the end of the last allocation, from `used_end` on.
  void give_back(char* used_end) {
    left_ += static_cast<size_t>(next_ - used_end);
    next_ = used_end;
  }

  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* out = allocate(text.size());
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

  // Forgets everything, keeps the first chunk for the next use.
  void clear() {
    if (chunks_.size() > 1) chunks_.resize(1);
    next_ = chunks_.empty() ? nullptr : chunks_[0].bytes.get();
    left_ = bytes_ = chunks_.empty() ? 0 : chunks_[0].size;
  }

  size_t bytes() const { return bytes_; }  // held from the system

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };

  void grow(size_t bytes) {
    constexpr size_t kFirst = size_t{64} << 10, kLargest = size_t{4} << 20;
    size_t size = chunks_.empty() ? kFirst : chunks_.back().size * 2;
    if (size > kLargest) size = kLargest;
    if (size < bytes) size = bytes;
    chunks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    next_ = chunks_.back().bytes.get();
    left_ = size;
    bytes_ += size;
  }

  std::vector<Chunk> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
};

}  // namespace ftok::html
