// Models and what is fed to them, from any bytes: safetensors, llm.c's weights, checkpoints, multiple-choice examples
// in llm.c's format and in JSON: no crash, nothing larger than the input, and what parses comes back the same. Links
// ftok::trainer.
//
// The first byte chooses the parser; the rest is the file. A checkpoint gets a right checksum first.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "shards/checksum.h"
#include "trainer/checkpoint.h"
#include "trainer/files/llmc_model.h"
#include "trainer/files/safetensors.h"
#include "trainer/multiple_choice.h"
#include "trainer/train_recipe.h"

namespace {

void read_safetensors(std::string_view bytes) {
  const ftok::Result<ftok::SafetensorsView> view = ftok::SafetensorsView::parse(bytes);
  if (!view) return;
  uint64_t read = 0;
  for (const ftok::TensorView& tensor : view->tensors()) {
    if (view->find(tensor.name) == nullptr) std::abort();
    read += tensor.bytes.size();  // tensors may lie over each other
    if (read > 1 << 20) break;
    std::vector<float> values(static_cast<size_t>(tensor.size()));
    tensor.copy_to(values.data());
  }
}

void read_llmc(std::string_view bytes) {
  try {
    const ftok::ModelFile model = ftok::parse_llmc(bytes, "model.bin");
    if (model.parameters.size() > bytes.size() + 128 * static_cast<size_t>(model.config.channels)) std::abort();
  } catch (const ftok::Error&) {
  }
}

void read_checkpoint(std::string_view bytes) {
  ftok::Checksum checksum;
  checksum.update(bytes);
  const ftok::Result<ftok::Checkpoint> checkpoint = ftok::parse_checkpoint(std::string(bytes) + checksum.bytes());
  if (!checkpoint) return;
  if (checkpoint->parameters.size() > bytes.size() || checkpoint->losses.size() > ftok::kRecentLosses) std::abort();
  try {
    const ftok::TrainRecipe recipe = ftok::parse_train_recipe(checkpoint->recipe, "recipe");
    const std::string text = ftok::train_recipe_text(recipe, false);
    if (ftok::train_recipe_text(ftok::parse_train_recipe(text, "recipe"), false) != text) std::abort();
  } catch (const ftok::Error&) {
  }
}

void read_choices(std::string_view bytes) {
  const ftok::Result<std::vector<ftok::ChoiceExample>> examples = ftok::parse_choices(bytes);
  if (!examples) return;
  const ftok::Result<std::vector<ftok::ChoiceExample>> again = ftok::parse_choices(ftok::encode_choices(*examples, 2));
  if (!again || again->size() != examples->size()) std::abort();
  for (size_t i = 0; i < examples->size(); ++i) {
    const ftok::ChoiceExample &a = (*examples)[i], &b = (*again)[i];
    if (a.label != b.label || a.context != b.context || a.completions != b.completions) std::abort();
  }
}

void read_choice_json(std::string_view bytes) {
  const auto encode = [](const std::string& text) { return std::vector<uint32_t>(text.begin(), text.end()); };
  const ftok::Result<ftok::ChoiceExample> example = ftok::choice_of_json(bytes, encode);
  if (example && (example->context.empty() || example->label >= example->completions.size())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: read_safetensors(bytes); break;
    case 1: read_llmc(bytes); break;
    case 2: read_checkpoint(bytes); break;
    case 3: read_choices(bytes); break;
    default: read_choice_json(bytes); break;
  }
  return 0;
}
