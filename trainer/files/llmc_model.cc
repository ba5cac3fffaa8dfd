#include "trainer/files/llmc_model.h"

#include <fmt/format.h>

#include <cstring>
#include <functional>

#include "core/error.h"
#include "core/file.h"
#include "trainer/layers/bfloat16.h"

namespace ftok {
namespace {

constexpr int32_t kLlmcMagic = 20240326;
constexpr int32_t kLlmcFloat = 3, kBfloat16 = 5;  // versions
constexpr size_t kLlmcHeaderBytes = 1024;

// One tensor of one layer as it lies in the file: whether it is the transpose of ours.
struct Piece {
  const Tensor* tensor;
  bool transposed;
};

// The pieces in the file's order.
std::vector<Piece> pieces_of(const ParameterLayout& layout, int64_t layers) {
  constexpr size_t kInBlock = 12;
  const std::vector<Tensor>& tensors = layout.tensors();  // wte, wpe, blocks of twelve, ln_f
  std::vector<Piece> pieces = {{&tensors[0], false}, {&tensors[1], false}};
  for (size_t kind = 0; kind < kInBlock; ++kind) {
    for (int64_t layer = 0; layer < layers; ++layer) {
      const Tensor& tensor = tensors[2 + static_cast<size_t>(layer) * kInBlock + kind];
      pieces.push_back({&tensor, tensor.rows > 1});
    }
  }
  pieces.push_back({&tensors[tensors.size() - 2], false});
  pieces.push_back({&tensors[tensors.size() - 1], false});
  return pieces;
}

// Calls body(index in our array, index in the file) for each element; `padded` rows of the embedding are in the file.
void for_each_element(const ParameterLayout& layout, const ModelConfig& config, int64_t padded,
                      const std::function<void(int64_t, int64_t)>& body) {
  int64_t begin = 0;
  for (const auto& [tensor, transposed] : pieces_of(layout, config.layers)) {
    const int64_t rows = tensor->rows_used, columns = tensor->columns;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        body(tensor->offset + i * columns + j, begin + (transposed ? j * rows + i : i * columns + j));
      }
    }
    begin += (tensor->offset == layout.wte ? padded : rows) * columns;
  }
}

int64_t elements_of(const ParameterLayout& layout, const ModelConfig& config, int64_t padded) {
  return layout.parameters() + (padded - config.vocabulary_size) * config.channels;
}

}  // namespace

bool is_llmc_model(std::string_view start) {
  int32_t magic = 0;
  if (start.size() < sizeof magic) return false;
  std::memcpy(&magic, start.data(), sizeof magic);
  return magic == kLlmcMagic;
}

ModelFile read_llmc(const std::string& path) { return parse_llmc(MappedFile(path).bytes(), path); }

ModelFile parse_llmc(std::string_view bytes, const std::string& path) {
  int32_t header[8];
  if (bytes.size() < kLlmcHeaderBytes)
    throw Error(fmt::format("{}: {} bytes are too few: a header has {}", path, bytes.size(), kLlmcHeaderBytes));
  std::memcpy(header, bytes.data(), sizeof header);
  if (header[0] != kLlmcMagic) throw Error(fmt::format("{}: not an llm.c model", path));
  if (header[1] != kLlmcFloat && header[1] != kBfloat16) {
    throw Error(fmt::format("{}: version {} of llm.c's format, expected {} (fp32) or {} (bf16)", path, header[1],
                            kLlmcFloat, kBfloat16));
  }
  ModelFile model;
  model.config.layers = header[4], model.config.heads = header[5], model.config.channels = header[6];
  model.config.length = header[2], model.config.vocabulary_size = header[3];
  try {
    model.config.check();
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: {}", path, error.what()));
  }
  const bool wide = header[1] == kLlmcFloat;
  const int64_t padded = header[7];
  const ParameterLayout layout(model.config);
  if (padded < model.config.vocabulary_size || padded > model.config.vocabulary_size + (1 << 20)) {
    throw Error(
        fmt::format("{}: a padded vocabulary of {} does not fit {} ids", path, padded, model.config.vocabulary_size));
  }
  const uint64_t expected =
      kLlmcHeaderBytes + static_cast<uint64_t>(elements_of(layout, model.config, padded)) * (wide ? 4 : 2);
  if (bytes.size() != expected)
    throw Error(fmt::format("{}: has {} bytes, but its header calls for {}", path, bytes.size(), expected));
  model.format = wide ? "llm.c fp32" : "llm.c bf16";
  model.path = path;
  model.parameters.resize(static_cast<size_t>(layout.size()));
  const char* const data = bytes.data() + kLlmcHeaderBytes;
  for_each_element(layout, model.config, padded, [&](int64_t ours, int64_t theirs) {
    float& out = model.parameters[static_cast<size_t>(ours)];
    uint16_t bits;
    if (wide) {
      std::memcpy(&out, data + 4 * theirs, 4);
    } else {
      std::memcpy(&bits, data + 2 * theirs, 2);
      out = to_float(Bf16{bits});
    }
  });
  return model;
}

void write_llmc(const std::string& path, const ModelConfig& config, const std::vector<float>& parameters,
                bool bfloat16) {
  if (!config.is_gpt2()) throw UsageError("llm.c's format holds GPT-2 alone; safetensors holds this model");
  const ParameterLayout layout(config);
  const int64_t padded = config.padded_vocabulary();
  std::string bytes(kLlmcHeaderBytes + static_cast<size_t>(elements_of(layout, config, padded)) * (bfloat16 ? 2 : 4),
                    '\0');
  const int64_t numbers[8] = {kLlmcMagic,      bfloat16 ? kBfloat16 : kLlmcFloat,
                              config.length,   config.vocabulary_size,
                              config.layers,   config.heads,
                              config.channels, padded};
  for (size_t i = 0; i < 8; ++i) {
    const int32_t number = static_cast<int32_t>(numbers[i]);
    std::memcpy(bytes.data() + 4 * i, &number, 4);
  }
  char* const data = bytes.data() + kLlmcHeaderBytes;
  for_each_element(layout, config, padded, [&](int64_t ours, int64_t theirs) {
    const float value = parameters[static_cast<size_t>(ours)];
    const uint16_t bits = to_bfloat16(value).bits;
    if (bfloat16) {
      std::memcpy(data + 2 * theirs, &bits, 2);
    } else {
      std::memcpy(data + 4 * theirs, &value, 4);
    }
  });
  write_output(path, bytes);
}

}  // namespace ftok
