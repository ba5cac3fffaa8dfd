// Weights in and out: safetensors, Hugging Face's folder, llm.c's .bin.
#include "trainer/model_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "trainer/files/safetensors.h"

namespace ftok {
namespace {

Log no_log() {
  return [](LogLevel, const std::string&) {};
}

std::string safetensors_of(const std::string& header, const std::string& data) {
  const uint64_t n = header.size();
  return std::string(reinterpret_cast<const char*>(&n), 8) + header + data;
}

const char* code_of(const std::string& bytes) {
  const Result<SafetensorsView> view = SafetensorsView::parse(bytes);
  return view ? "" : view.damage().code.c_str();
}

TEST(Safetensors, ReadsEachType) {
  const std::string header =
      R"({"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"h":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},)"
      R"("b":{"dtype":"BF16","shape":[1,2],"data_offsets":[14,18]},"i":{"dtype":"I64","shape":[],"data_offsets":[18,26]}})";
  const float values[2] = {1.5f, -2.0f};
  const uint16_t halves[3] = {0x3C00, 0x0001, 0xC400};  // 1, 2^-24, -4
  const uint16_t rounded[2] = {0x3F80, 0xC040};         // 1, -3
  std::string data(reinterpret_cast<const char*>(values), 8);
  data.append(reinterpret_cast<const char*>(halves), 6)
      .append(reinterpret_cast<const char*>(rounded), 4)
      .append(8, '\0');
  const std::string bytes = safetensors_of(header, data);
  const Result<SafetensorsView> view = SafetensorsView::parse(bytes);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->tensors().size(), 3u);  // the integer is not a weight
  float out[3];
  view->find("x")->copy_to(out);
  EXPECT_EQ(out[0], 1.5f);
  EXPECT_EQ(out[1], -2.0f);
  view->find("h")->copy_to(out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], 0x1p-24f);
  EXPECT_EQ(out[2], -4.0f);
  view->find("b")->copy_to(out);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], -3.0f);
  EXPECT_EQ(view->find("b")->shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(view->find("nothing"), nullptr);
}

TEST(Safetensors, NamesDamage) {
  EXPECT_STREQ(code_of("1234567"), "safetensors_short");
  EXPECT_STREQ(code_of(std::string("\x09\0\0\0\0\0\0\0{}", 10)), "safetensors_bad_length");
  EXPECT_STREQ(code_of(safetensors_of("[]", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[2]}})", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of("{}  ", "")), "");
  EXPECT_STREQ(code_of(safetensors_of(" {}", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of("\xEF\xBB\xBF{}", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of("", "")), "safetensors_bad_header");
  for (const char* const member :
       {R"("dtype":"F32")", R"("shape":[1])", R"("data_offsets":[0,4])", R"("other":1,"other":1)"}) {
    EXPECT_STREQ(code_of(safetensors_of(
                     fmt::format(R"({{"x":{{"dtype":"F32","shape":[1],"data_offsets":[0,4],{}}}}})", member), "1234")),
                 "safetensors_bad_header")
        << member;
  }
  EXPECT_STREQ(code_of(safetensors_of(R"({"__metadata__":{"a":"1","b":"2"}})", "")), "");
  EXPECT_STREQ(code_of(safetensors_of(R"({"__metadata__":null})", "")), "");
  EXPECT_STREQ(code_of(safetensors_of(R"({"__metadata__":{"a":"1","b":2}})", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of(R"({"__metadata__":"a"})", "")), "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of(R"({"__metadata__":{},"__metadata__":{}})", "")), "safetensors_repeated_name");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234")),
               "safetensors_bad_header");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234")), "");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "123")),
               "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234")),
               "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(R"({"x":{"dtype":"F32","shape":[99999999999,99999999999],"data_offsets":[0,4]}})",
                                      "1234")),
               "safetensors_bad_header");
}

TEST(Safetensors, WantsEachByteInOneTensorAndEachNameOnce) {
  const auto header = [](const std::string& x, const std::string& y, const std::string& second = "y") {
    return "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + x + "},\"" + second +
           "\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":" + y + "}}";
  };
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[4,8]"), "12345678")), "");
  EXPECT_STREQ(code_of(safetensors_of(header("[4,8]", "[0,4]"), "12345678")), "");  // in any order
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[4,8]"), "123456789")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[4,8]"), "1234567")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[0,4]"), "1234")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[2,6]"), "123456")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[5,9]"), "123456789")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[1,5]", "[5,9]"), "123456789")), "safetensors_bad_offsets");
  EXPECT_STREQ(code_of(safetensors_of(header("[0,4]", "[4,8]", "x"), "12345678")), "safetensors_repeated_name");
}

class ModelFileTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  testing::SmallModel<float> model_;
  const ModelConfig config_ = testing::small_config();
  const std::vector<float> parameters_ = testing::vector_of(model_.network.parameters());

  std::string error_of(const std::string& path, int64_t heads = 0) const {
    try {
      read_model(path, heads, no_log());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  // Changes config.json of the exported model.
  void replace_in_config(const std::string& from, const std::string& to) const {
    std::string text = read_file(folder_ / "hf/config.json");
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file(folder_ / "hf/config.json", text.replace(at, from.size(), to));
  }
};

TEST_F(ModelFileTest, HuggingFaceRoundTrip) {
  write_hugging_face(folder_ / "hf", config_, parameters_, {60});
  const ModelFile back = read_model(folder_ / "hf", 0, no_log());
  EXPECT_EQ(back.config, config_);
  EXPECT_EQ(back.parameters, parameters_);
  EXPECT_EQ(back.format, "safetensors");
  EXPECT_NE(read_file(folder_ / "hf/config.json").find("\"eos_token_id\": 60"), std::string::npos);
}

TEST_F(ModelFileTest, AByteOrderMarkIsNoContent) {
  write_hugging_face(folder_ / "hf", config_, parameters_, {60});
  write_file(folder_ / "hf/config.json", "\uFEFF" + read_file(folder_ / "hf/config.json"));
  EXPECT_EQ(read_model(folder_ / "hf", 0, no_log()).config, config_);
  write_file(folder_ / "hf/config.json", "\uFEFF\uFEFF" + read_file(folder_ / "hf/config.json"));
  EXPECT_THROW(read_model(folder_ / "hf", 0, no_log()), Error);
}

TEST_F(ModelFileTest, RefusesWhatItWouldNotCompute) {
  write_hugging_face(folder_ / "hf", config_, parameters_, {});
  replace_in_config("gelu_new", "relu");
  EXPECT_NE(error_of(folder_ / "hf").find("activation_function is not gelu_new"), std::string::npos);
  replace_in_config("relu", "gelu_new");
  replace_in_config("\"n_head\": 4", "\"n_head\": 5");
  EXPECT_NE(error_of(folder_ / "hf").find("expected a multiple of model.heads = 5"), std::string::npos);
  replace_in_config("\"n_head\": 5", "\"n_head\": 4");
  EXPECT_EQ(error_of(folder_ / "hf"), "");
  write_safetensors(folder_ / "part.safetensors", {{"wte.weight", {61, 32}, parameters_.data()}}, {});
  EXPECT_NE(error_of(folder_ / "part.safetensors", 4).find("no tensor wpe.weight"), std::string::npos);
  write_file(folder_ / "x.bin", "nothing of the kind");
  EXPECT_NE(error_of(folder_ / "x.bin").find("not an ftok checkpoint"), std::string::npos);
  EXPECT_NE(error_of(folder_ / "no").find("not a model"), std::string::npos);
}

// A tensor of a type that is not read is named with it, be it one of the model's or one that takes no part.
TEST_F(ModelFileTest, NamesTypesThatItDoesNotRead) {
  const auto with_type = [&](const std::string& tensor, const std::string& type) {
    write_hugging_face(folder_ / "hf", config_, parameters_, {});
    const std::string path = folder_ / "hf/model.safetensors";
    std::string bytes = read_file(path);
    const size_t at = bytes.find("\"F32\"", bytes.find(tensor + "\""));
    uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.replace(at, 5, "\"" + type + "\"");
    size += type.size() - 3;
    std::memcpy(bytes.data(), &size, sizeof size);
    write_file(path, bytes);
    return error_of(folder_ / "hf");
  };
  for (const std::string tensor : {"wte.weight", "h.0.ln_1.weight", "h.1.mlp.c_fc.weight"}) {
    for (const std::string type : {"F8_E4M3", "F8_E5M2", "F64", "I8", "BOOL"}) {
      EXPECT_NE(
          with_type(tensor, type).find("tensor " + tensor + " is of type " + type + "; F32, F16 and BF16 are read"),
          std::string::npos)
          << with_type(tensor, type);
    }
  }
  EXPECT_EQ(with_type("wte.weight", "F32"), "");
}

TEST_F(ModelFileTest, RefusesWeightsThatAreNoNumbers) {
  std::vector<float> parameters = parameters_;
  const size_t at = static_cast<size_t>(model_.network.layout().block(1).fc_bias + 3);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    parameters[at] = bad;
    write_hugging_face(folder_ / "hf", config_, parameters, {});
    EXPECT_NE(error_of(folder_ / "hf").find("h.1.mlp.c_fc.bias: weight 3 is "), std::string::npos);
    write_llmc(folder_ / "m.bin", config_, parameters, false);
    EXPECT_NE(error_of(folder_ / "m.bin").find("h.1.mlp.c_fc.bias: weight 3 is "), std::string::npos);
  }
  parameters[at] = std::numeric_limits<float>::max();
  write_hugging_face(folder_ / "hf", config_, parameters, {});
  EXPECT_EQ(error_of(folder_ / "hf"), "");
}

// The tensors of one file over two, with an index, as transformers writes large models.
TEST_F(ModelFileTest, ReadsSeveralFilesByTheirIndex) {
  write_hugging_face(folder_ / "hf", config_, parameters_, {});
  const std::string whole = folder_ / "hf/model.safetensors", index = folder_ / "hf/model.safetensors.index.json";
  const std::string bytes = read_file(whole);
  const Result<SafetensorsView> view = SafetensorsView::parse(bytes);
  ASSERT_TRUE(view.ok());
  std::vector<TensorSource> parts[2];
  std::vector<std::vector<float>> values;
  std::string map;
  for (const TensorView& tensor : view->tensors()) {
    const size_t part = values.size() % 2;
    values.emplace_back(static_cast<size_t>(tensor.size()));
    tensor.copy_to(values.back().data());
    parts[part].push_back({tensor.name, tensor.shape, values.back().data()});
    map += (map.empty() ? "\"" : ",\"") + tensor.name + "\":\"model-" + std::to_string(part) + ".safetensors\"";
  }
  for (size_t part = 0; part < 2; ++part) {
    write_safetensors(folder_ / ("hf/model-" + std::to_string(part) + ".safetensors"), parts[part], {});
  }
  std::filesystem::remove(whole);
  write_file(index, "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  for (const std::string& path : {folder_ / "hf", index}) {
    const ModelFile back = read_model(path, 0, no_log());
    EXPECT_EQ(back.config, config_);
    EXPECT_EQ(back.parameters, parameters_);
  }
  const std::vector<float> again(61 * 32);
  write_safetensors(folder_ / "hf/model-2.safetensors", {{"wte.weight", {61, 32}, again.data()}}, {});
  write_file(index, "{\"metadata\":{},\"weight_map\":{\"again\":\"model-2.safetensors\"," + map + "}}");
  EXPECT_NE(error_of(index).find("tensor wte.weight is there twice"), std::string::npos) << error_of(index);
  write_file(index, "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  std::filesystem::remove(folder_ / "hf/model-1.safetensors");
  EXPECT_NE(error_of(index).find("model-1.safetensors"), std::string::npos);
  write_file(index, R"({"weight_map":{"wte.weight":"model-0.safetensors"}})");
  EXPECT_NE(error_of(index).find("index.json: no tensor "), std::string::npos) << error_of(index);
  write_file(index, R"({"weight_map":{"wte.weight":"../model-0.safetensors"}})");
  EXPECT_NE(error_of(index).find("the name of a file beside it"), std::string::npos);
  write_file(index, R"({"weight_map":[]})");
  EXPECT_NE(error_of(index).find("no \"weight_map\""), std::string::npos);
  write_file(index, R"({"weight_map":{}})");
  EXPECT_NE(error_of(index).find("names 0 files"), std::string::npos);
}

TEST_F(ModelFileTest, LlmcRoundTrip) {
  write_llmc(folder_ / "m.bin", config_, parameters_, false);
  const std::string bytes = read_file(folder_ / "m.bin");
  int32_t header[8];
  std::memcpy(header, bytes.data(), sizeof header);
  EXPECT_EQ((std::vector<int32_t>(header, header + 8)), (std::vector<int32_t>{20240326, 3, 8, 61, 2, 4, 32, 128}));
  // qkvw of layer 0 begins after wte (128 x 32), wpe (8 x 32), ln1w and ln1b (2 x 32 each), and is output x input.
  float second;
  const size_t at = 1024 + 4 * (128 * 32 + 8 * 32 + 4 * 32 + 1);
  std::memcpy(&second, bytes.data() + at, 4);
  EXPECT_EQ(second, parameters_[static_cast<size_t>(model_.network.layout().block(0).qkv_weight + 96)]);
  const ModelFile back = read_model(folder_ / "m.bin", 0, no_log());
  EXPECT_EQ(back.config, config_);
  EXPECT_EQ(back.parameters, parameters_);
  write_llmc(folder_ / "b.bin", config_, parameters_, true);
  const ModelFile rounded = read_model(folder_ / "b.bin", 0, no_log());
  for (size_t i = 0; i < rounded.parameters.size(); ++i) {
    ASSERT_EQ(rounded.parameters[i], to_float(to_bfloat16(parameters_[i]))) << i;
  }
}

TEST_F(ModelFileTest, LlmcDamageIsNamed) {
  write_llmc(folder_ / "m.bin", config_, parameters_, false);
  const std::string bytes = read_file(folder_ / "m.bin");
  const auto with = [&](size_t word, int32_t value) {
    std::string changed = bytes;
    std::memcpy(changed.data() + 4 * word, &value, 4);
    write_file(folder_ / "x.bin", changed);
    return error_of(folder_ / "x.bin");
  };
  EXPECT_NE(with(1, 2).find("version 2 of llm.c's format, expected 3 (fp32) or 5 (bf16)"), std::string::npos);
  EXPECT_NE(with(4, 3).find("its header calls for"), std::string::npos);
  EXPECT_NE(with(5, 7).find("expected a multiple of model.heads = 7"), std::string::npos);
  EXPECT_NE(with(7, 60).find("a padded vocabulary of 60"), std::string::npos);
  write_file(folder_ / "x.bin", bytes.substr(0, 1000));
  EXPECT_NE(error_of(folder_ / "x.bin").find("a header has 1024"), std::string::npos);
}

}  // namespace
}  // namespace ftok
