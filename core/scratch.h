// Scratch that a thread keeps from call to call, so that it is not made anew for each document, and gives back when one
// large document has made it grow.
#pragma once

#include <cstddef>
#include <tuple>

namespace ftok {

// Kept of one container. A text of a few hundred thousand words needs no more.
inline constexpr size_t kScratchBytesMax = size_t{8} << 20;

// Gives the memory of a string or vector back when it is more than is kept.
template <typename Container>
void trim_scratch(Container& container) {
  if (container.capacity() * sizeof(typename Container::value_type) > kScratchBytesMax) Container().swap(container);
}

// Trims containers at the end of the scope.
template <typename... Containers>
class ScratchTrim {
 public:
  explicit ScratchTrim(Containers&... containers) : containers_(containers...) {}
  ~ScratchTrim() {
    std::apply([](Containers&... each) { (trim_scratch(each), ...); }, containers_);
  }
  ScratchTrim(const ScratchTrim&) = delete;
  ScratchTrim& operator=(const ScratchTrim&) = delete;

 private:
  std::tuple<Containers&...> containers_;
};

}  // namespace ftok
