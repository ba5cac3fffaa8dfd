#include "trainer/files/safetensors.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "core/json.h"
#include "trainer/layers/bfloat16.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

constexpr uint64_t kHeaderBytesMax = 100'000'000;  // the Rust implementation's MAX_HEADER_SIZE
constexpr size_t kDimensionsMax = 8;

int64_t bytes_of(TensorType type) { return type == TensorType::kF32 ? 4 : 2; }

std::optional<TensorType> type_named(std::string_view name) {
  if (name == "F32") return TensorType::kF32;
  if (name == "F16") return TensorType::kF16;
  if (name == "BF16") return TensorType::kBf16;
  return std::nullopt;
}

float float_of_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float sign = (bits & 0x8000u) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

Damage bad(Reason code, std::string_view name) { return {code, fmt::format("tensor {}", name), 0}; }

// A name that stands twice among the members of an object; empty where none does.
std::string_view repeated_name(json::object object) {
  std::vector<std::string_view> names;
  for (const auto field : object) names.push_back(field.key);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  return twice == names.end() ? std::string_view() : *twice;
}

// "__metadata__" is an object of strings, or null.
bool is_metadata(json::element value) {
  json::object object;
  if (value.is_null()) return true;
  if (value.get(object) != simdjson::SUCCESS) return false;
  return std::all_of(object.begin(), object.end(), [](const auto& field) { return field.value.is_string(); });
}

// Where a tensor lies in the data.
struct TensorBytes {
  uint64_t begin = 0, end = 0;
  std::string name;
};

Result<TensorBytes> parse_extent(std::string_view name, json::element entry, size_t data_bytes) {
  json::array offsets;
  TensorBytes extent{0, 0, std::string(name)};
  if (entry["data_offsets"].get(offsets) != simdjson::SUCCESS || offsets.size() != 2 ||
      offsets.at(0).get(extent.begin) != simdjson::SUCCESS || offsets.at(1).get(extent.end) != simdjson::SUCCESS) {
    return bad("safetensors_bad_header", name);
  }
  if (extent.begin > extent.end || extent.end > data_bytes) return bad("safetensors_bad_offsets", name);
  return extent;
}

// The format wants each byte of the data in one tensor, and each name once.
std::optional<Damage> check_extents(std::vector<TensorBytes> extents, size_t data_bytes) {
  std::sort(extents.begin(), extents.end(), [](const TensorBytes& a, const TensorBytes& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(extents.begin(), extents.end(),
                                        [](const TensorBytes& a, const TensorBytes& b) { return a.name == b.name; });
  if (twice != extents.end()) return bad("safetensors_repeated_name", twice->name);
  std::sort(extents.begin(), extents.end(), [](const TensorBytes& a, const TensorBytes& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t end = 0;
  for (const TensorBytes& extent : extents) {
    if (extent.begin != end) {
      return Damage{"safetensors_bad_offsets",
                    fmt::format("tensor {} begins at byte {} of the data, but the one before it ends at {}",
                                extent.name, extent.begin, end),
                    0};
    }
    end = extent.end;
  }
  if (end == data_bytes) return std::nullopt;
  return Damage{"safetensors_bad_offsets", fmt::format("{} bytes after the last tensor", data_bytes - end), 0};
}

// One tensor of the header, which has `bytes`. Empty where it is of another type, `type_name`.
Result<std::optional<TensorView>> parse_tensor(std::string_view name, json::element entry, std::string_view bytes,
                                               std::string_view& type_name) {
  constexpr Reason kHeader = "safetensors_bad_header";
  json::array shape;
  json::object members;
  if (entry.get(members) == simdjson::SUCCESS && !repeated_name(members).empty()) return bad(kHeader, name);
  if (entry["dtype"].get(type_name) != simdjson::SUCCESS || entry["shape"].get(shape) != simdjson::SUCCESS ||
      shape.size() > kDimensionsMax) {
    return bad(kHeader, name);
  }
  const std::optional<TensorType> type = type_named(type_name);
  if (!type) return std::optional<TensorView>();
  TensorView tensor{std::string(name), *type, {}, {}};
  uint64_t elements = 1;
  for (const json::element dimension : shape) {
    uint64_t n = 0;
    if (dimension.get(n) != simdjson::SUCCESS || n > (uint64_t{1} << 40) ||
        (n > 0 && elements > (uint64_t{1} << 40) / n)) {
      return bad(kHeader, name);
    }
    elements *= n;
    tensor.shape.push_back(static_cast<int64_t>(n));
  }
  if (bytes.size() != elements * static_cast<uint64_t>(bytes_of(*type))) return bad("safetensors_bad_offsets", name);
  tensor.bytes = bytes;
  return std::optional<TensorView>(std::move(tensor));
}

}  // namespace

int64_t TensorView::size() const { return static_cast<int64_t>(bytes.size()) / bytes_of(type); }

void TensorView::copy_to(float* out) const {
  if (type == TensorType::kF32) {
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    return;
  }
  for (size_t i = 0; i < bytes.size() / 2; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + 2 * i, 2);
    out[i] = type == TensorType::kF16 ? float_of_half(bits) : to_float(Bf16{bits});
  }
}

Result<SafetensorsView> SafetensorsView::parse(std::string_view bytes) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) return Damage{"safetensors_short", fmt::format("{} bytes", bytes.size()), 0};
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  if (header_bytes > kHeaderBytesMax || header_bytes > bytes.size() - 8) {
    return Damage{"safetensors_bad_length", fmt::format("a header of {} bytes", header_bytes), 0};
  }
  json::parser parser;
  json::object header;
  if (header_bytes == 0 || bytes[8] != '{' ||  // no white space before it
      parser.parse(bytes.data() + 8, header_bytes).get(header) != simdjson::SUCCESS) {
    return Damage{"safetensors_bad_header", "not a JSON object", 8};
  }
  SafetensorsView view;
  const std::string_view data = bytes.substr(8 + header_bytes);
  std::vector<TensorBytes> extents;
  bool has_metadata = false;
  for (const auto field : header) {
    if (field.key == "__metadata__") {
      if (!is_metadata(field.value)) return Damage{"safetensors_bad_header", "__metadata__ is no object of strings", 8};
      if (std::exchange(has_metadata, true)) return Damage{"safetensors_repeated_name", "__metadata__", 8};
      continue;
    }
    Result<TensorBytes> extent = parse_extent(field.key, field.value, data.size());
    if (!extent) return extent.damage();
    std::string_view type;
    Result<std::optional<TensorView>> tensor =
        parse_tensor(field.key, field.value, data.substr(extent->begin, extent->end - extent->begin), type);
    if (!tensor) return tensor.damage();
    if (*tensor) view.tensors_.push_back(std::move(**tensor));
    else view.of_other_types_.emplace(field.key, type);
    extents.push_back(std::move(*extent));
  }
  if (std::optional<Damage> damage = check_extents(std::move(extents), data.size())) return *damage;
  std::sort(view.tensors_.begin(), view.tensors_.end(),
            [](const TensorView& a, const TensorView& b) { return a.name < b.name; });
  return view;
}

const TensorView* SafetensorsView::find(std::string_view name) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const TensorView& tensor, std::string_view n) { return tensor.name < n; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

uint64_t TensorSource::elements() const {
  uint64_t n = 1;
  for (const int64_t size : shape) n *= static_cast<uint64_t>(size);
  return n;
}

void write_safetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                       const SafetensorsOptions& options) {
  JsonWriter json;
  json.begin_object().key("__metadata__").begin_object();
  for (const auto& [key, value] : options.metadata) json.field(key, value);
  json.end_object();
  const uint64_t bytes_each = options.bfloat16 ? sizeof(Bf16) : sizeof(float);
  uint64_t offset = 0;
  for (const TensorSource& tensor : tensors) {
    const uint64_t size = tensor.elements() * bytes_each;
    json.key(tensor.name).begin_object().field("dtype", options.bfloat16 ? "BF16" : "F32").key("shape").begin_array();
    for (const int64_t n : tensor.shape) json.value(n);
    json.end_array().key("data_offsets").begin_array().value(offset).value(offset + size).end_array().end_object();
    offset += size;
  }
  std::string header = json.end_object().take();
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the data is aligned to 8 bytes
  const uint64_t header_bytes = header.size();
  remove_dead_temporaries_of(path);
  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes});
  file.write(header);
  std::vector<float> made;
  std::vector<Bf16> rounded;
  for (const TensorSource& tensor : tensors) {
    if (tensor.data == nullptr) made = tensor.make();
    const float* const data = tensor.data == nullptr ? made.data() : tensor.data;
    const uint64_t n = tensor.elements();
    if (options.bfloat16) {
      rounded.resize(n);
      std::transform(data, data + n, rounded.begin(), [](float x) { return to_bfloat16(x); });
      file.write({reinterpret_cast<const char*>(rounded.data()), n * sizeof(Bf16)});
    } else {
      file.write({reinterpret_cast<const char*>(data), n * sizeof(float)});
    }
  }
  file.commit();
}

}  // namespace ftok
