// safetensors files: u64 length N, N bytes of JSON {name: {dtype, shape, data_offsets}}, then the data, little-endian
// and without gaps (github.com/huggingface/safetensors, README "Format").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/result.h"

namespace ftok {

enum class TensorType : uint8_t { kF32, kF16, kBf16 };

struct TensorView {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;
  std::string_view bytes;  // as many as type and shape say

  int64_t size() const;
  // out (size()): the values as floats, exactly.
  void copy_to(float* out) const;
};

// A validated view of a file's bytes, which must outlive it. Const, thread-safe. Tensors of types other than
// TensorType's (integers, bools, 8-bit floats) are left out.
class SafetensorsView {
 public:
  // Damage codes: "safetensors_short", "safetensors_bad_length", "safetensors_bad_header" (with the tensor named),
  // "safetensors_bad_offsets" (not inside the data, of another size than type and shape say, or such that bytes of the
  // data belong to no tensor or to two), "safetensors_repeated_name".
  static Result<SafetensorsView> parse(std::string_view bytes);

  const std::vector<TensorView>& tensors() const { return tensors_; }
  const TensorView* find(std::string_view name) const;  // null when there is none
  // The tensors that were left out, by name, with their types as the file spells them ("F8_E4M3").
  const std::map<std::string, std::string, std::less<>>& of_other_types() const { return of_other_types_; }

 private:
  std::vector<TensorView> tensors_;
  std::map<std::string, std::string, std::less<>> of_other_types_;
};

// A float tensor to be written: the caller's data, or what `make` gives when its turn comes.
struct TensorSource {
  std::string name;
  std::vector<int64_t> shape;
  const float* data = nullptr;
  std::function<std::vector<float>()> make = {};

  uint64_t elements() const;
};

struct SafetensorsOptions {
  std::map<std::string, std::string> metadata = {};
  bool bfloat16 = false;  // rounded to nearest, ties to even; else F32
};

// Writes the tensors, complete or absent. Throws Error naming the path.
void write_safetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                       const SafetensorsOptions& options);

}  // namespace ftok
