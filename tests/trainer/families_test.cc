// Llama, Mistral, Qwen and what else a description can say: gradients, decoder, memory, and folders of Hugging Face's.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/test_data.h"
#include "tests/trainer/families.h"
#include "tests/trainer/small_model.h"
#include "trainer/files/hugging_face_config.h"
#include "trainer/layers/decoder.h"
#include "trainer/layers/rotary_table.h"
#include "trainer/model_file.h"
#include "trainer/train_recipe.h"

namespace ftok {
namespace {

using testing::random_batch;
using testing::small_families;
using testing::SmallModel;

Log no_log() {
  return [](LogLevel, const std::string&) {};
}

class FamilyTest : public ::testing::TestWithParam<testing::Family> {
 protected:
  const ModelConfig& config() const { return GetParam().config; }
};

INSTANTIATE_TEST_SUITE_P(Families, FamilyTest, ::testing::ValuesIn(small_families()),
                         [](const auto& family) { return family.param.name; });

// The derivative of f with respect to x, by differences of fourth order.
double derivative(const std::function<double()>& f, double& x, double step) {
  const double at = x;
  const auto value = [&](double offset) {
    x = at + offset;
    return f();
  };
  const double slope = (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step);
  x = at;
  return slope;
}

// Of every parameter; documents and a loss mask are part of it. The slope of a squared ReLU bends at 0, so that steps
// that reach over that say little: one of several must agree there.
TEST_P(FamilyTest, EveryGradientIsTheDerivative) {
  const bool bends = config().mlp == "relu2";
  const std::vector<double> steps = bends ? std::vector<double>{1e-3, 1e-4, 3e-5, 1e-5, 3e-6} : std::vector{1e-3};
  SmallModel<double> model(config());
  Network<double>& network = model.network;
  Batch batch = random_batch(config(), 2, 1);
  for (int64_t t = 0; t < 2 * batch.T; ++t) batch.first_key.push_back(static_cast<int32_t>(t < 13 ? 0 : 4));
  BatchView view = batch.view();
  std::vector<uint8_t> mask(batch.targets.size(), 1);
  mask[5] = 0;
  view.loss_mask = mask.data();
  const double loss = network.accumulate_gradients(view, 0.1);
  EXPECT_EQ(loss, network.loss(view));
  const std::vector<double> analytic = testing::vector_of(network.gradients());
  double largest = 0;
  for (const double g : analytic) largest = std::max(largest, std::abs(g));
  for (const Tensor& tensor : network.layout().tensors()) {
    double of_tensor = 0;
    for (int64_t i = tensor.offset; i < tensor.offset + tensor.rows_used * tensor.columns; ++i) {
      const double g = analytic[static_cast<size_t>(i)];
      of_tensor = std::max(of_tensor, std::abs(g));
      if (static_cast<size_t>(i) % testing::kEveryNth != 0) continue;
      double apart = 1, numeric = 0;
      for (size_t k = 0; k < steps.size() && apart > 1e-6; ++k) {
        numeric = derivative([&] { return 0.1 * network.loss(view); }, network.parameters()[static_cast<size_t>(i)],
                             steps[k]);
        apart = std::abs(numeric - g) / std::max({std::abs(numeric), std::abs(g), 1e-4 * largest});
      }
      ASSERT_LE(apart, 1e-6) << tensor.name << " " << i - tensor.offset << ": " << g << ", " << numeric;
    }
    EXPECT_GT(of_tensor, 1e-5 * largest) << tensor.name << " takes no part";
  }
}

TEST_P(FamilyTest, FloatAgreesWithDouble) {
  SmallModel<double> reference(config());
  SmallModel<float> model(config(), 2);
  const Batch batch = random_batch(config(), 4, 2);
  const double expected = reference.network.accumulate_gradients(batch.view(), 1.0 / 36);
  EXPECT_NEAR(model.network.accumulate_gradients(batch.view(), 1.0 / 36), expected, 1e-5 * expected);
  EXPECT_LT(testing::relative_difference(reference.network.gradients(), model.network.gradients()), 1e-5);
}

TEST_P(FamilyTest, RecomputeAndThreadsChangeNoBit) {
  const Batch batch = random_batch(config(), 3, 6);
  SmallModel<float> kept(config());
  const double loss = kept.network.accumulate_gradients(batch.view(), 0.01);
  for (const Recompute recompute : {Recompute::kGelu, Recompute::kBlocks}) {
    const auto layers = make_cpu_layers<float>(3);
    Network<float> network(config(), *layers, recompute);
    network.parameters().assign(kept.network.parameters());
    EXPECT_EQ(network.accumulate_gradients(batch.view(), 0.01), loss);
    EXPECT_EQ(network.gradients(), kept.network.gradients());
  }
}

// Every logit, of a prompt read at once and of each position after it: -log softmax(logits)[target] is the loss.
TEST_P(FamilyTest, DecoderAgreesWithTheNetwork) {
  SmallModel<float> model(config());
  Decoder<float> decoder(config(), *model.layers, model.network.parameters().data());
  const Batch batch = random_batch(config(), 1, 8);
  for (const size_t prompt : {4u, 1u, 9u}) {
    for (size_t n = prompt; n <= batch.tokens.size(); ++n) {
      const std::span<const float> logits =
          n == prompt ? decoder.read(std::span(batch.tokens).first(n)) : decoder.next(batch.tokens[n - 1]);
      double sum = 0;
      for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
      std::vector<uint8_t> mask(batch.tokens.size(), 0);
      mask[n - 1] = 1;
      BatchView view = batch.view();
      view.loss_mask = mask.data();
      EXPECT_NEAR(model.network.loss(view), std::log(sum) - static_cast<double>(logits[batch.targets[n - 1]]), 2e-5);
    }
  }
}

TEST_P(FamilyTest, RecipeSaysTheModel) {
  std::vector<std::string> sets = model_assignments(config());
  sets.push_back("training.tokens_per_step=90");
  EXPECT_EQ(load_train_recipe("tiny", sets).model, config());
  const TrainRecipe recipe = load_train_recipe("tiny", sets);
  EXPECT_EQ(parse_train_recipe(train_recipe_text(recipe, false), "a checkpoint").model, config());
}

TEST_P(FamilyTest, HuggingFaceRoundTrip) {
  const testing::TemporaryFolder folder;
  SmallModel<float> model(config());
  const std::vector<float> parameters = testing::vector_of(model.network.parameters());
  write_hugging_face(folder / "hf", config(), parameters, {});
  const ModelFile back = read_model(folder / "hf", 0, no_log());
  EXPECT_EQ(back.config.canonical(), config().canonical());
  EXPECT_EQ(back.parameters, parameters);
  HuggingFaceOptions options;
  options.bfloat16 = true, options.file_bytes_max = 2000;
  write_hugging_face(folder / "hf", config(), parameters, options);
  EXPECT_FALSE(std::filesystem::exists(folder / "hf/model.safetensors"));
  const ModelFile rounded = read_model(folder / "hf", 0, no_log());
  for (size_t i = 0; i < parameters.size(); ++i)
    ASSERT_EQ(rounded.parameters[i], to_float(to_bfloat16(parameters[i]))) << i;
}

TEST(Families, WithoutANameAreNotWritten) {
  const testing::TemporaryFolder folder;
  ModelConfig config = small_families().back().config;
  config.mlp = "gelu";
  SmallModel<float> model(config);
  const std::vector<float> parameters = testing::vector_of(model.network.parameters());
  EXPECT_THROW(write_hugging_face(folder / "hf", config, parameters, {}), UsageError);
  EXPECT_FALSE(std::filesystem::exists(folder / "hf"));
}

TEST(Families, HaveTheirNamesForHuggingFace) {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"gpt2", "gpt2"},       {"llama2", "llama"}, {"llama3", "llama"}, {"llama_biases", "llama"}, {"smollm", "llama"},
      {"mistral", "mistral"}, {"qwen2", "qwen2"},  {"qwen3", "qwen3"},  {"relu2", "qwen3"}};
  const auto families = small_families();
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(families[i].name, expected[i].first);
    EXPECT_EQ(hugging_face_family(families[i].config), expected[i].second);
  }
}

// Llama 3.1's published code (scale_freqs): wave lengths below original / high stay, those above original / low are
// stretched, and those in between are mixed.
TEST(Rotary, FrequenciesOfLlama3) {
  ModelConfig config = testing::small_llama();
  config.head_size = 128, config.rope_theta = 500000, config.rope_scaling = "llama3", config.rope_factor = 8;
  const std::vector<double> scaled = rotary_frequencies(config);
  config.rope_scaling = "none";
  const std::vector<double> plain = rotary_frequencies(config);
  ASSERT_EQ(plain.size(), 64u);
  EXPECT_EQ(plain[0], 1);
  EXPECT_DOUBLE_EQ(plain[32], std::pow(500000.0, -0.5));
  int kept = 0, mixed = 0, slowed = 0;
  for (size_t i = 0; i < 64; ++i) {
    const double wave = 2 * M_PI / plain[i];
    double expected = plain[i];
    if (wave > 8192.0) {
      expected = plain[i] / 8, ++slowed;
    } else if (wave > 2048.0) {
      const double smooth = (8192.0 / wave - 1) / 3;
      expected = (1 - smooth) * plain[i] / 8 + smooth * plain[i], ++mixed;
    } else {
      ++kept;
    }
    EXPECT_NEAR(scaled[i], expected, 1e-12 * expected);
  }
  EXPECT_TRUE(kept > 0 && mixed > 0 && slowed > 0);
  config.rope_scaling = "linear", config.rope_factor = 4;
  EXPECT_DOUBLE_EQ(rotary_frequencies(config)[1], plain[1] / 4);
}

TEST(Families, ImpossibleDescriptionsAreNamed) {
  const auto message = [](auto change) -> std::string {
    ModelConfig config = testing::small_llama();
    change(config);
    try {
      config.check();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message([](ModelConfig&) {}), "");
  EXPECT_EQ(message([](ModelConfig& c) { c.kv_heads = 3; }),
            "model.kv_heads = 3: expected a divisor of model.heads = 4");
  EXPECT_EQ(message([](ModelConfig& c) { c.kv_heads = 8; }),
            "model.kv_heads = 8: expected a divisor of model.heads = 4");
  EXPECT_EQ(message([](ModelConfig& c) { c.head_size = 5; }), "model.head_size = 5: expected an even number: rotary");
  EXPECT_EQ(message([](ModelConfig& c) { c.channels = 18; }),
            "model.channels = 18: expected a multiple of model.heads = 4");
  EXPECT_EQ(message([](ModelConfig& c) { c.channels = 18, c.head_size = 4; }), "");
  EXPECT_NE(message([](ModelConfig& c) { c.norm_epsilon = 0; }).find("model.norm_epsilon"), std::string::npos);
  EXPECT_NE(message([](ModelConfig& c) { c.norm = "layernorm"; }).find("expected 1e-5"), std::string::npos);
  EXPECT_NE(message([](ModelConfig& c) {
              c.rope_scaling = "llama3", c.rope_high_factor = 1;
            }).find("more than model.rope_low_factor"),
            std::string::npos);
  EXPECT_NE(message([](ModelConfig& c) {
              c.mlp_channels = 1 << 20, c.channels = 1 << 17, c.layers = 900;
            }).find("billion parameters"),
            std::string::npos);
}

// Published sizes: meta-llama/Llama-3.2-1B, Qwen/Qwen3-0.6B, mistralai/Mistral-7B-v0.1.
TEST(Families, PublishedModelsHaveTheirParameters) {
  ModelConfig llama = testing::small_llama();
  llama.layers = 16, llama.heads = 32, llama.channels = 2048, llama.length = 131072, llama.vocabulary_size = 128256;
  llama.mlp_channels = 8192, llama.kv_heads = 8, llama.tied_head = true;
  EXPECT_EQ(ParameterLayout(llama).parameters(), 1'235'814'400);
  ModelConfig qwen = llama;
  qwen.layers = 28, qwen.heads = 16, qwen.channels = 1024, qwen.vocabulary_size = 151936, qwen.mlp_channels = 3072;
  qwen.head_size = 128, qwen.qk_norm = true;
  EXPECT_EQ(ParameterLayout(qwen).parameters(), 596'049'920);
  ModelConfig mistral = llama;
  mistral.layers = 32, mistral.channels = 4096, mistral.vocabulary_size = 32000, mistral.mlp_channels = 14336;
  mistral.tied_head = false;
  EXPECT_EQ(ParameterLayout(mistral).parameters(), 7'241'732'096);
}

// Logits of small models in bf16 that transformers computed in fp32, after the last tokens of a text
// (tests/trainer/compare_families --record).
TEST(Families, LogitsAreThoseThatTransformersGave) {
  int families = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FTOK_FAMILIES)) {
    SCOPED_TRACE(entry.path().filename());
    const ModelFile model = read_model(entry.path(), 0, no_log());
    const std::string text = read_file(entry.path() / "logits.json", 1 << 20);
    simdjson::dom::parser parser;
    const simdjson::dom::element root = parser.parse(text);
    std::vector<uint32_t> ids;
    for (const simdjson::dom::element id : root["ids"].get_array()) ids.push_back(static_cast<uint32_t>(uint64_t{id}));
    const simdjson::dom::array rows = root["logits"].get_array();
    const auto layers = make_cpu_layers<float>(1);
    Decoder<float> decoder(model.config, *layers, model.parameters.data());
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t n = ids.size() - rows.size() + i + 1;
      const std::span<const float> logits = i == 0 ? decoder.read(std::span(ids).first(n)) : decoder.next(ids[n - 1]);
      double largest = 0, apart = 0;
      size_t id = 0;
      for (const simdjson::dom::element expected : rows.at(i)) {
        largest = std::max(largest, std::abs(double{expected}));
        apart = std::max(apart, std::abs(double{expected} - static_cast<double>(logits[id++])));
      }
      EXPECT_EQ(id, logits.size());
      EXPECT_LT(apart, 1e-5 * largest);
    }
    ++families;
  }
  EXPECT_EQ(families, 8);
}

class HuggingFaceFolderTest : public ::testing::Test {
 protected:
  HuggingFaceFolderTest() {
    SmallModel<float> model(testing::small_llama());
    write_hugging_face(folder_ / "hf", testing::small_llama(), testing::vector_of(model.network.parameters()), {});
    text_ = read_file(folder_ / "hf/config.json");
  }
  // The message for the folder with `to` in place of `from` in config.json; "" where it is read.
  std::string error_with(const std::string& from, const std::string& to) const {
    std::string text = text_;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at == std::string::npos) return "";
    write_file(folder_ / "hf/config.json", text.replace(at, from.size(), to));
    try {
      read_model(folder_ / "hf", 0, no_log());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
  std::string text_;
};

TEST_F(HuggingFaceFolderTest, WhatIsNotComputedIsNamed) {
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& expected) {
    const std::string message = error_with(from, to);
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  };
  EXPECT_EQ(error_with("\"llama\"", "\"llama\""), "");
  refused("\"llama\"", "\"falcon\"", "model_type is not gpt2, llama, mistral, qwen2 or qwen3");
  refused("\"silu\"", "\"gelu\"", "hidden_act is not silu");
  refused("\"num_attention_heads\": 4", "\"num_attention_heads\": 3", "model.kv_heads = 2: expected a divisor");
  refused("\"num_attention_heads\": 4", "\"num_attention_heads\": 8", "q_proj.weight is (16,16), expected (32,16)");
  refused("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4", "k_proj.weight is (8,16), expected (16,16)");
  refused("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "no tensor layers.2.input_layernorm.weight");
  refused("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "has no place in the model");
  refused("\"num_hidden_layers\": 2", "\"num_hidden_layers\": \"2\"", "num_hidden_layers is of another type");
  refused("\"hidden_size\": 16,", "", "no hidden_size");
  refused("\"intermediate_size\": 20", "\"intermediate_size\": 1000000", "gate_proj.weight is (20,16)");
  refused("\"vocab_size\": 17", "\"vocab_size\": 16000000", "embed_tokens.weight is (17,16)");
  refused("\"hidden_size\": 16", "\"hidden_size\": -16", "model.channels");
  refused("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true",
          "lm_head.weight is not embed_tokens.weight");
  refused("\"attention_bias\": false", "\"attention_bias\": true", "q_proj.bias");
  refused("\"rope_theta\": 10000", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}",
          "rope_scaling.rope_type is not default, linear or llama3");
  refused("\"rope_theta\": 10000", "\"rope_scaling\": {\"rope_type\": \"llama3\"}", "no factor");
  refused("\"rope_theta\": 10000", "\"partial_rotary_factor\": 0.5", "partial_rotary_factor is not 1");
  refused("\"llama\"", "\"mistral\", \"layer_types\": [\"full_attention\", \"sliding_attention\"]",
          "layer_types is not the same for all layers");
  refused("\"llama\"", "\"mistral\", \"layer_types\": [\"full_attention\", \"full_attention\"]",
          "layer_types is not sliding_attention");
  refused("{", "[", "not a JSON object");
  // Of a key that is there twice the last counts, as Python has it.
  refused("\"rope_theta\": 10000", "\"rope_theta\": 10000, \"hidden_size\": 32", "expected (");
  EXPECT_EQ(error_with("{", "{\"hidden_size\": 32, "), "");
}

// transformers 5 has rope_theta among rope_parameters.
TEST_F(HuggingFaceFolderTest, RotaryKeysOfBothForms) {
  EXPECT_EQ(error_with("\"rope_theta\": 10000",
                       "\"rope_parameters\": {\"rope_type\": \"llama3\", \"rope_theta\": 77, "
                       "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, "
                       "\"original_max_position_embeddings\": 30}"),
            "");
  const ModelConfig config = read_model(folder_ / "hf", 0, no_log()).config;
  EXPECT_EQ(config.rope_theta, 77);
  EXPECT_EQ(config.rope_scaling, "llama3");
  EXPECT_EQ(config.rope_original_length, 30);
  EXPECT_EQ(error_with("\"rope_theta\": 10000", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.5}"), "");
  EXPECT_EQ(read_model(folder_ / "hf", 0, no_log()).config.rope_factor, 2.5);
}

TEST_F(HuggingFaceFolderTest, WindowsOfMistralAndQwen) {
  const auto window_with = [&](const std::string& keys) {
    EXPECT_EQ(error_with("\"llama\"", keys), "");
    return read_model(folder_ / "hf", 0, no_log()).config.window;
  };
  EXPECT_EQ(window_with("\"mistral\""), 4096);
  EXPECT_EQ(window_with("\"mistral\", \"sliding_window\": null"), 0);
  EXPECT_EQ(window_with("\"mistral\", \"sliding_window\": 5"), 5);
  EXPECT_EQ(window_with(
                "\"mistral\", \"sliding_window\": 5, \"layer_types\": [\"sliding_attention\", \"sliding_attention\"]"),
            5);
  EXPECT_EQ(window_with("\"llama\", \"sliding_window\": 5"), 0);
  EXPECT_EQ(window_with("\"llama\", \"sliding_window\": 5, \"use_sliding_window\": true"), 0);
  EXPECT_EQ(
      window_with("\"llama\", \"sliding_window\": 5, \"layer_types\": [\"sliding_attention\", \"full_attention\"]"), 0);
}

// Qwen2Config: of the layers those from max_window_layers on, which is 28 where the file does not say so.
TEST_F(HuggingFaceFolderTest, WindowsOfQwen) {
  const auto window_with = [&](const std::string& layers, const std::string& keys) {
    const std::string path = folder_ / "config.json";
    write_file(path,
               R"({"model_type": "qwen2", "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_size": 16, )"
               R"("max_position_embeddings": 32, "vocab_size": 300, "intermediate_size": 24, "num_hidden_layers": )" +
                   layers + keys + "}");
    return read_hugging_face_config(path).model.window;
  };
  const auto refusal_of = [&](const std::string& layers, const std::string& keys) -> std::string {
    try {
      window_with(layers, keys);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(window_with("2", R"(, "sliding_window": 5)"), 0);
  EXPECT_EQ(window_with("2", R"(, "use_sliding_window": true, "sliding_window": 5)"), 0);
  EXPECT_EQ(window_with("28", R"(, "use_sliding_window": true, "sliding_window": 5)"), 0);
  EXPECT_NE(refusal_of("29", R"(, "use_sliding_window": true, "sliding_window": 5)").find("max_window_layers"),
            std::string::npos);
  EXPECT_EQ(window_with("2", R"(, "use_sliding_window": true, "max_window_layers": 0)"), 4096);
  EXPECT_EQ(window_with("2", R"(, "use_sliding_window": true, "max_window_layers": 0, "sliding_window": 5)"), 5);
  EXPECT_EQ(window_with("2", R"(, "use_sliding_window": true, "max_window_layers": 0, "sliding_window": null)"), 0);
  EXPECT_NE(refusal_of("2", R"(, "use_sliding_window": true, "max_window_layers": 1)").find("max_window_layers"),
            std::string::npos);
  const std::string sliding = R"(, "layer_types": ["sliding_attention", "sliding_attention"])";
  EXPECT_EQ(window_with("2", R"(, "use_sliding_window": true, "sliding_window": 5)" + sliding), 5);
  EXPECT_NE(refusal_of("2", R"(, "sliding_window": 5)" + sliding).find("layer_types"), std::string::npos);
  EXPECT_NE(refusal_of("3", R"(, "use_sliding_window": true)" + sliding).find("layer_types"), std::string::npos);
}

}  // namespace
}  // namespace ftok
