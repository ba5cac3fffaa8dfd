// Folders of Hugging Face's models: config.json (hugging_face_config.h) and model.safetensors, in one file or in
// several with model.safetensors.index.json.
#pragma once

#include <string>

#include "trainer/model_file.h"

namespace ftok {

inline constexpr char kWeightsName[] = "model.safetensors";
inline constexpr char kWeightsIndexName[] = "model.safetensors.index.json";

// `path` is a *.safetensors file or an index; config.json and tokenizer.json are looked for beside it. `heads` is for a
// GPT-2 without config.json, 0: channels / 64. Throws Error as read_model does.
ModelFile read_hugging_face(const std::string& path, int64_t heads);

}  // namespace ftok
