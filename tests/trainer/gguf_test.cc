// Models as GGUF: the file read back by a reader of the test's own. trainer.gguf (label full) holds it against
// llama.cpp.
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "tokenizer/encoding.h"
#include "trainer/model_file.h"
#include "trainer/train_recipe.h"

namespace ftok {
namespace {

struct ReadTensor {
  std::vector<uint64_t> sizes;
  uint32_t type = 0;
  std::vector<float> values;  // of fp32 alone
};

// Reads what write_gguf writes; a value of a key as text, of a list its length.
class GgufReader {
 public:
  explicit GgufReader(std::string bytes) : bytes_(std::move(bytes)) {
    EXPECT_EQ(take(4), "GGUF");
    EXPECT_EQ(number<uint32_t>(), 3u);
    const uint64_t count = number<uint64_t>(), key_count = number<uint64_t>();
    for (uint64_t i = 0; i < key_count; ++i) {
      const std::string key = text();
      keys[key] = value(number<uint32_t>());
    }
    std::vector<std::pair<std::string, uint64_t>> offsets;
    for (uint64_t i = 0; i < count; ++i) {
      const std::string name = text();
      ReadTensor& tensor = tensors[name];
      tensor.sizes.resize(number<uint32_t>());
      for (uint64_t& size : tensor.sizes) size = number<uint64_t>();
      tensor.type = number<uint32_t>();
      offsets.emplace_back(name, number<uint64_t>());
    }
    at_ = (at_ + 31) / 32 * 32;
    for (const auto& [name, offset] : offsets) {
      EXPECT_EQ(offset % 32, 0u) << name;
      ReadTensor& tensor = tensors[name];
      size_t n = 1;
      for (const uint64_t size : tensor.sizes) n *= size;
      EXPECT_LE(at_ + offset + n * (tensor.type == 0 ? 4 : 2), bytes_.size()) << name;
      if (tensor.type != 0) continue;
      tensor.values.resize(n);
      std::memcpy(tensor.values.data(), bytes_.data() + at_ + offset, n * sizeof(float));
    }
    EXPECT_EQ(bytes_.size() % 32, 0u);
  }

  std::map<std::string, std::string> keys;
  std::map<std::string, ReadTensor> tensors;

 private:
  std::string take(size_t n) {
    at_ += n;
    return bytes_.substr(at_ - n, n);
  }
  template <typename T>
  T number() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return take(number<uint64_t>()); }
  std::string value(uint32_t type) {
    if (type == 4) return std::to_string(number<uint32_t>());
    if (type == 5) return std::to_string(number<int32_t>());
    if (type == 6) return std::to_string(number<float>());
    if (type == 7) return number<uint8_t>() != 0 ? "true" : "false";
    if (type == 8) return text();
    const uint32_t of = number<uint32_t>();
    const uint64_t n = number<uint64_t>();
    for (uint64_t i = 0; i < n; ++i) value(of);
    return "list of " + std::to_string(n);
  }

  std::string bytes_;
  size_t at_ = 0;
};

class GgufTest : public ::testing::Test {
 protected:
  GgufTest() : encoding_(Encoding::load((testing::source_folder() / "tests/data/frozen-1k.tiktoken").string())) {
    options_.vocabulary = &encoding_.vocabulary();
    options_.name = "small";
    options_.end_of_text = encoding_.end_of_text();
  }

  ModelConfig config_of(bool llama) const {
    ModelConfig config{1, 2, 12, 16, encoding_.n_vocab() + 3};
    if (!llama) return config;
    config.norm = "rmsnorm", config.positions = "rotary", config.mlp = "swiglu", config.mlp_channels = 10;
    config.kv_heads = 1, config.tied_head = false;
    config.qkv_bias = config.projection_bias = config.mlp_bias = false;
    return config;
  }

  GgufReader written(const ModelConfig& config) {
    parameters_.resize(static_cast<size_t>(ParameterLayout(config).size()));
    initialise<float>(ParameterLayout(config), config.layers, 5, parameters_);
    const std::string path = (folder_.path() / "model.gguf").string();
    write_gguf(path, config, parameters_, options_);
    return GgufReader(read_file(path, 1 << 26));
  }

  std::string refusal(const ModelConfig& config) {
    try {
      written(config);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  Encoding encoding_;
  GgufOptions options_;
  std::vector<float> parameters_;
};

TEST_F(GgufTest, LinearLayersAreOutputByInput) {
  const ModelConfig config = config_of(false);
  const GgufReader file = written(config);
  EXPECT_EQ(file.keys.at("general.architecture"), "gpt2");
  EXPECT_EQ(file.keys.at("gpt2.attention.head_count"), "2");
  EXPECT_EQ(file.keys.at("tokenizer.ggml.tokens"), "list of " + std::to_string(config.vocabulary_size));
  EXPECT_EQ(file.keys.at("tokenizer.ggml.add_bos_token"), "false");
  EXPECT_EQ(file.tensors.size(), ParameterLayout(config).tensors().size());
  const ReadTensor& up = file.tensors.at("blk.0.ffn_up.weight");
  EXPECT_EQ(up.sizes, (std::vector<uint64_t>{12, 48}));
  const int64_t ours = ParameterLayout(config).block(0).fc_weight;
  EXPECT_EQ(up.values[5 * 12 + 7], parameters_[static_cast<size_t>(ours + 7 * 48 + 5)]);
  EXPECT_EQ(file.tensors.at("token_embd.weight").sizes[1], static_cast<uint64_t>(config.vocabulary_size));
}

TEST_F(GgufTest, LlamasHeadsHaveTheirPairsSideBySide) {
  const ModelConfig config = config_of(true);
  const GgufReader file = written(config);
  EXPECT_EQ(file.keys.at("general.architecture"), "llama");
  EXPECT_EQ(file.keys.at("llama.attention.head_count_kv"), "1");
  EXPECT_EQ(file.keys.at("llama.rope.dimension_count"), "6");
  const int64_t qkv = ParameterLayout(config).block(0).qkv_weight, W = config.qkv_channels();
  const auto ours = [&](int64_t input, int64_t output) {
    return parameters_[static_cast<size_t>(qkv + input * W + output)];
  };
  const std::vector<float>& q = file.tensors.at("blk.0.attn_q.weight").values;
  const std::vector<float>& v = file.tensors.at("blk.0.attn_v.weight").values;
  // Of the second head, outputs 6 to 11: channel 0, then its partner 3, then 1 ...
  EXPECT_EQ(q[6 * 12 + 2], ours(2, 6));
  EXPECT_EQ(q[7 * 12 + 2], ours(2, 9));
  EXPECT_EQ(q[8 * 12 + 2], ours(2, 7));
  EXPECT_EQ(v[1 * 12 + 2], ours(2, 12 + 6 + 1));
  EXPECT_EQ(file.tensors.count("output.weight"), 1u);
  EXPECT_EQ(file.tensors.count("rope_freqs.weight"), 0u);
}

TEST_F(GgufTest, MatricesAloneAreRounded) {
  options_.bfloat16 = true;
  const GgufReader file = written(config_of(false));
  EXPECT_EQ(file.tensors.at("blk.0.ffn_up.weight").type, 30u);
  EXPECT_EQ(file.tensors.at("blk.0.ffn_up.bias").type, 0u);
  EXPECT_EQ(file.keys.at("general.file_type"), "32");
}

// What people train first loads elsewhere.
TEST_F(GgufTest, ThePresetNanoIsAQwen3) {
  const ModelConfig config = load_train_recipe("nano", {"model.layers=1", "model.vocabulary_size=1100"}).model;
  const GgufReader file = written(config);
  EXPECT_EQ(file.keys.at("general.architecture"), "qwen3");
  EXPECT_EQ(file.keys.at("qwen3.feed_forward_length"), "344");
  EXPECT_EQ(file.tensors.count("blk.0.attn_q_norm.weight"), 1u);
}

TEST_F(GgufTest, RefusesWhatItsReadersDoNotKnow) {
  ModelConfig config = config_of(true);
  config.window = 8;
  EXPECT_NE(refusal(config).find("model.window"), std::string::npos);
  config = config_of(true);
  config.mlp = "relu2";  // transformers has a form for it
  EXPECT_NE(refusal(config).find("no model of llama.cpp's"), std::string::npos);
  config.mlp = "gelu";
  EXPECT_NE(refusal(config).find("no model of Hugging Face's"), std::string::npos);
  ModelConfig qwen2 = config_of(true);
  qwen2.qkv_bias = true;
  EXPECT_EQ(refusal(qwen2), "");
  config = qwen2;
  config.head_size = 8;
  EXPECT_NE(refusal(config).find("model.head_size"), std::string::npos);
  config = qwen2;
  config.rope_scaling = "llama3", config.rope_factor = 8, config.rope_original_length = 8;
  EXPECT_NE(refusal(config).find("model.rope_scaling"), std::string::npos);
  config.qkv_bias = false;  // a Llama
  EXPECT_EQ(refusal(config), "");
  ModelConfig qwen3 = config_of(true);
  qwen3.qk_norm = true;
  EXPECT_EQ(refusal(qwen3), "");
  qwen3.qkv_bias = qwen3.projection_bias = true;
  EXPECT_NE(refusal(qwen3).find("model.qkv_bias"), std::string::npos);
  config = config_of(false);
  config.vocabulary_size = encoding_.n_vocab() - 1;
  EXPECT_NE(refusal(config).find("are more than the model's"), std::string::npos);
  config.vocabulary_size = encoding_.n_vocab();
  EXPECT_EQ(refusal(config), "");
}

}  // namespace
}  // namespace ftok
